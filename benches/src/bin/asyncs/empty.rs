//! Jobs that are never pending: a chain and a fan, beside dagx and taski.

use std::time::Duration;

use dagx::{DagRunner, Task, TaskHandle, task};
use dojobber::{Graph, Plan, Runner};
use dojobber_benches::plans::names;
use dojobber_benches::table::Table;
use taski::{PolicyExecutor, Schedule, TaskResult};

use crate::turns::{Timed, current_thread, in_turns, timed};

const JOBS: u32 = 10_000;

#[derive(Clone, Copy)]
enum Shape {
    /// One after another.
    Chain,
    /// One, and all others after it: neither of the others can have more than eight before one.
    Fan,
}

impl Shape {
    /// What a job is after.
    fn before(self, job: usize) -> Option<usize> {
        match self {
            Shape::Chain => job.checked_sub(1),
            Shape::Fan => (job > 0).then_some(0),
        }
    }
}

pub(super) fn table(turns: usize) -> Table {
    let columns =
        ["never pending, one thread", "ns a task", "to dojobber", "to blocking", "to dagx", "to taski"];
    let mut table = Table::new(columns);
    for (name, shape) in [("chain", Shape::Chain), ("fan", Shape::Fan)] {
        let runner = Runner::builder().threads(1).build();
        let (ours, blocking) = (plan(shape, true), plan(shape, false));
        let run = |plan: &Plan<'_>| timed(|| assert!(runner.run(plan, ()).success(), "they do nothing"));
        let runtime = current_thread();
        let mut all: [Timed<'_>; 4] = [
            ("dojobber", Box::new(|| run(&ours))),
            ("dojobber, blocking", Box::new(|| run(&blocking))),
            ("dagx", Box::new(|| dagx(&runtime, shape))),
            ("taski", Box::new(|| taski(&runtime, shape))),
        ];
        in_turns(turns, 1e9 / f64::from(JOBS), &mut all, &mut table, name);
    }
    table
}

fn plan(shape: Shape, is_async: bool) -> Plan<'static> {
    let (mut graph, names) = (Graph::new(), names(JOBS));
    for (at, name) in names.iter().enumerate() {
        let job = graph.job(name).after(shape.before(at).map(|before| &names[before]));
        graph = if is_async { job.run_only_async(async |_| ()) } else { job.run_only(|_| ()) };
    }
    graph.compile().expect("a chain and a fan are sound")
}

#[derive(Clone, Copy)]
struct Done;

struct First;

struct Other;

#[task]
impl First {
    async fn run(&self) -> Done {
        Done
    }
}

#[task]
impl Other {
    async fn run(&self, _before: &Done) -> Done {
        Done
    }
}

/// The time of the run alone: a graph of dagx is used up by its run.
fn dagx(runtime: &tokio::runtime::Runtime, shape: Shape) -> Duration {
    let dag = DagRunner::new();
    let mut handles: Vec<TaskHandle<Done>> = Vec::with_capacity(JOBS as usize);
    for at in 0..JOBS as usize {
        handles.push(match shape.before(at) {
            None => dag.add_task(First).into(),
            Some(before) => dag.add_task(Other).depends_on(handles[before]),
        });
    }
    timed(|| {
        let all = dag.run(|future| drop(tokio::spawn(future)));
        runtime.block_on(all).expect("no task fails")
    })
}

async fn first() -> TaskResult<()> {
    Ok(())
}

async fn other(_before: ()) -> TaskResult<()> {
    Ok(())
}

/// The time of the run alone: a schedule of taski is used up by its run.
fn taski(runtime: &tokio::runtime::Runtime, shape: Shape) -> Duration {
    taski::make_guard!(guard);
    let mut schedule: Schedule<'_, ()> = Schedule::new(guard);
    let mut handles = Vec::with_capacity(JOBS as usize);
    for at in 0..JOBS as usize {
        let added = match shape.before(at) {
            None => schedule.add_closure(first, ()),
            Some(before) => schedule.add_closure(other, (handles[before],)),
        };
        handles.push(added.expect("what it is after was added before"));
    }
    let mut executor = PolicyExecutor::fifo(schedule);
    timed(|| runtime.block_on(executor.run()).expect("no task fails"))
}
