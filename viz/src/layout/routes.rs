//! Draws the edges.
//!
//! The space that an edge may use is a *corridor*: on every row the gap between its neighbours there, between rows
//! everything. The *funnel* finds the shortest way through it, *fit* rounds that way off without leaving the
//! corridor, and *ends* cuts the curve where it meets the two nodes. Edges on a shared track all run exactly on
//! it: only the *corners* of their way are rounded.

use super::columns::Spacing;
use super::geometry::Bezier;
use super::{EdgePath, Point, Size};
use corridor::Corridor;

pub(super) use ends::{reversed, with_arrow};
pub(super) use map::Map;

mod map;
mod guard;
mod corridor;
mod funnel;
mod fit;
mod corners;
mod thin;
mod ends;

/// An edge with more bends than this follows them as if they were a track: that takes linear time.
const MOST_TO_FIT: usize = 300;

/// The curve of an edge from border to border. Without a chain, it is straight, whatever is in its way.
pub(super) fn draw(map: &Map, (a, b): (usize, usize), edge: usize) -> Vec<Bezier> {
    let (start, end) = (map.center(a), map.center(b));
    let curve = match &map.layers.chains[edge] {
        None => vec![Bezier::line(start, end)],
        Some(chain) => {
            let on_track = map.layers.shared[edge] || chain.len() > MOST_TO_FIT;
            let corridor = Corridor::along(map, chain, on_track);
            let portals = corridor.portals();
            let way = funnel::shortest(start, end, &portals);
            let curve = if on_track { corners::round(&way) } else { fit::round_off(&way, &corridor) };
            thin::thin(curve, &portals)
        }
    };
    let node = |node: usize, center| ends::Node { center, size: map.sizes[node], is_box: map.is_box[node] };
    ends::clip(curve, node(a, start), node(b, end))
}

/// The curve of an edge from a node to itself, on the node's right.
pub(super) fn loop_at(center: Point, size: Size, is_box: bool) -> EdgePath {
    let (rx, ry) = (size.width / 2.0, size.height / 2.0);
    let at = |x: f64, y: f64| center + Point::new(x, y);
    let far = rx + Spacing::LOOP_ROOM;
    // on the border of an ellipse at that height; a box has its side there
    let side = if is_box { rx } else { 0.8 * rx };
    with_arrow(vec![Bezier([at(side, -0.6 * ry), at(far, -ry), at(far, ry), at(side, 0.6 * ry)])])
}
