//! Draws one connected graph, whatever stands in its way: cycles, loops, repetitions, wide fans.

use super::acyclic::{self, StandIn};
use super::budget::Budget;
use super::layered::Shape;
use super::{EdgePath, Layout, LayoutGraph, Options, Point, Size, blocks, packing, routes};

/// Lays out a connected graph, whose nodes are ellipses or boxes.
pub(super) fn draw(graph: &LayoutGraph, is_box: &[bool], options: &Options, budget: &mut Budget) -> Layout {
    let nodes = graph.sizes.len();
    let dag = acyclic::orient(nodes, &graph.edges);
    let mut shape = Shape {
        sizes: graph.sizes.clone(),
        is_box: is_box.to_vec(),
        has_loop: vec![false; nodes],
        edges: dag.edges,
    };
    graph.edges.iter().filter(|(a, b)| a == b).for_each(|&(node, _)| shape.has_loop[node] = true);
    let sketch = blocks::draw(&shape, options, budget);
    let path = |(&(node, _), &stand_in): (&(usize, usize), &StandIn)| match stand_in {
        StandIn::Loop => routes::loop_at(sketch.centers[node], graph.sizes[node], is_box[node]),
        StandIn::Same(edge) => routes::with_arrow(sketch.curves[edge].clone()),
        StandIn::Reversed(edge) => routes::with_arrow(routes::reversed(&sketch.curves[edge])),
    };
    let edges = graph.edges.iter().zip(&dag.stand_ins).map(path).collect();
    let drawing = Layout { size: Size::default(), centers: sketch.centers, sizes: Vec::new(), edges };
    into_corner(drawing, &graph.sizes)
}

/// Moves a drawing so that its top left corner is the origin, and measures it.
fn into_corner(mut drawing: Layout, sizes: &[Size]) -> Layout {
    let boxes = drawing.centers.iter().zip(sizes).flat_map(|(&center, size)| {
        let half = Point::new(size.width / 2.0, size.height / 2.0);
        [center - half, center + half]
    });
    let curves = drawing.edges.iter().flat_map(|EdgePath { curve, tip }| curve.iter().chain([tip]).copied());
    let (low, high) = boxes.chain(curves).fold(
        (Point::new(f64::MAX, f64::MAX), Point::new(f64::MIN, f64::MIN)),
        |(low, high), p| {
            (Point::new(low.x.min(p.x), low.y.min(p.y)), Point::new(high.x.max(p.x), high.y.max(p.y)))
        },
    );
    drawing.size = Size { width: high.x - low.x, height: high.y - low.y };
    packing::shift(&mut drawing, Point::default() - low);
    drawing
}
