//! Any graph at all.

use dojobber_viz::layout::Options;
use dojobber_viz::scene::{Scene, SceneNode};
use proptest::prelude::*;

use crate::picture::draw;
use crate::samples::{ODD_NAMES, statuses};

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z_ -]{1,20}",
        2 => proptest::sample::select(ODD_NAMES.as_slice()).prop_map(str::to_owned),
        2 => any::<String>(),
        1 => "\\PC{0,500}",
    ]
}

/// Bytes that make short names with many slashes, and few nodes.
fn sample() -> impl Strategy<Value = u8> {
    prop_oneof![3 => 0..12_u8, 4 => Just(b'/'), 4 => b'a'..b'c', 2 => 0xf8..=0xff_u8]
}

fn node() -> impl Strategy<Value = SceneNode> {
    (name(), proptest::sample::select(statuses())).prop_map(|(name, status)| SceneNode {
        name,
        status,
        ..SceneNode::default()
    })
}

/// Nodes and edges without any order: loops, cycles, repetitions.
pub(crate) fn scene(most_nodes: usize, most_edges: usize) -> impl Strategy<Value = Scene> {
    proptest::collection::vec(node(), 1..=most_nodes).prop_flat_map(move |nodes| {
        let end = 0..nodes.len();
        let edges = proptest::collection::vec((end.clone(), end), 0..=most_edges);
        (Just(nodes), edges).prop_map(|(nodes, edges)| Scene { nodes, edges, ..Scene::default() })
    })
}

fn options() -> impl Strategy<Value = Options> {
    let steps = prop_oneof![Just(0), 1..5_000_u64, Just(2_000_000)];
    let bends = prop_oneof![Just(0), 1..40_usize, Just(10_000)];
    (steps, bends, 2..40_usize).prop_map(|(steps, most_bends, widest_fan)| {
        let mut options = Options::default();
        (options.steps, options.most_bends, options.widest_fan) = (steps, most_bends, widest_fan);
        options
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn small_graphs(scene in scene(8, 20), options in options()) {
        draw(&scene, &options);
    }

    #[test]
    fn larger_graphs(scene in scene(60, 90), options in options()) {
        draw(&scene, &options);
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        crate::any::check(&bytes);
    }

    #[test]
    fn closed_nests_show_the_worst(bytes in proptest::collection::vec(sample(), 0..300)) {
        crate::any::check_closed(&bytes);
    }

    #[test]
    fn nested_names(bytes in proptest::collection::vec(sample(), 0..300)) {
        crate::any::check(&bytes);
    }
}
