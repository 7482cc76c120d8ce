//! Writes nests: as boxes around what is inside, or closed, with counts.

use super::border;
use super::xml::{BASELINE, Number, escape, title};
use crate::layout::{Point, Size};
use crate::scene::{Nested, SceneNode, Status};
use crate::style::{self, Border};
use crate::text;

/// How far from the corner of a box its title begins, and the centre of the title from the upper side.
const TITLE_LEFT: f64 = 12.0;
const TITLE_MIDDLE: f64 = 14.0;
/// How far from the centre of a closed nest the middles of its two lines are.
const LINES: f64 = 10.5;

/// A box around what is written later.
pub(super) fn write_box(svg: &mut String, number: usize, node: &SceneNode, center: Point, size: Size) {
    let corner = Point { x: center.x - size.width / 2.0, y: center.y - size.height / 2.0 };
    svg.push_str(&format!("<g id=\"node{number}\" class=\"box\">\n<title>{}</title>\n", title(&node.name)));
    write_frame(svg, node, corner, size);
    write_title(svg, node, corner);
    svg.push_str("</g>\n");
}

/// The frame of a box.
pub(super) fn write_frame(svg: &mut String, node: &SceneNode, corner: Point, size: Size) {
    svg.push_str(&format!(
        "<rect fill=\"{fill}\" fill-opacity=\"{tint}\" stroke=\"{stroke}\"{line} x=\"{x}\" y=\"{y}\" \
         width=\"{width}\" height=\"{height}\" rx=\"10\"/>\n",
        fill = node.status.map_or(style::EDGE, |status| style::fill(Some(status))),
        tint = Number(style::TINT),
        stroke = style::EDGE,
        line = border::line(node.status),
        x = Number(corner.x),
        y = Number(corner.y),
        width = Number(size.width),
        height = Number(size.height),
    ));
}

/// The name of a box in its corner, with the mark of the worst that is inside.
pub(super) fn write_title(svg: &mut String, node: &SceneNode, corner: Point) {
    let mut left = corner.x + TITLE_LEFT;
    if let Some(status) = node.status {
        border::write_dark_mark(svg, status, Point { x: left + 5.0, y: corner.y + TITLE_MIDDLE });
        left += 16.0;
    }
    svg.push_str(&format!(
        "<text x=\"{x}\" y=\"{y}\" fill=\"{ink}\">{label}</text>\n",
        x = Number(left),
        y = Number(corner.y + TITLE_MIDDLE + BASELINE),
        ink = style::INK,
        label = escape(&style::label(node.drawn_label())),
    ));
}

/// A closed nest: its name, and how many inside have ended in which way.
pub(super) fn write_closed(svg: &mut String, number: usize, node: &SceneNode, center: Point) {
    svg.push_str(&format!("<g id=\"node{number}\" class=\"nest\">\n<title>{}</title>\n", title(&node.name)));
    let tooltip = node.tooltip();
    if let Some(tooltip) = &tooltip {
        svg.push_str(&format!("<g>\n<title>{}</title>\n", escape(&text::printable_lines(tooltip))));
    }
    write_closed_shape(svg, node, center);
    svg.push_str(if tooltip.is_some() { "</g>\n</g>\n" } else { "</g>\n" });
}

/// What is seen of a closed nest.
pub(super) fn write_closed_shape(svg: &mut String, node: &SceneNode, center: Point) {
    let size = node.size();
    let mut rect = |inset: f64, class: &str, fill: &str, stroke: &str, line: &str| {
        svg.push_str(&format!(
            "<rect{class} fill=\"{fill}\" stroke=\"{stroke}\"{line} x=\"{x}\" y=\"{y}\" width=\"{width}\" \
             height=\"{height}\" rx=\"{radius}\"/>\n",
            x = Number(center.x - size.width / 2.0 + inset),
            y = Number(center.y - size.height / 2.0 + inset),
            width = Number(size.width - 2.0 * inset),
            height = Number(size.height - 2.0 * inset),
            radius = Number(8.0 - inset),
        ));
    };
    rect(0.0, " class=\"fill\"", style::fill(node.status), style::BORDER, border::line(node.status));
    if style::border(node.status) == Border::Double {
        rect(3.0, "", "none", style::label_color(node.status), "");
    }
    write_name(svg, node, Point { x: center.x, y: center.y - LINES });
    if let Some(nested) = &node.nested {
        write_chips(svg, nested, node.status, Point { x: center.x, y: center.y + LINES });
    }
}

fn write_name(svg: &mut String, node: &SceneNode, middle: Point) {
    let label = style::label(node.closed_label());
    let width = style::label_width(&label);
    let mut left = middle.x - width / 2.0;
    if let Some(status) = node.status {
        left += style::MARK_ROOM;
        border::write_mark(svg, status, Point { x: left - 11.0, y: middle.y });
    }
    write_text(svg, &label, Point { x: left, y: middle.y }, style::label_color(node.status));
}

/// A line of counts, each in the colour of its status.
fn write_chips(svg: &mut String, nested: &Nested, around: Option<Status>, middle: Point) {
    let texts = nested.chips();
    let statuses: Vec<Status> = nested.worst_first().map(|(status, _)| status).collect();
    let mut left = middle.x - style::chips_width(&texts) / 2.0;
    for (index, text) in texts.iter().enumerate() {
        let width = style::chip_width(text);
        let Some(&status) = statuses.get(index) else {
            let x = middle.x - style::label_width(text) / 2.0;
            return write_text(svg, text, Point { x, y: middle.y }, style::label_color(around));
        };
        svg.push_str(&format!(
            "<rect fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"0.75\" x=\"{x}\" y=\"{y}\" width=\"{width}\" \
             height=\"{height}\" rx=\"{radius}\"/>\n",
            fill = style::fill(Some(status)),
            stroke = style::label_color(around),
            x = Number(left),
            y = Number(middle.y - style::CHIP_HEIGHT / 2.0),
            width = Number(width),
            height = Number(style::CHIP_HEIGHT),
            radius = Number(style::CHIP_HEIGHT / 2.0),
        ));
        border::write_mark(svg, status, Point { x: left + style::CHIP_MARK / 2.0 + 1.0, y: middle.y });
        let at = Point { x: left + style::CHIP_MARK, y: middle.y };
        write_text(svg, text, at, style::label_color(Some(status)));
        left += width + style::CHIP_GAP;
    }
}

fn write_text(svg: &mut String, text: &str, at: Point, color: &str) {
    let length = if text.trim().is_empty() {
        String::new()
    } else {
        format!(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", Number(style::label_width(text)))
    };
    svg.push_str(&format!(
        "<text x=\"{x}\" y=\"{y}\" fill=\"{color}\"{length}>{text}</text>\n",
        x = Number(at.x),
        y = Number(at.y + BASELINE),
        text = escape(text),
    ));
}
