//! The places of every vertex's neighbours, sorted: what all comparisons of two vertices need.

use super::crossings;
use crate::layout::layers::Layers;

#[derive(Debug)]
pub(super) struct SortedPlaces {
    above: Vec<u32>,
    below: Vec<u32>,
}

impl SortedPlaces {
    pub(super) fn new(layers: &Layers) -> Self {
        Self { above: vec![0; layers.above.len()], below: vec![0; layers.below.len()] }
    }

    /// Looks up and sorts the neighbours' places for all vertices of a row; returns how many that were.
    pub(super) fn refresh(&mut self, layers: &Layers, row: usize) -> usize {
        let mut looked_up = 0;
        for &vertex in &layers.rows[row] {
            for (adjacency, sorted) in [(&layers.above, &mut self.above), (&layers.below, &mut self.below)] {
                let own = &mut sorted[adjacency.range(vertex)];
                for (place, &neighbor) in own.iter_mut().zip(adjacency.of(vertex)) {
                    *place = layers.places[neighbor] as u32;
                }
                if own.len() > 1 {
                    own.sort_unstable();
                }
                looked_up += own.len();
            }
        }
        looked_up
    }

    /// How many edges of two vertices of a row cross as they stand, and when they change places.
    pub(super) fn crossings(&self, layers: &Layers, left: usize, right: usize) -> (u64, u64) {
        let above = |vertex| &self.above[layers.above.range(vertex)];
        let below = |vertex| &self.below[layers.below.range(vertex)];
        let (now, then) = crossings::of_pair(above(left), above(right));
        let (now_below, then_below) = crossings::of_pair(below(left), below(right));
        (now + now_below, then + then_below)
    }
}
