//! Writes jobs.

use super::border;
use super::xml::{BASELINE, Number, escape, title};
use crate::layout::{Point, Size};
use crate::scene::SceneNode;
use crate::{style, text};

/// A job with all that there is to say about it.
pub(super) fn write(svg: &mut String, number: usize, node: &SceneNode, center: Point) {
    svg.push_str(&format!(
        "<g id=\"node{number}\" class=\"node\">\n<title>{title}</title>\n",
        title = title(&node.name)
    ));
    let tooltip = node.tooltip();
    if let Some(tooltip) = &tooltip {
        svg.push_str(&format!("<g>\n<title>{}</title>\n", escape(&text::printable_lines(tooltip))));
    }
    write_shape(svg, node, center);
    svg.push_str(if tooltip.is_some() { "</g>\n</g>\n" } else { "</g>\n" });
}

/// The ellipse and what is in it.
pub(super) fn write_shape(svg: &mut String, node: &SceneNode, center: Point) {
    let size = node.size();
    let radii = Size { width: size.width / 2.0, height: size.height / 2.0 };
    svg.push_str(&format!(
        "<ellipse fill=\"{fill}\" stroke=\"{stroke}\"{line} cx=\"{x}\" cy=\"{y}\" rx=\"{rx}\" ry=\"{ry}\"/>\n",
        fill = style::fill(node.status),
        stroke = style::BORDER,
        line = border::line(node.status),
        x = Number(center.x),
        y = Number(center.y),
        rx = Number(radii.width),
        ry = Number(radii.height),
    ));
    border::write_second(svg, node.status, center, radii);
    write_label(svg, node, center);
}

/// The label is told its width: it stays inside the ellipse whatever font the viewer has. Not all viewers listen, so
/// beside a mark it starts at a fixed place, and what is too long has room on the right.
fn write_label(svg: &mut String, node: &SceneNode, center: Point) {
    let label = style::label(node.drawn_label());
    let width = style::label_width(&label);
    let (mut anchor, mut x) = ("middle", center.x);
    if let Some(status) = node.status {
        let offset = style::mark_offset(width, node.size());
        border::write_mark(svg, status, Point { x: center.x - offset, y: center.y });
        (anchor, x) = ("start", center.x - width / 2.0);
    }
    let length = if label.trim().is_empty() {
        String::new()
    } else {
        format!(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", Number(width))
    };
    svg.push_str(&format!(
        "<text text-anchor=\"{anchor}\" x=\"{x}\" y=\"{y}\" fill=\"{fill}\"{length}>{label}</text>\n",
        x = Number(x),
        y = Number(center.y + BASELINE),
        fill = style::label_color(node.status),
        label = escape(&label),
    ));
}
