//! Left and right are worth the same to all passes, but not to a reader: what was declared first should come first.

use crate::layout::layers::Layers;

/// Turns all rows around, if neighbours in them then follow their declaration more often.
pub(super) fn turn(layers: &mut Layers) {
    let (mut forwards, mut backwards) = (0, 0);
    for row in &layers.rows {
        let nodes: Vec<usize> = row.iter().copied().filter(|&vertex| layers.is_node(vertex)).collect();
        let follows = nodes.windows(2).filter(|pair| pair[0] < pair[1]).count();
        forwards += follows;
        backwards += nodes.len().saturating_sub(1) - follows;
    }
    if backwards > forwards {
        let mut rows = std::mem::take(&mut layers.rows);
        rows.iter_mut().for_each(|row| row.reverse());
        layers.arrange(rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rows: [&[usize]; 3], expected: [&[usize]; 3]) {
        let edges = [(0, 1), (0, 2), (0, 3), (2, 4), (3, 5)];
        let mut layers = Layers::new(&[0, 1, 1, 1, 2, 2], &edges, 100);
        layers.arrange(rows.map(<[usize]>::to_vec).to_vec());
        turn(&mut layers);
        assert_eq!(layers.rows, expected);
        assert_eq!(layers.places[layers.rows[1][0]], 0);
    }

    #[test]
    fn most_neighbors_follow_their_declaration() {
        check([&[0], &[1, 2, 3], &[4, 5]], [&[0], &[1, 2, 3], &[4, 5]]);
        check([&[0], &[3, 2, 1], &[5, 4]], [&[0], &[1, 2, 3], &[4, 5]]);
        check([&[0], &[1, 3, 2], &[5, 4]], [&[0], &[2, 3, 1], &[4, 5]]);
        check([&[0], &[2, 1, 3], &[4, 5]], [&[0], &[2, 1, 3], &[4, 5]]);
    }
}
