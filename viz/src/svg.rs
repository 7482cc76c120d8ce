//! Writes SVG, laid out as Graphviz lays out its own, so that whatever reads the one reads the other.

use crate::layout::{Layout, Size};
use crate::scene::Scene;
use crate::style;
use crate::style::Dark;
use legend::Legend;
use xml::Number;

mod xml;
mod border;
mod node;
mod nest;
mod edge;
mod legend;
mod page;

pub(crate) use page::{Drawing, draw_levels, title_size};

/// White space around the drawing, in points.
const MARGIN: f64 = 4.0;

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
        nest::write_box(&mut svg, index + 1, &scene.nodes[index], layout.centers[index], layout.sizes[index]);
    }
    for (index, node) in scene.nodes.iter().enumerate().filter(|(index, _)| !boxes[*index]) {
        if node.is_closed() {
            nest::write_closed(&mut svg, index + 1, node, layout.centers[index]);
        } else {
            node::write(&mut svg, index + 1, node, layout.centers[index]);
        }
    }
    for (index, path) in layout.edges.iter().enumerate() {
        edge::write(&mut svg, index + 1, &edge::name(scene, index), path);
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
    let Dark { edge, border, broken, background, ink, tint } = style::DARK;
    format!(
        "<style>@media (prefers-color-scheme: dark) {{\n\
         .background {{ fill: {background} }}\n\
         .edge path, .edges .line {{ stroke: {edge} }}\n\
         .edges .arrows {{ fill: {edge} }}\n\
         .edge polygon {{ fill: {edge}; stroke: {edge} }}\n\
         .node ellipse, .nest .fill, .legend rect:not([fill=\"none\"]) {{ stroke: {border} }}\n\
         .node ellipse[stroke-dasharray], .nest .fill[stroke-dasharray], .legend rect[stroke-dasharray] \
         {{ stroke: {broken}; stroke-width: 2 }}\n\
         .box rect {{ stroke: {border}; fill-opacity: {tint} }}\n\
         .legend text, .box text {{ fill: {ink} }}\n\
         .box .mark[fill=\"none\"] {{ stroke: {ink} }}\n\
         .box .mark[stroke=\"none\"] {{ fill: {ink} }}\n\
         }}</style>\n"
    )
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
