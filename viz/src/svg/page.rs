//! Writes the drawing of a page: every nest on a level of its own, so that a script can open and close it.
//!
//! Elements are fewer than in a file of SVG, as thousands of them are what makes a page slow: names are the only titles,
//! and where a level has very many edges, several share an element.

use super::edge;
use super::xml::{Number, title};
use super::{MARGIN, nest, node, style};
use crate::layout::{self, Layout, LayoutGraph, Point, Size};
use crate::scene::{Scene, SceneNode};

/// With more edges than this, a level writes several of them as one path.
const MOST_SINGLE: usize = 1_500;
const EDGES_PER_PATH: usize = 40;

/// A scene with all nests as boxes, drawn level by level.
#[derive(Debug)]
pub(crate) struct Drawing {
    /// What is seen at first.
    pub(crate) svg: String,
    /// Where each node is on its level, and how large it is drawn there.
    pub(crate) places: Vec<(Point, Size)>,
    /// The sizes of nests while they are closed.
    pub(crate) closed_sizes: Vec<Size>,
    /// How much room what is inside of each nest takes; behind the nodes, what is outside of all.
    pub(crate) content_sizes: Vec<Size>,
}

/// Draws a scene in which every nest is a box; those that are not `open` are drawn closed at first.
pub(crate) fn draw_levels(scene: &Scene, open: &[bool], options: &layout::Options) -> Drawing {
    let levels = Levels::of(scene);
    let closed_sizes: Vec<Size> = scene.nodes.iter().map(|node| node.closed().size()).collect();
    let mut drawing = Drawing {
        svg: String::new(),
        places: closed_sizes.iter().map(|size| (Point::default(), *size)).collect(),
        closed_sizes,
        content_sizes: vec![Size::default(); scene.nodes.len() + 1],
    };
    let mut contents: Vec<String> = vec![String::new(); scene.nodes.len() + 1];
    for level in levels.inner_first() {
        let (content, size) = draw_level(scene, &levels, level, open, options, &mut drawing, &contents);
        (contents[level], drawing.content_sizes[level]) = (content, size);
        if level < scene.nodes.len() && open[level] {
            drawing.places[level].1 = open_size(&scene.nodes[level], size);
        }
        levels.nodes[level].iter().for_each(|&node| contents[node].clear());
    }
    drawing.svg = whole(&contents[scene.nodes.len()], drawing.content_sizes[scene.nodes.len()]);
    drawing
}

/// The size of an open nest around what is inside.
fn open_size(node: &SceneNode, content: Size) -> Size {
    layout::box_around(content, title_size(node))
}

/// The size that a box has at least, for its title.
pub(crate) fn title_size(node: &SceneNode) -> Size {
    style::ellipse(node.drawn_label())
}

fn whole(content: &str, size: Size) -> String {
    let (width, height) = (Number(size.width + 2.0 * MARGIN), Number(size.height + 2.0 * MARGIN));
    format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n{dark}<g class=\"graph\" transform=\"translate({margin} {margin})\" \
         font-family=\"{family}\" font-size=\"{font_size}\">\n{content}</g>\n</svg>\n",
        dark = super::dark(),
        family = style::FONT_FAMILY,
        font_size = Number(style::FONT_SIZE),
        margin = Number(MARGIN),
    )
}

/// What stands directly in each nest; behind the nodes, what stands in none.
struct Levels {
    nodes: Vec<Vec<usize>>,
    edges: Vec<Vec<usize>>,
}

impl Levels {
    fn of(scene: &Scene) -> Self {
        let outside = scene.nodes.len();
        let mut levels = Self { nodes: vec![Vec::new(); outside + 1], edges: vec![Vec::new(); outside + 1] };
        for (index, node) in scene.nodes.iter().enumerate() {
            levels.nodes[node.parent.unwrap_or(outside)].push(index);
        }
        for (edge, &(a, _)) in scene.edges.iter().enumerate() {
            levels.edges[scene.nodes[a].parent.unwrap_or(outside)].push(edge);
        }
        levels
    }

    /// All levels, each before the one around it.
    fn inner_first(&self) -> Vec<usize> {
        let mut order = vec![self.nodes.len() - 1];
        let mut at = 0;
        while let Some(&level) = order.get(at) {
            at += 1;
            order.extend(self.nodes[level].iter().filter(|node| !self.nodes[**node].is_empty()));
        }
        order.reverse();
        order
    }
}

/// Draws what stands directly on a level, from its corner on, with what is inside of the open nests there.
fn draw_level(
    scene: &Scene,
    levels: &Levels,
    level: usize,
    open: &[bool],
    options: &layout::Options,
    drawing: &mut Drawing,
    contents: &[String],
) -> (String, Size) {
    let (nodes, edges) = (&levels.nodes[level], &levels.edges[level]);
    let is_nest = |node: usize| !levels.nodes[node].is_empty();
    let number: std::collections::BTreeMap<usize, usize> =
        nodes.iter().enumerate().map(|(index, &node)| (node, index)).collect();
    let graph = LayoutGraph {
        sizes: nodes.iter().map(|&node| drawing.places[node].1).collect(),
        edges: edges.iter().map(|&edge| scene.edges[edge]).map(|(a, b)| (number[&a], number[&b])).collect(),
        closed: nodes.iter().map(|&node| is_nest(node)).collect(),
        ..LayoutGraph::default()
    };
    let share = (nodes.len() + edges.len()) as f64 / (scene.nodes.len() + scene.edges.len()).max(1) as f64;
    let steps = (options.steps as f64 * share) as u64;
    let layout = layout::layout(&graph, &layout::Options { steps, ..options.clone() });
    let mut svg = String::new();
    for (&node, &center) in nodes.iter().zip(&layout.centers) {
        drawing.places[node].0 = center;
        if is_nest(node) {
            let size = open_size(&scene.nodes[node], drawing.content_sizes[node]);
            write_nest(&mut svg, scene, node, open[node], (center, size), &contents[node]);
        } else {
            let name = title(&scene.nodes[node].name);
            svg.push_str(&format!("<g id=\"node{}\" class=\"node\">\n<title>{name}</title>\n", node + 1));
            node::write_shape(&mut svg, &scene.nodes[node], center);
            svg.push_str("</g>\n");
        }
    }
    write_edges(&mut svg, scene, edges, &layout);
    (svg, layout.size)
}

/// Both faces of a nest, of which the style sheet shows one: the closed one, and the opened one, a box with what is inside.
///
/// What is hidden is a part of the drawing all the same: to move elements there takes much longer than to show them.
fn write_nest(
    svg: &mut String,
    scene: &Scene,
    node: usize,
    is_open: bool,
    place: (Point, Size),
    content: &str,
) {
    let (center, size) = place;
    let corner = center - Point { x: size.width / 2.0, y: size.height / 2.0 };
    svg.push_str(&format!(
        "<g id=\"node{number}\" class=\"nest{open}\">\n<title>{name}</title>\n<g class=\"closed\">\n",
        number = node + 1,
        open = if is_open { " open" } else { "" },
        name = title(&scene.nodes[node].name),
    ));
    nest::write_closed_shape(svg, &scene.nodes[node].closed(), center);
    // a script moves all of it at once
    svg.push_str(&format!(
        "</g>\n<g class=\"opened\" transform=\"translate({} {})\">\n<g class=\"box\">\n",
        Number(corner.x),
        Number(corner.y)
    ));
    nest::write_frame(svg, &scene.nodes[node], Point::default(), size);
    svg.push_str("<g class=\"corner\">\n");
    nest::write_title(svg, &scene.nodes[node], Point::default());
    svg.push_str(&format!(
        "</g>\n</g>\n<g class=\"inside\" transform=\"translate({} {})\">\n{content}</g>\n</g>\n</g>\n",
        Number(layout::CONTENT_CORNER.x),
        Number(layout::CONTENT_CORNER.y)
    ));
}

/// The lines of a level in the order of its edges, and their arrow heads.
fn write_edges(svg: &mut String, scene: &Scene, edges: &[usize], layout: &Layout) {
    let chunk = if edges.len() > MOST_SINGLE { EDGES_PER_PATH } else { 1 };
    svg.push_str(if chunk > 1 { "<g class=\"edges many\">\n" } else { "<g class=\"edges\">\n" });
    for (edges, paths) in edges.chunks(chunk).zip(layout.edges.chunks(chunk)) {
        let lines: String = paths.iter().map(|path| edge::path_data(&path.curve)).collect();
        let title = match edges {
            &[edge] => format!("<title>{}</title>", title(&edge::name(scene, edge))),
            _ => String::new(),
        };
        svg.push_str(&format!(
            "<path class=\"line\" fill=\"none\" stroke=\"{color}\" d=\"{lines}\">{title}</path>\n",
            color = style::EDGE
        ));
    }
    for paths in layout.edges.chunks(EDGES_PER_PATH) {
        let arrows: String =
            paths.iter().map(|path| format!("M{}Z", edge::arrow(path).replace(' ', "L"))).collect();
        svg.push_str(&format!(
            "<path class=\"arrows\" fill=\"{color}\" d=\"{arrows}\"/>\n",
            color = style::EDGE
        ));
    }
    svg.push_str("</g>\n");
}
