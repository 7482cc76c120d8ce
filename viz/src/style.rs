//! Colours, fonts and sizes: all that SVG and DOT must agree on.
//!
//! Colours are hexadecimal because a word means different things to different readers: `green` is `00ff00` to
//! Graphviz's bitmaps and `008000` to a browser.

use dojobber_core::Status;

use crate::layout::Size;
use crate::text;

/// The font family of every label.
pub const FONT_FAMILY: &str = "Times,serif";
/// The size of every label, in points.
pub const FONT_SIZE: f64 = 14.0;
/// The colour of edges and arrow heads.
pub const EDGE: &str = "#37474f";
/// The colour of a node's border.
pub const BORDER: &str = "#000000";
/// The colour behind everything.
pub const BACKGROUND: &str = "#ffffff";

const LINE_HEIGHT: f64 = 1.2 * FONT_SIZE;
const MARGIN: Size = Size { width: 16.0, height: 8.0 };
const LEAST: Size = Size { width: 54.0, height: 36.0 };
const SQRT_2: f64 = std::f64::consts::SQRT_2;

/// The colour that fills a job's ellipse; a job without a status is a light grey.
pub fn fill(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::Satisfied) => "#00ff00",
        Some(Status::Changed) => "#006400",
        Some(Status::Failed) => "#ff0000",
        Some(Status::Blocked) => "#ffffff",
        Some(Status::WouldRun) => "#ffbf00",
        _ => "#f2f2f2",
    }
}

/// The colour of the label on [`fill`]: white where the fill is dark.
pub fn label_color(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::Changed | Status::Failed) => "#ffffff",
        _ => "#000000",
    }
}

/// The size of the ellipse around a label, by Graphviz's rule.
///
/// The ellipse circumscribes the label's box. Both sides grow by the square root of two, unless the box is so low
/// that the least height suffices: then only the width grows, by as much as the ellipse lacks at that height.
pub fn ellipse(name: &str) -> Size {
    let width = label_width(&label(name)) + MARGIN.width;
    let height = LINE_HEIGHT + MARGIN.height;
    let grown = if height * SQRT_2 < LEAST.height {
        let share = height / LEAST.height;
        Size { width: width / (1.0 - share * share).sqrt(), height: LEAST.height }
    } else {
        Size { width: width * SQRT_2, height: height * SQRT_2 }
    };
    Size { width: grown.width.max(LEAST.width), height: grown.height }
}

/// The text that is drawn for a name: printable, and elided in the middle if it is very long.
pub(crate) fn label(name: &str) -> String {
    text::elide(&text::printable(name))
}

/// The width of a label in points.
pub(crate) fn label_width(label: &str) -> f64 {
    text::ems(label) * FONT_SIZE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, width: f64) {
        let size = ellipse(name);
        assert!((size.width - width).abs() < 0.01, "{name:?}: {} is not {width}", size.width);
        assert_eq!(size.height, 36.0);
    }

    #[test]
    fn ellipses_have_graphviz_sizes() {
        check("", 54.0);
        check("a", 54.0);
        check("WatchMovie", 122.91);
    }

    #[test]
    fn a_long_name_has_a_bounded_ellipse() {
        assert!(ellipse(&"W".repeat(500)).width < 600.0);
    }
}
