//! Any bytes at all are a graph to draw: what a fuzzer calls, and a test as well.
//!
//! This file and `picture.rs` need nothing but the library and roxmltree, so a fuzz target can include both by their
//! paths.

use dojobber_viz::Picture;
use dojobber_viz::layout::{Direction, Options};
use dojobber_viz::scene::{Scene, SceneNode, Status};

use super::picture;

/// Draws the graph that the bytes describe in all ways, and checks what holds for any.
pub(crate) fn check(bytes: &[u8]) {
    let Some((&[steps, bends, fan, nodes, view], rest)) = bytes.split_first_chunk() else { return };
    let mut options = Options::default();
    (options.steps, options.most_bends) = (u64::from(steps) * 40, usize::from(bends));
    options.widest_fan = 2 + usize::from(fan % 40);
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
    if nodes > 0 {
        let pairs = rest.chunks_exact(2).take(300);
        scene.edges =
            pairs.map(|pair| (usize::from(pair[0]) % nodes, usize::from(pair[1]) % nodes)).collect();
    }
    scene
}
