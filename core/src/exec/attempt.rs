//! One try of one job: check, run, recheck.

use std::error::Error;
use std::sync::Arc;

use crate::clock::{Clock, Stamp, nanos};
use crate::context::{Context, Place};
use crate::error::{BoxError, ErrorText, Result, ReturnedFalse};
use crate::exec::books::Retry;
use crate::exec::cleanup::Pending;
use crate::exec::{Kept, Live};
use crate::graph::JobId;
use crate::job::{AnyJob, Body, Closures, Constructor, JobSpec};
use crate::log::trace;
use crate::report::{Head, Log, Record};
use crate::store::Store;
use crate::unwind;
use crate::verdict::Value;
use crate::words::{Phase, Status};

/// A try that may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    pub(super) job: JobId,
    pub(super) attempt: u32,
    /// Whether an earlier try has executed the run.
    ran: bool,
    /// What the earlier tries have left.
    head: Head,
}

impl Turn {
    #[inline]
    pub(super) fn first(job: JobId) -> Self {
        Turn { job, attempt: 1, ran: false, head: Head::NEW }
    }
}

/// What a try leads to.
pub(super) enum TryEnd {
    /// The end of the job.
    Ended(Head),
    /// Another try, at that time in nanoseconds.
    Again { due: u64 },
}

/// What the phases of a try are called on.
trait Instance<'env, A> {
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

/// A struct; `None` when it was taken.
impl<'env, A> Instance<'env, A> for Option<Box<dyn AnyJob<A> + 'env>> {
    fn call(&mut self, phase: Phase, cx: &Context<A>) -> Result<Value> {
        let Some(job) = self else {
            // the check has passed, but not the destructor, which is a part of the check: so a run is due
            return Err("the job is gone: it panicked when it was dropped after its check".into());
        };
        if phase == Phase::Run { job.run(cx).map(|()| None) } else { job.check(cx) }
    }

    fn take_own(&mut self) -> Option<Box<dyn AnyJob<A> + 'env>> {
        self.take()
    }
}

/// One of those who execute tries. All its jobs use one context, which is set anew for each.
pub(super) struct Worker<'r, 'env, A> {
    pub(super) live: &'r Live<'env, A>,
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
        let clock = live.world.clock;
        Worker {
            live,
            cx: Context::new(Arc::clone(&live.world), nowhere, Store::default()),
            clock,
            stamp: clock.stamp(),
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
    #[inline]
    pub(super) fn attempt(&mut self, turn: Turn) -> TryEnd {
        let spec = self.live.plan.spec(turn.job);
        self.begin(spec, turn);
        match &spec.body {
            Body::Both(closures) => self.check_and_run(spec, &**closures),
            Body::Group => self.done(None),
            Body::CheckOnly(closures) => self.check_only(spec, &**closures),
            Body::RunOnly(_) if self.live.options.dry_run => self.would_run(None),
            Body::RunOnly(closures) => self.run_only(spec, &**closures),
            Body::Struct(make) => self.make_and_run(spec, make),
        }
    }

    /// Calls one cleanup, with what its try has left.
    pub(super) fn clean_up(&mut self, pending: Pending<'env, A>) -> Result {
        let spec = self.live.plan.spec(pending.job);
        self.begin(spec, Turn { attempt: pending.attempt, ..Turn::first(pending.job) });
        *self.cx.local_mut() = pending.local;
        let mut instance = pending.instance;
        self.phase(Phase::Cleanup, |worker| {
            let cx = &worker.cx;
            let result = unwind::catch(|| match (&mut instance, spec.cleanup()) {
                (Some(job), _) => job.cleanup(cx),
                (None, Some(cleanup)) => cleanup(cx),
                (None, None) => Ok(()),
            });
            worker.let_go(instance.take(), result)
        })
    }

    #[inline]
    fn begin(&mut self, spec: &JobSpec<'env, A>, turn: Turn) {
        let Turn { job, attempt, ran, head } = turn;
        let max_tries = self.max_tries(spec);
        *self.cx.place_mut() = Place { job, phase: Phase::Create, attempt, max_tries };
        self.ran = ran;
        self.head = head;
    }

    #[inline]
    fn max_tries(&self, spec: &JobSpec<'env, A>) -> u32 {
        let options = &self.live.options;
        if options.dry_run { 1 } else { spec.tries().unwrap_or(options.default_tries) }
    }

    #[inline(never)]
    fn make_and_run(&mut self, spec: &JobSpec<'env, A>, make: &Constructor<'env, A>) -> TryEnd {
        match unwind::catch(|| make(&self.cx)) {
            Ok(job) => self.check_and_run(spec, Some(job)),
            Err(error) => {
                let failed = self.phase(Phase::Create, |worker| worker.let_go(None, Err(error)));
                self.decided(spec, failed)
            }
        }
    }

    #[inline]
    fn check_and_run(&mut self, spec: &JobSpec<'env, A>, mut instance: impl Instance<'env, A>) -> TryEnd {
        let dry_run = self.live.options.dry_run;
        match self.step(Phase::Check, &mut instance, |check| check.is_ok() || dry_run) {
            Ok(value) => self.done(value),
            Err(error) if dry_run => self.would_run(Some(error)),
            Err(error) => {
                forget(error);
                self.run_and_recheck(spec, instance)
            }
        }
    }

    #[inline(never)]
    fn run_and_recheck(&mut self, spec: &JobSpec<'env, A>, mut instance: impl Instance<'env, A>) -> TryEnd {
        if let Err(error) = self.step(Phase::Run, &mut instance, |_| false) {
            forget(error);
        }
        let recheck = self.step(Phase::Recheck, &mut instance, |_| !spec.cleans_up());
        self.keep_for_cleanup(spec, &mut instance);
        self.decided(spec, recheck)
    }

    #[inline(never)]
    fn check_only(&mut self, spec: &JobSpec<'env, A>, mut instance: impl Instance<'env, A>) -> TryEnd {
        let check = self.step(Phase::Check, &mut instance, |_| true);
        self.decided(spec, check)
    }

    #[inline(never)]
    fn run_only(&mut self, spec: &JobSpec<'env, A>, mut instance: impl Instance<'env, A>) -> TryEnd {
        let run = self.step(Phase::Run, &mut instance, |_| !spec.cleans_up());
        self.keep_for_cleanup(spec, &mut instance);
        self.decided(spec, run)
    }

    /// Executes a phase of the user's. Where it is the last one of the try, what the try owned is dropped as a part of
    /// it: a panic there is this phase's failure.
    #[inline]
    fn step(
        &mut self,
        phase: Phase,
        instance: &mut impl Instance<'env, A>,
        is_last: impl FnOnce(&Result<Value>) -> bool,
    ) -> Result<Value> {
        self.phase(phase, |worker| {
            let result = unwind::catch(|| instance.call(phase, &worker.cx));
            if is_last(&result) { worker.let_go(instance.take_own(), result) } else { result }
        })
    }

    /// Executes `work` as a phase: with its events before and after, and a record.
    #[inline]
    fn phase<T>(&mut self, phase: Phase, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.cx.place_mut().phase = phase;
        if phase == Phase::Run {
            self.sequence = self.live.next_sequence();
            self.ran = true;
        }
        self.tell_phase_started();
        let start = self.stamp;
        let result = work(self);
        self.stamp = self.clock.stamp().max(start);
        let error = result.as_ref().err().and_then(|error| error_text(&**error));
        self.tell_phase_ended(result.is_ok(), error.as_deref());
        let sequence = if phase == Phase::Run { self.sequence } else { 0 };
        let record = Record::new(phase, result.is_ok(), start, self.stamp);
        self.head = self.log.push(record.of(self.cx.attempt(), sequence, self.head), error);
        result
    }

    /// Drops what a try owned, if it owned anything. A panic in that turns success into failure.
    #[inline]
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

    fn keep_for_cleanup(&mut self, spec: &JobSpec<'env, A>, instance: &mut impl Instance<'env, A>) {
        if spec.cleans_up() {
            let Place { job, attempt, .. } = self.cx.place();
            let (local, instance) = (std::mem::take(self.cx.local_mut()), instance.take_own());
            self.kept.pending.push(Pending { sequence: self.sequence, job, attempt, local, instance });
        }
    }

    /// By the phase that ended the try.
    #[inline]
    fn decided(&mut self, spec: &JobSpec<'env, A>, last: Result<Value>) -> TryEnd {
        match last {
            Ok(value) => self.done(value),
            Err(error) => self.failed(spec, error),
        }
    }

    #[inline]
    fn done(&mut self, value: Value) -> TryEnd {
        self.live.world.outputs.set(self.cx.place().job, value);
        self.end(if self.ran { Status::Changed } else { Status::Satisfied })
    }

    #[cold]
    fn failed(&mut self, spec: &JobSpec<'env, A>, error: BoxError) -> TryEnd {
        let Place { job, attempt, max_tries, .. } = self.cx.place();
        if attempt < max_tries {
            forget(error);
            return self.plan_retry(spec);
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

    #[inline]
    fn end(&mut self, status: Status) -> TryEnd {
        trace!(job = self.cx.job(), attempt = self.cx.attempt(), %status, "job ended");
        self.tell_job_ended(self.cx.place().job, status, None);
        TryEnd::Ended(self.head.ended(status))
    }

    fn plan_retry(&self, spec: &JobSpec<'env, A>) -> TryEnd {
        let delay = spec.retry_delay().unwrap_or(self.live.options.default_retry_delay);
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
    if !error.is::<ReturnedFalse>() {
        let _ = unwind::discard(error);
    }
}
