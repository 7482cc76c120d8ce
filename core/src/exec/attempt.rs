//! One try of one job: check, run, recheck.

use std::error::Error;
use std::sync::Arc;

use crate::clock::{Clock, Stamp, nanos};
use crate::context::{Context, Place};
use crate::error::{BoxError, ErrorText, Result, ReturnedFalse};
use crate::exec::books::Retry;
use crate::exec::turn::{TryEnd, Turn};
use crate::exec::{Kept, Live, Pending};
use crate::graph::JobId;
use crate::job::{AnyJob, Body, Closures, Constructor, JobSpec};
use crate::log::trace;
use crate::plan::Specs;
use crate::report::{Head, Log, Record};
use crate::store::Store;
use crate::unwind;
use crate::verdict::Value;
use crate::words::{Kind, Phase, Status};

/// Where a try stands between two phases, which are called on an `I`.
pub(super) enum Stage<I> {
    CheckDue(I),
    RunDue(I),
    RecheckDue(I),
    Over(TryEnd),
}

/// A phase as a part of a try.
#[derive(Clone, Copy)]
struct Step {
    phase: Phase,
    /// Whether it is the first of its try that is recorded.
    opens: bool,
}

impl Step {
    const CREATE: Step = Step { phase: Phase::Create, opens: true };
    const CHECK: Step = Step { phase: Phase::Check, opens: true };
    const RUN: Step = Step { phase: Phase::Run, opens: false };
    const RUN_ONLY: Step = Step { phase: Phase::Run, opens: true };
    const RECHECK: Step = Step { phase: Phase::Recheck, opens: false };
    const CLEANUP: Step = Step { phase: Phase::Cleanup, opens: true };
}

/// What the phases of a try are called on.
pub(super) trait Instance<'env, A> {
    fn call(&mut self, phase: Phase, cx: &Context<A>) -> Result<Value>;

    /// The struct that belongs to this try alone, to be dropped or put aside.
    fn take_own(&mut self) -> Option<Box<dyn AnyJob<A> + 'env>>;
}

/// Closures, which all tries share.
impl<'env, A> Instance<'env, A> for &(dyn Closures<A> + 'env) {
    #[inline]
    fn call(&mut self, phase: Phase, cx: &Context<A>) -> Result<Value> {
        if phase == Phase::Run { self.run(cx) } else { self.check(cx) }
    }

    #[inline]
    fn take_own(&mut self) -> Option<Box<dyn AnyJob<A> + 'env>> {
        None
    }
}

/// Either kind.
pub(super) enum Held<'r, 'env, A> {
    Shared(&'r (dyn Closures<A> + 'env)),
    /// A struct; `None` when it was taken.
    Own(Option<Box<dyn AnyJob<A> + 'env>>),
}

impl<'env, A> Instance<'env, A> for Held<'_, 'env, A> {
    fn call(&mut self, phase: Phase, cx: &Context<A>) -> Result<Value> {
        match self {
            Held::Shared(closures) => closures.call(phase, cx),
            Held::Own(Some(job)) if phase == Phase::Run => job.run(cx).map(|()| None),
            Held::Own(Some(job)) => job.check(cx),
            // the check has passed, but not the destructor, which is a part of the check: so a run is due
            Held::Own(None) => Err("the job is gone: it panicked when it was dropped after its check".into()),
        }
    }

    fn take_own(&mut self) -> Option<Box<dyn AnyJob<A> + 'env>> {
        match self {
            Held::Shared(_) => None,
            Held::Own(job) => job.take(),
        }
    }
}

/// One of those who execute tries. All its jobs use one context, which is set anew for each.
pub(super) struct Worker<'r, 'env, A> {
    pub(super) live: &'r Live<'env, A>,
    specs: Specs<'r, 'env, A>,
    default_tries: u32,
    /// Whether somebody listens.
    pub(super) is_watched: bool,
    pub(super) cx: Context<A>,
    clock: Clock,
    /// Where one phase ended and the next begins.
    stamp: Stamp,
    /// How far the job is that is being executed.
    head: Head,
    /// Whether its run has been executed.
    ran: bool,
    /// Of the last run that was executed here: its place among all of them.
    sequence: u32,
    log: Log,
    kept: Kept<'env, A>,
}

impl<'r, 'env, A> Worker<'r, 'env, A> {
    pub(super) fn new(live: &'r Live<'env, A>, id: u16) -> Self {
        let nowhere = Place { job: JobId(0), phase: Phase::Check, attempt: 0, max_tries: 0 };
        let clock = live.world.clock.clone();
        let stamp = clock.stamp();
        Worker {
            live,
            specs: live.plan.specs(),
            default_tries: if live.options.dry_run.is_on() { 1 } else { live.options.default_tries },
            is_watched: live.watch.is_active(),
            cx: Context::new(Arc::clone(&live.world), nowhere, Store::default()),
            clock,
            stamp,
            head: Head::NEW,
            ran: false,
            sequence: 0,
            log: Log::of(id),
            kept: Kept::default(),
        }
    }

    /// Makes place for the records of that many jobs.
    pub(super) fn expect(&mut self, jobs: usize) {
        self.log.reserve(jobs);
    }

    pub(super) fn into_parts(self) -> (Log, Kept<'env, A>) {
        (self.log, self.kept)
    }

    pub(super) fn id(&self) -> usize {
        self.log.worker().into()
    }

    /// The place of the last run that it executed, among those of all workers.
    pub(super) fn sequence(&self) -> u32 {
        self.sequence
    }

    /// How far the job is that it executed last.
    pub(super) fn head(&self) -> Head {
        self.head
    }

    /// When the last phase ended.
    pub(super) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// After a time of doing nothing, which belongs to no phase.
    pub(super) fn look_at_the_clock(&mut self) -> Stamp {
        self.stamp = self.clock.stamp().max(self.stamp);
        self.stamp
    }

    /// The next phase begins no earlier.
    pub(super) fn not_before(&mut self, stamp: Stamp) {
        self.stamp = self.stamp.max(stamp);
    }

    /// The try that follows the one that was just executed.
    pub(super) fn retry(&self, due: u64) -> Retry {
        let Place { job, attempt, .. } = self.cx.place();
        Retry { due, turn: Turn { job, attempt: attempt + 1, ran: self.ran, head: self.head } }
    }

    /// Executes one whole try.
    #[inline(always)] // of a first try, a driver then passes nothing but the job
    pub(super) fn attempt(&mut self, turn: Turn) -> TryEnd {
        let spec = self.begin(turn);
        self.execute(spec)
    }

    #[inline(always)]
    fn execute(&mut self, spec: &'r JobSpec<'env, A>) -> TryEnd {
        match &spec.body {
            Body::Both(closures) => match self.check(spec, &**closures) {
                Stage::Over(end) => end, // the common case, straight ahead
                _ => self.repair(spec, &**closures),
            },
            _ => self.execute_other(spec),
        }
    }

    #[inline(never)]
    fn execute_other(&mut self, spec: &'r JobSpec<'env, A>) -> TryEnd {
        let stage = self.open(spec);
        self.finish(spec, stage)
    }

    /// The try, up to its first phase that is recorded. A constructor is called here.
    pub(super) fn open(&mut self, spec: &'r JobSpec<'env, A>) -> Stage<Held<'r, 'env, A>> {
        match &spec.body {
            Body::Group => Stage::Over(self.done(None)),
            Body::Both(closures) | Body::CheckOnly(closures) => Stage::CheckDue(Held::Shared(&**closures)),
            Body::RunOnly(_) if self.live.options.dry_run.is_on() => Stage::Over(self.would_run(None)),
            Body::RunOnly(closures) => Stage::RunDue(Held::Shared(&**closures)),
            Body::Struct(make) => match self.make(make) {
                Ok(job) => Stage::CheckDue(Held::Own(Some(job))),
                Err(end) => Stage::Over(end),
            },
        }
    }

    /// The rest of the try of a job whose check has failed.
    #[inline(never)]
    fn repair<I: Instance<'env, A>>(&mut self, spec: &JobSpec<'env, A>, instance: I) -> TryEnd {
        let stage = self.run(spec, instance);
        self.finish(spec, stage)
    }

    #[inline]
    fn finish<I: Instance<'env, A>>(&mut self, spec: &JobSpec<'env, A>, mut stage: Stage<I>) -> TryEnd {
        if let Stage::CheckDue(instance) = stage {
            stage = self.check(spec, instance);
        }
        if let Stage::RunDue(instance) = stage {
            stage = self.run(spec, instance);
        }
        if let Stage::RecheckDue(instance) = stage {
            stage = self.recheck(spec, instance);
        }
        match stage {
            Stage::Over(end) => end,
            _ => unreachable!("the stages of a try are check, run, recheck"),
        }
    }

    /// Executes the phase that is due, and no more.
    #[cfg(feature = "testkit")]
    pub(super) fn advance<I: Instance<'env, A>>(
        &mut self,
        spec: &JobSpec<'env, A>,
        stage: Stage<I>,
    ) -> Stage<I> {
        match stage {
            Stage::CheckDue(instance) => self.check(spec, instance),
            Stage::RunDue(instance) => self.run(spec, instance),
            Stage::RecheckDue(instance) => self.recheck(spec, instance),
            over @ Stage::Over(_) => over,
        }
    }

    #[inline(always)]
    fn check<I: Instance<'env, A>>(&mut self, spec: &JobSpec<'env, A>, mut instance: I) -> Stage<I> {
        let repairable = spec.kind() == Kind::Job && !self.live.options.dry_run.is_on();
        match self.step(Step::CHECK, &mut instance, |check| check.is_ok() || !repairable) {
            Ok(value) => Stage::Over(self.done(value)),
            Err(error) if repairable => {
                forget(error);
                Stage::RunDue(instance)
            }
            Err(error) if spec.kind() == Kind::CheckOnly => Stage::Over(self.failed(error)),
            Err(error) => Stage::Over(self.would_run(Some(error))),
        }
    }

    #[inline(always)]
    fn run<I: Instance<'env, A>>(&mut self, spec: &JobSpec<'env, A>, mut instance: I) -> Stage<I> {
        if spec.kind() == Kind::RunOnly {
            return self.run_only(spec, instance);
        }
        match self.step(Step::RUN, &mut instance, |_| false) {
            Ok(value) => drop(value), // there is none
            Err(error) => forget(error),
        }
        Stage::RecheckDue(instance)
    }

    #[inline(never)]
    fn run_only<I: Instance<'env, A>>(&mut self, spec: &JobSpec<'env, A>, instance: I) -> Stage<I> {
        self.last_step(Step::RUN_ONLY, spec, instance)
    }

    #[inline(always)]
    fn recheck<I: Instance<'env, A>>(&mut self, spec: &JobSpec<'env, A>, instance: I) -> Stage<I> {
        self.last_step(Step::RECHECK, spec, instance)
    }

    /// Of a try that executed its run.
    #[inline(always)]
    fn last_step<I: Instance<'env, A>>(
        &mut self,
        step: Step,
        spec: &JobSpec<'env, A>,
        mut instance: I,
    ) -> Stage<I> {
        if spec.cleans_up() {
            return self.last_step_before_cleanup(step, instance);
        }
        let result = self.step(step, &mut instance, |_| true);
        Stage::Over(self.decided(result))
    }

    #[inline(never)]
    fn last_step_before_cleanup<I: Instance<'env, A>>(&mut self, step: Step, mut instance: I) -> Stage<I> {
        let result = self.step(step, &mut instance, |_| false);
        self.keep_for_cleanup(&mut instance);
        Stage::Over(self.decided(result))
    }

    /// Calls one cleanup, with what its try has left.
    pub(super) fn clean_up(&mut self, pending: Pending<'env, A>) -> Result {
        let spec = self.begin(Turn { attempt: pending.attempt, ..Turn::first(pending.job) });
        *self.cx.local_mut() = pending.local;
        let mut instance = pending.instance;
        let start = self.begin_phase(Step::CLEANUP);
        let cx = &self.cx;
        let result = self.live.call(cx.place(), Some(()), || match (&mut instance, spec.cleanup()) {
            (Some(job), _) => job.cleanup(cx),
            (None, Some(cleanup)) => cleanup(cx),
            (None, None) => Ok(()),
        });
        let result = self.let_go(instance.take(), result);
        self.end_phase(Step::CLEANUP, start, &result);
        result
    }

    #[inline(always)]
    pub(super) fn begin(&mut self, turn: Turn) -> &'r JobSpec<'env, A> {
        let Turn { job, attempt, ran, head } = turn;
        let spec = self.specs.of(job);
        let max_tries = match spec.tries() {
            Some(tries) if !self.live.options.dry_run.is_on() => tries,
            _ => self.default_tries,
        };
        *self.cx.place_mut() = Place { job, phase: Phase::Create, attempt, max_tries };
        self.ran = ran;
        self.head = head;
        spec
    }

    pub(super) fn spec(&self) -> &'r JobSpec<'env, A> {
        self.specs.of(self.cx.place().job)
    }

    /// The struct of this try. A constructor that fails is a failed try.
    #[inline(never)]
    fn make(&mut self, make: &Constructor<'env, A>) -> Result<Box<dyn AnyJob<A> + 'env>, TryEnd> {
        self.live.call(self.cx.place(), None, || make(&self.cx)).map_err(|error| {
            let start = self.begin_phase(Step::CREATE);
            let failed = self.let_go(None, Err(error));
            self.end_phase(Step::CREATE, start, &failed);
            self.decided(failed)
        })
    }

    /// Executes a phase of the user's. Where it is the last one of the try, what the try owned is dropped as a part of
    /// it: a panic there is this phase's failure.
    #[inline(always)]
    fn step(
        &mut self,
        step: Step,
        instance: &mut impl Instance<'env, A>,
        is_last: impl FnOnce(&Result<Value>) -> bool,
    ) -> Result<Value> {
        let start = self.begin_phase(step);
        let result = self.live.call(self.cx.place(), Some(None), || instance.call(step.phase, &self.cx));
        let result = if is_last(&result) { self.let_go(instance.take_own(), result) } else { result };
        self.end_phase(step, start, &result);
        result
    }

    /// Returns when it begins: when the one before ended.
    #[inline(always)]
    fn begin_phase(&mut self, step: Step) -> Stamp {
        self.cx.place_mut().phase = step.phase;
        if step.phase == Phase::Run {
            self.sequence = self.live.next_sequence();
            self.ran = true;
        }
        self.tell_phase_started();
        self.stamp
    }

    /// Tells of it, and keeps a record.
    #[inline(always)]
    fn end_phase<T>(&mut self, step: Step, start: Stamp, result: &Result<T>) {
        self.stamp = self.clock.stamp().max(start);
        match result {
            Ok(_) => {
                self.tell_phase_ended(true, None);
                self.record(step, true, start, None);
            }
            Err(error) => self.end_failed_phase(step, start, &**error),
        }
    }

    #[inline(never)]
    fn end_failed_phase(&mut self, step: Step, start: Stamp, error: &(dyn Error + Send + Sync + 'static)) {
        let error = error_text(error);
        self.tell_phase_ended(false, error.as_deref());
        self.record(step, false, start, error);
    }

    #[inline(always)]
    fn record(&mut self, step: Step, passed: bool, start: Stamp, error: Option<Box<ErrorText>>) {
        let (phase, attempt) = (step.phase, self.cx.place().attempt);
        let sequence = if phase == Phase::Run { self.sequence } else { 0 };
        let record = Record { phase, passed, start, end: self.stamp, attempt, sequence };
        self.head = if step.opens {
            self.log.push(record, self.head, error)
        } else {
            self.log.push_next(record, self.head, error)
        };
    }

    /// Drops what a try owned, if it owned anything. A panic in that turns success into failure.
    #[inline(always)]
    fn let_go<T>(&mut self, own: Option<Box<dyn AnyJob<A> + 'env>>, result: Result<T>) -> Result<T> {
        if own.is_none() && self.cx.local_mut().is_empty() { result } else { self.drop_owned(own, result) }
    }

    #[cold]
    fn drop_owned<T>(&mut self, own: Option<Box<dyn AnyJob<A> + 'env>>, result: Result<T>) -> Result<T> {
        let local = std::mem::take(self.cx.local_mut());
        match (unwind::discard((own, local)), result) {
            (Err(panic), Ok(value)) => {
                // a second panic, while the value is dropped, has nothing to add
                let _ = unwind::discard(value);
                Err(panic)
            }
            (_, result) => result,
        }
    }

    #[cold]
    fn keep_for_cleanup(&mut self, instance: &mut impl Instance<'env, A>) {
        let Place { job, attempt, .. } = self.cx.place();
        let (local, instance) = (std::mem::take(self.cx.local_mut()), instance.take_own());
        self.kept.pending.push(Pending { sequence: self.sequence, job, attempt, local, instance });
    }

    /// By the phase that ended the try.
    #[inline(always)]
    fn decided(&mut self, last: Result<Value>) -> TryEnd {
        match last {
            Ok(value) => self.done(value),
            Err(error) => self.failed(error),
        }
    }

    #[inline(always)]
    fn done(&mut self, value: Value) -> TryEnd {
        self.live.world.outputs.set(self.cx.place().job, value);
        self.end(if self.ran { Status::Changed } else { Status::Satisfied })
    }

    #[cold]
    fn failed(&mut self, error: BoxError) -> TryEnd {
        let Place { job, attempt, max_tries, .. } = self.cx.place();
        if attempt < max_tries {
            forget(error);
            return self.plan_retry();
        }
        self.kept.errors.push((job, error));
        self.end(Status::Failed)
    }

    /// Dry run only; a run_only has no check that could have failed.
    #[cold]
    fn would_run(&mut self, error: Option<BoxError>) -> TryEnd {
        let job = self.cx.place().job;
        self.kept.errors.extend(error.map(|error| (job, error)));
        self.end(Status::WouldRun)
    }

    #[inline(always)]
    fn end(&mut self, status: Status) -> TryEnd {
        trace!(job = self.cx.job(), attempt = self.cx.attempt(), %status, "job ended");
        self.tell_job_ended(self.cx.place().job, status, None);
        TryEnd::Ended(self.head.ended(status))
    }

    fn plan_retry(&self) -> TryEnd {
        let delay = self.spec().retry_delay().unwrap_or(self.live.options.default_retry_delay);
        let due = self.clock.now().saturating_add(nanos(delay));
        trace!(job = self.cx.job(), attempt = self.cx.attempt(), ?delay, "try failed");
        self.tell_retry_planned(due);
        TryEnd::Again { due }
    }
}

/// `None` for a plain `false`, which a record tells by a flag.
fn error_text(error: &(dyn Error + Send + Sync + 'static)) -> Option<Box<ErrorText>> {
    if error.is::<ReturnedFalse>() {
        return None;
    }
    let text = unwind::catch(|| Ok(ErrorText::of(error)));
    Some(Box::new(text.unwrap_or_else(|_| ErrorText::unprintable())))
}

/// Drops an error whose text was kept. Where even its destructor panics, there is nobody left to tell.
#[inline]
fn forget(error: BoxError) {
    let _ = unwind::discard(error);
}
