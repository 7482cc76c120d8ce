//! Moves single vertices over several others at once, where single swaps would not go.

use super::places::SortedPlaces;
use crate::layout::budget::Budget;
use crate::layout::layers::Layers;

/// A vertex moves at most so far.
const WINDOW: usize = 40;

/// Moves every vertex to the best place near it in its row; returns how many crossings vanished.
pub(super) fn sift(layers: &mut Layers, places: &mut SortedPlaces, budget: &mut Budget) -> i64 {
    let mut gain = 0;
    for row in 0..layers.rows.len() {
        if layers.rows[row].len() < 3 || !budget.spend(places.refresh(layers, row)) {
            continue;
        }
        for vertex in layers.rows[row].clone() {
            gain += sift_vertex(layers, places, row, vertex, budget);
        }
    }
    gain
}

fn sift_vertex(
    layers: &mut Layers,
    places: &SortedPlaces,
    row: usize,
    vertex: usize,
    budget: &mut Budget,
) -> i64 {
    let order = &layers.rows[row];
    let here = layers.places[vertex];
    // what it costs to pass another vertex that now stands to the right
    let cost = |other: usize| {
        let (now, then) = places.crossings(layers, vertex, other);
        then as i64 - now as i64
    };
    let rightwards = (here + 1..order.len().min(here + WINDOW)).map(|place| (place, cost(order[place])));
    let leftwards = (here.saturating_sub(WINDOW)..here).rev().map(|place| (place, -cost(order[place])));
    let (mut least, mut best) = (0, here);
    for (place, sum) in running_sums(rightwards).chain(running_sums(leftwards)) {
        if sum < least {
            (least, best) = (sum, place);
        }
    }
    budget.spend(
        2 * WINDOW.min(order.len()) * (2 + layers.above.of(vertex).len() + layers.below.of(vertex).len()),
    );
    if best != here {
        layers.rows[row].remove(here);
        layers.rows[row].insert(best, vertex);
        layers.renumber(row, here.min(best));
    }
    -least
}

fn running_sums(costs: impl Iterator<Item = (usize, i64)>) -> impl Iterator<Item = (usize, i64)> {
    costs.scan(0, |sum, (place, cost)| {
        *sum += cost;
        Some((place, *sum))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vertex_jumps_over_several_others() {
        let edges = [(0, 4), (1, 5), (2, 6), (3, 7)];
        let mut layers = Layers::new(&[0, 0, 0, 0, 1, 1, 1, 1], &edges, 100);
        layers.arrange(vec![vec![1, 2, 3, 0], vec![4, 5, 6, 7]]);
        let mut places = SortedPlaces::new(&layers);
        assert_eq!(sift(&mut layers, &mut places, &mut Budget::new(1000)), 3);
        assert_eq!(sift(&mut layers, &mut places, &mut Budget::new(1000)), 0);
    }
}
