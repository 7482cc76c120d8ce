//! Brings twins into the order in which they were declared.
//!
//! Nodes of a row that have the same neighbours can change places without any effect on crossings. Sweeps shuffle
//! them; a reader looks for the first of them first.

use std::collections::BTreeMap;

use crate::layout::layers::Layers;

/// Sorts the twins of every row within the places that they have.
pub(super) fn sort(layers: &mut Layers) {
    for row in 0..layers.rows.len() {
        let mut twins: BTreeMap<(Vec<usize>, Vec<usize>), Vec<usize>> = BTreeMap::new();
        for &vertex in layers.rows[row].iter().filter(|&&vertex| layers.is_node(vertex)) {
            let sorted = |neighbors: &[usize]| {
                let mut sorted = neighbors.to_vec();
                sorted.sort_unstable();
                sorted
            };
            let key = (sorted(layers.above.of(vertex)), sorted(layers.below.of(vertex)));
            twins.entry(key).or_default().push(vertex);
        }
        for vertices in twins.into_values().filter(|vertices| vertices.len() > 1) {
            let places: Vec<usize> = vertices.iter().map(|&vertex| layers.places[vertex]).collect();
            let mut declared = vertices;
            declared.sort_unstable();
            for (place, vertex) in places.into_iter().zip(declared) {
                layers.rows[row][place] = vertex;
                layers.places[vertex] = place;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_twins_change_places() {
        let edges = [(0, 1), (0, 2), (0, 3), (0, 4), (3, 5)];
        let mut layers = Layers::new(&[0, 1, 1, 1, 1, 2], &edges, 100);
        layers.arrange(vec![vec![0], vec![4, 3, 2, 1], vec![5]]);
        sort(&mut layers);
        assert_eq!(layers.rows[1], [1, 3, 2, 4]);
    }
}
