//! One try of one job: check, run, recheck.

use std::error::Error;
use std::sync::Arc;

use crate::clock::{Stamp, nanos};
use crate::context::{Context, Place};
use crate::error::{BoxError, ErrorText, Result, ReturnedFalse};
use crate::exec::books::Retry;
use crate::exec::cleanup::Pending;
use crate::exec::{Kept, Live};
use crate::graph::JobId;
use crate::job::{AnyJob, Body, Closures, JobSpec};
use crate::log::trace;
use crate::report::{Head, Link, Log, Record};
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
    /// The last record of the try before.
    pub(super) previous: Option<Link>,
}

impl Turn {
    pub(super) fn first(job: JobId) -> Self {
        Turn { job, attempt: 1, ran: false, previous: None }
    }
}

/// What a try leads to.
pub(super) enum TryEnd {
    /// The end of the job; `done` is what its status says.
    Ended {
        head: Head,
        done: bool,
    },
    Again(Retry),
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
            // its check has passed, but not its destructor, which is a part of the check: so a run is due
            (Instance::Gone, _) => Err("the job is gone: it panicked when it was dropped after its check".into()),
        }
    }

    fn take_own(&mut self) -> Option<Box<dyn AnyJob<A> + 'env>> {
        if matches!(self, Instance::Shared(_)) {
            return None; // it serves every phase, whatever becomes of one
        }
        match std::mem::replace(self, Instance::Gone) {
            Instance::Own(job) => Some(job),
            Instance::Shared(_) | Instance::Gone => None,
        }
    }
}

/// One of those who execute tries. All its jobs use one context, which is set anew for each.
pub(super) struct Worker<'r, 'env, A> {
    pub(super) live: &'r Live<'env, A>,
    pub(super) cx: Context<A>,
    /// Where one phase ended and the next begins.
    stamp: Stamp,
    /// The last record of the job that is being executed.
    last: Option<Link>,
    /// Of the last run that it executed.
    sequence: u32,
    log: Log,
    kept: Kept<'env, A>,
}

impl<'r, 'env, A> Worker<'r, 'env, A> {
    pub(super) fn new(live: &'r Live<'env, A>, id: u16) -> Self {
        let nowhere = Place { job: JobId(0), phase: Phase::Check, attempt: 0, max_tries: 0 };
        let cx = Context::new(Arc::clone(&live.world), nowhere, Store::default());
        let (stamp, log) = (live.stamp(), Log::of(id));
        Worker { live, cx, stamp, last: None, sequence: 0, log, kept: Kept::default() }
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
        self.stamp = self.live.stamp().max(self.stamp);
        self.stamp
    }

    /// The next phase begins no earlier.
    pub(super) fn not_before(&mut self, stamp: Stamp) {
        self.stamp = self.stamp.max(stamp);
    }

    /// Executes one whole try.
    pub(super) fn attempt(&mut self, turn: Turn) -> TryEnd {
        let spec = self.live.plan.spec(turn.job);
        self.begin(turn.job, turn.attempt, self.max_tries(spec));
        self.last = turn.previous;
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

    fn max_tries(&self, spec: &JobSpec<'env, A>) -> u32 {
        let options = &self.live.options;
        if options.dry_run { 1 } else { spec.tries().unwrap_or(options.default_tries) }
    }

    fn begin(&mut self, job: JobId, attempt: u32, max_tries: u32) {
        *self.cx.place_mut() = Place { job, phase: Phase::Create, attempt, max_tries };
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
        if let Err(error) = self.step(Phase::Run, &mut instance, |_| false) {
            forget(error);
        }
        let recheck = self.step(Phase::Recheck, &mut instance, |_| !spec.cleans_up());
        self.keep_for_cleanup(spec, &mut instance);
        (recheck.map_or_else(Verdict::Failed, Verdict::Done), true)
    }

    fn check_only(&mut self, mut instance: Instance<'_, 'env, A>) -> Verdict {
        self.step(Phase::Check, &mut instance, |_| true).map_or_else(Verdict::Failed, Verdict::Done)
    }

    fn run_only(&mut self, spec: &JobSpec<'env, A>, mut instance: Instance<'_, 'env, A>) -> Verdict {
        let run = self.step(Phase::Run, &mut instance, |_| !spec.cleans_up());
        self.keep_for_cleanup(spec, &mut instance);
        run.map_or_else(Verdict::Failed, Verdict::Done)
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
    #[inline]
    fn phase<T>(&mut self, phase: Phase, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.cx.place_mut().phase = phase;
        if phase == Phase::Run {
            self.sequence = self.live.next_sequence();
        }
        self.tell_phase_started();
        let start = self.stamp;
        let result = work(self);
        self.stamp = self.live.stamp().max(start);
        let error = result.as_ref().err().and_then(|error| error_text(&**error));
        self.tell_phase_ended(result.is_ok(), error.as_deref());
        let sequence = if phase == Phase::Run { self.sequence } else { 0 };
        let attempt = self.cx.attempt();
        let record = Record::new(phase, attempt, start, self.stamp, result.is_ok(), sequence);
        self.last = Some(self.log.push(record.with_previous(self.last), error));
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

    fn keep_for_cleanup(&mut self, spec: &JobSpec<'env, A>, instance: &mut Instance<'_, 'env, A>) {
        if spec.cleans_up() {
            let Place { job, attempt, .. } = self.cx.place();
            let (local, instance) = (std::mem::take(self.cx.local_mut()), instance.take_own());
            self.kept.pending.push(Pending { sequence: self.sequence, job, attempt, local, instance });
        }
    }

    fn conclude(&mut self, spec: &JobSpec<'env, A>, turn: Turn, verdict: Verdict, ran: bool) -> TryEnd {
        let status = match verdict {
            Verdict::Done(value) => {
                self.live.world.outputs.set(turn.job, value);
                if ran { Status::Changed } else { Status::Satisfied }
            }
            Verdict::WouldRun(error) => {
                self.kept.errors.extend(error.map(|error| (turn.job, error)));
                Status::WouldRun
            }
            Verdict::Failed(error) if turn.attempt < self.max_tries(spec) => {
                forget(error);
                return self.plan_retry(spec, turn, ran);
            }
            Verdict::Failed(error) => {
                self.kept.errors.push((turn.job, error));
                Status::Failed
            }
        };
        trace!(job = self.cx.job(), attempt = turn.attempt, %status, "job ended");
        self.tell_job_ended(turn.job, status, None);
        TryEnd::Ended { head: Head::new(status, self.last), done: status.is_done() }
    }

    #[cold]
    fn plan_retry(&self, spec: &JobSpec<'env, A>, turn: Turn, ran: bool) -> TryEnd {
        let delay = spec.retry_delay().unwrap_or(self.live.options.default_retry_delay);
        let due = self.live.world.clock.now().saturating_add(nanos(delay));
        trace!(job = self.cx.job(), attempt = turn.attempt, ?delay, "try failed");
        self.tell_retry_planned(due);
        TryEnd::Again(Retry::new(due, turn, ran, self.last))
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
