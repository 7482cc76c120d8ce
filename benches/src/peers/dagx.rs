//! The crate dagx, on tokio.

use dagx::{DagRunner, Task, TaskHandle, task};
use tokio::runtime::{Builder, Runtime};

use super::contender::{Contender, Sample};
use super::timing::once_each;
use crate::body::Work;
use crate::load::Load;

/// It takes microseconds per task, growing with the graph: a million of them would take minutes.
const MOST_TASKS: u32 = 20_000;

#[derive(Debug)]
pub(super) struct Dagx {
    runtime: Runtime,
}

impl Dagx {
    /// One thread is tokio's own loop on the calling thread, which is faster than a pool of one.
    pub(super) fn new(threads: usize) -> Self {
        let runtime = match threads {
            1 => Builder::new_current_thread().build(),
            _ => Builder::new_multi_thread().worker_threads(threads).build(),
        };
        Self { runtime: runtime.expect("a few threads can be started") }
    }
}

impl Contender for Dagx {
    /// Not more than three dependencies: each number of them needs a type, and dagx has them up to
    /// eight. Of our shapes only the fan has more than three, and far more than eight.
    fn sample(&mut self, load: &Load) -> Option<Sample> {
        if load.deps.tasks() > MOST_TASKS || load.deps.rows().any(|row| row.len() > 3) {
            return None;
        }
        let run = |dag: DagRunner| {
            let all = dag.run(|future| drop(tokio::spawn(future)));
            self.runtime.block_on(all).expect("no task fails");
        };
        Some(once_each(load, || build(load), run))
    }
}

fn build(load: &Load) -> DagRunner {
    let dag = DagRunner::new();
    let mut handles: Vec<TaskHandle<Done>> = Vec::with_capacity(load.works.len());
    for (&work, deps) in load.works.iter().zip(load.deps.rows()) {
        let handle = |place: usize| &handles[deps[place] as usize];
        handles.push(match deps.len() {
            0 => dag.add_task(After0(work)).into(),
            1 => dag.add_task(After1(work)).depends_on(handle(0)),
            2 => dag.add_task(After2(work)).depends_on((handle(0), handle(1))),
            _ => dag.add_task(After3(work)).depends_on((handle(0), handle(1), handle(2))),
        });
    }
    dag
}

#[derive(Clone, Copy)]
struct Done;

struct After0(Work);

struct After1(Work);

struct After2(Work);

struct After3(Work);

#[task]
impl After0 {
    async fn run(&self) -> Done {
        self.0.run();
        Done
    }
}

#[task]
impl After1 {
    async fn run(&self, _a: &Done) -> Done {
        self.0.run();
        Done
    }
}

#[task]
impl After2 {
    async fn run(&self, _a: &Done, _b: &Done) -> Done {
        self.0.run();
        Done
    }
}

#[task]
impl After3 {
    async fn run(&self, _a: &Done, _b: &Done, _c: &Done) -> Done {
        self.0.run();
        Done
    }
}
