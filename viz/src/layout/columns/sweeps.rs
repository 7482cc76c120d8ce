//! Sweeps that settle the horizontal places in linear time.
//!
//! Each row in turn takes the places that are nearest to the means of its vertices' neighbours, in the sense of
//! least squares. With the gaps subtracted, that is a regression to a sequence that does not fall, which merging
//! neighbours that want to pass each other solves exactly (pool adjacent violators).

use super::spacing::{Spacing, weight};
use crate::layout::layers::Layers;

/// Rows follow the row before in all sweeps but the last few, in which they follow both.
const SWEEPS: usize = 24;
const LAST_SWEEPS: usize = 8;
/// A vertex that nothing pulls stays where it is, if only weakly.
const INERTIA: f64 = 0.01;

/// Finds places from scratch.
pub(super) fn settle(layers: &Layers, spacing: &Spacing) -> Vec<f64> {
    let mut x = vec![0.0; layers.len()];
    for row in &layers.rows {
        pack(row, spacing, &mut x);
    }
    let count = layers.rows.len();
    for sweep in 0..SWEEPS + LAST_SWEEPS {
        let down = sweep % 2 == 0;
        let both = sweep >= SWEEPS;
        for step in 0..count {
            let row = if down { step } else { count - 1 - step };
            settle_row(layers, spacing, row, Pull { above: down || both, below: !down || both }, &mut x);
        }
    }
    x
}

/// Puts a row together as closely as it goes, its middle at zero.
fn pack(row: &[usize], spacing: &Spacing, x: &mut [f64]) {
    let offsets = offsets(row, spacing);
    let middle = offsets.last().map_or(0.0, |width| width / 2.0);
    for (&vertex, offset) in row.iter().zip(offsets) {
        x[vertex] = offset - middle;
    }
}

/// The least distance of each vertex from the first of its row.
fn offsets(row: &[usize], spacing: &Spacing) -> Vec<f64> {
    let mut offset = 0.0;
    let steps = row.windows(2).map(|pair| {
        offset += spacing.between(pair[0], pair[1]);
        offset
    });
    row.first().map(|_| 0.0).into_iter().chain(steps).collect()
}

/// Which neighbours a row follows.
#[derive(Clone, Copy)]
struct Pull {
    above: bool,
    below: bool,
}

/// Vertices that stand as closely as they may, and where their first one wants to be.
struct Block {
    weight: f64,
    moment: f64,
    len: usize,
}

impl Block {
    fn place(&self) -> f64 {
        self.moment / self.weight
    }
}

fn settle_row(layers: &Layers, spacing: &Spacing, row: usize, pull: Pull, x: &mut [f64]) {
    let row = &layers.rows[row];
    let offsets = offsets(row, spacing);
    let mut blocks: Vec<Block> = Vec::new();
    for (&vertex, offset) in row.iter().zip(&offsets) {
        let (weight, moment) = wish(layers, vertex, pull, x);
        let mut block = Block { weight, moment: moment - weight * offset, len: 1 };
        while let Some(left) = blocks.pop_if(|left| left.place() > block.place()) {
            block = Block {
                weight: left.weight + block.weight,
                moment: left.moment + block.moment,
                len: left.len + block.len,
            };
        }
        blocks.push(block);
    }
    let places = blocks.iter().flat_map(|block| std::iter::repeat_n(block.place(), block.len));
    for ((&vertex, offset), place) in row.iter().zip(&offsets).zip(places) {
        x[vertex] = place + offset;
    }
}

/// The summed weight of a vertex's neighbours, and their places, weighted and summed.
fn wish(layers: &Layers, vertex: usize, pull: Pull, x: &[f64]) -> (f64, f64) {
    let above = layers.above.of(vertex).iter().filter(|_| pull.above);
    let below = layers.below.of(vertex).iter().filter(|_| pull.below);
    let (weight, moment) = above.chain(below).fold((0.0, 0.0), |(sum, moment), &neighbor| {
        let weight = f64::from(weight(layers, vertex, neighbor));
        (sum + weight, moment + weight * x[neighbor])
    });
    if weight > 0.0 { (weight, moment) } else { (INERTIA, INERTIA * x[vertex]) }
}
