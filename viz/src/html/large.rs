//! What of a graph that is too large for a page stands in it.

use crate::scene::{Scene, Status};
use crate::view::View;

/// A page with more jobs than this, or with more edges, would be too large for a browser.
pub(super) const MOST_JOBS: usize = 20_000;
const MOST_EDGES: usize = 60_000;

/// The jobs of a page, by their places in the scene, and a word about those that are missing.
pub(super) fn shown(scene: &Scene) -> Option<(Vec<bool>, String)> {
    if scene.nodes.len() <= MOST_JOBS && scene.edges.len() <= MOST_EDGES {
        return None;
    }
    let all: Vec<bool> = vec![false; scene.nodes.len()];
    let of = |is_meant: &dyn Fn(Status) -> bool| {
        let mut shown = all.clone();
        let meant = |node: &usize| scene.nodes[*node].status.is_some_and(is_meant);
        let nodes: Vec<usize> = (0..scene.nodes.len()).filter(meant).collect();
        nodes.iter().for_each(|&node| shown[node] = true);
        (nodes.len(), shown)
    };
    let jobs = scene.jobs();
    let (trouble, with_trouble) = of(&|status| !status.is_done());
    let (causes, with_causes) = of(&|status| !status.is_done() && status != Status::Blocked);
    let (shown, what) = match (trouble, causes) {
        (1..=MOST_JOBS, _) => (with_trouble, format!("the {trouble} that did not go well are here")),
        (_, 1..=MOST_JOBS) => (with_causes, format!("the {causes} that failed or would run are here")),
        _ => (all, "none of them is here".to_owned()),
    };
    let word =
        format!("A page of all {jobs} jobs would be too large: {what}. SVG, DOT and text have all of them.");
    Some((shown, word))
}

/// The scene without what is too much.
pub(super) fn reduced(scene: &Scene, shown: &[bool]) -> Scene {
    View::only(scene, |node| shown[node])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::SceneNode;

    #[track_caller]
    fn check(statuses: &[(usize, Option<Status>)], shown_jobs: usize, word: &str) {
        let node = |status: Option<Status>| SceneNode { status, ..SceneNode::new("job") };
        let nodes =
            statuses.iter().flat_map(|&(count, status)| (0..count).map(move |_| node(status))).collect();
        let scene = Scene { nodes, ..Scene::default() };
        let (shown, said) = shown(&scene).unwrap();
        assert_eq!(
            (shown.iter().filter(|shown| **shown).count(), said.contains(word)),
            (shown_jobs, true),
            "{said}"
        );
        assert_eq!(reduced(&scene, &shown).nodes.len(), shown_jobs);
    }

    #[test]
    fn what_did_not_go_well_is_kept() {
        let (done, failed, blocked) = (Some(Status::Changed), Some(Status::Failed), Some(Status::Blocked));
        assert_eq!(shown(&Scene { nodes: vec![SceneNode::new("a"); MOST_JOBS], ..Scene::default() }), None);
        check(&[(100_000, done), (3, failed), (9, blocked)], 12, "the 12 that did not go well are here");
        check(&[(30_000, blocked), (3, failed)], 3, "the 3 that failed or would run are here");
        check(&[(100_000, done)], 0, "A page of all 100000 jobs would be too large: none of them is here.");
        check(&[(100_000, None)], 0, "SVG, DOT and text have all of them.");
    }

    #[test]
    fn so_are_graphs_of_very_many_edges() {
        let node = SceneNode::new("a").with_status(Status::Failed);
        let scene = Scene { nodes: vec![node; 2], edges: vec![(0, 1); MOST_EDGES + 1], ..Scene::default() };
        assert!(shown(&scene).is_some());
    }
}
