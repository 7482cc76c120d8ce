//! Finds the cycles among the jobs that a counter pass could not place.

use std::collections::VecDeque;

use petgraph::algo::kosaraju_scc; // iterative: the recursive ones overflow on a million jobs
use petgraph::graph::{DiGraph, NodeIndex};

use crate::graph::{JobId, Rows};

/// For each strongly connected component one shortest way round, from its first declared job; the last job of
/// each is the first again. `stuck` holds the jobs that are in a cycle, or behind one, in ascending order.
pub(super) fn shortest_cycles(stuck: &[JobId], after: &Rows) -> Vec<Vec<JobId>> {
    let graph = subgraph(stuck, after);
    let components = kosaraju_scc(&graph);
    let mut component_of = vec![0; stuck.len()];
    for (number, component) in components.iter().enumerate() {
        component.iter().for_each(|node| component_of[node.index()] = number);
    }
    let mut starts: Vec<NodeIndex> = components
        .iter()
        .filter(|nodes| nodes.len() > 1)
        .filter_map(|nodes| nodes.iter().copied().min())
        .collect();
    starts.sort_unstable();

    let mut came_from = vec![None; stuck.len()];
    let way_round = |start| way_round(&graph, start, &component_of, &mut came_from);
    starts
        .into_iter()
        .map(way_round)
        .map(|nodes| nodes.into_iter().map(|node| stuck[node.index()]).collect())
        .collect()
}

/// An edge reads 'depends on'.
fn subgraph(stuck: &[JobId], after: &Rows) -> DiGraph<(), ()> {
    let mut graph = DiGraph::with_capacity(stuck.len(), stuck.len());
    for _ in stuck {
        graph.add_node(());
    }
    for (at, job) in stuck.iter().enumerate() {
        // petgraph yields the newest edge first: added in reverse, they come in the order of declaration
        for on in after.row(*job).iter().rev() {
            if let Ok(on) = stuck.binary_search(on) {
                graph.add_edge(NodeIndex::new(at), NodeIndex::new(on), ());
            }
        }
    }
    graph
}

/// Breadth first inside one component, until `start` comes into sight again.
fn way_round(
    graph: &DiGraph<(), ()>,
    start: NodeIndex,
    component_of: &[usize],
    came_from: &mut [Option<NodeIndex>],
) -> Vec<NodeIndex> {
    let component = component_of[start.index()];
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in graph.neighbors(node).filter(|next| component_of[next.index()] == component) {
            if next == start {
                return path_to(node, start, came_from);
            }
            if came_from[next.index()].is_none() {
                came_from[next.index()] = Some(node);
                queue.push_back(next);
            }
        }
    }
    unreachable!("a component of two or more nodes leads back to each of them")
}

fn path_to(last: NodeIndex, start: NodeIndex, came_from: &[Option<NodeIndex>]) -> Vec<NodeIndex> {
    let mut path = vec![start];
    let back =
        std::iter::successors(Some(last), |node| if *node == start { None } else { came_from[node.index()] });
    path.extend(back);
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(edges: &[&[u32]], expected: &[&[u32]]) {
        let mut after = Rows::with_capacity(edges.len(), 0);
        for row in edges {
            row.iter().for_each(|on| after.push(JobId(*on)));
            after.end_row();
        }
        let all: Vec<JobId> = (0..edges.len()).map(JobId::new).collect();
        let expected: Vec<Vec<JobId>> =
            expected.iter().map(|path| path.iter().copied().map(JobId).collect()).collect();
        assert_eq!(shortest_cycles(&all, &after), expected);
    }

    #[test]
    fn one_shortest_way_round_for_each_component() {
        check(&[&[1], &[0]], &[&[0, 1, 0]]);
        check(&[&[1], &[2], &[0]], &[&[0, 1, 2, 0]]);
        check(&[&[1, 2], &[2], &[0]], &[&[0, 2, 0]]); // the shorter of two
        check(&[&[1], &[0], &[3], &[2], &[0]], &[&[0, 1, 0], &[2, 3, 2]]); // and one behind them
        check(&[&[1, 2], &[0], &[0]], &[&[0, 1, 0]]); // the first of equals
    }
}
