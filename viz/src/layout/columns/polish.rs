//! The optimal horizontal places, by the network simplex.
//!
//! Every link gets an auxiliary variable that stands left of both its ends; pulling both ends towards it makes the
//! link as vertical as its weight asks for (Gansner et al., section 4.2).

use super::spacing::{Spacing, weight};
use crate::layout::budget::Budget;
use crate::layout::layers::Layers;
use crate::layout::simplex::{self, Constraint};

/// The simplex computes in whole numbers: so many to a point.
const GRAIN: f64 = 4.0;

/// Improves places that obey the spacing.
pub(super) fn polish(layers: &Layers, spacing: &Spacing, x: &mut [f64], budget: &mut Budget) {
    let constraints = constraints(layers, spacing);
    let mut values = start(layers, spacing, x);
    simplex::minimize(&constraints, &mut values, budget);
    for (x, value) in x.iter_mut().zip(values) {
        *x = value as f64 / GRAIN;
    }
}

fn distance(spacing: &Spacing, left: usize, right: usize) -> i64 {
    (spacing.between(left, right) * GRAIN).ceil() as i64
}

fn constraints(layers: &Layers, spacing: &Spacing) -> Vec<Constraint> {
    let gaps = layers.rows.iter().flat_map(|row| row.windows(2)).map(|pair| {
        let (tail, head) = (pair[0], pair[1]);
        Constraint { tail, head, length: distance(spacing, tail, head), weight: 0 }
    });
    let pulls = layers.links.iter().enumerate().flat_map(|(link, &(a, b))| {
        let (tail, weight) = (layers.len() + link, weight(layers, a, b).into());
        [a, b].map(|head| Constraint { tail, head, length: 0, weight })
    });
    gaps.chain(pulls).collect()
}

/// The given places in whole numbers, moved apart where rounding brought them too close, and after them the
/// auxiliary variables of the links.
fn start(layers: &Layers, spacing: &Spacing, x: &[f64]) -> Vec<i64> {
    let mut values: Vec<i64> = x.iter().map(|x| (x * GRAIN).round() as i64).collect();
    for pair in layers.rows.iter().flat_map(|row| row.windows(2)) {
        values[pair[1]] = values[pair[1]].max(values[pair[0]] + distance(spacing, pair[0], pair[1]));
    }
    for &(a, b) in &layers.links {
        values.push(values[a].min(values[b]));
    }
    values
}
