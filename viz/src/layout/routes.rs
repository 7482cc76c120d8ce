//! Draws the edges.
//!
//! The space that an edge may use is a *corridor*: on every row the gap between its neighbours there, between rows
//! everything. The *funnel* finds the shortest way through it, *fit* rounds that way off without leaving the
//! corridor, and *ends* cuts the curve where it meets the two nodes. Edges on a shared track all run exactly on
//! it: only the *corners* of their way are rounded.

use super::columns::Spacing;
use super::geometry::Bezier;
use super::heights::Band;
use super::layers::Layers;
use super::{EdgePath, Point, Size};
use corridor::Corridor;

pub(super) use ends::{reversed, with_arrow};

mod corners;
mod corridor;
mod ends;
mod fit;
mod funnel;
mod guard;

/// How far edges may reach beyond the outermost nodes and bends, in points.
const BULGE: f64 = 18.0;
/// An edge with more bends than this follows them as if they were a track: that takes linear time.
const MOST_TO_FIT: usize = 300;

/// Where everything stands by now.
#[derive(Debug)]
pub(super) struct Map<'a> {
    pub(super) layers: &'a Layers,
    pub(super) spacing: &'a Spacing,
    pub(super) sizes: &'a [Size],
    /// Which nodes are boxes and not ellipses.
    pub(super) is_box: &'a [bool],
    pub(super) x: &'a [f64],
    pub(super) rows: &'a [Band],
    /// How far edges may go to the left and to the right.
    sides: (f64, f64),
}

impl<'a> Map<'a> {
    pub(super) fn new(
        layers: &'a Layers,
        spacing: &'a Spacing,
        (sizes, is_box): (&'a [Size], &'a [bool]),
        x: &'a [f64],
        rows: &'a [Band],
    ) -> Self {
        let sides = x.iter().enumerate().fold((f64::MAX, f64::MIN), |(left, right), (vertex, &x)| {
            (left.min(x - spacing.left(vertex)), right.max(x + spacing.right(vertex)))
        });
        Self { layers, spacing, sizes, is_box, x, rows, sides: (sides.0 - BULGE, sides.1 + BULGE) }
    }

    /// The centre of a vertex.
    pub(super) fn center(&self, vertex: usize) -> Point {
        Point::new(self.x[vertex], self.rows[self.layers.row_of[vertex]].middle())
    }
}

/// The curve of an edge from border to border. Without a chain, it is straight, whatever is in its way.
pub(super) fn draw(map: &Map, (a, b): (usize, usize), edge: usize) -> Vec<Bezier> {
    let (start, end) = (map.center(a), map.center(b));
    let curve = match &map.layers.chains[edge] {
        None => vec![Bezier::line(start, end)],
        Some(chain) => {
            let on_track = map.layers.shared[edge] || chain.len() > MOST_TO_FIT;
            let corridor = Corridor::along(map, chain, on_track);
            let way = funnel::shortest(start, end, &corridor.portals());
            if on_track { corners::round(&way) } else { fit::round_off(&way, &corridor) }
        }
    };
    let node = |node: usize, center| ends::Node { center, size: map.sizes[node], is_box: map.is_box[node] };
    ends::clip(curve, node(a, start), node(b, end))
}

/// The curve of an edge from a node to itself, on the node's right.
pub(super) fn loop_at(map: &Map, node: usize) -> EdgePath {
    let (center, size) = (map.center(node), map.sizes[node]);
    let (rx, ry) = (size.width / 2.0, size.height / 2.0);
    let at = |x: f64, y: f64| center + Point::new(x, y);
    let far = rx + Spacing::LOOP_ROOM;
    // on the border of an ellipse at that height; a box has its side there
    let side = if map.is_box[node] { rx } else { 0.8 * rx };
    with_arrow(vec![Bezier([at(side, -0.6 * ry), at(far, -ry), at(far, ry), at(side, 0.6 * ry)])])
}
