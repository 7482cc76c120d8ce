//! Draws one connected graph without cycles, in rows: the passes in their order.

use super::budget::Budget;
use super::columns::{self, Spacing};
use super::geometry::Bezier;
use super::layers::Layers;
use super::routes::{self, Map};
use super::{Options, Point, Size, heights, order, ranks, spread};

/// A connected graph without cycles and repetitions.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// The nodes: their sizes, which of them are boxes and not ellipses, and which have an edge to themselves.
    pub(super) sizes: Vec<Size>,
    pub(super) is_box: Vec<bool>,
    pub(super) has_loop: Vec<bool>,
    /// From a node down to another.
    pub(super) edges: Vec<(usize, usize)>,
}

/// Where nodes and edges are. Each curve goes from border to border; none has an arrow head yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Sketch {
    pub(super) centers: Vec<Point>,
    pub(super) curves: Vec<Vec<Bezier>>,
}

/// Finds a place for everything.
pub(super) fn draw(shape: &Shape, options: &Options, budget: &mut Budget) -> Sketch {
    let nodes = shape.sizes.len();
    let mut ranks = budget.lend(30, |budget| ranks::assign(nodes, &shape.edges, budget));
    let spacing = Spacing::new(&shape.sizes, &shape.has_loop, options);
    let graph = spread::Graph { sizes: &shape.sizes, edges: &shape.edges, spacing: &spacing };
    ranks = spread::spread(&ranks, &graph, options).unwrap_or(ranks);
    let mut layers = Layers::new(&ranks, &shape.edges, options.most_bends);
    let length = |layers: &Layers| columns::length(layers, &spacing);
    budget.lend(60, |budget| order::arrange(&mut layers, &length, budget));
    let x = columns::place(&layers, &spacing, budget);
    let rows = heights::rows(&layers, &shape.sizes, options);
    let map = Map::new(&layers, &spacing, (&shape.sizes, &shape.is_box), &x, &rows);
    Sketch {
        centers: (0..nodes).map(|node| map.center(node)).collect(),
        curves: routes::draw(&map, &shape.edges),
    }
}

impl Sketch {
    /// The corners of all nodes, of these sizes, and curves.
    pub(super) fn extent(&self, sizes: &[Size]) -> (Point, Point) {
        let boxes = self.centers.iter().zip(sizes).flat_map(|(&center, size)| {
            let half = Point::new(size.width / 2.0, size.height / 2.0);
            [center - half, center + half]
        });
        let curves = self.curves.iter().flatten().flat_map(|curve| curve.0);
        boxes.chain(curves).fold(
            (Point::new(f64::MAX, f64::MAX), Point::new(f64::MIN, f64::MIN)),
            |(low, high), p| {
                (Point::new(low.x.min(p.x), low.y.min(p.y)), Point::new(high.x.max(p.x), high.y.max(p.y)))
            },
        )
    }

    pub(super) fn move_by(&mut self, by: Point) {
        self.centers.iter_mut().for_each(|center| *center = *center + by);
        self.curves.iter_mut().flatten().for_each(|curve| *curve = curve.moved(by));
    }
}
