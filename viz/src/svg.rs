//! Writes SVG, laid out as Graphviz lays out its own, so that whatever reads the one reads the other.

use std::fmt::Write;

use crate::layout::{EdgePath, Layout, Point, Size};
use crate::scene::{Scene, SceneNode};
use crate::style::Dark;
use crate::{style, text};
use legend::Legend;
use xml::{BASELINE, Number, escape};

mod xml;
mod border;
mod legend;

/// White space around the drawing, in points.
const MARGIN: f64 = 4.0;
/// Half the width of an arrow head.
const ARROW: f64 = 3.5;
/// How to write SVG.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Whether a legend below the drawing says what the marks mean, and counts the jobs of each status.
    pub legend: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { legend: true }
    }
}

/// The picture of a scene.
///
/// # Panics
///
/// If the layout is not one of this scene: with another number of nodes or edges.
pub fn write(scene: &Scene, layout: &Layout, options: &Options) -> String {
    assert_eq!(scene.nodes.len(), layout.centers.len(), "the layout must place every node");
    assert_eq!(scene.edges.len(), layout.edges.len(), "the layout must draw every edge");
    let legend = if options.legend { Legend::of(scene, layout.size.width) } else { Legend::default() };
    let mut svg = String::new();
    open(&mut svg, layout.size, legend.size);
    let boxes = scene.boxes();
    for index in outer_first(scene, &boxes) {
        write_box(&mut svg, index + 1, &scene.nodes[index], layout.centers[index], layout.sizes[index]);
    }
    for (index, node) in scene.nodes.iter().enumerate().filter(|(index, _)| !boxes[*index]) {
        write_node(&mut svg, index + 1, node, layout.centers[index]);
    }
    for (index, (&(a, b), path)) in scene.edges.iter().zip(&layout.edges).enumerate() {
        let title =
            format!("{}->{}", text::mention(&scene.nodes[a].name), text::mention(&scene.nodes[b].name));
        write_edge(&mut svg, index + 1, &title, path);
    }
    legend.write(&mut svg, layout.size.height);
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn open(svg: &mut String, drawing: Size, legend: Size) {
    let width = Number(drawing.width.max(legend.width) + 2.0 * MARGIN);
    let height = Number(drawing.height + legend.height + 2.0 * MARGIN);
    let background = style::BACKGROUND;
    svg.push_str(&format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\">\n\
         {dark}\
         <g id=\"graph0\" class=\"graph\" transform=\"translate({margin} {margin})\" font-family=\"{family}\" \
         font-size=\"{size}\">\n\
         <title>jobs</title>\n\
         <rect class=\"background\" x=\"-{margin}\" y=\"-{margin}\" width=\"{width}\" height=\"{height}\" \
         fill=\"{background}\"/>\n",
        dark = dark(),
        family = style::FONT_FAMILY,
        size = Number(style::FONT_SIZE),
        margin = Number(MARGIN),
    ));
}

/// For those who prefer dark backgrounds. A style sheet overrides what the elements say themselves.
fn dark() -> String {
    let Dark { edge, border, broken, background, ink } = style::DARK;
    format!(
        "<style>@media (prefers-color-scheme: dark) {{\n\
         .background {{ fill: {background} }}\n\
         .edge path {{ stroke: {edge} }}\n\
         .edge polygon {{ fill: {edge}; stroke: {edge} }}\n\
         .node ellipse, .legend rect:not([fill=\"none\"]) {{ stroke: {border} }}\n\
         .node ellipse[stroke-dasharray], .legend rect[stroke-dasharray] {{ stroke: {broken}; stroke-width: 2 }}\n\
         .box rect {{ stroke: {border} }}\n\
         .legend text, .box text {{ fill: {ink} }}\n\
         .box .mark[fill=\"none\"] {{ stroke: {ink} }}\n\
         .box .mark[stroke=\"none\"] {{ fill: {ink} }}\n\
         }}</style>\n"
    )
}

fn write_node(svg: &mut String, number: usize, node: &SceneNode, center: Point) {
    svg.push_str(&format!(
        "<g id=\"node{number}\" class=\"node\">\n<title>{title}</title>\n",
        title = title(&node.name)
    ));
    let tooltip = node.tooltip();
    if let Some(tooltip) = &tooltip {
        svg.push_str(&format!("<g>\n<title>{}</title>\n", escape(&text::printable_lines(tooltip))));
    }
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
    svg.push_str(if tooltip.is_some() { "</g>\n</g>\n" } else { "</g>\n" });
}

/// The boxes, each after the one that it is inside of: what is written later hides what is below it.
fn outer_first(scene: &Scene, boxes: &[bool]) -> Vec<usize> {
    let depth = |node: usize| {
        std::iter::successors(scene.nodes[node].parent, |&node| scene.nodes[node].parent).count()
    };
    let mut order: Vec<usize> = (0..boxes.len()).filter(|node| boxes[*node]).collect();
    order.sort_by_cached_key(|node| depth(*node));
    order
}

fn write_box(svg: &mut String, number: usize, node: &SceneNode, center: Point, size: Size) {
    let (left, top) = (center.x - size.width / 2.0, center.y - size.height / 2.0);
    svg.push_str(&format!(
        "<g id=\"node{number}\" class=\"box\">\n<title>{title}</title>\n\
         <rect fill=\"{fill}\" fill-opacity=\"0.12\" stroke=\"{stroke}\"{line} x=\"{x}\" y=\"{y}\" \
         width=\"{width}\" height=\"{height}\" rx=\"10\"/>\n",
        title = title(&node.name),
        fill = node.status.map_or(style::EDGE, |status| style::fill(Some(status))),
        stroke = style::EDGE,
        line = border::line(node.status),
        x = Number(left),
        y = Number(top),
        width = Number(size.width),
        height = Number(size.height),
    ));
    let mut text_left = left + 12.0;
    if let Some(status) = node.status {
        border::write_dark_mark(svg, status, Point { x: text_left + 5.0, y: top + 14.0 });
        text_left += 16.0;
    }
    let label = style::label(node.label());
    svg.push_str(&format!(
        "<text x=\"{x}\" y=\"{y}\" fill=\"{ink}\">{label}</text>\n</g>\n",
        x = Number(text_left),
        y = Number(top + 14.0 + BASELINE),
        ink = style::INK,
        label = escape(&label),
    ));
}

/// The label is told its width: it stays inside the ellipse whatever font the viewer has. Not all viewers listen, so
/// beside a mark it starts at a fixed place, and what is too long has room on the right.
fn write_label(svg: &mut String, node: &SceneNode, center: Point) {
    let label = style::label(node.label());
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

fn write_edge(svg: &mut String, number: usize, title_text: &str, path: &EdgePath) {
    svg.push_str(&format!(
        "<g id=\"edge{number}\" class=\"edge\">\n\
         <title>{title}</title>\n\
         <path fill=\"none\" stroke=\"{color}\" d=\"{d}\"/>\n\
         <polygon fill=\"{color}\" stroke=\"{color}\" points=\"{arrow}\"/>\n\
         </g>\n",
        title = title(title_text),
        color = style::EDGE,
        d = path_data(&path.curve),
        arrow = arrow(path),
    ));
}

/// The whole name, with what XML forbids replaced.
fn title(name: &str) -> String {
    escape(&text::printable(name))
}

/// `M`, the start, `C`, and the other points.
fn path_data(curve: &[Point]) -> String {
    let mut data = String::from("M");
    for (index, point) in curve.iter().enumerate() {
        match index {
            0 => {}
            1 => data.push('C'),
            _ => data.push(' '),
        }
        push_pair(&mut data, *point);
    }
    data
}

/// The three corners of an arrow head.
fn arrow(path: &EdgePath) -> String {
    let base = path.curve[path.curve.len() - 1];
    let along = path.tip - base;
    let length = (along.x * along.x + along.y * along.y).sqrt().max(1e-9);
    let side = Point { x: along.y * (ARROW / length), y: -along.x * (ARROW / length) };
    let mut points = String::new();
    for corner in [base + side, path.tip, base - side, base + side] {
        if !points.is_empty() {
            points.push(' ');
        }
        push_pair(&mut points, corner);
    }
    points
}

fn push_pair(text: &mut String, point: Point) {
    // writing to a string cannot fail
    let _ = write!(text, "{},{}", Number(point.x), Number(point.y));
}
