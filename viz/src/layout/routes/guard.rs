//! Keeps edges that leave a node together from crossing each other.
//!
//! A short edge is a straight line. A long edge that leaves the same node beside it has to go around that node's
//! neighbours, and might cross the line on the way: so the line bounds its corridor.

use super::map::Map;
use crate::layout::Point;

/// A long edge keeps this distance from the line, measured horizontally, in points.
const DISTANCE: f64 = 2.0;
/// At nodes with more edges than this, no one can follow them anyway.
const MOST_EDGES: usize = 1000;

/// A line that an edge must stay on one side of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Guard {
    upper: Point,
    lower: Point,
    /// Whether the line is to the left of the edge.
    is_left: bool,
}

impl Guard {
    /// The range that the guard leaves at a height.
    pub(super) fn range(&self, y: f64) -> (f64, f64) {
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        if y <= self.upper.y || y >= self.lower.y {
            return (low, high);
        }
        let share = (y - self.upper.y) / (self.lower.y - self.upper.y);
        let x = self.upper.x + share * (self.lower.x - self.upper.x);
        // both meet at the common node
        let distance = DISTANCE.min((x - self.upper.x).abs().min((x - self.lower.x).abs()) / 4.0);
        if self.is_left { (x + distance, high) } else { (low, x - distance) }
    }
}

/// The lines next to a long edge at its two ends.
pub(super) fn around(map: &Map, chain: &[usize]) -> Vec<Guard> {
    let layers = map.layers;
    let (start, end) = (chain[0], chain[chain.len() - 1]);
    let mut guards = Vec::new();
    for (node, siblings, bend) in
        [(start, layers.below.of(start), chain[1]), (end, layers.above.of(end), chain[chain.len() - 2])]
    {
        if siblings.len() > MOST_EDGES {
            continue;
        }
        let place = |vertex: usize| layers.places[vertex];
        let lines = siblings.iter().copied().filter(|&sibling| layers.is_node(sibling));
        let left = lines.clone().filter(|&sibling| place(sibling) < place(bend)).max_by_key(|&s| place(s));
        let right = lines.filter(|&sibling| place(sibling) > place(bend)).min_by_key(|&s| place(s));
        for (sibling, is_left) in [(left, true), (right, false)] {
            if let Some(sibling) = sibling {
                let (a, b) = (map.center(node), map.center(sibling));
                let (upper, lower) = if a.y < b.y { (a, b) } else { (b, a) };
                guards.push(Guard { upper, lower, is_left });
            }
        }
    }
    guards
}
