//! Draws one connected graph: the passes in their order.

use super::acyclic::{self, StandIn};
use super::budget::Budget;
use super::columns::{self, Spacing};
use super::layers::Layers;
use super::routes::{self, Map};
use super::{EdgePath, Layout, LayoutGraph, Options, Point, Size, fans, heights, order, packing, ranks};

/// Lays out a connected graph, whose nodes are ellipses or boxes.
pub(super) fn draw(graph: &LayoutGraph, is_box: &[bool], options: &Options, budget: &mut Budget) -> Layout {
    let nodes = graph.sizes.len();
    let dag = acyclic::orient(nodes, &graph.edges);
    let mut ranks = budget.lend(30, |budget| ranks::assign(nodes, &dag.edges, budget));
    let spread = fans::spread(&graph.sizes, &dag.edges, &mut ranks, options);
    let mut layers = Layers::new(&ranks, &dag.edges, &spread, options.most_bends);
    let spacing = Spacing::new(graph, options);
    let length = |layers: &Layers| columns::length(layers, &spacing);
    budget.lend(60, |budget| order::arrange(&mut layers, &length, budget));
    let x = columns::place(&layers, &spacing, budget);
    let rows = heights::rows(&layers, &graph.sizes, &spread.gaps, options);
    let map = Map::new(&layers, &spacing, (&graph.sizes, is_box), &x, &rows);

    let curves: Vec<_> = (0..dag.edges.len()).map(|edge| routes::draw(&map, dag.edges[edge], edge)).collect();
    let path = |(&(node, _), &stand_in): (&(usize, usize), &StandIn)| match stand_in {
        StandIn::Loop => routes::loop_at(&map, node),
        StandIn::Same(edge) => routes::with_arrow(curves[edge].clone()),
        StandIn::Reversed(edge) => routes::with_arrow(routes::reversed(&curves[edge])),
    };
    let edges = graph.edges.iter().zip(&dag.stand_ins).map(path).collect();
    let centers = (0..nodes).map(|node| map.center(node)).collect();
    into_corner(Layout { size: Size::default(), centers, sizes: Vec::new(), edges }, &graph.sizes)
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
