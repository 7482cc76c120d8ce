//! Any bytes at all are a graph to draw: what a fuzzer calls, and a test as well.
//!
//! This file and `picture.rs` need nothing but the library and roxmltree, so a fuzz target can include both by their
//! paths.

use dojobber_viz::Picture;
use dojobber_viz::layout::{Direction, Options};
use dojobber_viz::scene::{Counts, Scene, SceneNest, SceneNode, Status};
use dojobber_viz::view::View;

use super::picture;

/// Statuses from what says most about what went wrong to what says least.
pub(crate) const WORST_FIRST: [Status; 6] = [
    Status::Failed,
    Status::Cancelled,
    Status::WouldRun,
    Status::Blocked,
    Status::Changed,
    Status::Satisfied,
];

/// Draws the graph that the bytes describe in all ways, and checks what holds for any.
pub(crate) fn check(bytes: &[u8]) {
    let Some((&[steps, bends, fan, nodes, view], rest)) = bytes.split_first_chunk() else { return };
    let mut options = Options::default();
    (options.steps, options.most_bends) = (u64::from(steps) * 40, usize::from(bends));
    options.widest_fan = 2 + usize::from(fan % 40);
    check_closed(bytes);
    let scene = scene(usize::from(nodes % 48), rest);
    picture::draw(&scene, &options);

    let flag = |bit: u8| view & 1 << bit != 0;
    let picture = Picture::from(scene)
        .with_layout(options)
        .rankdir(if flag(0) { Direction::Right } else { Direction::Down })
        .boxes(flag(1))
        .all_collapsed(flag(2))
        .reduced(flag(3))
        .only_failed(flag(4))
        .times(flag(5))
        .legend(flag(6));
    picture::check_picture(&picture.to_svg());
    assert_eq!(picture.to_html().matches("<script").count(), 2);
    assert!(picture.to_text().ends_with('\n') && picture.to_mermaid().starts_with("flowchart "));
}

/// Checks that whatever is closed shows the worst of what it hides, and that every job is counted once.
pub(crate) fn check_closed(bytes: &[u8]) {
    let Some((&[nodes, which], rest)) = bytes.split_first_chunk() else { return };
    let scene = scene(usize::from(nodes % 48), rest);
    let mut view = View::default();
    view.boxes = which & 1 != 0;
    let closed = |(index, _): &(usize, &SceneNest)| which >> (1 + index % 7) & 1 != 0;
    let closed = scene.nests.iter().enumerate().filter(closed);
    view.collapsed = closed.map(|(_, nest)| nest.name.clone()).collect();
    let shown = view.of(&scene);
    let all: Counts = scene.nodes.iter().filter_map(|node| node.status).collect();
    assert_eq!((shown.jobs(), shown.counts()), (scene.nodes.len(), all), "every job is counted once");
    for node in shown.nodes.iter().filter(|node| node.nested.is_some()) {
        let rest = |job: &SceneNode| job.name.strip_prefix(&format!("{}/", node.name)).map(str::len);
        let is_inside = |job: &&SceneNode| rest(job).is_some_and(|rest| rest > 0);
        let nest = scene.nests.iter().find(|nest| nest.name == node.name).expect("what is nested is a nest");
        let own = nest.job.map(|job| &scene.nodes[job]);
        let inside: Vec<&SceneNode> = scene.nodes.iter().filter(is_inside).collect();
        let statuses = inside.iter().copied().chain(own).filter_map(|job| job.status);
        let place = |status: &Status| WORST_FIRST.iter().position(|other| other == status);
        assert_eq!(node.status, statuses.clone().min_by_key(place), "{}", node.name);
        let nested = node.nested.as_ref().expect("it was filtered");
        assert_eq!(
            (nested.inside, nested.statuses),
            (inside.len(), inside.iter().filter_map(|job| job.status).collect()),
            "{}",
            node.name
        );
    }
}

/// What is called `name/..` is inside of a nest of that name, whose job is the one of that name, if there is one.
fn nest_by_names(scene: &mut Scene) {
    for index in 0..scene.nodes.len() {
        let name = scene.nodes[index].name.clone();
        let mut inside = None;
        for (at, _) in name.match_indices('/').filter(|(at, _)| *at > 0 && at + 1 < name.len()) {
            let around = &name[..at];
            let known = scene.nests.iter().position(|nest| nest.name == around);
            inside = Some(known.unwrap_or_else(|| {
                let nest = SceneNest { name: around.to_owned(), parent: inside, ..SceneNest::default() };
                scene.nests.push(nest);
                scene.nests.len() - 1
            }));
        }
        scene.nodes[index].nest = inside;
    }
    for nest in &mut scene.nests {
        // `//` is not inside of `/`
        let ends = |node: &SceneNode| node.name == nest.name && node.nest == nest.parent;
        nest.job = scene.nodes.iter().position(ends);
    }
}

/// Names first, each ended by its status, then pairs of nodes.
fn scene(nodes: usize, bytes: &[u8]) -> Scene {
    let mut scene = Scene::default();
    let mut rest = bytes;
    while scene.nodes.len() < nodes {
        let end = rest.iter().position(|byte| *byte >= 0xf8).unwrap_or(rest.len());
        let status = rest.get(end).map_or(0, |byte| usize::from(byte - 0xf8));
        let name = String::from_utf8_lossy(&rest[..end]).into_owned();
        // 0, and each number that is one too large, is a job without a status
        let status = status.checked_sub(1).and_then(|at| Status::ALL.get(at)).copied();
        scene.nodes.push(SceneNode { name, status, ..SceneNode::default() });
        rest = &rest[rest.len().min(end + 1)..];
    }
    nest_by_names(&mut scene);
    if nodes > 0 {
        let pairs = rest.chunks_exact(2).take(300);
        scene.edges =
            pairs.map(|pair| (usize::from(pair[0]) % nodes, usize::from(pair[1]) % nodes)).collect();
    }
    scene
}
