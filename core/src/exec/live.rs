//! What all workers of one run share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::context::{Place, World};
use crate::error::Result;
use crate::exec::watch::Watch;
use crate::graph::JobGraph;
use crate::options::RunOptions;
use crate::plan::Plan;
use crate::unwind;

/// One run that goes on: the plan, how it is run, and what its jobs see.
pub(crate) struct Live<'env, A> {
    pub(crate) plan: Plan<'env, A>,
    pub(crate) options: RunOptions,
    pub(crate) world: Arc<World<A>>,
    pub(crate) watch: Watch,
    runs_started: AtomicU32,
    /// Only in a simulation: stands between a phase and the user's code.
    #[cfg(feature = "testkit")]
    pub(crate) injector: Option<crate::faults::FaultInjector>,
}

impl<'env, A> Live<'env, A> {
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
}

impl<A> Live<'_, A> {
    pub(super) fn graph(&self) -> &Arc<JobGraph> {
        self.plan.graph()
    }

    pub(super) fn is_serial(&self) -> bool {
        self.options.threads <= 1
    }

    /// Calls the user's code, and turns its panic into an error: the only place that does so for a phase. In a
    /// simulation a fault may take its place, with `nothing` for what the code would return if it did nothing.
    #[inline(always)]
    pub(super) fn call<T>(
        &self,
        place: Place,
        nothing: Option<T>,
        code: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
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

    /// Whether the simulated process was killed: then nothing more is called.
    pub(crate) fn is_killed(&self) -> bool {
        #[cfg(feature = "testkit")]
        if let Some(injector) = &self.injector {
            return injector.is_killed();
        }
        false
    }

    /// The place of a run among all, from 1.
    pub(super) fn next_sequence(&self) -> u32 {
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
