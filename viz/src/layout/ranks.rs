//! Gives every node a row: edges lead down and are short in sum, rows are evenly filled.

use super::adjacency::Adjacency;
use super::budget::Budget;
use super::simplex::{self, Constraint};

/// The row of every node of a connected acyclic graph, from zero.
pub(super) fn assign(nodes: usize, edges: &[(usize, usize)], budget: &mut Budget) -> Vec<usize> {
    let graph = Neighbors::new(nodes, edges);
    let mut values = longest_paths(&graph);
    let constraints: Vec<Constraint> =
        edges.iter().map(|&(tail, head)| Constraint { tail, head, length: 1, weight: 1 }).collect();
    simplex::minimize(&constraints, &mut values, budget);
    let mut ranks: Vec<usize> = values.iter().map(|&value| value as usize).collect();
    balance(&graph, &mut ranks);
    ranks
}

struct Neighbors {
    above: Adjacency,
    below: Adjacency,
}

impl Neighbors {
    fn new(nodes: usize, edges: &[(usize, usize)]) -> Self {
        Self {
            above: Adjacency::new(nodes, edges.iter().map(|&(a, b)| (b, a))),
            below: Adjacency::new(nodes, edges.iter().copied()),
        }
    }
}

/// The length of the longest path down to each node.
fn longest_paths(graph: &Neighbors) -> Vec<i64> {
    let nodes = graph.above.nodes();
    let mut waiting: Vec<usize> = (0..nodes).map(|node| graph.above.of(node).len()).collect();
    let mut ready: Vec<usize> = (0..nodes).filter(|&node| waiting[node] == 0).collect();
    let mut lengths = vec![0; nodes];
    let mut next = 0;
    while let Some(&node) = ready.get(next) {
        next += 1;
        for &head in graph.below.of(node) {
            lengths[head] = lengths[head].max(lengths[node] + 1);
            waiting[head] -= 1;
            if waiting[head] == 0 {
                ready.push(head);
            }
        }
    }
    lengths
}

/// A node that may stand on any of many rows looks at no more than these up and down.
const BALANCE_WINDOW: usize = 500;

/// Moves nodes whose edges above and below balance each other to the emptiest row that they may have.
fn balance(graph: &Neighbors, ranks: &mut [usize]) {
    let rows = ranks.iter().max().map_or(0, |&last| last + 1);
    let mut filled = vec![0_usize; rows];
    for &rank in ranks.iter() {
        filled[rank] += 1;
    }
    for node in 0..ranks.len() {
        let (above, below) = (graph.above.of(node), graph.below.of(node));
        if above.is_empty() || above.len() != below.len() {
            continue;
        }
        let rank = ranks[node];
        let first = above.iter().map(|&other| ranks[other] + 1).max().unwrap_or(0);
        let last = below.iter().map(|&other| ranks[other] - 1).min().unwrap_or(0);
        let window = first.max(rank.saturating_sub(BALANCE_WINDOW))..=last.min(rank + BALANCE_WINDOW);
        filled[rank] -= 1;
        ranks[node] = window.min_by_key(|&row| (filled[row], row != rank, row)).unwrap_or(rank);
        filled[ranks[node]] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(edges: &[(usize, usize)], expected: &[usize]) {
        assert_eq!(assign(expected.len(), edges, &mut Budget::new(1_000_000)), expected);
    }

    #[test]
    fn rows() {
        check(&[], &[0]);
        check(&[(0, 1), (1, 2)], &[0, 1, 2]);
        check(&[(2, 1), (1, 0)], &[2, 1, 0]);
    }

    #[test]
    fn a_source_stands_close_to_what_it_leads_to() {
        check(&[(0, 1), (1, 2), (2, 3), (4, 3)], &[0, 1, 2, 3, 2]);
    }

    #[test]
    fn nodes_with_a_choice_spread_over_the_rows() {
        // three nodes may stand on any of the rows 1 to 3, where the chain has one node each
        let chain = [(0, 1), (1, 2), (2, 3), (3, 4)];
        let free = [(0, 5), (5, 4), (0, 6), (6, 4), (0, 7), (7, 4)];
        let edges: Vec<_> = chain.iter().chain(&free).copied().collect();
        let mut ranks = assign(8, &edges, &mut Budget::new(1_000_000)).split_off(5);
        ranks.sort_unstable();
        assert_eq!(ranks, [1, 2, 3]);
    }
}
