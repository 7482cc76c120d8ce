//! Draws the edges.
//!
//! The space that an edge may use is a *corridor*: on every row the gap between its neighbours there, between rows
//! everything. The *funnel* finds the shortest way through it, *fit* rounds that way off without leaving the
//! corridor, and *ends* cuts the curve where it meets the two nodes. Edges on a shared track all run exactly on
//! it: only the *corners* of their way are rounded. Where all edges together would have too many curves, *thin* draws
//! those of many with the *fewest* corners.

use super::columns::Spacing;
use super::geometry::Bezier;
use super::{EdgePath, Point, Size};
use corridor::{Corridor, NodesBeside};
use thin::Way;

pub(super) use corners::round as rounded;
pub(super) use ends::{reversed, with_arrow};
pub(super) use map::Map;

mod map;
mod guard;
mod corridor;
mod funnel;
mod fit;
mod corners;
mod fewest;
mod thin;
mod ends;

/// An edge with more bends than this follows them as if they were a track: that takes linear time.
const MOST_TO_FIT: usize = 300;

/// The curves of all edges, from border to border.
pub(super) fn draw(map: &Map, edges: &[(usize, usize)]) -> Vec<Vec<Bezier>> {
    let mut curves: Vec<Vec<Bezier>> =
        edges.iter().enumerate().map(|(edge, &ends)| along_chain(map, ends, edge)).collect();
    thin_out(map, &mut curves);
    let node = |node: usize| ends::Node {
        center: map.center(node),
        size: map.sizes[node],
        is_box: map.is_box[node],
    };
    curves.into_iter().zip(edges).map(|(curve, &(a, b))| ends::clip(curve, node(a), node(b))).collect()
}

/// The curve of an edge from centre to centre. Without a chain, it is straight, whatever is in its way.
fn along_chain(map: &Map, (a, b): (usize, usize), edge: usize) -> Vec<Bezier> {
    let (start, end) = (map.center(a), map.center(b));
    let Some(chain) = &map.layers.chains[edge] else { return vec![Bezier::line(start, end)] };
    let on_track = is_on_track(map, edge, chain);
    let corridor = Corridor::along(map, chain, on_track);
    let way = funnel::shortest(start, end, &corridor.portals());
    if on_track { corners::round(&way) } else { fit::round_off(&way, &corridor) }
}

fn is_on_track(map: &Map, edge: usize, chain: &[usize]) -> bool {
    map.layers.shared[edge] || chain.len() > MOST_TO_FIT
}

/// Where all edges together have too many curves, draws those of many anew, with few corners. They keep clear of nodes, and
/// of other edges where that takes no more than a few.
fn thin_out(map: &Map, curves: &mut [Vec<Bezier>]) {
    if !thin::are_too_many(curves.iter().map(Vec::len)) {
        return;
    }
    let nodes = NodesBeside::new(map.layers);
    let ways: Vec<Option<Way>> =
        curves.iter().enumerate().map(|(edge, curve)| few_corners(map, edge, curve, &nodes)).collect();
    let lengths = curves.iter().zip(&ways).map(|(curve, way)| way.as_ref().map_or(curve.len(), Way::curves));
    let most = thin::most_curves(lengths);
    for (curve, way) in curves.iter_mut().zip(ways) {
        if let Some(way) = way {
            *curve = way.draw(most);
        }
    }
}

/// Another way for an edge of many curves.
fn few_corners(map: &Map, edge: usize, curve: &[Bezier], nodes: &NodesBeside) -> Option<Way> {
    let chain = map.layers.chains[edge].as_ref().filter(|_| curve.len() > thin::FEW_CURVES)?;
    let on_track = is_on_track(map, edge, chain);
    let way = Way::fewest(curve, Corridor::along(map, chain, on_track).portals());
    if on_track || way.curves() <= thin::FEW_CURVES {
        return Some(way);
    }
    Some(Way::fewest(curve, Corridor::among_nodes(map, chain, nodes).portals()))
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
