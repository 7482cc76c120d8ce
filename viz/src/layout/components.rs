//! Takes a graph apart into its connected components.

use super::LayoutGraph;

/// A connected component of a graph.
#[derive(Debug)]
pub(super) struct Part {
    /// The component as a graph of its own.
    pub(super) graph: LayoutGraph,
    /// The number that each of its nodes has in the whole.
    pub(super) nodes: Vec<usize>,
    /// The number that each of its edges has in the whole.
    pub(super) edges: Vec<usize>,
}

/// The components in the order of their first nodes.
pub(super) fn split(graph: &LayoutGraph) -> Vec<Part> {
    let roots = roots(graph.sizes.len(), graph.edges.iter().copied());
    let mut parts: Vec<Part> = Vec::new();
    let mut part_of = vec![usize::MAX; roots.len()];
    let mut number = vec![0; roots.len()];
    for (node, &root) in roots.iter().enumerate() {
        if part_of[root] == usize::MAX {
            part_of[root] = parts.len();
            parts.push(Part { graph: LayoutGraph::default(), nodes: Vec::new(), edges: Vec::new() });
        }
        let part = &mut parts[part_of[root]];
        number[node] = part.nodes.len();
        part.nodes.push(node);
        part.graph.sizes.push(graph.sizes[node]);
    }
    for (edge, &(a, b)) in graph.edges.iter().enumerate() {
        let part = &mut parts[part_of[roots[a]]];
        part.edges.push(edge);
        part.graph.edges.push((number[a], number[b]));
    }
    parts
}

/// For every node the smallest node that it is connected to (union-find with halved paths).
pub(super) fn roots(nodes: usize, edges: impl Iterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut parents: Vec<usize> = (0..nodes).collect();
    for (a, b) in edges {
        let (a, b) = (find(&mut parents, a), find(&mut parents, b));
        parents[a.max(b)] = a.min(b);
    }
    (0..parents.len()).map(|node| find(&mut parents, node)).collect()
}

fn find(parents: &mut [usize], mut node: usize) -> usize {
    while parents[node] != node {
        parents[node] = parents[parents[node]];
        node = parents[node];
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Size;

    #[track_caller]
    fn check(nodes: usize, edges: &[(usize, usize)], expected: &[&[usize]]) {
        let graph = LayoutGraph {
            sizes: vec![Size::default(); nodes],
            edges: edges.to_vec(),
            ..LayoutGraph::default()
        };
        let parts = split(&graph);
        assert_eq!(parts.iter().map(|part| part.nodes.as_slice()).collect::<Vec<_>>(), expected);
        for part in parts {
            for (&edge, &(a, b)) in part.edges.iter().zip(&part.graph.edges) {
                assert_eq!(edges[edge], (part.nodes[a], part.nodes[b]));
            }
        }
    }

    #[test]
    fn parts() {
        check(0, &[], &[]);
        check(2, &[], &[&[0], &[1]]);
        check(3, &[(2, 0), (1, 1)], &[&[0, 2], &[1]]);
        check(5, &[(4, 3), (3, 1), (0, 2), (0, 2)], &[&[0, 2], &[1, 3, 4]]);
    }
}
