//! Every graph is drawn in the end, whatever it costs to draw it well.

use dojobber_viz::layout::{Layout, Options, layout};

use crate::picture::draw;
use crate::samples::numbered;

fn options(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    change(&mut options);
    options
}

#[test]
fn without_any_steps() {
    let edges = (0..40).flat_map(|a| [(a, (a * 7 + 3) % 41), (a, (a * 5 + 1) % 41)]);
    draw(&numbered(41, edges), &options(|options| options.steps = 0));
}

#[test]
fn without_any_bends() {
    let edges = (0..20).flat_map(|a| (a + 1..20).map(move |b| (a, b)));
    draw(&numbered(20, edges), &options(|options| options.most_bends = 0));
}

#[test]
fn with_few_bends() {
    let edges: Vec<_> = (0..30).flat_map(|a| (a + 1..30).map(move |b| (a, b))).collect();
    for most_bends in [10, 100, 400] {
        draw(&numbered(30, edges.iter().copied()), &options(|options| options.most_bends = most_bends));
    }
}

/// Draws a graph of a size at which looking at all pairs of nodes would take too long.
fn lay_out(nodes: usize, edges: impl IntoIterator<Item = (usize, usize)>, steps: u64) -> Layout {
    layout(&numbered(nodes, edges).to_layout_graph(), &options(|options| options.steps = steps))
}

#[test]
fn depth_is_not_limited() {
    let drawn = lay_out(50_000, (1..50_000).map(|node| (node - 1, node)), 10_000_000);
    assert_eq!(drawn.size.height, 50_000.0 * 36.0 + 49_999.0 * 36.0);
    assert!(drawn.centers.iter().all(|center| center.x == drawn.centers[0].x), "a chain is straight");
}

#[test]
fn a_cycle_of_thousands_is_drawn() {
    let drawn = lay_out(5_000, (0..5_000).map(|node| (node, (node + 1) % 5_000)), 10_000_000);
    assert_eq!(drawn.edges.len(), 5_000);
}

#[test]
fn many_single_jobs_fill_a_page() {
    let drawn = lay_out(5_000, [], 10_000_000);
    let ratio = drawn.size.width / drawn.size.height;
    assert!((1.0..3.0).contains(&ratio), "{:?}", drawn.size);
}

#[test]
fn a_wide_fan_is_spread_over_rows() {
    let scene = numbered(202, (1..=200).flat_map(|shard| [(0, shard), (shard, 201)]));
    draw(&scene, &Options::default());
    let drawn = layout(&scene.to_layout_graph(), &Options::default());
    assert!(drawn.size.width < 3_000.0 && drawn.size.height < 2_000.0, "{:?}", drawn.size);
    let mut rows: Vec<f64> = drawn.centers.iter().map(|center| center.y).collect();
    rows.sort_by(f64::total_cmp);
    rows.dedup();
    assert!(rows.len() > 8, "{rows:?}");
    assert!(drawn.centers[1].x < drawn.centers[2].x, "leaves stand in the order of their declaration");
}

#[test]
fn long_edges_of_a_big_graph_share_tracks() {
    let edges = (0..120).flat_map(|a| (a + 1..120).step_by(3).map(move |b| (a, b)));
    let few = options(|options| (options.most_bends, options.steps) = (8_000, 20_000_000));
    draw(&numbered(120, edges), &few);
}
