//! Spreads wide fans over several rows.
//!
//! A job with two hundred leaves would be a line of two hundred ellipses, and its edges a comb. Instead, the leaves
//! stand in columns, like words on a page, and the edges to one column share a *track*: they go to its head
//! together, run down beside the column, and leave the track one after another. They all come from the same job, so
//! nothing is lost. Edges from the leaves on down share tracks in the same way.

use std::collections::BTreeMap;

use super::adjacency::Adjacency;
use super::{Options, Size};

/// How many times wider than high a spread fan should be.
const ASPECT: f64 = 3.0;
/// Room beside a leaf for the tracks, in points.
const TRACK_ROOM: f64 = 30.0;
/// The gap between the rows of a fan is this share of the usual one: its edges need less room to turn.
const GAP_WITHIN: f64 = 0.7;
/// The same for the gap between the leaves and the heads of the tracks.
const GAP_AT_HEADS: f64 = 0.4;
/// So many columns make the gap from the job to the heads of the tracks as high as a usual one.
const COLUMNS_PER_GAP: f64 = 6.0;
const HIGHEST_GAP: f64 = 4.0;

/// What became of the rows.
#[derive(Debug, Default)]
pub(super) struct Spread {
    /// For each edge the track that it shares with others, if any.
    pub(super) tracks: Vec<Option<usize>>,
    /// The number of tracks.
    pub(super) track_count: usize,
    /// For each row the gap above it, as a share of the usual one.
    pub(super) gaps: Vec<f64>,
}

/// Spreads all fans that are wider than the options allow; `ranks` become those with the new rows between.
pub(super) fn spread(
    sizes: &[Size],
    edges: &[(usize, usize)],
    ranks: &mut [usize],
    options: &Options,
) -> Spread {
    let above = Adjacency::new(sizes.len(), edges.iter().enumerate().map(|(edge, &(_, b))| (b, edge)));
    let below = Adjacency::new(sizes.len(), edges.iter().enumerate().map(|(edge, &(a, _))| (a, edge)));
    let fans: Vec<Fan> = wide_groups(edges, &above, &below, ranks, options.widest_fan)
        .into_iter()
        .map(|leaves| Fan::new(leaves, sizes, options))
        .collect();
    let gaps = insert_rows(&fans, ranks);
    let mut spread = Spread { tracks: vec![None; edges.len()], track_count: 0, gaps };
    for fan in &fans {
        for (index, &leaf) in fan.leaves.iter().enumerate() {
            ranks[leaf] += index / fan.columns;
            let track = spread.track_count + 2 * (index % fan.columns);
            for &edge in above.of(leaf) {
                spread.tracks[edge] = Some(track);
            }
            for &edge in below.of(leaf) {
                spread.tracks[edge] = Some(track + 1);
            }
        }
        spread.track_count += 2 * fan.columns;
    }
    spread
}

/// The nodes of one row with the same single edge above, below or both, where there are more than `most` of them.
fn wide_groups(
    edges: &[(usize, usize)],
    above: &Adjacency,
    below: &Adjacency,
    ranks: &[usize],
    most: usize,
) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (node, &rank) in ranks.iter().enumerate() {
        let ends = match (above.of(node), below.of(node)) {
            (&[edge], &[]) => (Some(edges[edge].0), None),
            (&[], &[edge]) => (None, Some(edges[edge].1)),
            (&[upper], &[lower]) => (Some(edges[upper].0), Some(edges[lower].1)),
            _ => continue,
        };
        groups.entry((rank, ends)).or_default().push(node);
    }
    groups.into_values().filter(|leaves| leaves.len() > most).collect()
}

#[derive(Debug)]
struct Fan {
    leaves: Vec<usize>,
    columns: usize,
}

impl Fan {
    fn new(leaves: Vec<usize>, sizes: &[Size], options: &Options) -> Self {
        let count = leaves.len() as f64;
        let sum = leaves.iter().fold(Size::default(), |sum, &leaf| Size {
            width: sum.width + sizes[leaf].width,
            height: sum.height + sizes[leaf].height,
        });
        let width = sum.width / count + options.node_gap + TRACK_ROOM;
        let height = sum.height / count + options.row_gap;
        let rows = (count * width / (ASPECT * height)).sqrt().max(1.0);
        Self { columns: ((count / rows) as usize).max(1), leaves }
    }

    fn rows(&self) -> usize {
        self.leaves.len().div_ceil(self.columns)
    }
}

/// Moves the ranks apart to make room for the rows of the fans, with a row for the heads of the tracks above and one
/// for their feet below; returns the gap above each new row.
fn insert_rows(fans: &[Fan], ranks: &mut [usize]) -> Vec<f64> {
    // the rows and the columns of the largest fans of each rank
    let mut extents = vec![(0, 0); ranks.iter().max().map_or(0, |&last| last + 1)];
    for fan in fans {
        let (rows, columns) = &mut extents[ranks[fan.leaves[0]]];
        *rows = fan.rows().max(*rows);
        *columns = fan.columns.max(*columns);
    }
    let (mut firsts, mut gaps, mut gap) = (Vec::new(), Vec::new(), 1.0_f64);
    for (rows, columns) in extents {
        if rows == 0 {
            firsts.push(gaps.len());
            gaps.push(gap);
            gap = 1.0;
        } else {
            let wide = (columns as f64 / COLUMNS_PER_GAP).clamp(1.0, HIGHEST_GAP);
            firsts.push(gaps.len() + 1);
            gaps.extend([wide.max(gap), GAP_AT_HEADS]);
            gaps.extend(std::iter::repeat_n(GAP_WITHIN, rows - 1));
            gaps.push(GAP_AT_HEADS);
            gap = wide;
        }
    }
    for rank in ranks {
        *rank = firsts[*rank];
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        nodes: usize,
        edges: &[(usize, usize)],
        ranks: &[usize],
        expected: &[usize],
        rows: usize,
    ) -> Spread {
        let mut ranks = ranks.to_vec();
        let options = Options { widest_fan: 3, ..Options::default() };
        let spread = spread(&vec![Size { width: 54.0, height: 36.0 }; nodes], edges, &mut ranks, &options);
        assert_eq!((ranks.as_slice(), spread.gaps.len()), (expected, rows));
        spread
    }

    #[test]
    fn narrow_fans_stay() {
        let spread = check(4, &[(0, 1), (0, 2), (0, 3)], &[0, 1, 1, 1], &[0, 1, 1, 1], 2);
        assert_eq!(spread.tracks, [None, None, None]);
    }

    #[test]
    fn a_wide_fan_gets_more_rows() {
        let edges: Vec<_> = (1..=12).map(|leaf| (0, leaf)).chain([(1, 13)]).collect();
        let mut ranks = vec![1; 14];
        (ranks[0], ranks[13]) = (0, 2);
        // leaf 1 has a dependency of its own and is not part of the fan of eleven
        let expected = [0, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 6];
        let spread = check(14, &edges, &ranks, &expected, 7);
        assert_eq!(spread.gaps, [1.0, 1.0, GAP_AT_HEADS, GAP_WITHIN, GAP_WITHIN, GAP_AT_HEADS, 1.0]);
        assert_eq!(spread.tracks[0], None);
        assert_eq!(spread.tracks[1], spread.tracks[5]);
        assert_ne!(spread.tracks[1], spread.tracks[2]);
    }
}
