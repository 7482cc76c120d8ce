//! What is drawn grows with the graph and not faster, whatever its shape; and closed nests hide nothing bad, whatever ran.

use dojobber::{Graph, Report, Runner, Status, ensure};
use dojobber_viz::layout::Options;
use dojobber_viz::scene::{Counts, Scene, SceneNode};
use dojobber_viz::view::View;
use dojobber_viz::{Format, Picture};
use proptest::prelude::*;

use crate::any::WORST_FIRST;

/// Large graphs take long where nothing is optimised.
const MOST_JOBS: usize = if cfg!(debug_assertions) { 400 } else { 20_000 };
const CASES: u32 = if cfg!(debug_assertions) { 8 } else { 32 };
/// So often a graph that fails is made smaller: each time takes seconds.
const MOST_SHRUNK: u32 = 64;

/// So many cases, or as many as `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { CASES };
    ProptestConfig { failure_persistence: None, cases, max_shrink_iters: MOST_SHRUNK, ..default }
}

/// How jobs depend on each other: each on some before it, near ones or any, or on a few that many depend on.
#[derive(Debug, Clone, Copy)]
struct Shape {
    jobs: usize,
    most_edges: usize,
    reach: usize,
    hubs: usize,
    seed: usize,
    /// How long errors are, and how many there are.
    error: (usize, usize),
}

fn shapes() -> impl Strategy<Value = Shape> {
    let reach = prop_oneof![Just(1), 2..60_usize, Just(usize::MAX)];
    let hubs = prop_oneof![3 => Just(0), 1 => 1..4_usize];
    let error = (0..30_000_usize, 0..20_usize);
    (1..=MOST_JOBS, 0..4_usize, reach, hubs, any::<u32>(), error).prop_map(
        |(jobs, most_edges, reach, hubs, seed, error)| Shape {
            jobs,
            most_edges,
            reach,
            hubs,
            seed: seed as usize,
            error,
        },
    )
}

fn scene(shape: &Shape) -> Scene {
    let mut state = shape.seed;
    let mut below = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end.max(1)
    };
    let mut scene = Scene::default();
    for job in 0..shape.jobs {
        let status = Status::ALL[below(Status::ALL.len())];
        let mut node = SceneNode::new(format!("job {job}")).with_status(status);
        node.error = (job < shape.error.1).then(|| format!("{job}{}", "x".repeat(shape.error.0)));
        scene.nodes.push(node);
        scene.edges.extend((0..shape.hubs.min(job)).map(|hub| (job, hub)));
        let count = below(shape.most_edges + 1);
        scene.edges.extend((0..count.min(job)).map(|_| (job, job - 1 - below(shape.reach.min(job)))));
    }
    scene
}

/// The bytes of a picture, and those that it may have at most: for each job, each edge, and each byte of a text.
#[track_caller]
fn check_bytes(scene: &Scene, format: Format, [fixed, job, edge]: [usize; 3]) {
    let mut options = Options::default();
    (options.steps, options.most_bends) = (3_000_000, 20_000);
    let picture = Picture::from(scene.clone()).with_layout(options);
    let texts: usize = scene.nodes.iter().filter_map(|node| node.error.as_ref()).map(String::len).sum();
    let bytes = picture.to_format(format).unwrap().len();
    let most = fixed + job * scene.nodes.len() + edge * scene.edges.len() + 2 * texts;
    assert!(bytes <= most, "{format:?}: {bytes} bytes of {most}");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn bytes_are_linear_in_jobs_edges_and_texts(shape in shapes()) {
        let scene = scene(&shape);
        check_bytes(&scene, Format::Svg, [2_000, 600, 1_024]);
        check_bytes(&scene, Format::Html, [150_000, 700, 700]);
        check_bytes(&scene, Format::Text, [500, 100, 300]);
        check_bytes(&scene, Format::Mermaid, [2_000, 200, 60]);
    }

    #[test]
    fn closed_nests_of_any_run_show_the_worst(shape in nests(), fails in any::<u64>(), dry in any::<bool>()) {
        check_closed(&run(&shape, fails, dry));
    }
}

/// Jobs and nests in each other.
#[derive(Debug, Clone)]
enum Item {
    Job,
    Nest(Vec<Item>),
}

fn nests() -> impl Strategy<Value = Vec<Item>> {
    let item = Just(Item::Job)
        .prop_recursive(4, 40, 5, |inner| proptest::collection::vec(inner, 1..5).prop_map(Item::Nest));
    proptest::collection::vec(item, 1..6)
}

/// Every job depends on the one before it with a chance of a half, and fails if its bit is set.
fn graph(items: &[Item], fails: u64, number: &mut u32) -> Graph<'static> {
    let mut graph = Graph::new();
    let mut last: Option<String> = None;
    for item in items {
        let own = *number;
        *number += 1;
        let is_set = |by: u32| fails.rotate_right(own.wrapping_mul(by)) & 1 == 1;
        let (name, after) = (format!("j{own}"), last.take().filter(|_| is_set(5)));
        let open = graph.job(name.clone()).after(after);
        graph = match item {
            Item::Nest(inner) => open.nest(self::graph(inner, fails, number)),
            Item::Job if is_set(3) && is_set(7) => open.check_only(|_| ensure(false, "no")),
            Item::Job if is_set(3) => open.check_only(|_| true),
            Item::Job => open.run_only(|_| ()),
        };
        last = Some(name);
    }
    graph
}

fn run(items: &[Item], fails: u64, dry: bool) -> Report {
    let plan = graph(items, fails, &mut 0).compile().unwrap();
    let runner = Runner::builder().threads(1).default_tries(1).dry_run(dry).build();
    runner.run(&plan, ()).into_report()
}

/// What is shown of each closed nest is the worst that the report says of the jobs that it hides.
#[track_caller]
fn check_closed(report: &Report) {
    assert_eq!(WORST_FIRST.len(), Status::ALL.len(), "every status has its place");
    let mut view = View::default();
    view.all_collapsed = true;
    let shown = view.of(Picture::from_report(report).scene());
    for node in shown.nodes.iter().filter(|node| node.is_closed()) {
        let inside = format!("{}/", node.name);
        let is_hidden = |name: &str| name == node.name || name.starts_with(&inside);
        let hidden: Vec<Status> =
            report.jobs().filter(|job| is_hidden(job.name())).map(|job| job.status()).collect();
        let worst = WORST_FIRST.iter().find(|status| hidden.contains(status));
        assert_eq!(node.status.as_ref(), worst, "{}", node.name);
    }
    let all: Counts = report.counts();
    assert_eq!((shown.counts(), shown.jobs()), (all, all.total()), "every job is counted once");
}
