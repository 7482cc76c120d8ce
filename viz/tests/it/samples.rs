//! Scenes to draw.

use std::time::Duration;

use dojobber::{DryRun, Graph, Report, Runner};
use dojobber_viz::Picture;
use dojobber_viz::scene::{Scene, SceneNode, Status};

/// None, and every one.
pub(crate) fn statuses() -> Vec<Option<Status>> {
    std::iter::once(None).chain(Status::ALL.iter().copied().map(Some)).collect()
}

/// Names that have broken something somewhere.
pub(crate) const ODD_NAMES: [&str; 16] = [
    "",
    " ",
    "quote \" and ' and \\ back",
    "ends with a backslash \\",
    "a <b> & c </b> &amp; &#1;",
    "two\nlines\r\nand\ttabs",
    "zero \0 and escape \u{1b}[31m",
    "not a character \u{fffe} \u{ffff}",
    "عربي ودعوה עברית",
    "日本語 ラベル",
    "emoji 👩‍🚀 🚀 🇨🇭",
    "e\u{301}\u{301}\u{301}",
    "x;y{z}[w]|r->q",
    "\\N \\l \\n \\G",
    "]]> <!-- -- --> <?xml?>",
    "%s $HOME `id` {0}",
];

/// A scene whose nodes are called by their numbers.
pub(crate) fn numbered(nodes: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Scene {
    Scene {
        nodes: (0..nodes).map(|node| SceneNode::new(format!("job {node}"))).collect(),
        edges: edges.into_iter().collect(),
        ..Scene::default()
    }
}

#[path = "../../../cli/examples/movie/graph.rs"]
mod example;

/// The movie example, with every job satisfied.
pub(crate) fn movie() -> Scene {
    let (house, friends) = (example::House::new(&|_| ()), example::friends());
    let plan = example::graph(&house, &friends).compile().unwrap();
    let mut scene = Scene::of(plan.graph());
    scene.nodes.iter_mut().for_each(|node| node.status = Some(Status::Satisfied));
    scene
}

/// The movie example, as it goes by default: two jobs fail.
pub(crate) fn evening() -> Picture {
    let (house, friends) = (example::House::new(&|_| ()), example::friends());
    let plan = example::graph(&house, &friends).compile().unwrap();
    let runner = Runner::builder().threads(1).default_retry_delay(Duration::ZERO).build();
    Picture::from_report(&runner.run(&plan, example::Evening::default()))
}

/// The report of a run in which each job has one try, unless it says otherwise, and waits for nothing before the next.
pub(crate) fn run_once(graph: Graph<'_>) -> Report {
    let plan = graph.compile().expect("the graph is sound");
    let runner = Runner::builder().threads(1).default_tries(1).default_retry_delay(Duration::ZERO).build();
    runner.run(&plan, ()).into_report()
}

/// A dry run through two jobs: one says what its run would do, and logs; the other one stands behind it.
pub(crate) fn what_jobs_say() -> Report {
    let plan = Graph::new()
        .job("motd")
        .describe_run(|_| "write 12 bytes\nto /etc/motd")
        .check(|cx| {
            cx.log("motd is <i>empty</i>");
            false
        })
        .run(|_| ())
        .job("greets")
        .after("motd")
        .check(|_| true)
        .run(|_| ())
        .compile()
        .unwrap();
    Runner::builder().dry_run(DryRun::Through).build().run(&plan, ()).into_report()
}
