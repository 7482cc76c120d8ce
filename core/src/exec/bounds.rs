//! What may stop a run, or end its phases.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::cancel::{CancelToken, InUse, StopLevel};
use crate::clock::Clock;
use crate::limits::{Limit, Limits};
use crate::options::RunOptions;
use crate::words::StopReason;

/// The stop of one run and its limits of time. A run that nothing can stop, and none of whose jobs has a limit, has none
/// of this, and pays nothing for it.
#[derive(Debug)]
pub(crate) struct Bounds {
    clock: Clock,
    /// The run's own token: raised with the one that the runner was given, which it never raises.
    stop: CancelToken,
    /// What tells that token's owner that somebody obeys it.
    _in_use: Option<InUse>,
    run: Option<Limit>,
    grace: Duration,
    default_timeout: Duration,
    max_failures: usize,
    failures: AtomicUsize,
    /// The highest level that was told.
    told: Mutex<StopLevel>,
}

impl Bounds {
    /// `None` for a run that nothing can stop; a job of which has a limit if `has_timeouts`.
    pub(crate) fn new(
        options: &RunOptions,
        token: Option<&CancelToken>,
        clock: &Clock,
        has_timeouts: bool,
    ) -> Option<Self> {
        if !has_timeouts && !Bounds::are_wanted(options, token) {
            return None;
        }
        Some(Bounds {
            clock: clock.clone(),
            stop: token.map_or_else(CancelToken::new, |token| CancelToken::child_of(&[token])),
            _in_use: token.map(CancelToken::in_use),
            run: Limit::from(0, options.run_timeout),
            grace: options.grace_period,
            default_timeout: options.default_timeout,
            max_failures: options.max_failures.unwrap_or(usize::MAX),
            failures: AtomicUsize::new(0),
            told: Mutex::default(),
        })
    }

    /// Whether a run has some for other reasons than what its jobs say.
    pub(super) fn are_wanted(options: &RunOptions, token: Option<&CancelToken>) -> bool {
        let is_limited = options.run_timeout.min(options.default_timeout) < Duration::MAX;
        token.is_some() || options.max_failures.is_some() || is_limited
    }

    pub(crate) fn stop(&self) -> &CancelToken {
        &self.stop
    }

    #[inline]
    pub(crate) fn level(&self) -> StopLevel {
        self.stop.level()
    }

    /// The level, which is told before anything follows from it: by the first that sees it, while all others wait.
    pub(super) fn see(&self, tell: impl FnOnce(StopLevel, StopReason)) -> StopLevel {
        self.expire_in_time();
        let level = self.stop.level();
        if level > StopLevel::None {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if level > *told {
                tell(level, self.stop.reason().unwrap_or(StopReason::Cancelled));
                *told = level;
            }
        }
        level
    }

    /// When the run's own time is over, in nanoseconds since it began.
    pub(super) fn run_until(&self) -> Option<u64> {
        self.run.map(|limit| limit.until)
    }

    /// Stops the run if its own time is over. What listens to that may want the lock of the schedule.
    pub(super) fn expire_in_time(&self) {
        if self.run.is_some_and(|limit| limit.until <= self.clock.now()) {
            self.stop.raise(StopLevel::Cancel, StopReason::TimedOut);
        }
    }

    /// A job has failed for good.
    pub(super) fn count_failure(&self) {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 == self.max_failures {
            self.stop.raise(StopLevel::Drain, StopReason::MaxFailures);
        }
    }

    /// How long a phase may take whose job says `timeout`; `None`: for ever.
    #[cfg(feature = "testkit")]
    pub(super) fn allowed(&self, timeout: Option<Duration>) -> Option<Duration> {
        Some(timeout.unwrap_or(self.default_timeout)).filter(|time| *time < Duration::MAX)
    }

    /// The limits of a phase that began at `start`, whose job says `timeout`.
    pub(super) fn of_phase(&self, start: u64, timeout: Option<Duration>) -> Arc<Limits> {
        let phase = Limit::from(start, timeout.unwrap_or(self.default_timeout));
        Arc::new(self.limits().with_phase(phase).with_run(self.run))
    }

    /// The limits of a cleanup that began at `start`. What had stopped the run when the first cleanup began does not cut
    /// it short.
    pub(super) fn of_cleanup(
        &self,
        start: u64,
        timeout: Option<Duration>,
        ignored: StopLevel,
    ) -> Arc<Limits> {
        let phase = Limit::from(start, timeout.unwrap_or(self.default_timeout));
        Arc::new(self.limits().with_phase(phase).ignoring(ignored))
    }

    fn limits(&self) -> Limits {
        Limits::new(self.clock.clone(), self.stop.clone(), self.grace)
    }
}
