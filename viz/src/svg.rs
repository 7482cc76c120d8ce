//! Writes SVG, laid out as Graphviz lays out its own, so that whatever reads the one reads the other.

use std::fmt::Write;

use crate::layout::{EdgePath, Layout, Point};
use crate::scene::{Scene, SceneNode};
use crate::{style, text};
use xml::{Number, escape};

mod xml;

/// White space around the drawing, in points.
const MARGIN: f64 = 4.0;
/// Half the width of an arrow head.
const ARROW: f64 = 3.5;
/// How far below a node's centre the baseline of its label is.
const BASELINE: f64 = 3.7;

/// The picture of a scene.
///
/// # Panics
///
/// If the layout is not one of this scene: with another number of nodes or edges.
pub fn write(scene: &Scene, layout: &Layout) -> String {
    assert_eq!(scene.nodes.len(), layout.centers.len(), "the layout must place every node");
    assert_eq!(scene.edges.len(), layout.edges.len(), "the layout must draw every edge");
    let mut svg = String::new();
    open(&mut svg, layout);
    for (index, node) in scene.nodes.iter().enumerate() {
        write_node(&mut svg, index + 1, node, layout.centers[index]);
    }
    for (index, (&(a, b), path)) in scene.edges.iter().zip(&layout.edges).enumerate() {
        let title = format!("{}->{}", scene.nodes[a].name, scene.nodes[b].name);
        write_edge(&mut svg, index + 1, &title, path);
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn open(svg: &mut String, layout: &Layout) {
    let width = Number(layout.size.width + 2.0 * MARGIN);
    let height = Number(layout.size.height + 2.0 * MARGIN);
    let background = style::BACKGROUND;
    svg.push_str(&format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\">\n\
         <g id=\"graph0\" class=\"graph\" transform=\"translate({margin} {margin})\">\n\
         <title>jobs</title>\n\
         <rect x=\"-{margin}\" y=\"-{margin}\" width=\"{width}\" height=\"{height}\" fill=\"{background}\"/>\n",
        margin = Number(MARGIN),
    ));
}

fn write_node(svg: &mut String, number: usize, node: &SceneNode, center: Point) {
    let size = style::ellipse(&node.name);
    svg.push_str(&format!(
        "<g id=\"node{number}\" class=\"node\">\n\
         <title>{title}</title>\n\
         <ellipse fill=\"{fill}\" stroke=\"{stroke}\" cx=\"{x}\" cy=\"{y}\" rx=\"{rx}\" ry=\"{ry}\"/>\n",
        title = title(&node.name),
        fill = style::fill(node.status),
        stroke = style::BORDER,
        x = Number(center.x),
        y = Number(center.y),
        rx = Number(size.width / 2.0),
        ry = Number(size.height / 2.0),
    ));
    write_label(svg, node, center);
    svg.push_str("</g>\n");
}

/// The label is told its width: it stays inside the ellipse whatever font the viewer has.
fn write_label(svg: &mut String, node: &SceneNode, center: Point) {
    let label = style::label(&node.name);
    let width = style::label_width(&label);
    let length = if label.trim().is_empty() {
        String::new()
    } else {
        format!(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", Number(width))
    };
    svg.push_str(&format!(
        "<text text-anchor=\"middle\" x=\"{x}\" y=\"{y}\" font-family=\"{family}\" font-size=\"{size}\" \
         fill=\"{fill}\"{length}>{label}</text>\n",
        x = Number(center.x),
        y = Number(center.y + BASELINE),
        family = style::FONT_FAMILY,
        size = Number(style::FONT_SIZE),
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
