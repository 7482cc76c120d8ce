//! Which nests of a page are open at first: all of them, or as many as fit, those with trouble inside before others.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::scene::Scene;
use crate::style;
use crate::view::View;

/// More nodes than this are not looked at one by one.
const MOST_SHOWN: usize = 250;
/// However many there are outside of all nests, so many more may be shown: those with trouble.
const MORE_SHOWN: usize = 50;

/// For each node whether it is a nest that is open; `scene` has every nest as a box.
pub(super) fn opened(scene: &Scene, view: &View) -> Vec<bool> {
    let may_open =
        |node: usize| scene.nodes[node].nested.is_some() && !view.is_closed(&scene.nodes[node].name);
    if scene.nodes.len() <= MOST_SHOWN {
        return (0..scene.nodes.len()).map(may_open).collect();
    }
    let mut inside: Vec<Vec<usize>> = vec![Vec::new(); scene.nodes.len()];
    let mut outside = Vec::new();
    for (index, node) in scene.nodes.iter().enumerate() {
        node.parent.map_or(&mut outside, |parent| &mut inside[parent]).push(index);
    }
    let is_well = |node: usize| scene.nodes[node].status.is_some_and(|status| status.is_done());
    let severity = |node: usize| scene.nodes[node].status.map_or(0, style::severity);
    let mut open = vec![false; scene.nodes.len()];
    let mut shown = outside.len();
    let most = MOST_SHOWN.max(shown + MORE_SHOWN);
    let mut next: BinaryHeap<(u8, Reverse<usize>)> = BinaryHeap::new();
    let offer = |nodes: &[usize], next: &mut BinaryHeap<_>| {
        let wanted = nodes.iter().copied().filter(|node| may_open(*node) && !is_well(*node));
        next.extend(wanted.map(|node| (severity(node), Reverse(node))));
    };
    offer(&outside, &mut next);
    while let Some((_, Reverse(node))) = next.pop() {
        if shown + inside[node].len() <= most {
            open[node] = true;
            shown += inside[node].len();
            offer(&inside[node], &mut next);
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{SceneNest, SceneNode, Status};

    /// Nests of three jobs; in each of the first `failed`, one has failed. Each nest has a job that ends it.
    fn fleet(nests: usize, failed: usize) -> Scene {
        let mut scene = Scene::default();
        for nest in 0..nests {
            let job = Some(scene.nodes.len());
            scene.nests.push(SceneNest { name: format!("host {nest}"), job, ..SceneNest::default() });
            let group = SceneNode { is_group: true, ..SceneNode::new(format!("host {nest}")) };
            scene.nodes.push(group.with_status(Status::Satisfied));
            for step in 0..3 {
                let status = if nest == failed { Status::Failed } else { Status::Changed };
                let job = SceneNode { nest: Some(nest), ..SceneNode::new(format!("host {nest}/{step}")) };
                scene.nodes.push(job.with_status(status));
            }
        }
        scene
    }

    #[track_caller]
    fn check(scene: &Scene, view: &View, expected: &[&str]) {
        let shown = view.nested(scene);
        let open = opened(&shown, view);
        let names: Vec<&str> =
            shown.nodes.iter().zip(open).filter(|pair| pair.1).map(|pair| &*pair.0.name).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn what_fits_is_open() {
        check(&fleet(2, 0), &View::default(), &["host 0", "host 1"]);
        check(&fleet(100, 70), &View::default(), &["host 70"]);
        check(&fleet(1_000, 700), &View::default(), &["host 700"]);
    }

    #[test]
    fn what_was_asked_to_be_closed_is() {
        check(&fleet(2, 0), &View { all_collapsed: true, ..View::default() }, &[]);
        check(&fleet(2, 0), &View { collapsed: vec!["host 1".to_owned()], ..View::default() }, &["host 0"]);
        check(&fleet(100, 70), &View { collapsed: vec!["host 70".to_owned()], ..View::default() }, &[]);
    }
}
