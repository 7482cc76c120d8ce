//! Execution: one state machine for a try, and two drivers of it.
//!
//! [`attempt`] executes one try of one job. Who decides which try is next is a driver: [`serial`] for one worker, and
//! [`pool`] for several, which is the serial one until there is more to do than one can. `README.md` beside this
//! module tells how it all works together.

mod attempt;
mod books;
mod cleanup;
mod pool;
mod serial;
mod tell;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) use cleanup::Pending;
pub(crate) use pool::Helpers;
pub(crate) use watch::Watch;

use crate::context::World;
use crate::error::BoxError;
use crate::event::RunOptions;
use crate::graph::{JobGraph, JobId, JobRef};
use crate::plan::Plan;
use crate::report::{Head, Log};

/// What all workers of one run share.
pub(crate) struct Live<'env, A> {
    pub(crate) plan: Plan<'env, A>,
    pub(crate) options: RunOptions,
    pub(crate) world: Arc<World<A>>,
    pub(crate) watch: Watch,
    runs_started: AtomicU32,
}

/// What is left when no job is ready, running or waiting.
pub(crate) struct Finished<'env, A> {
    /// For each job.
    pub(crate) heads: Vec<Head>,
    /// Of each worker.
    pub(crate) logs: Vec<Log>,
    pub(crate) kept: Kept<'env, A>,
}

/// What outlives the tries of a worker, beside their records.
pub(crate) struct Kept<'env, A> {
    /// What the last try of each job that did not get done failed with.
    pub(crate) errors: Vec<(JobId, BoxError)>,
    pub(crate) pending: Vec<Pending<'env, A>>,
}

impl<'env, A: Send + Sync> Live<'env, A> {
    pub(crate) fn new(plan: Plan<'env, A>, options: RunOptions, world: Arc<World<A>>, watch: Watch) -> Self {
        Live { plan, options, world, watch, runs_started: AtomicU32::new(0) }
    }

    /// Runs all jobs to their end.
    pub(crate) fn execute(&self, helpers: &Helpers) -> Finished<'env, A> {
        if self.is_serial() { serial::execute(self) } else { pool::execute(self, helpers) }
    }
}

impl<A> Live<'_, A> {
    fn graph(&self) -> &Arc<JobGraph> {
        self.plan.graph()
    }

    fn job(&self, job: JobId) -> JobRef {
        JobRef::new(self.graph(), job)
    }

    fn is_serial(&self) -> bool {
        self.options.threads <= 1
    }

    /// The place of a run among all, from 1.
    fn next_sequence(&self) -> u32 {
        let started = &self.runs_started;
        if self.is_serial() {
            let next = started.load(Ordering::Relaxed) + 1; // nobody else counts: no need for an atomic step
            started.store(next, Ordering::Relaxed);
            next
        } else {
            started.fetch_add(1, Ordering::Relaxed) + 1
        }
    }
}

impl<A> Default for Kept<'_, A> {
    fn default() -> Self {
        Kept { errors: Vec::new(), pending: Vec::new() }
    }
}

impl<A> Kept<'_, A> {
    fn append(&mut self, mut other: Self) {
        self.errors.append(&mut other.errors);
        self.pending.append(&mut other.pending);
    }
}
