//! Leaves out the edges that go without saying.

use std::collections::BTreeSet;

use crate::scene::Scene;

/// How many nodes one reduction may look at in all.
const MOST_LOOKS: usize = 50_000_000;

/// Takes out every edge beside which there is a longer path. In a cycle nothing goes without saying, so a graph
/// with one stays as it is; so does the rest of one that is too large to look at.
pub(super) fn reduce(scene: &mut Scene) {
    let mut below = vec![Vec::new(); scene.nodes.len()];
    for &(a, b) in &scene.edges {
        below[a].push(b);
    }
    let Some(height) = heights(&below) else { return };
    let mut looks = 0;
    let mut superfluous = BTreeSet::new();
    let mut seen = vec![usize::MAX; below.len()];
    for (from, targets) in below.iter().enumerate().filter(|(_, targets)| targets.len() > 1) {
        let lowest = targets.iter().map(|target| height[*target]).min().unwrap_or(0);
        let mut stack: Vec<usize> =
            targets.iter().flat_map(|target| below[*target].iter().copied()).collect();
        while let Some(node) = stack.pop() {
            looks += 1;
            if looks > MOST_LOOKS {
                return scene.edges.retain(|edge| !superfluous.contains(edge));
            }
            if height[node] >= lowest && seen[node] != from {
                seen[node] = from;
                stack.extend(&below[node]);
            }
        }
        superfluous
            .extend(targets.iter().filter(|target| seen[**target] == from).map(|target| (from, *target)));
    }
    scene.edges.retain(|edge| !superfluous.contains(edge));
}

/// The length of the longest path below each node; none if there is a cycle.
fn heights(below: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut above = vec![Vec::new(); below.len()];
    for (from, targets) in below.iter().enumerate() {
        targets.iter().for_each(|target| above[*target].push(from));
    }
    let mut left: Vec<usize> = below.iter().map(Vec::len).collect();
    let mut height = vec![0; below.len()];
    let mut ready: Vec<usize> = (0..below.len()).filter(|node| left[*node] == 0).collect();
    let mut at = 0;
    while let Some(&node) = ready.get(at) {
        at += 1;
        for &from in &above[node] {
            height[from] = height[from].max(height[node] + 1);
            left[from] -= 1;
            if left[from] == 0 {
                ready.push(from);
            }
        }
    }
    (ready.len() == below.len()).then_some(height)
}
