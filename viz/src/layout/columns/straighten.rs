//! Straightens long edges where there is no time to polish: bends under each other take the same place.

use super::spacing::Spacing;
use crate::layout::layers::Layers;

/// A bend that has moved makes room for its neighbours: after so many rounds there is hardly any left to make.
const ROUNDS: usize = 3;

/// Moves bends within the gaps that they stand in, so that the line through them turns as seldom as it can.
pub(super) fn straighten(layers: &Layers, spacing: &Spacing, x: &mut [f64]) {
    let lines = lines(layers);
    for _ in 0..ROUNDS {
        for line in &lines {
            straighten_line(layers, spacing, line, x);
        }
    }
}

/// The bends that follow each other, from above downwards.
fn lines(layers: &Layers) -> Vec<Vec<usize>> {
    let bend_in = |around: &[usize]| around.iter().copied().find(|vertex| !layers.is_node(*vertex));
    let is_first = |vertex: &usize| bend_in(layers.above.of(*vertex)).is_none();
    let line =
        |first| std::iter::successors(Some(first), |vertex| bend_in(layers.below.of(*vertex))).collect();
    (layers.nodes..layers.len()).filter(is_first).map(line).collect()
}

/// Takes as many bends at a time as can be right under each other.
fn straighten_line(layers: &Layers, spacing: &Spacing, line: &[usize], x: &mut [f64]) {
    let mut first = 0;
    while first < line.len() {
        let (mut low, mut high) = room(layers, spacing, line[first], x);
        let mut end = first + 1;
        while let Some(&next) = line.get(end) {
            let (left, right) = room(layers, spacing, next, x);
            if low.max(left) > high.min(right) {
                break;
            }
            (low, high) = (low.max(left), high.min(right));
            end += 1;
        }
        let bends = &line[first..end];
        let mean = bends.iter().map(|&bend| x[bend]).sum::<f64>() / bends.len() as f64;
        // without any room, it stays where it is
        if low <= high {
            bends.iter().for_each(|&bend| x[bend] = mean.clamp(low, high));
        }
        first = end;
    }
}

/// From where to where a vertex may be moved without passing its neighbours.
fn room(layers: &Layers, spacing: &Spacing, vertex: usize, x: &[f64]) -> (f64, f64) {
    let (left, right) = layers.beside(vertex);
    let low = left.map_or(f64::NEG_INFINITY, |left| x[left] + spacing.between(left, vertex));
    let high = right.map_or(f64::INFINITY, |right| x[right] - spacing.between(vertex, right));
    (low.min(x[vertex]), high.max(x[vertex]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Options, Size};

    #[track_caller]
    fn check(x: &[f64], expected: &[f64]) {
        // an edge from node 0 passes nodes 1 to 3 on its way to node 4
        let edges = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)];
        let mut layers = Layers::new(&[0, 1, 2, 3, 4], &edges, 100);
        layers.arrange(vec![vec![0], vec![1, 5], vec![2, 6], vec![3, 7], vec![4]]);
        let size = Size { width: 50.0, height: 36.0 };
        let spacing = Spacing::new(&[size; 5], &[false; 5], &Options::default());
        let mut x = x.to_vec();
        straighten(&layers, &spacing, &mut x);
        assert_eq!(x, expected);
    }

    #[test]
    fn bends_come_under_each_other_where_there_is_room() {
        check(&[0.0, 0.0, 0.0, 0.0, 0.0, 50.0, 60.0, 70.0], &[0.0, 0.0, 0.0, 0.0, 0.0, 60.0, 60.0, 60.0]);
        // the second node pushes two of them, and the third is near enough
        check(&[0.0, 0.0, 40.0, 0.0, 0.0, 43.0, 83.0, 43.0], &[0.0, 0.0, 40.0, 0.0, 0.0, 83.0, 83.0, 83.0]);
    }
}
