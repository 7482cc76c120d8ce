//! What the marks mean, and how many jobs have each.

use dojobber_core::Counts;

use super::border;
use super::xml::{BASELINE, Number, escape};
use crate::layout::{Point, Size};
use crate::scene::{Scene, Status};
use crate::style;

/// The gap between the drawing and the legend, in points.
const GAP: f64 = 22.0;
const ROW: f64 = 24.0;
const PILL: Size = Size { width: 34.0, height: 18.0 };
const AFTER_PILL: f64 = 6.0;
/// Enough for a font that is wider than ours, in viewers that do not fit the text.
const AFTER_TEXT: f64 = 24.0;
/// A drawing may be narrower than this without making the legend any narrower.
const LEAST_WIDTH: f64 = 300.0;

/// Says for each status that occurs how it is drawn.
#[derive(Debug, Default)]
pub(super) struct Legend {
    entries: Vec<Entry>,
    /// How much room it needs, the gap above it included.
    pub(super) size: Size,
}

#[derive(Debug)]
struct Entry {
    status: Status,
    text: String,
    corner: Point,
}

impl Legend {
    /// The legend under a drawing of that width; nothing, if no job has a status.
    pub(super) fn of(scene: &Scene, width: f64) -> Self {
        let mut legend = Legend::default();
        let mut next = Point { x: 0.0, y: GAP };
        let counts: Counts = scene.counts();
        for (status, count) in counts.iter() {
            let text = format!("{count} {status}");
            let needed = PILL.width + AFTER_PILL + style::label_width(&text);
            if next.x > 0.0 && next.x + needed > width.max(LEAST_WIDTH) {
                next = Point { x: 0.0, y: next.y + ROW };
            }
            legend.size.width = legend.size.width.max(next.x + needed);
            legend.size.height = next.y + ROW;
            legend.entries.push(Entry { status, text, corner: next });
            next.x += needed + AFTER_TEXT;
        }
        legend
    }

    pub(super) fn write(&self, svg: &mut String, below: f64) {
        if self.entries.is_empty() {
            return;
        }
        svg.push_str("<g class=\"legend\">\n<title>legend</title>\n");
        for entry in &self.entries {
            entry.write(svg, below);
        }
        svg.push_str("</g>\n");
    }
}

impl Entry {
    fn write(&self, svg: &mut String, below: f64) {
        let status = Some(self.status);
        let (x, y) = (self.corner.x + 1.5, self.corner.y + below + (ROW - PILL.height) / 2.0);
        let middle = y + PILL.height / 2.0;
        let mut rect = |inset: f64, fill: &str, stroke: &str, line: &str| {
            svg.push_str(&format!(
                "<rect fill=\"{fill}\" stroke=\"{stroke}\"{line} x=\"{x}\" y=\"{y}\" width=\"{width}\" \
                 height=\"{height}\" rx=\"{radius}\"/>\n",
                x = Number(x + inset),
                y = Number(y + inset),
                width = Number(PILL.width - 2.0 * inset),
                height = Number(PILL.height - 2.0 * inset),
                radius = Number(PILL.height / 2.0 - inset),
            ));
        };
        rect(0.0, style::fill(status), style::BORDER, border::line(status));
        if style::border(status) == style::Border::Double {
            rect(2.5, "none", style::label_color(status), "");
        }
        border::write_mark(svg, self.status, Point { x: x + PILL.width / 2.0, y: middle });
        svg.push_str(&format!(
            "<text x=\"{x}\" y=\"{y}\" fill=\"{ink}\" \
             textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\">{text}</text>\n",
            x = Number(x + PILL.width + AFTER_PILL),
            y = Number(middle + BASELINE),
            ink = style::INK,
            length = Number(style::label_width(&self.text)),
            text = escape(&self.text),
        ));
    }
}
