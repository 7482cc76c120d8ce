//! Spreads the wide rows of a dense graph over several, so that its picture has the shape of a page.
//!
//! The packages of a large program are a hundred on one row, and a thousand edges pass between them: a hairline ten times
//! wider than high. There, rows are cut into several, in which nodes with more edges from above stand higher. Graphs with few
//! edges, as trees are, stay as they are: they are wide, but clear.

use super::aspect::{misfit, unturned};
use super::columns::Spacing;
use super::{Options, Size};

/// A picture that is at most so many times wider than high is left alone.
const WIDEST: f64 = 3.0;
/// How many times wider than high it becomes otherwise, if it can.
const WANTED: f64 = 2.0;
/// A graph has so many edges for each node, or it is left alone.
const DENSE: usize = 2;
/// The next width that is tried is this share of the last.
const STEP: f64 = 0.9;
const MOST_TRIED: usize = 60;

/// What is spread.
pub(super) struct Graph<'a> {
    pub(super) sizes: &'a [Size],
    pub(super) edges: &'a [(usize, usize)],
    pub(super) spacing: &'a Spacing,
}

/// The rows of all nodes where those that they have are too wide.
pub(super) fn spread(ranks: &[usize], graph: &Graph, options: &Options) -> Option<Vec<usize>> {
    let estimate = Estimate { graph, options };
    if graph.edges.len() < DENSE * graph.sizes.len() || estimate.aspect(ranks) <= WIDEST {
        return None;
    }
    let rows = Rows::new(ranks, graph);
    let wanted = unturned(WANTED, options.direction);
    let off = |ranks: &[usize]| misfit(estimate.aspect(ranks), wanted);
    let mut best = (off(ranks), ranks.to_vec());
    let mut width = rows.widest();
    for _ in 0..MOST_TRIED {
        width *= STEP;
        let cut = rows.cut(width);
        let off = off(&cut);
        if off < best.0 {
            best = (off, cut);
        }
    }
    Some(best.1)
}

/// What a drawing would be like, before anything has a place.
struct Estimate<'a> {
    graph: &'a Graph<'a>,
    options: &'a Options,
}

impl Estimate<'_> {
    /// How many times wider than high.
    fn aspect(&self, ranks: &[usize]) -> f64 {
        let rows = ranks.iter().max().map_or(0, |last| last + 1);
        let bends: usize = self.graph.edges.iter().map(|&(a, b)| ranks[b] - ranks[a] - 1).sum();
        // with too many bends, edges to the same node share theirs
        let mut widths = match bends <= self.options.most_bends {
            true => self.bends(ranks, rows, |edge| edge),
            false => self.bends(ranks, rows, |edge| self.graph.edges[edge].1),
        };
        let mut heights = vec![0.0_f64; rows];
        for (node, &row) in ranks.iter().enumerate() {
            widths[row] += self.graph.spacing.between(node, node);
            heights[row] = heights[row].max(self.graph.sizes[node].height);
        }
        let height: f64 = heights.iter().map(|height| height + self.options.row_gap).sum();
        widths.into_iter().fold(0.0, f64::max) / height.max(1.0)
    }

    /// The room that bends take on each row.
    fn bends(&self, ranks: &[usize], rows: usize, track_of: impl Fn(usize) -> usize) -> Vec<f64> {
        let tracks = self.graph.edges.len().max(self.graph.sizes.len());
        let mut spans = vec![(usize::MAX, 0); tracks];
        for (edge, &(a, b)) in self.graph.edges.iter().enumerate() {
            let span = &mut spans[track_of(edge)];
            *span = (span.0.min(ranks[a] + 1), ranks[b]);
        }
        let mut begin_less_end = vec![0_i64; rows + 1];
        for (first, end) in spans.into_iter().filter(|(first, end)| first < end) {
            begin_less_end[first] += 1;
            begin_less_end[end] -= 1;
        }
        let (bend, mut open) = (self.graph.spacing.between(usize::MAX, usize::MAX), 0);
        let width = |change: &i64| {
            open += change;
            open as f64 * bend
        };
        begin_less_end[..rows].iter().map(width).collect()
    }
}

/// The nodes of each row, those with more edges from above before others, and how wide they are together.
struct Rows<'a> {
    rows: Vec<(Vec<usize>, f64)>,
    spacing: &'a Spacing,
}

impl<'a> Rows<'a> {
    fn new(ranks: &[usize], graph: &Graph<'a>) -> Self {
        let mut pull = vec![0_i64; ranks.len()];
        for &(a, b) in graph.edges {
            pull[a] += 1;
            pull[b] -= 1;
        }
        let count = ranks.iter().max().map_or(0, |last| last + 1);
        let mut rows: Vec<(Vec<usize>, f64)> = vec![(Vec::new(), 0.0); count];
        for (node, &row) in ranks.iter().enumerate() {
            rows[row].0.push(node);
            rows[row].1 += graph.spacing.between(node, node);
        }
        rows.iter_mut().for_each(|(nodes, _)| nodes.sort_by_key(|node| pull[*node]));
        Self { rows, spacing: graph.spacing }
    }

    fn widest(&self) -> f64 {
        self.rows.iter().map(|row| row.1).fold(0.0, f64::max)
    }

    /// The row of each node where none is much wider than that.
    fn cut(&self, width: f64) -> Vec<usize> {
        let mut ranks = vec![0; self.rows.iter().map(|row| row.0.len()).sum()];
        let mut next = 0;
        for (nodes, total) in &self.rows {
            let pieces = (total / width).ceil().max(1.0);
            let mut left = 0.0;
            for &node in nodes {
                let wide = self.spacing.between(node, node);
                // the piece in which its middle is
                let piece = ((left + wide / 2.0) * pieces / total) as usize;
                ranks[node] = next + piece.min(pieces as usize - 1);
                left += wide;
            }
            next = nodes.iter().map(|&node| ranks[node] + 1).max().unwrap_or(next);
        }
        ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Size;

    const SIZE: Size = Size { width: 54.0, height: 36.0 };

    fn with<T>(nodes: usize, edges: &[(usize, usize)], look: impl FnOnce(&Graph) -> T) -> T {
        let sizes = vec![SIZE; nodes];
        let spacing = Spacing::new(&sizes, &vec![false; nodes], &Options::default());
        look(&Graph { sizes: &sizes, edges, spacing: &spacing })
    }

    /// How many rows there are afterwards; none if nothing is changed.
    #[track_caller]
    fn check(edges: &[(usize, usize)], ranks: &[usize], expected: Option<std::ops::RangeInclusive<usize>>) {
        let cut = with(ranks.len(), edges, |graph| spread(ranks, graph, &Options::default()));
        assert_eq!(cut.is_some(), expected.is_some(), "{cut:?}");
        let Some((cut, expected)) = cut.zip(expected) else { return };
        let count = cut.iter().max().unwrap() + 1;
        assert!(expected.contains(&count), "{count} rows");
        assert!((0..count).all(|row| cut.contains(&row)), "no row is empty: {cut:?}");
        assert!(edges.iter().all(|&(a, b)| cut[a] < cut[b]), "edges lead down: {cut:?}");
    }

    fn all_to_all(side: usize) -> Vec<(usize, usize)> {
        (0..side).flat_map(|a| (side..2 * side).map(move |b| (a, b))).collect()
    }

    #[test]
    fn wide_rows_of_dense_graphs_are_cut() {
        let ranks: Vec<usize> = (0..200).map(|node| node / 100).collect();
        check(&all_to_all(100), &ranks, Some(8..=60));
    }

    #[test]
    fn others_stay() {
        let ranks: Vec<usize> = (0..20).map(|node| node / 10).collect();
        check(&(10..20).map(|leaf| (0, leaf)).collect::<Vec<_>>(), &ranks, None);
        check(&all_to_all(2), &[0, 0, 1, 1], None);
    }

    #[test]
    fn what_is_pulled_up_stands_higher() {
        let edges = [(0, 1), (0, 2), (2, 3), (1, 3), (0, 2)];
        let cut = |graph: &Graph| Rows::new(&[0, 1, 1, 2], graph).cut(80.0);
        assert_eq!(with(4, &edges, cut), [0, 2, 1, 3]);
    }
}
