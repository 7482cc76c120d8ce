//! One fixed run with one worker, whose instructions `cargo xtask guard` counts under valgrind.
//!
//! Set-up comes first, and a run of the same, so that what happens once in a process is not counted. Then
//! [`counted`] is called, the function that callgrind is told to count in. Without arguments the scenarios are listed.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a program")]

use std::future::poll_fn;
use std::hint::black_box;
use std::process::ExitCode;
use std::task::Poll;
use std::time::Duration;

use dojobber::{Graph, Key, Plan, Runner, ensure};
use dojobber_benches::body::Body;
use dojobber_benches::load::Load;
use dojobber_benches::plans::{Mode, names, plan};
use dojobber_benches::shapes::Shape;

/// A scenario: its name, and what sets it up and returns what is counted.
type Scenario = (&'static str, fn() -> Box<dyn Fn()>);

const SCENARIOS: [Scenario; 8] = [
    ("chain-satisfied", || running(plain(Shape::Chain, Mode::Satisfied))),
    ("layers-changed", || running(plain(Shape::Layers, Mode::Changed))),
    ("fan-blocked", || running(blocked(Shape::Fan))),
    ("tree-retried", || running(retried(Shape::TreeOut))),
    ("grid-compiled", || compiling(Shape::Grid)),
    ("chain-async", || running(of_futures(Shape::Chain, false))),
    ("fan-async", || running(of_futures(Shape::Fan, false))),
    ("layers-pending", || running(of_futures(Shape::Layers, true))),
];

const JOBS: u32 = 10_000;

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1);
    let Some(wanted) = wanted else {
        SCENARIOS.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    };
    let Some((_, set_up)) = SCENARIOS.iter().find(|(name, _)| *name == wanted) else {
        eprintln!("there is no scenario {wanted}");
        return ExitCode::FAILURE;
    };
    let scenario = set_up();
    scenario();
    counted(&*scenario);
    ExitCode::SUCCESS
}

/// Known to callgrind by its name.
#[inline(never)]
fn counted(scenario: &dyn Fn()) {
    black_box(scenario)();
}

/// A run of this plan, with its report.
fn running(plan: Plan<'static>) -> Box<dyn Fn()> {
    let runner = Runner::builder().threads(1).default_retry_delay(Duration::ZERO).build();
    Box::new(move || drop(black_box(runner.run(&plan, ()))))
}

fn load(shape: Shape, tasks: u32) -> Load {
    Load::new(shape.edges(tasks), Body::Empty)
}

/// A plan of the benchmarks.
fn plain(shape: Shape, mode: Mode) -> Plan<'static> {
    plan(&load(shape, JOBS), &names(JOBS), mode)
}

/// The first job fails with a text, and all others are behind it.
fn blocked(shape: Shape) -> Plan<'static> {
    let mut graph = Graph::new();
    for (task, row) in (0..).zip(load(shape, JOBS).deps.rows()) {
        let open = graph.job(name(task)).after(row.iter().copied().map(name)).tries(1);
        graph = open.run_only(move |_| ensure(task > 0, "it is broken"));
    }
    graph.compile().expect("the names and the shapes are sound")
}

/// The first try of every job fails with a text, the second one returns a value.
fn retried(shape: Shape) -> Plan<'static> {
    let mut graph = Graph::new();
    for (task, row) in (0..).zip(load(shape, JOBS / 10).deps.rows()) {
        let open = graph.job(Key::<u32>::named(name(task))).after(row.iter().copied().map(name));
        graph = open.check_only(move |cx| if cx.attempt() == 1 { Err("not yet".into()) } else { Ok(task) });
    }
    graph.compile().expect("the names and the shapes are sound")
}

/// Each job is a future; one that is ready at once, or one that is pending once and wakes itself.
fn of_futures(shape: Shape, is_pending: bool) -> Plan<'static> {
    let mut graph = Graph::new();
    for (task, row) in (0..).zip(load(shape, JOBS).deps.rows()) {
        let open = graph.job(name(task)).after(row.iter().copied().map(name));
        graph = match is_pending {
            true => open.run_only_async(async |_| yield_once().await),
            false => open.run_only_async(async |_| ()),
        };
    }
    graph.compile().expect("the names and the shapes are sound")
}

async fn yield_once() {
    let mut is_ready = false;
    poll_fn(move |task| {
        if std::mem::replace(&mut is_ready, true) {
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn name(task: u32) -> String {
    task.to_string()
}

/// Building and compiling a plan; the strings of the names are there already.
fn compiling(shape: Shape) -> Box<dyn Fn()> {
    let (load, names) = (load(shape, JOBS), names(JOBS));
    Box::new(move || drop(black_box(plan(&load, &names, Mode::Satisfied))))
}
