//! Draws one connected graph without cycles, in rows: the passes in their order.

use super::budget::Budget;
use super::columns::{self, Spacing};
use super::geometry::Bezier;
use super::layers::Layers;
use super::routes::{self, Map};
use super::{Options, Point, Size, heights, order, ranks, spread, strips};

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
    let mut sketch = Sketch {
        centers: (0..nodes).map(|node| map.center(node)).collect(),
        curves: routes::draw(&map, &shape.edges),
    };
    strips::fold(&map, &shape.edges, &mut sketch.centers, &mut sketch.curves, options);
    sketch
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A drawing that is so many times higher than wide is cut into strips.
    const HIGHEST: f64 = 3.0;
    const SIZE: Size = Size { width: 54.0, height: 36.0 };

    fn drawn(nodes: usize, edges: &[(usize, usize)]) -> (Sketch, Size) {
        let (is_box, has_loop) = (vec![false; nodes], vec![false; nodes]);
        let shape = Shape { sizes: vec![SIZE; nodes], is_box, has_loop, edges: edges.to_vec() };
        let sketch = super::draw(&shape, &Options::default(), &mut Budget::new(10_000_000));
        let (low, high) = sketch.extent(&shape.sizes);
        (sketch, Size { width: high.x - low.x, height: high.y - low.y })
    }

    /// Each node depends on some that stand so many before it.
    fn back(nodes: usize, steps: &[usize]) -> Vec<(usize, usize)> {
        let of = |node: usize| {
            steps.iter().map(move |step| (node, node + step)).filter(move |edge| edge.1 < nodes)
        };
        (0..nodes).flat_map(of).collect()
    }

    /// Draws it, and checks that each curve is whole and ends at its nodes, and that curves keep clear of foreign nodes.
    #[track_caller]
    fn check(nodes: usize, edges: &[(usize, usize)], is_folded: bool) {
        let (sketch, size) = drawn(nodes, edges);
        let aspect = size.width / size.height;
        assert_eq!(
            (1.0 / HIGHEST..=HIGHEST).contains(&aspect),
            is_folded,
            "{aspect:.2} times wider than high"
        );
        for (curve, &(a, b)) in sketch.curves.iter().zip(edges) {
            for pair in curve.windows(2) {
                assert!((pair[0].0[3] - pair[1].0[0]).length() < 0.1, "{a} to {b}: {pair:?}");
            }
            let ends = [(curve[0].0[0], a), (curve[curve.len() - 1].0[3], b)];
            assert!(
                ends.iter().all(|(end, node)| (*end - sketch.centers[*node]).length() < 28.0),
                "{a} to {b}: {ends:?}"
            );
            let points = curve.iter().flat_map(|part| (0..=20).map(|at| part.at(f64::from(at) / 20.0)));
            for point in points {
                let is_in = |node: usize| {
                    let off = point - sketch.centers[node];
                    (off.x / 25.0) * (off.x / 25.0) + (off.y / 16.0) * (off.y / 16.0) < 1.0
                };
                let hit = (0..nodes).find(|node| *node != a && *node != b && is_in(*node));
                assert_eq!(hit, None, "{a} to {b} at {point:?}");
            }
        }
    }

    #[test]
    fn very_high_drawings_become_pages() {
        check(300, &back(300, &[1]), true);
        check(400, &back(400, &[1, 5]), true);
        check(300, &back(300, &[3, 7]), true);
    }

    #[test]
    fn others_stay() {
        check(48, &back(48, &[1]), false);
        let steps: Vec<usize> = (1..12).collect();
        check(40, &back(40, &steps), false);
    }

    /// Where edges go around, none crosses another.
    #[test]
    fn ways_around_do_not_cross() {
        let mut edges = back(200, &[2]);
        edges.push((0, 1));
        let (sketch, _) = drawn(200, &edges);
        let pieces: Vec<Vec<(Point, Point)>> = sketch
            .curves
            .iter()
            .map(|curve| curve.iter().map(|part| (part.0[0], part.0[3])).collect())
            .collect();
        let side = |(a, b): (Point, Point), p: Point| (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
        let cross = |a: (Point, Point), b: (Point, Point)| {
            side(a, b.0) * side(a, b.1) < 0.0 && side(b, a.0) * side(b, a.1) < 0.0
        };
        let folded = pieces.iter().filter(|pieces| pieces.len() > 5).count();
        assert!(folded >= 4, "{folded} edges go around");
        for (index, own) in pieces.iter().enumerate() {
            for other in &pieces[..index] {
                assert!(own.iter().all(|a| other.iter().all(|b| !cross(*a, *b))), "{own:?}, {other:?}");
            }
        }
    }
}
