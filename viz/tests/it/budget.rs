//! Every graph is drawn in the end, whatever it costs to draw it well.

use dojobber_viz::layout::{Direction, Layout, Options, layout};
use dojobber_viz::svg;

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
    let ratio = drawn.size.width / drawn.size.height;
    assert!((1.0..2.0).contains(&ratio), "it has the shape of a page: {ratio}");
    let mut columns: Vec<f64> = drawn.centers.iter().map(|center| center.x).collect();
    columns.dedup();
    assert!(
        (100..400).contains(&columns.len()),
        "a chain is straight in each of its {} strips",
        columns.len()
    );
}

/// Long chains, and few rows of many nodes with many edges, are as wide and as high whichever way their edges lead.
#[test]
fn both_directions_have_the_shape_of_a_page() {
    let chain = numbered(600, (1..600).map(|node| (node - 1, node)));
    let dense =
        numbered(200, (0..100).flat_map(|a| (0..6).map(move |step| (a, 100 + (a * 7 + step * 11) % 100))));
    for (what, scene) in [("chain", chain), ("dense", dense)] {
        let shape = |direction: Direction| {
            let few = options(|options| (options.direction, options.steps) = (direction, 10_000_000));
            let Layout { size, .. } = layout(&scene.to_layout_graph(), &few);
            size.width / size.height
        };
        let [down, right] = [Direction::Down, Direction::Right].map(shape);
        assert!((1.0..3.0).contains(&down) && (1.0..3.0).contains(&right), "{what}: {down}, {right}");
    }
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
fn fans_of_chains_are_spread_as_those_of_leaves() {
    for (hosts, jobs) in [(300, 4), (1_000, 3), (40, 1), (31, 20)] {
        let (network, ready) = (hosts * jobs, hosts * jobs + 1);
        let host = |host: usize| {
            let (first, last) = (host * jobs, host * jobs + jobs - 1);
            (first..last).map(|job| (job + 1, job)).chain([(first, network), (ready, last)])
        };
        let graph = numbered(hosts * jobs + 2, (0..hosts).flat_map(host)).to_layout_graph();
        for direction in [Direction::Down, Direction::Right] {
            let drawn = layout(&graph, &options(|options| options.direction = direction));
            let ratio = drawn.size.width / drawn.size.height;
            assert!((1.0 / 3.0..3.0).contains(&ratio), "{hosts} x {jobs}, {direction:?}: {ratio}");
        }
    }
}

#[test]
fn parts_of_any_shape_are_spread() {
    // diamonds, each job of which needs the disk, and the last of which is needed
    let diamond = |part: usize| {
        let first = 4 * part;
        let inside = [(1, 0), (2, 0), (3, 1), (3, 2)].map(|(a, b)| (first + a, first + b));
        let disk = (0..4).map(move |job| (first + job, 160));
        inside.into_iter().chain(disk).chain([(161, first + 3)])
    };
    draw(&numbered(162, (0..40).flat_map(diamond)), &Options::default());
    // what one of them has beside is no part of the block
    draw(&numbered(164, (0..40).flat_map(diamond).chain([(162, 7), (9, 163)])), &Options::default());
    // hubs in a cycle
    draw(&numbered(162, (0..40).flat_map(diamond).chain([(160, 161)])), &Options::default());
}

/// The bytes of a picture grow with the graph and not faster, whatever its shape.
#[test]
fn bytes_are_linear() {
    type Shape = fn(usize) -> Vec<(usize, usize)>;
    let shapes: [(&str, Shape); 8] = [
        ("chain", |n| (1..n).map(|node| (node - 1, node)).collect()),
        ("leaves", |n| (1..n).map(|node| (0, node)).collect()),
        ("fan", |n| (1..n - 1).flat_map(|node| [(0, node), (node, n - 1)]).collect()),
        ("tree", |n| (1..n).map(|node| ((node - 1) / 2, node)).collect()),
        ("chains", |n| (1..n).map(|node| (if node % 4 == 1 { 0 } else { node - 1 }, node)).collect()),
        ("two hubs", |n| (2..n).flat_map(|node| [(0, node), (1, node)]).collect()),
        ("layers", |n| (50..n).flat_map(|node| [(node - 50, node), (node - 50 + node % 7, node)]).collect()),
        ("long", |n| {
            (1..n).flat_map(|node| [(node - 1, node), (node / 3, node)]).filter(|(a, b)| a != b).collect()
        }),
    ];
    let few = options(|options| (options.steps, options.most_bends) = (5_000_000, 20_000));
    for (name, shape) in shapes {
        for nodes in [200, 2_000, 20_000] {
            let scene = numbered(nodes, shape(nodes));
            let svg = svg::write(&scene, &layout(&scene.to_layout_graph(), &few), &svg::Options::default());
            // a node takes about 400 bytes, and an edge at most a kilobyte
            let most = 2_000 + 450 * nodes + 1_024 * scene.edges.len();
            assert!(svg.len() < most, "{name} of {nodes}: {} bytes of {most}", svg.len());
        }
    }
}

#[test]
fn long_edges_of_a_big_graph_share_tracks() {
    let edges = (0..120).flat_map(|a| (a + 1..120).step_by(3).map(move |b| (a, b)));
    let few = options(|options| (options.most_bends, options.steps) = (8_000, 20_000_000));
    draw(&numbered(120, edges), &few);
}
