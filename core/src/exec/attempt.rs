//! One try of one job: check, run, recheck.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::nanos;
use crate::context::{Context, Place};
use crate::error::{BoxError, ErrorText, Result, ReturnedFalse};
use crate::event::Event;
use crate::exec::cleanup::Pending;
use crate::exec::progress::Blocked;
use crate::exec::{Live, Log};
use crate::graph::JobId;
use crate::job::{AnyJob, Body, Closures, JobSpec};
use crate::log::trace;
use crate::report::PhaseRecord;
use crate::store::Store;
use crate::unwind;
use crate::verdict::Value;
use crate::words::{Phase, Status};

/// A try that may begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub(super) job: JobId,
    pub(super) attempt: u32,
    /// Whether an earlier try has executed the run.
    pub(super) ran: bool,
}

/// What a try leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum TryEnd {
    Ended(Status),
    Again { due: u64, ran: bool },
}

/// What a try found.
enum Verdict {
    Done(Value),
    Failed(BoxError),
    /// Dry run only; a run_only has no check that could have failed.
    WouldRun(Option<BoxError>),
}

/// What a try works with.
enum Instance<'b, 'env, A> {
    /// Closures, which all tries share.
    Shared(&'b dyn Closures<A>),
    /// A struct of this try's own.
    Own(Box<dyn AnyJob<A> + 'env>),
    /// Dropped, or put aside for its cleanup.
    Gone,
}

impl<'env, A> Instance<'_, 'env, A> {
    fn call(&mut self, phase: Phase, cx: &Context<A>) -> Result<Value> {
        match (self, phase) {
            (Instance::Shared(closures), Phase::Run) => closures.run(cx),
            (Instance::Shared(closures), _) => closures.check(cx),
            (Instance::Own(job), Phase::Run) => job.run(cx).map(|()| None),
            (Instance::Own(job), _) => job.check(cx),
            (Instance::Gone, _) => unreachable!("the phases of a try end before what it works with"),
        }
    }

    fn take_own(&mut self) -> Option<Box<dyn AnyJob<A> + 'env>> {
        match std::mem::replace(self, Instance::Gone) {
            Instance::Own(job) => Some(job),
            Instance::Shared(_) | Instance::Gone => None,
        }
    }
}

/// One of those who execute tries. All its jobs use one context, which is set anew for each.
pub(super) struct Worker<'r, 'env, A> {
    live: &'r Live<'env, A>,
    id: u16,
    cx: Context<A>,
    /// Where one phase ended and the next begins.
    stamp: u64,
    log: Log<'env, A>,
}

impl<'r, 'env, A> Worker<'r, 'env, A> {
    pub(super) fn new(live: &'r Live<'env, A>, id: u16) -> Self {
        let nowhere = Place { job: JobId(0), phase: Phase::Check, attempt: 0, max_tries: 0 };
        let cx = Context::new(Arc::clone(&live.world), nowhere, Store::default());
        Worker { live, id, cx, stamp: 0, log: Log::default() }
    }

    pub(super) fn into_log(self) -> Log<'env, A> {
        self.log
    }

    /// Executes one whole try.
    pub(super) fn attempt(&mut self, turn: Turn) -> TryEnd {
        let spec = self.live.plan.spec(turn.job);
        self.begin(turn.job, turn.attempt, self.max_tries(spec));
        let (verdict, ran) = match &spec.body {
            Body::Group => (Verdict::Done(None), false),
            Body::Both(closures) => self.check_and_run(spec, Instance::Shared(&**closures)),
            Body::CheckOnly(closures) => (self.check_only(Instance::Shared(&**closures)), false),
            Body::RunOnly(_) if self.live.options.dry_run => (Verdict::WouldRun(None), false),
            Body::RunOnly(closures) => (self.run_only(spec, Instance::Shared(&**closures)), true),
            Body::Struct(make) => match self.create(|cx| make(cx)) {
                Ok(job) => self.check_and_run(spec, Instance::Own(job)),
                Err(error) => (Verdict::Failed(error), false),
            },
        };
        self.conclude(spec, turn, verdict, turn.ran || ran)
    }

    /// Calls one cleanup, with what its try has left.
    pub(super) fn clean_up(&mut self, pending: Pending<'env, A>) -> Result {
        let spec = self.live.plan.spec(pending.job);
        self.begin(pending.job, pending.attempt, self.max_tries(spec));
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

    pub(super) fn tell_blocked(&self, blocked: &[Blocked]) {
        for Blocked { job, because } in blocked {
            self.tell_end(*job, Status::Blocked, Some(*because));
        }
    }

    fn max_tries(&self, spec: &JobSpec<'env, A>) -> u32 {
        let options = &self.live.options;
        if options.dry_run { 1 } else { spec.tries().unwrap_or(options.default_tries) }
    }

    fn begin(&mut self, job: JobId, attempt: u32, max_tries: u32) {
        *self.cx.place_mut() = Place { job, phase: Phase::Create, attempt, max_tries };
        self.stamp = self.live.now();
    }

    fn create(
        &mut self,
        make: impl FnOnce(&Context<A>) -> Result<Box<dyn AnyJob<A> + 'env>>,
    ) -> Result<Box<dyn AnyJob<A> + 'env>> {
        let made = unwind::catch(|| make(&self.cx));
        if made.is_ok() {
            return made;
        }
        self.phase(Phase::Create, |worker| worker.let_go(None, made))
    }

    fn check_and_run(
        &mut self,
        spec: &JobSpec<'env, A>,
        mut instance: Instance<'_, 'env, A>,
    ) -> (Verdict, bool) {
        let dry_run = self.live.options.dry_run;
        match self.step(Phase::Check, &mut instance, |check| check.is_ok() || dry_run) {
            Ok(value) => return (Verdict::Done(value), false),
            Err(error) if dry_run => return (Verdict::WouldRun(Some(error)), false),
            Err(error) => forget(error),
        }
        let (sequence, run) = self.run(&mut instance, false);
        if let Err(error) = run {
            forget(error);
        }
        let recheck = self.step(Phase::Recheck, &mut instance, |_| !spec.cleans_up());
        self.keep_for_cleanup(spec, &mut instance, sequence);
        (recheck.map_or_else(Verdict::Failed, Verdict::Done), true)
    }

    fn check_only(&mut self, mut instance: Instance<'_, 'env, A>) -> Verdict {
        self.step(Phase::Check, &mut instance, |_| true).map_or_else(Verdict::Failed, Verdict::Done)
    }

    fn run_only(&mut self, spec: &JobSpec<'env, A>, mut instance: Instance<'_, 'env, A>) -> Verdict {
        let (sequence, run) = self.run(&mut instance, !spec.cleans_up());
        self.keep_for_cleanup(spec, &mut instance, sequence);
        run.map_or_else(Verdict::Failed, Verdict::Done)
    }

    /// The phase whose place among all runs cleanups follow backwards.
    fn run(&mut self, instance: &mut Instance<'_, 'env, A>, last: bool) -> (u64, Result<Value>) {
        let result = self.step(Phase::Run, instance, |_| last);
        (self.log.records.last().map_or(0, |(_, record)| record.sequence), result)
    }

    /// Executes a phase of the user's. Where it is the last one of the try, what the try owned is dropped as a
    /// part of it: a panic there is this phase's failure.
    fn step(
        &mut self,
        phase: Phase,
        instance: &mut Instance<'_, 'env, A>,
        is_last: impl FnOnce(&Result<Value>) -> bool,
    ) -> Result<Value> {
        self.phase(phase, |worker| {
            let result = unwind::catch(|| instance.call(phase, &worker.cx));
            if is_last(&result) { worker.let_go(instance.take_own(), result) } else { result }
        })
    }

    /// Executes `work` as a phase: with its events before and after, and a record.
    fn phase<T>(&mut self, phase: Phase, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.cx.place_mut().phase = phase;
        let sequence = if phase == Phase::Run { self.live.next_sequence() } else { 0 };
        let (start, worker) = (self.stamp, usize::from(self.id));
        let Place { job, attempt, .. } = *self.cx.place_mut();
        self.live.watch.tell(|| Event::PhaseStarted {
            job: self.live.job(job),
            attempt,
            phase,
            worker,
            at: Duration::from_nanos(start),
            sequence: (sequence > 0).then_some(sequence),
        });
        let result = work(self);
        self.stamp = self.live.now().max(start);
        let record = PhaseRecord {
            start,
            length: self.stamp - start,
            error: result.as_ref().err().and_then(|error| error_text(&**error)),
            sequence,
            attempt,
            worker: self.id,
            phase,
            passed: result.is_ok(),
        };
        self.live.watch.tell(|| Event::PhaseEnded {
            job: self.live.job(job),
            attempt,
            phase,
            worker,
            at: Duration::from_nanos(self.stamp),
            error: record.error().cloned(),
        });
        self.log.records.push((job, record));
        result
    }

    /// Drops what a try owned. A panic in that turns success into failure.
    fn let_go<T>(&mut self, own: Option<Box<dyn AnyJob<A> + 'env>>, result: Result<T>) -> Result<T> {
        if own.is_none() && self.cx.local_mut().is_empty() {
            return result;
        }
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

    fn keep_for_cleanup(
        &mut self,
        spec: &JobSpec<'env, A>,
        instance: &mut Instance<'_, 'env, A>,
        sequence: u64,
    ) {
        if spec.cleans_up() {
            let Place { job, attempt, .. } = *self.cx.place_mut();
            let local = std::mem::take(self.cx.local_mut());
            self.log.pending.push(Pending { sequence, job, attempt, local, instance: instance.take_own() });
        }
    }

    fn conclude(&mut self, spec: &JobSpec<'env, A>, turn: Turn, verdict: Verdict, ran: bool) -> TryEnd {
        let status = match verdict {
            Verdict::Done(value) => {
                self.live.world.outputs.set(turn.job, value);
                if ran { Status::Changed } else { Status::Satisfied }
            }
            Verdict::WouldRun(error) => {
                self.log.errors.extend(error.map(|error| (turn.job, error)));
                Status::WouldRun
            }
            Verdict::Failed(error) if turn.attempt < self.max_tries(spec) => {
                forget(error);
                return self.plan_retry(spec, turn, ran);
            }
            Verdict::Failed(error) => {
                self.log.errors.push((turn.job, error));
                Status::Failed
            }
        };
        trace!(job = self.cx.job(), attempt = turn.attempt, %status, "job ended");
        self.tell_end(turn.job, status, None);
        TryEnd::Ended(status)
    }

    fn plan_retry(&self, spec: &JobSpec<'env, A>, turn: Turn, ran: bool) -> TryEnd {
        let delay = spec.retry_delay().unwrap_or(self.live.options.default_retry_delay);
        let due = self.stamp.saturating_add(nanos(delay));
        trace!(job = self.cx.job(), attempt = turn.attempt, ?delay, "try failed");
        self.live.watch.tell(|| Event::RetryPlanned {
            job: self.live.job(turn.job),
            attempt: turn.attempt,
            worker: self.id.into(),
            at: Duration::from_nanos(self.stamp),
            due: Duration::from_nanos(due),
        });
        TryEnd::Again { due, ran }
    }

    fn tell_end(&self, job: JobId, status: Status, because: Option<JobId>) {
        self.live.watch.tell(|| Event::JobEnded {
            job: self.live.job(job),
            status,
            because: because.map(|because| self.live.job(because)),
            worker: self.id.into(),
            at: Duration::from_nanos(self.stamp),
        });
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

/// An error whose text was kept. Where even its destructor panics, there is nobody left to tell.
fn forget(error: BoxError) {
    let _ = unwind::discard(error);
}
