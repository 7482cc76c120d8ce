//! Boxes: what is inside of one is drawn first, and then stands in the drawing around it as a single node.

use super::budget::Budget;
use super::{Layout, LayoutGraph, Options, Point, Size, component, components, packing};

/// The room between a box and what is inside of it, in points.
const PADDING: f64 = 12.0;
/// The room for the title of a box, above what is inside.
const TITLE: f64 = 22.0;

/// The graph that is drawn within one box, or outside of all.
#[derive(Debug, Default)]
struct Level {
    /// The nodes and edges by their numbers in the whole.
    nodes: Vec<usize>,
    edges: Vec<usize>,
}

/// Where in a finished drawing what is inside of a box begins, from the corner of the box.
pub(crate) const CONTENT_CORNER: Point = Point { x: PADDING, y: PADDING + TITLE };

/// The size of a box around what is inside, in a finished drawing. It is never smaller than `least` and some room.
pub(crate) fn box_around(content: Size, least: Size) -> Size {
    around(content, least, &Options::default())
}

/// Draws a graph with all its boxes.
pub(super) fn draw(graph: &LayoutGraph, options: &Options) -> Layout {
    let count = graph.sizes.len();
    let parent = |node: usize| graph.parents.get(node).copied().flatten();
    let mut levels: Vec<Level> = (0..=count).map(|_| Level::default()).collect();
    for node in 0..count {
        levels[parent(node).unwrap_or(count)].nodes.push(node);
    }
    for (edge, &(a, b)) in graph.edges.iter().enumerate() {
        assert_eq!(parent(a), parent(b), "an edge cannot lead out of its box");
        levels[parent(a).unwrap_or(count)].edges.push(edge);
    }
    let mut number = vec![0; count];
    for level in &levels {
        level.nodes.iter().enumerate().for_each(|(index, &node)| number[node] = index);
    }
    let mut whole = Layout {
        size: Size::default(),
        centers: vec![Point::default(); count],
        sizes: graph.sizes.clone(),
        edges: vec![Default::default(); graph.edges.len()],
    };
    let order = outer_first(&levels, count);
    // inner boxes first; places are those in the box as long as it has none itself
    for &node in order.iter().rev() {
        let size = draw_level(graph, &levels, &number, node, options, &mut whole);
        if node == count {
            whole.size = size;
        } else {
            whole.sizes[node] = around(size, graph.sizes[node], options);
        }
    }
    for &node in order.iter().filter(|node| **node != count) {
        let corner = content_corner(whole.centers[node], whole.sizes[node], options);
        move_level(&levels[node], corner, &mut whole);
    }
    whole
}

/// All boxes, and first of all the number that stands for the whole; each after the one that it is inside of.
fn outer_first(levels: &[Level], whole: usize) -> Vec<usize> {
    let mut order = vec![whole];
    let mut at = 0;
    while let Some(&node) = order.get(at) {
        at += 1;
        order.extend(levels[node].nodes.iter().filter(|inner| !levels[**inner].nodes.is_empty()));
    }
    let boxes = levels.iter().filter(|level| !level.nodes.is_empty()).count();
    assert!(order.len() >= boxes, "boxes cannot be inside of each other");
    order
}

/// Draws the nodes directly inside of a box, from its corner on, and returns how much room they take. Each has a
/// `number` within its box.
fn draw_level(
    graph: &LayoutGraph,
    levels: &[Level],
    number: &[usize],
    node: usize,
    options: &Options,
    whole: &mut Layout,
) -> Size {
    let level = &levels[node];
    let inner = LayoutGraph {
        sizes: level.nodes.iter().map(|&node| whole.sizes[node]).collect(),
        edges: level
            .edges
            .iter()
            .map(|&edge| graph.edges[edge])
            .map(|(a, b)| (number[a], number[b]))
            .collect(),
        ..LayoutGraph::default()
    };
    let is_closed = |node: usize| graph.closed.get(node).copied().unwrap_or(false);
    let is_box = |node: usize| is_closed(node) || !levels[node].nodes.is_empty();
    let is_box: Vec<bool> = level.nodes.iter().map(|&node| is_box(node)).collect();
    let elements = (graph.sizes.len() + graph.edges.len()) as f64;
    let steps = options.steps as f64 * (inner.sizes.len() + inner.edges.len()) as f64 / elements;
    let drawn = draw_flat(&inner, &is_box, options, steps);
    for (&node, center) in level.nodes.iter().zip(drawn.centers) {
        whole.centers[node] = center;
    }
    for (&edge, path) in level.edges.iter().zip(drawn.edges) {
        whole.edges[edge] = path;
    }
    drawn.size
}

/// Draws a graph in which nothing is inside of anything.
fn draw_flat(graph: &LayoutGraph, is_box: &[bool], options: &Options, steps: f64) -> Layout {
    let parts = components::split(graph);
    let elements = (graph.sizes.len() + graph.edges.len()) as f64;
    let drawings = parts
        .iter()
        .map(|part| {
            let share = (part.nodes.len() + part.edges.len()) as f64 / elements;
            let mut budget = Budget::new((steps * share) as u64);
            let is_box: Vec<bool> = part.nodes.iter().map(|&node| is_box[node]).collect();
            component::draw(&part.graph, &is_box, options, &mut budget)
        })
        .collect();
    packing::pack(graph, &parts, drawings, options)
}

/// The size of a box around a drawing, with its title, which stands in its upper left corner.
fn around(content: Size, least: Size, options: &Options) -> Size {
    let title = title(options);
    Size {
        width: (content.width + 2.0 * PADDING + title.width).max(least.width + PADDING),
        height: (content.height + 2.0 * PADDING + title.height).max(least.height + PADDING),
    }
}

/// How much of a box its title takes, in the direction in which the layout works.
fn title(options: &Options) -> Size {
    let down = Size { width: 0.0, height: TITLE };
    match options.direction {
        super::Direction::Down => down,
        super::Direction::Right => down.turned(),
    }
}

fn content_corner(center: Point, size: Size, options: &Options) -> Point {
    let title = title(options);
    let corner = center - Point::new(size.width / 2.0, size.height / 2.0);
    corner + Point::new(PADDING + title.width, PADDING + title.height)
}

fn move_level(level: &Level, by: Point, whole: &mut Layout) {
    for &node in &level.nodes {
        whole.centers[node] = whole.centers[node] + by;
    }
    for &edge in &level.edges {
        let path = &mut whole.edges[edge];
        path.curve.iter_mut().for_each(|point| *point = *point + by);
        path.tip = path.tip + by;
    }
}
