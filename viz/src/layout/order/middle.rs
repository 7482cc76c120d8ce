//! Sorts rows by the middle of each vertex's neighbours on the row before.

use crate::layout::budget::Budget;
use crate::layout::layers::Layers;

/// What counts as the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Middle {
    /// The weighted median of Gansner et al.: between the two in the middle, nearer to the denser side.
    Median,
    /// The mean, or barycentre.
    Mean,
}

/// Sorts every row by the one before it, from the top down or from the bottom up. Equals keep their order, or, if
/// `flip`, turn it around.
pub(super) fn sweep(layers: &mut Layers, middle: Middle, down: bool, flip: bool, budget: &mut Budget) {
    let count = layers.rows.len();
    for step in 1..count {
        let row = if down { step } else { count - 1 - step };
        let links = sort_row(layers, row, middle, down, flip);
        if !budget.spend(layers.rows[row].len() + 2 * links) {
            break;
        }
    }
}

/// Sorts one row; vertices without neighbours keep their places. Returns how many links were looked at.
fn sort_row(layers: &mut Layers, row: usize, middle: Middle, down: bool, flip: bool) -> usize {
    let adjacency = if down { &layers.above } else { &layers.below };
    let (mut keyed, mut fixed) = (Vec::with_capacity(layers.rows[row].len()), Vec::new());
    let (mut places, mut links) = (Vec::new(), 0);
    for (place, &vertex) in layers.rows[row].iter().enumerate() {
        places.clear();
        places.extend(adjacency.of(vertex).iter().map(|&neighbor| layers.places[neighbor]));
        links += places.len();
        match middle.of(&mut places) {
            Some(key) => keyed.push((key, vertex)),
            None => fixed.push((place, vertex)),
        }
    }
    if flip {
        keyed.reverse();
    }
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    layers.rows[row] = merge(keyed.into_iter().map(|(_, vertex)| vertex), fixed);
    layers.renumber(row, 0);
    links
}

/// Puts the fixed vertices at their places and the others, in their order, between them.
fn merge(mut sorted: impl Iterator<Item = usize>, fixed: Vec<(usize, usize)>) -> Vec<usize> {
    let mut merged = Vec::new();
    for (place, vertex) in fixed {
        merged.extend(sorted.by_ref().take(place - merged.len()));
        merged.push(vertex);
    }
    merged.extend(sorted);
    merged
}

impl Middle {
    /// The middle of some places, if there are any.
    fn of(self, places: &mut [usize]) -> Option<f64> {
        if places.is_empty() {
            return None;
        }
        Some(match self {
            Middle::Mean => places.iter().sum::<usize>() as f64 / places.len() as f64,
            Middle::Median => median(places),
        })
    }
}

fn median(places: &mut [usize]) -> f64 {
    places.sort_unstable();
    let half = places.len() / 2;
    if places.len() % 2 == 1 {
        return places[half] as f64;
    }
    let (before, after) = (places[half - 1] as f64, places[half] as f64);
    let left = before - places[0] as f64;
    let right = places[places.len() - 1] as f64 - after;
    if left + right == 0.0 {
        (before + after) / 2.0
    } else {
        (before * right + after * left) / (left + right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(middle: Middle, places: &[usize], expected: Option<f64>) {
        assert_eq!(middle.of(&mut places.to_vec()), expected);
    }

    #[test]
    fn middles() {
        check(Middle::Median, &[], None);
        check(Middle::Median, &[7, 1, 2], Some(2.0));
        check(Middle::Median, &[2, 1], Some(1.5));
        check(Middle::Median, &[1, 1, 5, 9], Some(1.0));
        check(Middle::Median, &[0, 2, 4, 6], Some(3.0));
        check(Middle::Mean, &[1, 2, 6], Some(3.0));
    }

    #[test]
    fn fixed_vertices_keep_their_places() {
        assert_eq!(merge([10, 11, 12].into_iter(), vec![(1, 7), (4, 8)]), [10, 7, 11, 12, 8]);
        assert_eq!(merge([].into_iter(), vec![(0, 7), (1, 8)]), [7, 8]);
    }
}
