//! What one would write by hand: a rayon scope, a counter per task, and a spawn per ready task but
//! the first, which the same closure goes on with.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::{Scope, ThreadPool, ThreadPoolBuilder};

use super::contender::{Contender, Sample};
use super::timing::repeatedly;
use crate::load::Load;
use crate::shapes::Deps;

#[derive(Debug)]
pub(super) struct RayonScope {
    pool: ThreadPool,
}

struct Graph {
    tasks: Vec<Box<dyn Fn() + Send + Sync>>,
    in_degrees: Vec<u32>,
    waits_for: Vec<AtomicU32>,
    dependants: Deps,
}

impl RayonScope {
    pub(super) fn new(threads: usize) -> Self {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        Self { pool: pool.expect("a few threads can be started") }
    }
}

impl Contender for RayonScope {
    fn sample(&mut self, load: &Load) -> Option<Sample> {
        let run = |graph: &mut Graph| {
            let graph = &*graph;
            self.pool.scope(|scope| graph.start(scope));
        };
        Some(repeatedly(load, || Graph::new(load), run))
    }
}

impl Graph {
    fn new(load: &Load) -> Self {
        let in_degrees: Vec<u32> = load.deps.rows().map(|row| row.len() as u32).collect();
        Self {
            tasks: load.works.iter().map(|&work| Box::new(move || work.run()) as _).collect(),
            waits_for: in_degrees.iter().map(|&count| AtomicU32::new(count)).collect(),
            in_degrees,
            dependants: load.deps.reversed(),
        }
    }

    fn start<'s>(&'s self, scope: &Scope<'s>) {
        for (task, &count) in (0..).zip(&self.in_degrees) {
            if count == 0 {
                scope.spawn(move |scope| self.run(task, scope));
            }
        }
    }

    fn run<'s>(&'s self, mut task: u32, scope: &Scope<'s>) {
        loop {
            self.tasks[task as usize]();
            let mut ready = self.dependants.of(task).iter().copied().filter(|&task| self.is_ready(task));
            let Some(next) = ready.next() else { return };
            for task in ready {
                scope.spawn(move |scope| self.run(task, scope));
            }
            task = next;
        }
    }

    /// Counts one dependency of `task` as done. The last one resets the counter for the next run.
    fn is_ready(&self, task: u32) -> bool {
        let waits_for = &self.waits_for[task as usize];
        let is_last = waits_for.fetch_sub(1, Ordering::AcqRel) == 1;
        if is_last {
            waits_for.store(self.in_degrees[task as usize], Ordering::Relaxed);
        }
        is_last
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("tasks", &self.tasks.len()).finish_non_exhaustive()
    }
}
