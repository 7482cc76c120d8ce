//! Execution: one state machine for a try, and two drivers of it.
//!
//! [`attempt`] executes one try of one job. Who decides which try is next is a driver: [`serial`] for one worker,
//! [`pool`] for several. Both keep their books in [`progress`].

mod attempt;
mod cleanup;
mod pool;
mod progress;
mod serial;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use cleanup::{CleanedUp, Pending};
pub(crate) use pool::Helpers;
pub(crate) use watch::Watch;

use crate::context::World;
use crate::error::BoxError;
use crate::event::RunOptions;
use crate::graph::{JobGraph, JobId, JobRef};
use crate::plan::Plan;
use crate::report::PhaseRecord;
use crate::words::Status;

/// What all workers of one run share.
pub(crate) struct Live<'env, A> {
    pub(crate) plan: Plan<'env, A>,
    pub(crate) options: RunOptions,
    pub(crate) world: Arc<World<A>>,
    pub(crate) watch: Watch,
    runs_started: AtomicU64,
}

/// What is left when no job is ready, running or waiting.
pub(crate) struct Finished<'env, A> {
    pub(crate) statuses: Vec<Status>,
    pub(crate) log: Log<'env, A>,
}

/// What one worker has seen and kept.
pub(crate) struct Log<'env, A> {
    pub(crate) records: Vec<(JobId, PhaseRecord)>,
    /// What the last try of each job that did not get done failed with.
    pub(crate) errors: Vec<(JobId, BoxError)>,
    pub(crate) pending: Vec<Pending<'env, A>>,
}

impl<'env, A: Send + Sync> Live<'env, A> {
    pub(crate) fn new(plan: Plan<'env, A>, options: RunOptions, world: Arc<World<A>>, watch: Watch) -> Self {
        Live { plan, options, world, watch, runs_started: AtomicU64::new(0) }
    }

    /// Runs all jobs to their end.
    pub(crate) fn execute(&self, helpers: &Helpers) -> Finished<'env, A> {
        if self.options.threads <= 1 { serial::execute(self) } else { pool::execute(self, helpers) }
    }
}

impl<A> Live<'_, A> {
    fn graph(&self) -> &Arc<JobGraph> {
        self.plan.graph()
    }

    fn job(&self, job: JobId) -> JobRef {
        JobRef::new(self.graph(), job)
    }

    fn now(&self) -> u64 {
        self.world.clock.now()
    }

    /// The place of a run among all, from 1.
    fn next_sequence(&self) -> u64 {
        self.runs_started.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl<A> Default for Log<'_, A> {
    fn default() -> Self {
        Log { records: Vec::new(), errors: Vec::new(), pending: Vec::new() }
    }
}

impl<A> Log<'_, A> {
    fn append(&mut self, mut other: Self) {
        if self.records.is_empty() {
            self.records = other.records;
        } else {
            self.records.append(&mut other.records);
        }
        self.errors.append(&mut other.errors);
        self.pending.append(&mut other.pending);
    }
}
