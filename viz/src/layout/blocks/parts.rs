//! Finds equal parts of a graph: those that are left of it where its hubs are taken away.
//!
//! Parts are equal if their nodes, in order of declaration, have the same edges among each other and to the same hubs.
//! Programs that make hundreds of parts make them in a loop, so that is what they have in common.

use std::collections::BTreeMap;

use crate::layout::Size;
use crate::layout::components;
use crate::layout::layered::Shape;

/// Larger parts are drawn as any graph.
const MOST_NODES: usize = 40;
/// So are parts between more hubs.
const MOST_HUBS: usize = 4;

/// Equal parts between the same hubs.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Group {
    /// The nodes of each part.
    pub(super) parts: Vec<Vec<usize>>,
    /// The edges of each part, those that correspond to each other at the same places.
    pub(super) edges: Vec<Edges>,
    pub(super) above: Vec<usize>,
    pub(super) below: Vec<usize>,
}

/// The edges of a part; those of a hub with its number among those above, or below.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Edges {
    pub(super) inside: Vec<usize>,
    pub(super) from_above: Vec<(usize, usize)>,
    pub(super) to_below: Vec<(usize, usize)>,
}

impl Group {
    /// For each node of a part the largest size that it has in any.
    pub(super) fn largest_sizes(&self, sizes: &[Size]) -> Vec<Size> {
        let mut largest = vec![Size::default(); self.parts[0].len()];
        for nodes in &self.parts {
            for (largest, &node) in largest.iter_mut().zip(nodes) {
                largest.width = largest.width.max(sizes[node].width);
                largest.height = largest.height.max(sizes[node].height);
            }
        }
        largest
    }
}

/// An edge of a part, with nodes as their numbers within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Inside(usize, usize),
    FromAbove { hub: usize, node: usize },
    ToBelow { node: usize, hub: usize },
}

/// What equal parts have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Signature {
    ends: Vec<End>,
    is_box: Vec<bool>,
}

/// All groups of more than `most` equal parts.
pub(super) fn find(shape: &Shape, most: usize) -> Vec<Group> {
    let is_hub = hubs(shape, most);
    if !is_hub.contains(&true) {
        return Vec::new();
    }
    let inner = shape.edges.iter().filter(|(a, b)| !is_hub[*a] && !is_hub[*b]);
    let roots = components::roots(shape.sizes.len(), inner.copied());
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); roots.len()];
    let mut number = vec![0; roots.len()];
    for (node, &root) in roots.iter().enumerate().filter(|(node, _)| !is_hub[*node]) {
        number[node] = parts[root].len();
        parts[root].push(node);
    }
    let mut ends: Vec<Vec<(End, usize)>> = vec![Vec::new(); roots.len()];
    for (edge, &(a, b)) in shape.edges.iter().enumerate() {
        match (is_hub[a], is_hub[b]) {
            (false, false) => ends[roots[a]].push((End::Inside(number[a], number[b]), edge)),
            (true, false) => ends[roots[b]].push((End::FromAbove { hub: a, node: number[b] }, edge)),
            (false, true) => ends[roots[a]].push((End::ToBelow { node: number[a], hub: b }, edge)),
            (true, true) => {}
        }
    }
    let mut groups: BTreeMap<Signature, Vec<usize>> = BTreeMap::new();
    for root in 0..roots.len() {
        let nodes = &parts[root];
        let is_plain = nodes.len() <= MOST_NODES && nodes.iter().all(|node| !shape.has_loop[*node]);
        if nodes.is_empty() || !is_plain {
            continue;
        }
        ends[root].sort_unstable();
        let signature = Signature {
            ends: ends[root].iter().map(|(end, _)| *end).collect(),
            is_box: nodes.iter().map(|node| shape.is_box[*node]).collect(),
        };
        groups.entry(signature).or_default().push(root);
    }
    let mut groups: Vec<Group> = groups
        .into_iter()
        .filter(|(_, roots)| roots.len() > most)
        .filter_map(|(signature, roots)| group(&signature.ends, &roots, &parts, &ends))
        .collect();
    groups.sort_by_key(|group| group.parts[0][0]);
    groups
}

/// The nodes with so many edges up or down that what is left without them may be many equal parts.
fn hubs(shape: &Shape, most: usize) -> Vec<bool> {
    let mut degrees = vec![(0, 0); shape.sizes.len()];
    for &(a, b) in &shape.edges {
        degrees[a].0 += 1;
        degrees[b].1 += 1;
    }
    degrees.into_iter().map(|(down, up)| down > most || up > most).collect()
}

/// The parts of a signature, unless they have too many hubs, or one both above and below.
fn group(
    signature: &[End],
    roots: &[usize],
    parts: &[Vec<usize>],
    ends: &[Vec<(End, usize)>],
) -> Option<Group> {
    let mut group = Group::default();
    for end in signature {
        match *end {
            End::FromAbove { hub, .. } if !group.above.contains(&hub) => group.above.push(hub),
            End::ToBelow { hub, .. } if !group.below.contains(&hub) => group.below.push(hub),
            _ => {}
        }
    }
    let is_on_both_sides = group.above.iter().any(|hub| group.below.contains(hub));
    if is_on_both_sides || group.above.len() + group.below.len() > MOST_HUBS {
        return None;
    }
    let place = |hubs: &[usize], hub| hubs.iter().position(|other| *other == hub).unwrap_or(0);
    for &root in roots {
        let mut edges = Edges::default();
        for &(end, edge) in &ends[root] {
            match end {
                End::Inside(..) => edges.inside.push(edge),
                End::FromAbove { hub, .. } => edges.from_above.push((edge, place(&group.above, hub))),
                End::ToBelow { hub, .. } => edges.to_below.push((edge, place(&group.below, hub))),
            }
        }
        group.parts.push(parts[root].clone());
        group.edges.push(edges);
    }
    Some(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(nodes: usize, edges: &[(usize, usize)]) -> Shape {
        Shape {
            sizes: vec![Size { width: 54.0, height: 36.0 }; nodes],
            is_box: vec![false; nodes],
            has_loop: vec![false; nodes],
            edges: edges.to_vec(),
        }
    }

    /// The parts, and the hubs above and below.
    type Expected<'a> = (&'a [&'a [usize]], &'a [usize], &'a [usize]);

    #[track_caller]
    fn check(shape: &Shape, expected: &[Expected]) {
        let groups = find(shape, 2);
        let shown: Vec<_> = groups
            .iter()
            .map(|group| (group.parts.clone(), group.above.clone(), group.below.clone()))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(parts, above, below)| {
                (parts.iter().map(|part| part.to_vec()).collect(), above.to_vec(), below.to_vec())
            })
            .collect::<Vec<(Vec<Vec<usize>>, Vec<usize>, Vec<usize>)>>();
        assert_eq!(shown, expected);
    }

    #[test]
    fn leaves_and_chains() {
        check(&shape(3, &[(0, 1), (0, 2)]), &[]);
        check(&shape(4, &[(0, 1), (0, 2), (0, 3)]), &[(&[&[1], &[2], &[3]], &[0], &[])]);
        let chains = [(0, 1), (1, 2), (0, 3), (3, 4), (0, 5), (5, 6), (2, 7), (4, 7), (6, 7)];
        check(&shape(8, &chains), &[(&[&[1, 2], &[3, 4], &[5, 6]], &[0], &[7])]);
    }

    #[test]
    fn what_is_not_equal_is_left_out() {
        // the last leaf has one of its own below
        let edges = [(0, 1), (0, 2), (0, 3), (0, 4), (4, 5)];
        check(&shape(6, &edges), &[(&[&[1], &[2], &[3]], &[0], &[])]);
        let mut looped = shape(4, &[(0, 1), (0, 2), (0, 3)]);
        looped.has_loop[2] = true;
        check(&looped, &[]);
        let mut boxed = shape(5, &[(0, 1), (0, 2), (0, 3), (0, 4)]);
        boxed.is_box[2] = true;
        check(&boxed, &[(&[&[1], &[3], &[4]], &[0], &[])]);
    }

    #[test]
    fn hubs_on_both_sides_hold_nothing_between_them() {
        // each part is above and below the same hub
        let edges: Vec<_> =
            (0..3).flat_map(|part| [(2 * part, 6), (6, 2 * part + 1), (2 * part, 2 * part + 1)]).collect();
        check(&shape(7, &edges), &[]);
    }
}
