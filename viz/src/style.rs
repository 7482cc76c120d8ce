//! Colours, fonts and sizes: all that SVG and DOT must agree on.
//!
//! Colours are hexadecimal because a word means different things to different readers: `green` is `00ff00` to
//! Graphviz's bitmaps and `008000` to a browser.

use dojobber_core::Status;

use crate::layout::Size;
use crate::text;

/// The font family of every label: Times, or what is as wide.
pub const FONT_FAMILY: &str = "Times,Times New Roman,Liberation Serif,serif";
/// The size of every label, in points.
pub const FONT_SIZE: f64 = 14.0;
/// The colour of edges and arrow heads.
pub const EDGE: &str = "#37474f";
/// The colour of a node's border.
pub const BORDER: &str = "#000000";
/// The colour behind everything.
pub const BACKGROUND: &str = "#ffffff";
/// The colour of what is written beside the drawing.
pub const INK: &str = "#000000";
/// What takes the place of these where the viewer prefers dark backgrounds.
pub const DARK: Dark = Dark {
    edge: "#a3b1bd",
    border: "#8b98a5",
    broken: "#5c6a77",
    background: "#15191e",
    ink: "#e3e8ec",
    tint: 0.04,
};
/// How much of the colour of a status covers the inside of a box. Boxes in boxes are covered several times.
pub const TINT: f64 = 0.12;

/// The colours of everything but the jobs, on a dark background.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dark {
    /// The colour of edges and arrow heads.
    pub edge: &'static str,
    /// The colour of a node's border.
    pub border: &'static str,
    /// The colour of a border of dashes or dots, which must be seen beside the light inside and the dark outside.
    pub broken: &'static str,
    /// The colour behind everything.
    pub background: &'static str,
    /// The colour of what is written beside the drawing.
    pub ink: &'static str,
    /// How much of the colour of a status covers the inside of a box.
    pub tint: f64,
}

/// What a mark adds to the width of an ellipse, in points: most of its room is there anyway.
pub(crate) const MARK_ROOM: f64 = 8.0;
const LINE_HEIGHT: f64 = 1.2 * FONT_SIZE;
const MARGIN: Size = Size { width: 16.0, height: 8.0 };
const LEAST: Size = Size { width: 54.0, height: 36.0 };
const SQRT_2: f64 = std::f64::consts::SQRT_2;

/// How much a status says about what went wrong: what is shown for several jobs is the worst of theirs. What blocks others is
/// worse than to be blocked.
pub(crate) fn severity(status: Status) -> u8 {
    match status {
        Status::Satisfied => 0,
        Status::Changed => 1,
        Status::Blocked => 2,
        Status::WouldRun => 3,
        Status::Cancelled => 4,
        Status::Failed => 5,
        _ => UNKNOWN,
    }
}

/// A status that this package does not know is seen.
const UNKNOWN: u8 = 6;

/// The colour that fills a job's ellipse; a job without a status is a light grey.
pub fn fill(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::Satisfied) => "#00ff00",
        Some(Status::Changed) => "#006400",
        Some(Status::Failed) => "#e00000",
        Some(Status::Blocked) => "#ffffff",
        Some(Status::WouldRun) => "#ffbf00",
        Some(Status::Cancelled) => "#9e9e9e",
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

/// How a job's border is drawn: it tells the status to those who do not see the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Border {
    /// One thin line.
    Plain,
    /// One thick line.
    Thick,
    /// Two lines.
    Double,
    /// Dashes.
    Dashed,
    /// Dots.
    Dotted,
    /// Dashes with dots between them.
    DashDotted,
}

/// The border of a job; that of a job without a status is plain.
pub fn border(status: Option<Status>) -> Border {
    match status {
        Some(Status::Changed) => Border::Thick,
        Some(Status::Failed) => Border::Double,
        Some(Status::Blocked) => Border::Dashed,
        Some(Status::WouldRun) => Border::Dotted,
        Some(Status::Cancelled) => Border::DashDotted,
        _ => Border::Plain,
    }
}

/// A small sign that stands beside a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Its outline, as the data of an SVG path, in a square from -5 to 5.
    pub path: &'static str,
    /// Whether it is filled, or drawn as a line.
    pub filled: bool,
}

/// The sign of a status: a tick, the Greek letter delta for a change, a cross, a bar, a hollow triangle, a square.
pub fn mark(status: Status) -> Mark {
    let (path, filled) = match status {
        Status::Satisfied => ("M-4.5,0.5L-1.5,4L4.5,-4", false),
        Status::Changed => ("M0,-4.5L5,4.5L-5,4.5Z", true),
        Status::Failed => ("M-4,-4L4,4M-4,4L4,-4", false),
        Status::Blocked => ("M-5,-1.5L5,-1.5L5,1.5L-5,1.5Z", true),
        Status::WouldRun => ("M-3.5,-4.5L4.5,0L-3.5,4.5Z", false),
        Status::Cancelled => ("M-4,-4L4,-4L4,4L-4,4Z", true),
        _ => ("M-4,0L0,-4L4,0L0,4Z", false),
    };
    Mark { path, filled }
}

/// The sign of a status as a character, for labels that are text alone.
pub fn sign(status: Status) -> char {
    match status {
        Status::Satisfied => '✓',
        Status::Changed => '▲',
        Status::Failed => '✗',
        Status::Blocked => '–',
        Status::WouldRun => '▷',
        Status::Cancelled => '■',
        _ => '◇',
    }
}

/// How far to the left of a job's centre its mark stands: between the label and the border, where ellipses have room.
pub(crate) fn mark_offset(label_width: f64, ellipse: Size) -> f64 {
    (label_width + ellipse.width) / 4.0 - 0.5
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

/// A closed nest has its name above a line that counts what is inside.
pub(crate) const CLOSED_HEIGHT: f64 = 48.0;
/// The height of the counts, and the room for the mark beside each.
pub(crate) const CHIP_HEIGHT: f64 = 17.0;
pub(crate) const CHIP_MARK: f64 = 20.0;
pub(crate) const CHIP_GAP: f64 = 5.0;

/// The size of a closed nest.
pub(crate) fn closed(name: &str, counts: &[String], has_mark: bool) -> Size {
    let title = label_width(&label(name)) + if has_mark { 2.0 * MARK_ROOM } else { 0.0 };
    let width = title.max(chips_width(counts)) + 1.5 * MARGIN.width;
    Size { width: width.max(LEAST.width), height: CLOSED_HEIGHT }
}

/// The width of the line of counts.
pub(crate) fn chips_width(counts: &[String]) -> f64 {
    let chips: f64 = counts.iter().map(|count| chip_width(count)).sum();
    chips + CHIP_GAP * counts.len().saturating_sub(1) as f64
}

pub(crate) fn chip_width(count: &str) -> f64 {
    label_width(count) + CHIP_MARK + CHIP_GAP
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

    /// Whether no two statuses look alike, and none looks like a status that this package does not know.
    #[track_caller]
    fn check_distinct<T: PartialEq + std::fmt::Debug>(look: impl Fn(Status) -> T, unknown: Option<T>) {
        let looks: Vec<T> = Status::ALL.iter().map(|status| look(*status)).chain(unknown).collect();
        for (at, one) in looks.iter().enumerate() {
            assert!(!looks[..at].contains(one), "{one:?} stands for two statuses: {looks:?}");
        }
    }

    #[test]
    fn each_status_has_its_own_look() {
        check_distinct(|status| fill(Some(status)), Some(fill(None)));
        check_distinct(|status| border(Some(status)), None);
        check_distinct(|status| mark(status).path, Some("M-4,0L0,-4L4,0L0,4Z"));
        check_distinct(sign, Some('◇'));
        check_distinct(severity, Some(UNKNOWN));
    }

    /// The script of a page relies on it.
    #[test]
    fn what_blocks_others_is_worse_than_to_be_blocked() {
        for &status in Status::ALL {
            let is_worse = severity(status) > severity(Status::Blocked);
            assert_eq!(is_worse, !status.is_done() && status != Status::Blocked, "{status}");
        }
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
