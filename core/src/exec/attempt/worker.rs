//! One try of one job: check, run, recheck.

use std::sync::Arc;

use crate::clock::{Stamp, nanos};
use crate::context::{Context, Place};
use crate::error::{BoxError, Result};
use crate::exec::attempt::instance::{Held, Instance};
use crate::exec::attempt::ledger::{Ledger, Step};
use crate::exec::attempt::leftovers::{DueCleanup, Leftovers};
use crate::exec::books::Blocked;
use crate::exec::live::Live;
use crate::exec::stages::{self, Stage};
use crate::exec::tries::{Try, TryEnd};
use crate::graph::JobId;
use crate::job::{AnyJob, Body, Constructor, JobSpec};
use crate::log::trace;
use crate::plan::Specs;
use crate::report::{Head, Log};
use crate::store::Store;
use crate::unwind;
use crate::verdict::Value;
use crate::words::{Kind, Phase, Status};

/// Executes tries, one after the other. All of them use one context, which is set anew for each.
pub(in crate::exec) struct Worker<'r, 'env, A> {
    live: &'r Live<'env, A>,
    specs: Specs<'r, 'env, A>,
    dry_run: bool,
    default_tries: u32,
    cx: Context<A>,
    ledger: Ledger<'r>,
    leftovers: Leftovers<'env, A>,
}

/// A try between two of its phases.
#[cfg(feature = "testkit")]
pub(in crate::exec) struct Open<'r, 'env, A> {
    pub(in crate::exec) attempt: Try,
    pub(in crate::exec) due: Phase,
    held: Held<'r, 'env, A>,
}

/// How far a try has come.
#[cfg(feature = "testkit")]
pub(in crate::exec) enum Progress<'r, 'env, A> {
    Open(Open<'r, 'env, A>),
    Over(Try, TryEnd),
}

impl<'r, 'env, A> Worker<'r, 'env, A> {
    pub(in crate::exec) fn new(live: &'r Live<'env, A>, id: u16) -> Self {
        let nowhere = Place { job: JobId(0), phase: Phase::Check, attempt: 0, max_tries: 0 };
        Worker {
            live,
            specs: live.plan.specs(),
            dry_run: live.options.dry_run.is_on(),
            default_tries: if live.options.dry_run.is_on() { 1 } else { live.options.default_tries },
            cx: Context::new(Arc::clone(&live.world), nowhere, Store::default()),
            ledger: Ledger::new(live.graph(), &live.watch, &live.world.clock, id),
            leftovers: Leftovers::default(),
        }
    }

    /// Makes place for the records of that many jobs.
    pub(in crate::exec) fn expect(&mut self, jobs: usize) {
        self.ledger.reserve(jobs);
    }

    pub(in crate::exec) fn into_parts(self) -> (Log, Leftovers<'env, A>) {
        (self.ledger.into_log(), self.leftovers)
    }

    /// When the last phase ended.
    pub(in crate::exec) fn stamp(&self) -> Stamp {
        self.ledger.stamp()
    }

    /// After a time of doing nothing, which belongs to no phase.
    pub(in crate::exec) fn look_at_the_clock(&mut self) -> Stamp {
        self.ledger.look_at_the_clock()
    }

    /// The next phase begins no earlier.
    pub(in crate::exec) fn not_before(&mut self, stamp: Stamp) {
        self.ledger.not_before(stamp);
    }

    pub(in crate::exec) fn tell_blocked(&self, blocked: &[Blocked]) {
        self.ledger.tell_blocked(blocked);
    }

    /// Executes one whole try.
    #[inline(always)] // for a first try, a driver then passes nothing but the job
    pub(in crate::exec) fn attempt(&mut self, attempt: &mut Try) -> TryEnd {
        let spec = self.enter(attempt);
        match &spec.body {
            Body::Both(closures) => {
                let mut closures = &**closures;
                match self.phase(Step::CHECK, Kind::Job, attempt, spec, &mut closures) {
                    Some(end) => end, // the common case, straight ahead
                    None => aside(attempt, |attempt| self.repair(attempt, spec, closures)),
                }
            }
            _ => aside(attempt, |attempt| self.execute_other(attempt, spec)),
        }
    }

    /// The rest of the try of a job whose check has failed.
    #[inline(never)]
    fn repair<I: Instance<'env, A>>(
        &mut self,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        mut instance: I,
    ) -> TryEnd {
        let over = self.phase(Step::RUN, Kind::Job, attempt, spec, &mut instance);
        over.or_else(|| self.phase(Step::RECHECK, Kind::Job, attempt, spec, &mut instance))
            .expect("a recheck ends its try")
    }

    #[inline(never)]
    fn execute_other(&mut self, attempt: &mut Try, spec: &'r JobSpec<'env, A>) -> TryEnd {
        let (mut held, mut due) = match self.open(attempt, spec) {
            Ok(open) => open,
            Err(end) => return end,
        };
        loop {
            match self.due_phase(due, attempt, spec, &mut held) {
                Ok(next) => due = next,
                Err(end) => return end,
            }
        }
    }

    /// Begins a try, up to its first phase that is recorded. A constructor is called here.
    #[cfg(feature = "testkit")]
    pub(in crate::exec) fn begin(&mut self, mut attempt: Try) -> Progress<'r, 'env, A> {
        let spec = self.enter(&attempt);
        match self.open(&mut attempt, spec) {
            Ok((held, due)) => Progress::Open(Open { attempt, due, held }),
            Err(end) => Progress::Over(attempt, end),
        }
    }

    /// Executes the phase that is due, and no more.
    #[cfg(feature = "testkit")]
    pub(in crate::exec) fn advance(&mut self, open: Open<'r, 'env, A>) -> Progress<'r, 'env, A> {
        let Open { mut attempt, due, mut held } = open;
        let spec = self.enter(&attempt);
        match self.due_phase(due, &mut attempt, spec, &mut held) {
            Ok(due) => Progress::Open(Open { attempt, due, held }),
            Err(end) => Progress::Over(attempt, end),
        }
    }

    /// What the phases are called on, and the first of them. `Err`: the try is over without one.
    fn open(
        &mut self,
        attempt: &mut Try,
        spec: &'r JobSpec<'env, A>,
    ) -> Result<(Held<'r, 'env, A>, Phase), TryEnd> {
        let due = match stages::first(spec.kind(), self.dry_run) {
            Stage::Due(phase) => phase,
            Stage::WouldRun => return Err(self.would_run(attempt, None)),
            Stage::Passed | Stage::Failed => return Err(self.done(attempt, None)),
        };
        let held = match &spec.body {
            Body::Struct(make) => Held::Own(Some(self.make(attempt, make)?)),
            Body::Both(closures) | Body::CheckOnly(closures) | Body::RunOnly(closures) => {
                Held::Shared(&**closures)
            }
            Body::Group => unreachable!("a group has no phase"),
        };
        Ok((held, due))
    }

    /// Executes a phase. Returns the one that follows, or how the try has ended.
    #[inline]
    fn due_phase(
        &mut self,
        due: Phase,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        held: &mut Held<'r, 'env, A>,
    ) -> Result<Phase, TryEnd> {
        let kind = spec.kind();
        let (step, next) = match due {
            Phase::Run if kind == Kind::RunOnly => (Step::RUN_ONLY, Phase::Recheck),
            Phase::Run => (Step::RUN, Phase::Recheck),
            Phase::Recheck => (Step::RECHECK, Phase::Recheck),
            _ => (Step::CHECK, Phase::Run),
        };
        let over = self.phase(step, kind, attempt, spec, held);
        over.map_or(Ok(next), Err)
    }

    /// Executes a phase. `None`: the try goes on with the next one.
    ///
    /// Where the phase is the last one of the try, what the try owned is dropped as a part of it: a panic there is this
    /// phase's failure. It is put aside instead where a cleanup will want it.
    #[inline(always)]
    fn phase<I: Instance<'env, A>>(
        &mut self,
        step: Step,
        kind: Kind,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        instance: &mut I,
    ) -> Option<TryEnd> {
        let dry_run = self.dry_run;
        let after = |passed| stages::after(kind, dry_run, step.phase, passed);
        let start = self.begin_phase(step, attempt);
        let mut result = self.live.call(self.cx.place(), Some(None), || instance.call(step.phase, &self.cx));
        let is_last = !matches!(after(result.is_ok()), Stage::Due(_));
        let keeps = is_last && step.phase != Phase::Check && spec.cleans_up();
        if is_last && !keeps {
            result = self.let_go(instance.take_own(), result);
        }
        self.ledger.end(step, attempt, start, &result);
        match (after(result.is_ok()), result) {
            (Stage::Due(_), Ok(value)) => drop(value), // there is none
            (Stage::Due(_), Err(error)) => forget(error),
            (stage, result) => {
                if keeps {
                    self.keep_for_cleanup(attempt, instance);
                }
                return Some(self.over(attempt, stage, result));
            }
        }
        None
    }

    #[inline(always)]
    fn over(&mut self, attempt: &Try, stage: Stage, last: Result<Value>) -> TryEnd {
        match (stage, last) {
            (_, Ok(value)) => self.done(attempt, value),
            (Stage::WouldRun, Err(error)) => self.would_run(attempt, Some(error)),
            (_, Err(error)) => self.failed(attempt, error),
        }
    }

    /// Calls one cleanup, with what its try has left.
    pub(in crate::exec) fn clean_up(&mut self, due: DueCleanup<'env, A>) -> (Result, Head) {
        let DueCleanup { job, attempt, local, mut instance, .. } = due;
        let mut attempt = Try { attempt, ..Try::first(job) };
        let spec = self.enter(&attempt);
        *self.cx.local_mut() = local;
        let start = self.begin_phase(Step::CLEANUP, &mut attempt);
        let cx = &self.cx;
        let result = self.live.call(cx.place(), Some(()), || match (&mut instance, spec.cleanup()) {
            (Some(job), _) => job.cleanup(cx),
            (None, Some(cleanup)) => cleanup(cx),
            (None, None) => Ok(()),
        });
        let result = self.let_go(instance.take(), result);
        self.ledger.end(Step::CLEANUP, &mut attempt, start, &result);
        (result, attempt.head)
    }

    #[inline(always)]
    fn enter(&mut self, attempt: &Try) -> &'r JobSpec<'env, A> {
        let Try { job, attempt, .. } = *attempt;
        let spec = self.specs.of(job);
        let max_tries = match spec.tries() {
            Some(tries) if !self.dry_run => tries,
            _ => self.default_tries,
        };
        *self.cx.place_mut() = Place { job, phase: Phase::Create, attempt, max_tries };
        spec
    }

    /// The struct of this try. A constructor that fails is a failed try.
    #[inline(never)]
    fn make(
        &mut self,
        attempt: &mut Try,
        make: &Constructor<'env, A>,
    ) -> Result<Box<dyn AnyJob<A> + 'env>, TryEnd> {
        self.live.call(self.cx.place(), None, || make(&self.cx)).map_err(|error| {
            let start = self.begin_phase(Step::CREATE, attempt);
            let failed = self.let_go(None, Err(error));
            self.ledger.end(Step::CREATE, attempt, start, &failed);
            self.over(attempt, Stage::Failed, failed)
        })
    }

    #[inline(always)]
    fn begin_phase(&mut self, step: Step, attempt: &mut Try) -> Stamp {
        self.cx.place_mut().phase = step.phase;
        if step.phase == Phase::Run {
            attempt.sequence = self.live.next_sequence();
        }
        self.ledger.begin(step, attempt)
    }

    /// Drops what a try owned, if it owned anything. A panic in that turns success into failure.
    #[inline(always)]
    fn let_go<T>(&mut self, own: Option<Box<dyn AnyJob<A> + 'env>>, result: Result<T>) -> Result<T> {
        if own.is_none() && self.cx.local_mut().is_empty() { result } else { self.drop_owned(own, result) }
    }

    #[cold]
    fn drop_owned<T>(&mut self, own: Option<Box<dyn AnyJob<A> + 'env>>, result: Result<T>) -> Result<T> {
        let local = std::mem::take(self.cx.local_mut());
        match (unwind::discard(own).and(local.discard()), result) {
            (Err(panic), Ok(value)) => {
                // a second panic, while the value is dropped, has nothing to add
                let _ = unwind::discard(value);
                Err(panic)
            }
            (_, result) => result,
        }
    }

    #[cold]
    fn keep_for_cleanup(&mut self, attempt: &Try, instance: &mut impl Instance<'env, A>) {
        let Try { job, attempt, sequence, .. } = *attempt;
        let (local, instance) = (std::mem::take(self.cx.local_mut()), instance.take_own());
        self.leftovers.cleanups.push(DueCleanup { sequence, job, attempt, local, instance });
    }

    #[inline(always)]
    fn done(&mut self, attempt: &Try, value: Value) -> TryEnd {
        self.live.world.outputs.set(attempt.job, value);
        self.end(attempt, if attempt.has_run() { Status::Changed } else { Status::Satisfied })
    }

    #[cold]
    fn failed(&mut self, attempt: &Try, error: BoxError) -> TryEnd {
        self.live.world.processes.end_try(attempt.job, attempt.attempt);
        if attempt.attempt < self.cx.place().max_tries {
            forget(error);
            return self.plan_retry(attempt);
        }
        self.leftovers.errors.push((attempt.job, error));
        self.end(attempt, Status::Failed)
    }

    /// Dry run only; a run_only has no check that could have failed.
    #[cold]
    fn would_run(&mut self, attempt: &Try, error: Option<BoxError>) -> TryEnd {
        self.leftovers.errors.extend(error.map(|error| (attempt.job, error)));
        self.end(attempt, Status::WouldRun)
    }

    #[inline(always)]
    fn end(&mut self, attempt: &Try, status: Status) -> TryEnd {
        trace!(job = self.cx.job(), attempt = self.cx.attempt(), %status, "job ended");
        self.ledger.tell_job_ended(attempt.job, status, None);
        TryEnd::Ended(attempt.head.ended(status))
    }

    fn plan_retry(&self, failed: &Try) -> TryEnd {
        let spec = self.specs.of(failed.job);
        let delay = spec.retry_delay().unwrap_or(self.live.options.default_retry_delay);
        let due = self.ledger.now().saturating_add(nanos(delay));
        trace!(job = self.cx.job(), attempt = self.cx.attempt(), ?delay, "try failed");
        self.ledger.tell_retry(failed, due);
        TryEnd::Again { due }
    }
}

/// Passes a copy by reference, so that `attempt` itself stays in registers.
#[inline(always)]
fn aside(attempt: &mut Try, execute: impl FnOnce(&mut Try) -> TryEnd) -> TryEnd {
    let mut copy = *attempt;
    let end = execute(&mut copy);
    *attempt = copy;
    end
}

/// Drops an error whose text was kept. Where even its destructor panics, there is nobody left to tell.
#[inline]
fn forget(error: BoxError) {
    let _ = unwind::discard(error);
}
