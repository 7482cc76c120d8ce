//! Resolves what the optimum leaves open.
//!
//! Anywhere between its two middle neighbours a vertex costs the same. The simplex leaves it at either end; the
//! eye prefers the middle.

use super::spacing::{Spacing, weight};
use crate::layout::layers::Layers;

const ROUNDS: usize = 2;

/// Moves every vertex towards the middle of its free range, as far as its neighbours in the row allow.
pub(super) fn center(layers: &Layers, spacing: &Spacing, x: &mut [f64]) {
    for _ in 0..ROUNDS {
        for &vertex in layers.rows.iter().flatten() {
            if let Some(wish) = middle(layers, vertex, x) {
                let (low, high) = room(layers, spacing, vertex, x);
                x[vertex] = wish.max(low).min(high);
            }
        }
    }
}

/// How far a vertex can move.
fn room(layers: &Layers, spacing: &Spacing, vertex: usize, x: &[f64]) -> (f64, f64) {
    let (left, right) = layers.beside(vertex);
    let low = left.map_or(f64::MIN, |left| x[left] + spacing.between(left, vertex));
    let high = right.map_or(f64::MAX, |right| x[right] - spacing.between(vertex, right));
    // rounding may have left less room than there is
    (low.min(x[vertex]), high.max(x[vertex]))
}

/// The middle of the places where the weights to the left and to the right balance.
fn middle(layers: &Layers, vertex: usize, x: &[f64]) -> Option<f64> {
    let neighbors = layers.above.of(vertex).iter().chain(layers.below.of(vertex));
    let mut pulls: Vec<(f64, i32)> =
        neighbors.map(|&neighbor| (x[neighbor], weight(layers, vertex, neighbor))).collect();
    if pulls.len() < 2 {
        return None;
    }
    pulls.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: i32 = pulls.iter().map(|pull| pull.1).sum();
    let mut passed = 0;
    for (index, &(place, weight)) in pulls.iter().enumerate() {
        passed += weight;
        if 2 * passed == total {
            return pulls.get(index + 1).map(|next| (place + next.0) / 2.0);
        }
        if 2 * passed > total {
            return Some(place);
        }
    }
    None
}
