//! What all workers of one run share.

use std::cmp::Reverse;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::cancel::StopLevel;
use crate::clock::nanos;
use crate::context::{Place, World};
use crate::error::Result;
use crate::exec::behind::Behind;
use crate::exec::bounds::Bounds;
use crate::exec::placement::{Placement, Venue};
use crate::exec::schedule::{Claims, PoolId, Use, Wish};
use crate::exec::spans::Spans;
use crate::exec::watch::Watch;
use crate::graph::{JobGraph, JobId, longest_ways};
use crate::options::RunOptions;
use crate::plan::{Needs, Plan};
use crate::unwind;

/// One run that goes on: the plan, how it is run, and what its jobs see.
pub(crate) struct Live<'env, A> {
    pub(crate) plan: Plan<'env, A>,
    pub(crate) options: RunOptions,
    pub(crate) world: Arc<World<A>>,
    pub(crate) watch: Watch,
    /// Only where something may stop the run, or end its phases.
    pub(crate) bounds: Option<Bounds>,
    /// How long each job is expected to take, if that is known.
    pub(crate) expected: Option<Arc<[Duration]>>,
    /// Only where some job may be executed elsewhere.
    pub(crate) placement: Option<Placement>,
    /// In a unit: the jobs that were done before, in ascending order.
    pub(crate) known: Vec<JobId>,
    /// When each job's first try began, in nanoseconds since the run did; only where some job is tried for a time.
    began: Vec<AtomicU64>,
    runs_started: AtomicU32,
    pub(super) behind: Behind,
    pub(crate) spans: Spans,
    /// Only in a simulation: stands between a phase and the user's code.
    #[cfg(feature = "testkit")]
    pub(crate) injector: Option<crate::faults::FaultInjector>,
}

impl<'env, A> Live<'env, A> {
    #[inline]
    pub(crate) fn new(
        plan: Plan<'env, A>,
        options: RunOptions,
        world: Arc<World<A>>,
        watch: Watch,
        bounds: Option<Bounds>,
        expected: Option<Arc<[Duration]>>,
    ) -> Self {
        let wanted = if plan.needs().retry_for { plan.len() } else { 0 };
        let behind = Behind::new(plan.graph(), options.dry_run);
        let spans = Spans::begin(plan.len(), options.dry_run);
        let began = std::iter::repeat_with(AtomicU64::default).take(wanted).collect();
        Live {
            placement: Placement::of(&plan, &options),
            plan,
            options,
            world,
            watch,
            bounds,
            expected,
            known: Vec::new(),
            began,
            runs_started: AtomicU32::new(0),
            behind,
            spans,
            #[cfg(feature = "testkit")]
            injector: None,
        }
    }
}

impl<A> Live<'_, A> {
    pub(super) fn graph(&self) -> &Arc<JobGraph> {
        self.plan.graph()
    }

    /// How a job is executed elsewhere; `None`: it is executed here.
    pub(super) fn venue(&self, job: JobId) -> Option<Venue<'_>> {
        self.placement.as_ref()?.venue(&self.plan, &self.options, job)
    }

    /// What the jobs want beside a worker. A nest that is executed elsewhere takes its slots there.
    pub(super) fn claims(&self) -> Claims {
        let units = self.placement.as_ref().map(|placement| placement.units(&self.plan)).unwrap_or_default();
        let claims = claims(&self.plan, &self.options, self.expected.as_deref(), |job| self.venue(job));
        claims.with_others(units, self.known.clone())
    }

    pub(super) fn is_serial(&self) -> bool {
        self.options.threads <= 1
    }

    /// Whether nobody listens to what happens, and nobody stands between a phase and the user's code.
    pub(super) fn is_quiet(&self) -> bool {
        !self.watch.is_active() && !self.spans.are_listened_to() && !self.has_injector()
    }

    /// Whether nothing is to be looked at beside the phases of a try: there is no stop, no limit, no fault, no other machine,
    /// and nobody listens.
    pub(super) fn has_short_ways(&self) -> bool {
        let is_bound = self.bounds.is_some() || self.placement.is_some() || self.plan.needs().retry_for;
        !is_bound && !self.options.dry_run.is_on() && self.is_quiet()
    }

    /// Whether faults may happen to calls.
    fn has_injector(&self) -> bool {
        #[cfg(feature = "testkit")]
        return self.injector.is_some();
        #[cfg(not(feature = "testkit"))]
        false
    }

    /// Calls the user's code, and turns its panic into an error. Futures that may stay pending are polled elsewhere. With a
    /// fault injector a fault may take its place, with `nothing` for what the code would return if it did nothing; else it
    /// stands in a span if somebody listens to these.
    pub(super) fn call<T>(
        &self,
        place: Place,
        nothing: Option<T>,
        code: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        #[cfg(feature = "testkit")]
        if let Some(injector) = &self.injector {
            let timeout = self.plan.spec(place.job).timeout();
            let allowed = self.bounds.as_ref().and_then(|bounds| bounds.allowed(timeout));
            let result = injector.call(place, &self.world.clock, allowed, nothing, code);
            if injector.is_killed() {
                self.watch.silence();
            }
            return result;
        }
        let _ = nothing;
        if self.spans.are_listened_to() { self.call_in_span(place, code) } else { unwind::catch(code) }
    }

    /// Calls code of the user's that belongs to a phase and is none itself, and turns its panic into an error.
    pub(super) fn call_beside<T>(&self, place: Place, code: impl FnOnce() -> Result<T>) -> Result<T> {
        #[cfg(feature = "testkit")]
        if let Some(injector) = &self.injector {
            return injector.beside(place, &self.world.clock, code);
        }
        let _ = place;
        unwind::catch(code)
    }

    #[cold]
    fn call_in_span<T>(&self, place: Place, code: impl FnOnce() -> Result<T>) -> Result<T> {
        let span = self.spans.phase(self.graph(), place);
        let result = span.enter(|| unwind::catch(code));
        self.spans.phase_ended(span, &result);
        result
    }

    /// Begins a call whose code is not called here, if faults may happen to it.
    #[cfg(feature = "testkit")]
    pub(super) fn begin_call(&self, place: Place) -> Option<crate::faults::FaultyCall> {
        let timeout = self.plan.spec(place.job).timeout();
        let allowed = self.bounds.as_ref().and_then(|bounds| bounds.allowed(timeout));
        Some(self.injector.as_ref()?.begin(place, &self.world.clock, allowed))
    }

    /// Whether the simulated process was killed: then nothing more is called.
    pub(crate) fn is_killed(&self) -> bool {
        #[cfg(feature = "testkit")]
        if let Some(injector) = &self.injector {
            return injector.is_killed();
        }
        false
    }

    /// How much of the run is stopped.
    #[inline]
    pub(crate) fn level(&self) -> StopLevel {
        self.bounds.as_ref().map_or(StopLevel::None, Bounds::level)
    }

    /// The first try of a job begins.
    pub(super) fn note_begin(&self, job: JobId, at: u64) {
        if let Some(began) = self.began.get(job.index()) {
            began.store(at, Ordering::Relaxed); // read by the workers that execute the job's tries, one after the other
        }
    }

    /// When the first try of a job began, where that counts.
    pub(super) fn began(&self, job: JobId) -> u64 {
        self.began.get(job.index()).map_or(0, |began| began.load(Ordering::Relaxed))
    }

    /// A number for the jitter of a delay: in a simulation it follows from the seed.
    pub(super) fn random(&self, job: JobId, attempt: u32) -> u64 {
        #[cfg(feature = "testkit")]
        if let Some(injector) = &self.injector {
            return injector.random(job, attempt);
        }
        RandomState::new().hash_one((job.index(), attempt))
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

/// What the jobs of a plan want beside a worker, if each is expected to take so long, and `venue` says which are executed
/// elsewhere.
pub(super) fn claims<'v, A>(
    plan: &Plan<'_, A>,
    options: &RunOptions,
    expected: Option<&[Duration]>,
    venue: impl Fn(JobId) -> Option<Venue<'v>>,
) -> Claims {
    let Needs { uses, asyncs, priorities, .. } = plan.needs();
    let wishes = wishes(plan.graph(), priorities, expected);
    let mut sizes = uses.sizes();
    if asyncs.is_empty() && uses.is_empty() {
        return Claims::new(sizes, std::iter::empty::<[Use; 0]>(), wishes);
    }
    // how many may be in flight is one more pool, which every job with an async phase uses
    let in_flight = PoolId(sizes.len() as u32);
    sizes.push(options.max_in_flight.clamp(1, u32::MAX as usize) as u32);
    let mut asyncs = asyncs.iter().peekable(); // ascending, as the jobs are
    let jobs = plan.graph().ids().map(|job| {
        let venue = venue(job);
        let is_inside = matches!(venue, Some(Venue::Nest(_))); // it takes its slots there
        let said = if is_inside { &[] } else { uses.of(job) };
        let said = said.iter().map(|(pool, slots)| Use { pool: PoolId(*pool), slots: *slots });
        let is_async = asyncs.next_if_eq(&&job).is_some() && venue.is_none();
        said.chain(is_async.then_some(Use { pool: in_flight, slots: 1 }))
    });
    Claims::new(sizes, jobs, wishes)
}

/// What the place of each job depends on beside its turn; empty if there is nothing.
fn wishes(graph: &JobGraph, priorities: &[i32], expected: Option<&[Duration]>) -> Vec<Wish> {
    let ways = expected.map(|expected| longest_ways(graph, |job| nanos(expected[job.index()])));
    if priorities.is_empty() && ways.is_none() {
        return Vec::new();
    }
    let wish = |job: JobId| {
        let priority = priorities.get(job.index()).copied().unwrap_or(0);
        let way = ways.as_ref().map_or(0, |ways| ways[job.index()]);
        Wish { priority: Reverse(priority), way: Reverse(way) }
    };
    graph.ids().map(wish).collect()
}
