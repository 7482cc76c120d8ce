//! Execution: one state machine for a try, and drivers of it.
//!
//! [`attempt`] executes one try of one job. Who decides which try is next is a driver: [`serial`] for one worker, and
//! [`pool`] for several, which is the serial one until there is more to do than one can. The test kit has a third,
//! which makes up threads, order and time. `README.md` beside this module tells how it all works together.

mod sync;
mod attempt;
mod books;
mod cleanup;
mod pool;
mod serial;
#[cfg(feature = "testkit")]
mod simulated;
mod tell;
mod turn;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) use pool::Helpers;
#[cfg(feature = "testkit")]
pub(crate) use simulated::{Choice, Choices, Simulated, following_choices, simulate};
pub(crate) use watch::Watch;

use crate::context::{Place, World};
use crate::error::{BoxError, Result};
use crate::graph::{JobGraph, JobId, JobRef};
use crate::job::AnyJob;
use crate::options::RunOptions;
use crate::plan::Plan;
use crate::report::{Head, Log};
use crate::store::Store;
use crate::unwind;

/// What all workers of one run share.
pub(crate) struct Live<'env, A> {
    pub(crate) plan: Plan<'env, A>,
    pub(crate) options: RunOptions,
    pub(crate) world: Arc<World<A>>,
    pub(crate) watch: Watch,
    runs_started: AtomicU32,
    /// Of a simulation: who stands between a phase and the user's code.
    #[cfg(feature = "testkit")]
    pub(crate) injector: Option<crate::faults::FaultInjector>,
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

/// The cleanup of one try that executed its run.
pub(crate) struct Pending<'env, A> {
    sequence: u32,
    job: JobId,
    attempt: u32,
    local: Store,
    /// Of a struct job; the cleanup of a closure job stands in the plan.
    instance: Option<Box<dyn AnyJob<A> + 'env>>,
}

impl<'env, A: Send + Sync> Live<'env, A> {
    pub(crate) fn new(plan: Plan<'env, A>, options: RunOptions, world: Arc<World<A>>, watch: Watch) -> Self {
        Live {
            plan,
            options,
            world,
            watch,
            runs_started: AtomicU32::new(0),
            #[cfg(feature = "testkit")]
            injector: None,
        }
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

    /// Calls the user's code. In a simulation a fault may take its place, with `nothing` for what it would return.
    #[inline(always)]
    fn call<T>(&self, place: Place, nothing: Option<T>, code: impl FnOnce() -> Result<T>) -> Result<T> {
        #[cfg(feature = "testkit")]
        if let Some(injector) = &self.injector {
            let result = injector.call(place, &self.world.clock, nothing, code);
            if injector.is_killed() {
                self.watch.silence();
            }
            return result;
        }
        let _ = (place, nothing);
        unwind::catch(code)
    }

    /// Whether the simulated process was killed: nothing more is called.
    pub(crate) fn is_killed(&self) -> bool {
        #[cfg(feature = "testkit")]
        if let Some(injector) = &self.injector {
            return injector.is_killed();
        }
        false
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
