//! Makes any graph acyclic: drops loops, merges repetitions, turns around the edges that close a cycle.

use std::collections::BTreeMap;

use super::adjacency::Adjacency;

/// An acyclic graph without loops and repetitions that stands for another graph.
#[derive(Debug)]
pub(super) struct Dag {
    pub(super) edges: Vec<(usize, usize)>,
    /// For each edge of the original what stands for it.
    pub(super) stand_ins: Vec<StandIn>,
}

/// What stands for an edge in the acyclic graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StandIn {
    /// Nothing: it is a loop.
    Loop,
    /// The edge with this number, in the same direction.
    Same(usize),
    /// The edge with this number, in the opposite direction.
    Reversed(usize),
}

/// Orients the edges.
pub(super) fn orient(nodes: usize, edges: &[(usize, usize)]) -> Dag {
    let closing = closing_edges(nodes, edges);
    let mut dag = Dag { edges: Vec::new(), stand_ins: Vec::with_capacity(edges.len()) };
    let mut numbers = BTreeMap::new();
    for (&(a, b), &reversed) in edges.iter().zip(&closing) {
        if a == b {
            dag.stand_ins.push(StandIn::Loop);
            continue;
        }
        let oriented = if reversed { (b, a) } else { (a, b) };
        let number = *numbers.entry(oriented).or_insert_with(|| {
            dag.edges.push(oriented);
            dag.edges.len() - 1
        });
        dag.stand_ins.push(if reversed { StandIn::Reversed(number) } else { StandIn::Same(number) });
    }
    dag
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Unseen,
    /// On the path from the root of the search.
    Open,
    Closed,
}

/// Marks the edges that lead back to the path of a depth-first search.
fn closing_edges(nodes: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let outgoing = Adjacency::new(nodes, edges.iter().enumerate().map(|(edge, &(a, _))| (a, edge)));
    let mut visits = vec![Visit::Unseen; nodes];
    let mut closing = vec![false; edges.len()];
    let mut path: Vec<(usize, usize)> = Vec::new();
    for root in roots_first(nodes, edges) {
        if visits[root] == Visit::Unseen {
            visits[root] = Visit::Open;
            path.push((root, 0));
        }
        while let Some((node, next)) = path.last_mut() {
            let Some(&edge) = outgoing.of(*node).get(*next) else {
                visits[*node] = Visit::Closed;
                path.pop();
                continue;
            };
            *next += 1;
            let head = edges[edge].1;
            match visits[head] {
                Visit::Open => closing[edge] = true,
                Visit::Closed => {}
                Visit::Unseen => {
                    visits[head] = Visit::Open;
                    path.push((head, 0));
                }
            }
        }
    }
    closing
}

/// All nodes, those that nothing leads to first: a search that starts above a cycle cuts it where it closes.
fn roots_first(nodes: usize, edges: &[(usize, usize)]) -> impl Iterator<Item = usize> {
    let mut is_head = vec![false; nodes];
    for &(a, b) in edges {
        is_head[b] |= a != b;
    }
    let heads = is_head.clone();
    (0..nodes).filter(move |&node| !heads[node]).chain((0..nodes).filter(move |&node| is_head[node]))
}

#[cfg(test)]
mod tests {
    use super::StandIn::*;
    use super::*;

    #[track_caller]
    fn check(edges: &[(usize, usize)], dag_edges: &[(usize, usize)], stand_ins: &[StandIn]) {
        let dag = orient(5, edges);
        assert_eq!((dag.edges.as_slice(), dag.stand_ins.as_slice()), (dag_edges, stand_ins));
    }

    #[test]
    fn orientation() {
        check(&[], &[], &[]);
        check(&[(0, 0), (0, 1), (0, 1)], &[(0, 1)], &[Loop, Same(0), Same(0)]);
        check(&[(0, 1), (1, 0)], &[(0, 1)], &[Same(0), Reversed(0)]);
        check(&[(0, 1), (1, 2), (2, 0)], &[(0, 1), (1, 2), (0, 2)], &[Same(0), Same(1), Reversed(2)]);
        // the cycle 0 -> 1 -> 2 -> 0 is entered from 3 at 1, so that 0 -> 1 closes it
        check(
            &[(0, 1), (1, 2), (2, 0), (3, 1)],
            &[(1, 0), (1, 2), (2, 0), (3, 1)],
            &[Reversed(0), Same(1), Same(2), Same(3)],
        );
    }
}
