//! The horizontal places of all vertices.
//!
//! Links want to be vertical, those between bends most of all, while the order of the rows and the gaps in them
//! are kept. Sweeps come close in linear time; where the graph is small enough, the simplex finds the optimum.

use super::budget::Budget;
use super::layers::Layers;

pub(super) use spacing::Spacing;

mod spacing;
mod sweeps;
mod straighten;
mod polish;
mod center;

/// With more vertices and links than this, the simplex would gain little for its time.
const MOST_TO_POLISH: usize = 20_000;
/// How far apart rows usually are, in points.
const ROW: f64 = 72.0;

/// The horizontal centre of every vertex.
pub(super) fn place(layers: &Layers, spacing: &Spacing, budget: &mut Budget) -> Vec<f64> {
    let mut x = sweeps::settle(layers, spacing);
    let connected = layers.chains.iter().all(Option::is_some);
    if connected && layers.len() + layers.links.len() <= MOST_TO_POLISH {
        polish::polish(layers, spacing, &mut x, budget);
        center::center(layers, spacing, &mut x);
    } else {
        straighten::straighten(layers, spacing, &mut x);
    }
    x
}

/// How long all links will be, roughly: as long as with the places that the sweeps find.
pub(super) fn length(layers: &Layers, spacing: &Spacing) -> f64 {
    let x = sweeps::settle(layers, spacing);
    let length = |&(a, b): &(usize, usize)| ((x[a] - x[b]) * (x[a] - x[b]) + ROW * ROW).sqrt();
    layers.links.iter().map(length).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Options, Size};

    fn place_in_order(ranks: &[usize], edges: &[(usize, usize)]) -> Vec<f64> {
        let sizes = vec![Size { width: 54.0, height: 36.0 }; ranks.len()];
        let spacing = Spacing::new(&sizes, &vec![false; ranks.len()], &Options::default());
        let layers = Layers::new(ranks, edges, 100);
        place(&layers, &spacing, &mut Budget::new(1_000_000))
    }

    #[track_caller]
    fn check(ranks: &[usize], edges: &[(usize, usize)], expected: &[f64]) {
        let x = place_in_order(ranks, edges);
        let relative: Vec<f64> = x.iter().map(|at| at - x[0]).collect();
        assert_eq!(relative, expected);
    }

    #[test]
    fn chains_are_straight() {
        check(&[0], &[], &[0.0]);
        check(&[0, 1, 2], &[(0, 1), (1, 2)], &[0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_parent_stands_over_the_middle() {
        check(&[0, 1, 1], &[(0, 1), (0, 2)], &[0.0, -36.0, 36.0]);
        check(&[0, 1, 1, 1], &[(0, 1), (0, 2), (0, 3)], &[0.0, -72.0, 0.0, 72.0]);
    }
}
