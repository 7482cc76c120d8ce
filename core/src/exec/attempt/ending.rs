//! How a try ends, and what becomes of what it owned.

use std::sync::Arc;

use crate::cancel::StopLevel;
use crate::clock::nanos;
use crate::error::{BoxError, Result, shown};
use crate::exec::attempt::instance::Instance;
use crate::exec::attempt::leftovers::DueCleanup;
use crate::exec::attempt::worker::Worker;
use crate::exec::bounds::Bounds;
use crate::exec::tries::{Try, TryEnd};
use crate::job::{JobSpec, Own};
use crate::log::trace;
use crate::unwind;
use crate::verdict::Value;
use crate::words::Status;

impl<'r, 'env, A> Worker<'r, 'env, A> {
    #[inline(always)]
    pub(super) fn done(&mut self, attempt: Try, value: Value) -> TryEnd {
        self.live.world.outputs.set(attempt.job, value);
        self.end(attempt, if attempt.has_run() { Status::Changed } else { Status::Satisfied })
    }

    /// The try has failed: another one follows, or the job has.
    #[cold]
    pub(super) fn failed(&mut self, attempt: Try, error: BoxError) -> TryEnd {
        self.live.world.processes.end_try(attempt.job, attempt.attempt);
        let level = self.see_stop();
        if self.notes.was_cut && level >= StopLevel::Cancel {
            return self.cancelled(attempt, Some(error));
        }
        if self.live.behind.holds(attempt.job) {
            return self.would_run(attempt, Some(error));
        }
        match self.next_try(attempt, &error) {
            Some(_) if level > StopLevel::None => self.cancelled(attempt, Some(error)),
            Some(due) => {
                forget(Some(error));
                trace!(job = self.cx.job(), attempt = self.cx.attempt(), due, "try failed");
                self.ledger.tell_retry(&attempt, due, self.notes.pause, self.cx.max_tries());
                TryEnd::Again { due }
            }
            None => {
                self.leftovers.errors.push((attempt.job, error));
                let end = self.end(attempt, Status::Failed);
                self.live.bounds.iter().for_each(Bounds::count_failure);
                end
            }
        }
    }

    /// When the try that follows a failed one is due, if one follows.
    fn next_try(&mut self, failed: Try, error: &BoxError) -> Option<u64> {
        if self.notes.is_last || failed.attempt >= self.cx.place().max_tries {
            return None;
        }
        let spec = self.specs.of(failed.job);
        let delay = match spec.retry_delay() {
            Some(backoff) => backoff.delay(failed.attempt, self.live.random(failed.job, failed.attempt)),
            None => self.live.options.default_retry_delay,
        };
        let mut delay = nanos(delay);
        if let Some(time) = spec.retry_for() {
            delay = delay.max(LEAST_DELAY).max(self.notes.pause);
            let due = self.ledger.moment().saturating_add(delay);
            return (due <= self.live.began(failed.job).saturating_add(nanos(time))
                && self.wants_another(spec, error))
            .then_some(due);
        }
        let due = self.ledger.moment().saturating_add(delay.max(self.notes.pause));
        self.wants_another(spec, error).then_some(due)
    }

    #[inline]
    fn wants_another(&self, spec: &JobSpec<'env, A>, error: &BoxError) -> bool {
        let Some(ask) = spec.retry_if() else { return true };
        unwind::catch(|| Ok(ask(shown(&**error)))).unwrap_or(true)
    }

    /// The run was stopped before the job could end.
    #[cold]
    pub(super) fn cancelled(&mut self, attempt: Try, error: Option<BoxError>) -> TryEnd {
        self.live.world.processes.end_try(attempt.job, attempt.attempt);
        self.leftovers.errors.extend(error.map(|error| (attempt.job, error)));
        self.end(attempt, Status::Cancelled)
    }

    /// Dry run only; a run_only has no check that could have failed.
    #[cold]
    pub(super) fn would_run(&mut self, attempt: Try, error: Option<BoxError>) -> TryEnd {
        self.leftovers.errors.extend(error.map(|error| (attempt.job, error)));
        self.end(attempt, Status::WouldRun)
    }

    #[inline(always)]
    fn end(&mut self, attempt: Try, status: Status) -> TryEnd {
        trace!(job = self.cx.job(), attempt = self.cx.attempt(), %status, "job ended");
        if !self.is_quiet {
            self.tell_ended(attempt.job, status, None);
        }
        TryEnd::Ended(attempt.head.ended(status))
    }

    /// Drops what a try owned, if it owned anything. `Err`: something in that has panicked.
    #[inline(always)]
    pub(super) fn let_go(&mut self, own: Option<Own<'env, A>>) -> Result {
        if own.is_none() && self.cx.has_fresh_local() { Ok(()) } else { self.drop_owned(own) }
    }

    /// Drops what a failed try owned. A panic in that has nothing to add to its error.
    #[inline(always)]
    pub(super) fn let_go_failed(&mut self, instance: &mut impl Instance<'env, A>) {
        let _ = self.let_go(instance.take_own());
    }

    #[cold]
    fn drop_owned(&mut self, own: Option<Own<'env, A>>) -> Result {
        let own = match own {
            own @ Some(Own::Async(_)) if !self.live.world.clock.is_virtual() => {
                self.live.world.runtime.enter(|| unwind::discard(own))
            }
            own => unwind::discard(own),
        };
        own.and(self.cx.clear_local())
    }

    #[cold]
    pub(super) fn keep_for_cleanup(&mut self, attempt: Try, instance: &mut impl Instance<'env, A>) {
        let Try { job, attempt, sequence, .. } = attempt;
        let local = (!self.cx.has_fresh_local()).then(|| self.cx.swap_local(Arc::default()));
        let (instance, is_owed) = (instance.take_own(), false);
        self.leftovers.cleanups.push(DueCleanup { sequence, job, attempt, local, instance, is_owed });
    }
}

/// Where tries are limited by time and not by number, the delay between them is at least 1 ms.
const LEAST_DELAY: u64 = 1_000_000;

/// Drops an error whose text was kept. Where even its destructor panics, there is nobody left to tell.
#[inline(always)]
pub(super) fn forget(error: Option<BoxError>) {
    if let Some(error) = error {
        let _ = unwind::discard(error);
    }
}
