//! The books of one worker: the clock, the stamps, the records and the events of what it executes.
//!
//! An event is built only where somebody listens; and not even the closure that would build it is made elsewhere: the
//! compiler would do that on the way of every job.

use std::sync::Arc;
use std::time::Duration;

use crate::cancel::StopLevel;
use crate::clock::{Clock, Stamp};
use crate::error::ErrorText;
use crate::event::Event;
use crate::exec::books::Blocked;
use crate::exec::tries::Try;
use crate::exec::watch::Watch;
use crate::graph::{JobGraph, JobId, JobRef};
use crate::report::{Log, Record};
use crate::words::{Phase, Status, StopReason};

/// A phase as a part of a try.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) phase: Phase,
    /// Whether it is the first of its try that is recorded.
    opens: bool,
    /// Whether somebody may listen. Where nobody does, the compiler leaves out what would ask.
    may_be_heard: bool,
}

impl Step {
    pub(super) const CREATE: Step = Step { phase: Phase::Create, opens: true, may_be_heard: true };
    pub(super) const CHECK: Step = Step { phase: Phase::Check, opens: true, may_be_heard: true };
    pub(super) const RUN: Step = Step { phase: Phase::Run, opens: false, may_be_heard: true };
    pub(super) const RUN_ONLY: Step = Step { phase: Phase::Run, opens: true, may_be_heard: true };
    pub(super) const RECHECK: Step = Step { phase: Phase::Recheck, opens: false, may_be_heard: true };
    pub(super) const CLEANUP: Step = Step { phase: Phase::Cleanup, opens: true, may_be_heard: true };

    /// A phase of a try that other tries may come between in its worker's log.
    pub(super) fn linked(phase: Phase) -> Self {
        Step { phase, opens: true, may_be_heard: true }
    }

    /// The same in a quiet run.
    #[inline(always)]
    pub(super) fn quiet(self) -> Self {
        Step { may_be_heard: false, ..self }
    }
}

pub(super) struct Ledger<'r> {
    graph: &'r Arc<JobGraph>,
    watch: &'r Watch,
    /// Whether somebody listens.
    is_watched: bool,
    clock: Clock,
    /// Where one phase ended and the next begins.
    stamp: Stamp,
    /// The error of the phase that is about to end, if it says more than `false`.
    error: Option<ErrorText>,
    log: Log,
}

impl<'r> Ledger<'r> {
    /// With place for the records of so many jobs.
    pub(super) fn new(
        graph: &'r Arc<JobGraph>,
        watch: &'r Watch,
        clock: &Clock,
        worker: u16,
        jobs: usize,
    ) -> Self {
        let clock = clock.clone();
        let stamp = clock.stamp();
        Ledger {
            graph,
            watch,
            is_watched: watch.is_active(),
            clock,
            stamp,
            error: None,
            log: Log::expecting(worker, jobs),
        }
    }

    #[inline]
    pub(super) fn take_log(&mut self) -> Log {
        let empty = Log::of(self.log.worker());
        std::mem::replace(&mut self.log, empty)
    }

    pub(super) fn worker(&self) -> usize {
        self.log.worker().into()
    }

    /// Whether somebody listens.
    pub(super) fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// When the last phase ended.
    pub(super) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Nanoseconds since the run began.
    pub(super) fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Nanoseconds since the run began; what is told next happens then.
    pub(super) fn moment(&mut self) -> u64 {
        if self.is_watched { self.look_at_the_clock().0 } else { self.now() }
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

    /// Returns when the phase begins: when the one before ended.
    #[inline(always)]
    pub(super) fn begin(&self, step: Step, attempt: &Try) -> Stamp {
        debug_assert!(step.may_be_heard || !self.is_watched, "somebody listens to what is not told");
        if step.may_be_heard && self.is_watched {
            self.tell_begin(step, *attempt, None);
        }
        self.stamp
    }

    #[inline(never)]
    fn tell_begin(&self, step: Step, attempt: Try, node: Option<Arc<str>>) {
        let sequence = (step.phase == Phase::Run).then(|| attempt.sequence.into());
        let (at, worker) = (time(self.stamp), self.worker());
        self.watch.tell(move || {
            let (job, phase) = (self.job(attempt.job), step.phase);
            Event::PhaseStarted { job, attempt: attempt.attempt, phase, worker, at, sequence, node }
        });
        self.watch.begins(attempt.job, attempt.attempt, step.phase, worker, self.stamp);
    }

    /// A constructor is called, of which nothing is told unless it fails, or takes long.
    pub(super) fn begin_constructor(&self, attempt: &Try) {
        if self.is_watched {
            self.watch.begins(attempt.job, attempt.attempt, Phase::Create, self.worker(), self.stamp);
        }
    }

    pub(super) fn end_constructor(&self, attempt: &Try) {
        if self.is_watched {
            self.watch.ends(attempt.job);
        }
    }

    /// Tells that the phase has passed, and keeps a record.
    #[inline(always)]
    pub(super) fn passed(&mut self, step: Step, attempt: &mut Try, start: Stamp) {
        let end = self.clock.stamp().max(start);
        self.end(step, attempt, true, start, end);
    }

    /// Takes the error of the phase that is about to end.
    #[inline]
    pub(super) fn keep_error(&mut self, error: Option<ErrorText>) {
        self.error = error;
    }

    /// Tells that the phase has failed, and keeps a record.
    #[inline(always)]
    pub(super) fn failed(&mut self, step: Step, attempt: &mut Try, start: Stamp) {
        let end = self.clock.stamp().max(start);
        self.end(step, attempt, false, start, end);
        if self.error.is_some() {
            self.add_error();
        }
    }

    #[cold]
    fn add_error(&mut self) {
        if let Some(error) = self.error.take() {
            self.log.add_error(error);
        }
    }

    #[inline(always)]
    fn end(&mut self, step: Step, attempt: &mut Try, passed: bool, start: Stamp, end: Stamp) {
        self.stamp = end;
        if step.may_be_heard && self.is_watched {
            self.tell_end(step, *attempt, passed);
        }
        self.record(step, attempt, passed, start);
    }

    #[inline(never)]
    fn tell_end(&self, step: Step, attempt: Try, passed: bool) {
        self.watch.ends(attempt.job);
        self.watch.tell(move || {
            let error = (!passed).then(|| self.error.clone().unwrap_or_else(ErrorText::returned_false));
            let (job, worker, at) = (self.job(attempt.job), self.worker(), time(self.stamp));
            Event::PhaseEnded { job, attempt: attempt.attempt, phase: step.phase, worker, at, error }
        });
    }

    #[inline(always)]
    fn record(&mut self, step: Step, attempt: &mut Try, passed: bool, start: Stamp) {
        let sequence = if step.phase == Phase::Run { attempt.sequence } else { 0 };
        let record =
            Record { phase: step.phase, passed, start, end: self.stamp, attempt: attempt.attempt, sequence };
        attempt.head = if step.opens {
            self.log.push(record, attempt.head)
        } else {
            self.log.push_next(record, attempt.head)
        };
    }

    pub(super) fn tell_run_described(&self, attempt: &Try, text: &str) {
        let (job, worker, at) = (attempt.job, self.worker(), Duration::from_nanos(self.clock.now()));
        self.watch.tell(move || {
            let (job, text) = (self.job(job), text.to_owned());
            Event::RunDescribed { job, attempt: attempt.attempt, text, worker, at }
        });
    }

    /// Keeps these books in another log while `keep` is called: that of what was executed elsewhere.
    pub(super) fn with_log<T>(&mut self, log: &mut Log, keep: impl FnOnce(&mut Self) -> T) -> T {
        std::mem::swap(&mut self.log, log);
        let kept = keep(self);
        std::mem::swap(&mut self.log, log);
        kept
    }

    /// What is told next has happened then.
    pub(super) fn look_back(&mut self, stamp: Stamp) {
        self.stamp = stamp;
    }

    /// Tells that a phase began then, on another machine.
    pub(super) fn begin_at(&mut self, step: Step, attempt: &Try, start: Stamp, node: &Arc<str>) {
        self.stamp = start;
        if self.is_watched {
            self.tell_begin(step, *attempt, Some(Arc::clone(node)));
        }
    }

    /// Tells that a phase ended then, and keeps a record.
    pub(super) fn ended_at(
        &mut self,
        step: Step,
        attempt: &mut Try,
        start: Stamp,
        end: Stamp,
        error: Option<ErrorText>,
    ) {
        let passed = error.is_none();
        self.error = error.filter(|error| !error.is_returned_false());
        self.end(step, attempt, passed, start, end);
        self.add_error();
    }

    pub(super) fn tell_sent(&self, attempt: &Try) {
        if self.is_watched {
            self.watch.tell(move || {
                let (job, worker, at) = (self.job(attempt.job), self.worker(), time(self.stamp));
                Event::TrySent { job, attempt: attempt.attempt, worker, at }
            });
        }
    }

    pub(super) fn tell_retry(&self, failed: &Try, due: u64, pause: u64, max_tries: Option<u32>) {
        if self.is_watched {
            self.watch.tell(move || {
                let (job, worker, at) = (self.job(failed.job), self.worker(), time(self.stamp));
                let due = Duration::from_nanos(due);
                let pause = (pause > 0).then(|| Duration::from_nanos(pause));
                Event::RetryPlanned { job, attempt: failed.attempt, worker, at, due, max_tries, pause }
            });
        }
    }

    #[inline]
    pub(super) fn tell_job_ended(&self, job: JobId, status: Status, because: Option<JobId>) {
        if self.is_watched {
            self.watch.tell(move || {
                let because = because.map(|because| self.job(because));
                let (job, worker, at) = (self.job(job), self.worker(), time(self.stamp));
                Event::JobEnded { job, status, because, worker, at }
            });
        }
    }

    pub(super) fn tell_stop(&self, level: StopLevel, reason: StopReason) {
        if self.is_watched {
            let (worker, at) = (self.worker(), time(self.stamp));
            self.watch.tell(move || Event::StopRequested { level, reason, worker, at });
        }
    }

    pub(super) fn tell_blocked(&self, blocked: &[Blocked]) {
        for Blocked { job, because } in blocked {
            self.tell_job_ended(*job, Status::Blocked, Some(*because));
        }
    }

    fn job(&self, job: JobId) -> JobRef {
        JobRef::new(self.graph, job)
    }
}

/// The stamps of a run that is observed are nanoseconds.
fn time(stamp: Stamp) -> Duration {
    Duration::from_nanos(stamp.0)
}
