//! What the places of vertices have to obey, and what they want.

use crate::layout::layers::Layers;
use crate::layout::{Options, Size};

/// How far vertices of a row must be apart.
#[derive(Debug)]
pub(in crate::layout) struct Spacing {
    left: Vec<f64>,
    right: Vec<f64>,
    node_gap: f64,
}

impl Spacing {
    /// Room to the right of a node that has a loop.
    pub(in crate::layout) const LOOP_ROOM: f64 = 18.0;

    pub(in crate::layout) fn new(sizes: &[Size], has_loop: &[bool], options: &Options) -> Self {
        let left: Vec<f64> = sizes.iter().map(|size| size.width / 2.0).collect();
        let room = |has_loop: bool| if has_loop { Self::LOOP_ROOM } else { 0.0 };
        let right = left.iter().zip(has_loop).map(|(left, has_loop)| left + room(*has_loop)).collect();
        Self { left, right, node_gap: options.node_gap }
    }

    /// How far a vertex reaches to the left of its centre; bends have no width.
    pub(in crate::layout) fn left(&self, vertex: usize) -> f64 {
        self.left.get(vertex).copied().unwrap_or(0.0)
    }

    /// How far a vertex reaches to the right of its centre.
    pub(in crate::layout) fn right(&self, vertex: usize) -> f64 {
        self.right.get(vertex).copied().unwrap_or(0.0)
    }

    /// The least distance between the centres of two vertices side by side.
    pub(in crate::layout) fn between(&self, left: usize, right: usize) -> f64 {
        let is_node = |vertex| vertex < self.left.len();
        let share = match (is_node(left), is_node(right)) {
            (true, true) => 1.0,
            (false, false) => 0.6,
            _ => 1.0,
        };
        self.right(left) + self.left(right) + share * self.node_gap
    }
}

/// How much a link wants to be vertical: long edges should be straight in the middle.
pub(super) fn weight(layers: &Layers, a: usize, b: usize) -> i32 {
    match (layers.is_node(a), layers.is_node(b)) {
        (true, true) => 1,
        (false, false) => 8,
        _ => 2,
    }
}
