//! The graph as rows of vertices in which every link leads to the next row.
//!
//! An edge over several rows becomes a chain with a bend on every row between. Where all bends would be too many, edges
//! to the same node share a *track*, and with it their bends; where even that is too much, the longest edges get no
//! chain and are drawn straight.

use std::collections::BTreeSet;

use super::adjacency::Adjacency;

/// Chains may be so many times longer in sum than there are bends: sharing saves bends, not drawing.
const SHARING: usize = 12;

/// Rows of vertices. Vertices below `nodes` are the nodes of the graph, the others are bends of long edges.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) nodes: usize,
    /// The row of each vertex.
    pub(super) row_of: Vec<usize>,
    /// The vertices of each row from left to right.
    pub(super) rows: Vec<Vec<usize>>,
    /// The place of each vertex in its row.
    pub(super) places: Vec<usize>,
    /// The links, each from a vertex to one on the next row.
    pub(super) links: Vec<(usize, usize)>,
    pub(super) above: Adjacency,
    pub(super) below: Adjacency,
    /// For each edge its vertices from end to end, or nothing if it is drawn straight.
    pub(super) chains: Vec<Option<Vec<usize>>>,
    /// For each edge whether it shares its bends with others.
    pub(super) shared: Vec<bool>,
}

impl Layers {
    /// Builds the rows, with the vertices of each in an arbitrary order.
    pub(super) fn new(ranks: &[usize], edges: &[(usize, usize)], most_bends: usize) -> Self {
        let spans: Vec<Span> =
            edges.iter().map(|&(a, b)| Span { first: ranks[a] + 1, end: ranks[b] }).collect();
        let tracks = Tracks::assign(edges, &spans, most_bends);
        let mut row_of = ranks.to_vec();
        let bases = tracks.append_bends(&mut row_of);
        let chain = |edge: usize| {
            let track = tracks.of_edge[edge]?;
            let (a, b) = edges[edge];
            let bends = spans[edge].rows().map(|row| bases[track] + row - tracks.spans[track].first);
            Some([a].into_iter().chain(bends).chain([b]).collect())
        };
        let chains: Vec<Option<Vec<usize>>> = (0..edges.len()).map(chain).collect();
        let links = links(ranks.len(), row_of.len(), &chains);
        Self::assemble(ranks.len(), row_of, links, chains, tracks.shared())
    }

    fn assemble(
        nodes: usize,
        row_of: Vec<usize>,
        links: Vec<(usize, usize)>,
        chains: Vec<Option<Vec<usize>>>,
        shared: Vec<bool>,
    ) -> Self {
        let mut rows = vec![Vec::new(); row_of.iter().max().map_or(0, |&last| last + 1)];
        for (vertex, &row) in row_of.iter().enumerate() {
            rows[row].push(vertex);
        }
        let above = Adjacency::new(row_of.len(), links.iter().map(|&(a, b)| (b, a)));
        let below = Adjacency::new(row_of.len(), links.iter().copied());
        let places = vec![0; row_of.len()];
        let mut layers =
            Self { nodes, row_of, rows: Vec::new(), places, links, above, below, chains, shared };
        layers.arrange(rows);
        layers
    }

    /// The number of vertices.
    pub(super) fn len(&self) -> usize {
        self.row_of.len()
    }

    pub(super) fn is_node(&self, vertex: usize) -> bool {
        vertex < self.nodes
    }

    /// Replaces the order of all rows.
    pub(super) fn arrange(&mut self, rows: Vec<Vec<usize>>) {
        self.rows = rows;
        for row in 0..self.rows.len() {
            self.renumber(row, 0);
        }
    }

    /// Brings the places in a row up to date, from one of them on.
    pub(super) fn renumber(&mut self, row: usize, from: usize) {
        for (place, &vertex) in self.rows[row].iter().enumerate().skip(from) {
            self.places[vertex] = place;
        }
    }

    /// The vertices directly left and right of a vertex.
    pub(super) fn beside(&self, vertex: usize) -> (Option<usize>, Option<usize>) {
        let row = &self.rows[self.row_of[vertex]];
        let place = self.places[vertex];
        (place.checked_sub(1).map(|left| row[left]), row.get(place + 1).copied())
    }
}

/// The rows on which an edge, or all edges of a track, need a bend.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: usize,
    end: usize,
}

impl Span {
    const NONE: Span = Span { first: usize::MAX, end: 0 };

    fn rows(self) -> std::ops::Range<usize> {
        self.first..self.end
    }

    fn len(self) -> usize {
        self.rows().len()
    }

    fn join(self, other: Span) -> Span {
        Span { first: self.first.min(other.first), end: self.end.max(other.end) }
    }
}

#[derive(Debug)]
struct Tracks {
    /// The track of each edge, or nothing for a straight one.
    of_edge: Vec<Option<usize>>,
    /// The rows of each track.
    spans: Vec<Span>,
}

impl Tracks {
    fn assign(edges: &[(usize, usize)], spans: &[Span], most_bends: usize) -> Self {
        let tracks = Self::fill(spans, |edge| edge, most_bends);
        if tracks.of_edge.iter().all(Option::is_some) {
            tracks
        } else {
            Self::fill(spans, |edge| edges[edge].1, most_bends)
        }
    }

    /// Puts edges on their tracks, the shortest first, as long as there are bends left.
    fn fill(spans: &[Span], track_of: impl Fn(usize) -> usize, most_bends: usize) -> Self {
        let last = (0..spans.len()).map(&track_of).max().map_or(0, |last| last + 1);
        let mut tracks = Self { of_edge: vec![None; spans.len()], spans: vec![Span::NONE; last] };
        let mut shortest_first: Vec<usize> = (0..spans.len()).collect();
        shortest_first.sort_by_key(|&edge| spans[edge].len());
        let (mut bends, mut drawn) = (0, 0);
        for edge in shortest_first {
            let track = track_of(edge);
            let span = spans[edge];
            let joined = if span.len() == 0 { tracks.spans[track] } else { tracks.spans[track].join(span) };
            let more = joined.len() - tracks.spans[track].len();
            if bends + more <= most_bends && drawn + span.len() <= SHARING * most_bends {
                bends += more;
                drawn += span.len();
                tracks.spans[track] = joined;
                tracks.of_edge[edge] = Some(track);
            }
        }
        tracks
    }

    /// For each edge whether another one is on its track.
    fn shared(&self) -> Vec<bool> {
        let mut users = vec![0; self.spans.len()];
        for &track in self.of_edge.iter().flatten() {
            users[track] += 1;
        }
        self.of_edge.iter().map(|track| track.is_some_and(|track| users[track] > 1)).collect()
    }

    /// Adds a vertex for every bend; returns the first of each track.
    fn append_bends(&self, row_of: &mut Vec<usize>) -> Vec<usize> {
        let mut bases = Vec::with_capacity(self.spans.len());
        for span in &self.spans {
            bases.push(row_of.len());
            row_of.extend(span.rows());
        }
        bases
    }
}

/// The links of all chains in their order, each once.
fn links(nodes: usize, vertices: usize, chains: &[Option<Vec<usize>>]) -> Vec<(usize, usize)> {
    let mut links = Vec::new();
    let mut seen = BTreeSet::new();
    // a bend has at most one bend below it: a flag will do
    let mut goes_on = vec![false; vertices];
    for chain in chains.iter().flatten() {
        for pair in chain.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let is_new = if a < nodes || b < nodes {
                seen.insert((a, b))
            } else {
                !std::mem::replace(&mut goes_on[a], true)
            };
            if is_new {
                links.push((a, b));
            }
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(layers: &Layers, chains: &[&[usize]], links: &[(usize, usize)]) {
        let actual: Vec<&[usize]> =
            layers.chains.iter().map(|chain| chain.as_deref().unwrap_or(&[])).collect();
        assert_eq!((actual.as_slice(), layers.links.as_slice()), (chains, links));
        for &(a, b) in &layers.links {
            assert_eq!(layers.row_of[a] + 1, layers.row_of[b]);
        }
    }

    #[test]
    fn a_long_edge_bends_on_every_row() {
        let layers = Layers::new(&[0, 1, 3], &[(0, 1), (0, 2), (1, 2)], 100);
        let chains: [&[usize]; 3] = [&[0, 1], &[0, 3, 4, 2], &[1, 5, 2]];
        check(&layers, &chains, &[(0, 1), (0, 3), (3, 4), (4, 2), (1, 5), (5, 2)]);
        assert_eq!(layers.rows, [vec![0], vec![1, 3], vec![4, 5], vec![2]]);
        assert_eq!((layers.beside(4), layers.beside(5)), ((None, Some(5)), (Some(4), None)));
    }

    #[test]
    fn edges_to_one_node_share_when_bends_are_scarce() {
        let layers = Layers::new(&[0, 1, 3], &[(0, 1), (0, 2), (1, 2)], 2);
        let chains: [&[usize]; 3] = [&[0, 1], &[0, 3, 4, 2], &[1, 4, 2]];
        check(&layers, &chains, &[(0, 1), (0, 3), (3, 4), (4, 2), (1, 4)]);
    }

    #[test]
    fn the_longest_edges_are_straight_when_even_sharing_is_too_much() {
        let layers = Layers::new(&[0, 1, 3], &[(0, 1), (0, 2), (1, 2)], 1);
        let chains: [&[usize]; 3] = [&[0, 1], &[], &[1, 3, 2]];
        check(&layers, &chains, &[(0, 1), (1, 3), (3, 2)]);
    }
}
