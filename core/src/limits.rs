//! What may end a phase from outside: a stop of its run, and limits of time.
//!
//! A plan that is run without any has no [`Limits`] at all. With some, they are facts that whoever is inside of a phase
//! looks up for itself: the level of a token, and the clock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::cancel::{Bell, CancelToken, StopLevel};
use crate::clock::{Clock, nanos};
use crate::error::{BoxError, Cancelled, Result, TimedOut};
use crate::words::StopReason;

/// What one phase must keep to.
#[derive(Debug)]
pub(crate) struct Limits {
    clock: Clock,
    /// The run's own token.
    stop: CancelToken,
    /// What is not above this level stops nothing here: in a cleanup, what had stopped the run before.
    ignored: StopLevel,
    phase: Option<Limit>,
    run: Option<Limit>,
    /// From SIGTERM to SIGKILL.
    grace: Duration,
    /// What user code has asked for, to hand it on.
    token: OnceLock<CancelToken>,
    /// Whether a future has asked to be told, rather than dropped.
    listens: AtomicBool,
}

/// A limit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    /// In nanoseconds since the run began.
    pub(crate) until: u64,
    /// How long there was.
    pub(crate) allowed: Duration,
}

/// Why a phase is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    TimedOut(TimedOut),
    Cancelled(Cancelled),
}

/// What is to be done with a future that is still pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    /// It waits; its limit is over at that moment, in nanoseconds since the run began.
    Waits(Option<u64>),
    /// It is dropped.
    Ends(Over),
}

impl Limit {
    /// So long from `start` on; `None` for ever.
    pub(crate) fn from(start: u64, allowed: Duration) -> Option<Self> {
        let until = start.checked_add(u64::try_from(allowed.as_nanos()).ok()?)?;
        Some(Limit { until, allowed })
    }
}

impl Over {
    pub(crate) fn error(self) -> BoxError {
        match self {
            Over::TimedOut(error) => error.into(),
            Over::Cancelled(error) => error.into(),
        }
    }
}

impl Limits {
    /// The limits of a run that obeys `stop`.
    pub(crate) fn new(clock: Clock, stop: CancelToken, grace: Duration) -> Self {
        Limits {
            clock,
            stop,
            ignored: StopLevel::None,
            phase: None,
            run: None,
            grace,
            token: OnceLock::new(),
            listens: AtomicBool::new(false),
        }
    }

    /// With a limit of the phase.
    pub(crate) fn with_phase(self, phase: Option<Limit>) -> Self {
        Limits { phase, ..self }
    }

    /// With a limit of the run.
    pub(crate) fn with_run(self, run: Option<Limit>) -> Self {
        Limits { run, ..self }
    }

    /// With a level that stops nothing, nor does one below it.
    pub(crate) fn ignoring(self, ignored: StopLevel) -> Self {
        Limits { ignored, ..self }
    }

    #[cfg(any(unix, test))]
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn stop(&self) -> &CancelToken {
        &self.stop
    }

    pub(crate) fn grace(&self) -> Duration {
        self.grace
    }

    /// The level of the run's stop, as far as it counts here.
    pub(crate) fn level(&self) -> StopLevel {
        let level = self.stop.level();
        if level > self.ignored { level } else { StopLevel::None }
    }

    /// Whether the run is stopped so far that the phase is to end.
    pub(crate) fn stopped(&self) -> Option<Over> {
        let reason = || self.stop.reason().unwrap_or(StopReason::Cancelled);
        (self.level() >= StopLevel::Cancel).then(|| Over::Cancelled(Cancelled::new(reason())))
    }

    /// Whether the phase is to end, and why.
    pub(crate) fn over(&self) -> Option<Over> {
        let stopped = self.stopped();
        if stopped.is_some() {
            return stopped;
        }
        if self.phase.is_none() && self.run.is_none() {
            return None; // no need to look at the clock
        }
        let now = self.clock.now();
        if let Some(limit) = self.phase.filter(|limit| limit.until <= now) {
            return Some(Over::TimedOut(TimedOut::new(limit.allowed)));
        }
        let run = self.run.filter(|limit| limit.until <= now);
        run.map(|_| Over::Cancelled(Cancelled::new(StopReason::TimedOut)))
    }

    /// The nearer limit of time, in nanoseconds since the run began.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let (phase, run) = (self.phase.map(|limit| limit.until), self.run.map(|limit| limit.until));
        phase.into_iter().chain(run).min()
    }

    /// How long it is until the nearer limit; never zero.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        Some(self.clock.until(self.deadline()?).max(Duration::from_nanos(1)))
    }

    /// Fails if the phase is to end.
    pub(crate) fn check(&self) -> Result {
        self.over().map_or(Ok(()), |over| Err(over.error()))
    }

    /// Sleeps, but no longer than the phase may last.
    pub(crate) fn sleep(&self, time: Duration) -> Result {
        self.check()?;
        let end = self.clock.now().saturating_add(nanos(time));
        let until = self.deadline().map_or(end, |deadline| deadline.min(end));
        if !self.clock.pass_until(until) {
            self.wait_until(self.clock.instant(until));
        }
        if self.level() < StopLevel::Cancel && until == end { Ok(()) } else { self.check() }
    }

    /// Waits until then, or until the phase is cancelled.
    fn wait_until(&self, until: Option<Instant>) {
        let bell = Bell::new();
        loop {
            let seen = self.level();
            if seen >= StopLevel::Cancel {
                return;
            }
            let Some(_listening) = self.stop.listen(seen.max(self.ignored), bell.waker()) else { continue };
            if !bell.wait_until(until) {
                return;
            }
        }
    }

    /// A token that is raised with the run's stop, and cancelled when the time of the phase is over.
    pub(crate) fn token(&self) -> &CancelToken {
        self.token.get_or_init(|| {
            let token = self.stop.child_above(self.ignored);
            match self.deadline() {
                Some(_) if self.over().is_some() => self.expire(&token),
                Some(deadline) => {
                    self.clock.instant(deadline).into_iter().for_each(|when| token.cancel_at(when))
                }
                None => {}
            }
            token
        })
    }

    /// Raises the token that was handed out, if there is one, because a limit of time is over.
    pub(crate) fn expire_token(&self) {
        if let Some(token) = self.token.get() {
            self.expire(token);
        }
    }

    fn expire(&self, token: &CancelToken) {
        token.raise(StopLevel::Cancel, StopReason::TimedOut);
    }

    /// Before a future is polled: tells those who asked that a limit of time is over.
    pub(crate) fn tell_over(&self) {
        if let Some(Over::TimedOut(_)) = self.over() {
            self.expire_token();
        }
    }

    /// What ends a future without another poll: a stop, unless it has asked to be told.
    pub(crate) fn ends_unasked(&self) -> Option<Over> {
        let may_end_itself = self.is_listened_to() && self.level() < StopLevel::Kill;
        self.over().filter(|over| matches!(over, Over::Cancelled(_)) && !may_end_itself)
    }

    /// After a poll that came to nothing. `until` is kept for the future: until when it may end by itself although it is
    /// over.
    pub(crate) fn pending(&self, until: &mut Option<u64>) -> Pending {
        let Some(over) = self.over() else { return Pending::Waits(self.deadline()) };
        if !self.is_listened_to() || self.level() >= StopLevel::Kill {
            return Pending::Ends(over);
        }
        let now = self.clock.now();
        let until = *until.get_or_insert(now.saturating_add(nanos(self.grace)));
        if until <= now { Pending::Ends(over) } else { Pending::Waits(Some(until)) }
    }

    /// Notes that a future wants to be told, and not dropped at once.
    pub(crate) fn note_listening(&self) {
        self.listens.store(true, Ordering::Relaxed);
    }

    /// Whether a future wants to be told, and not dropped at once.
    pub(crate) fn is_listened_to(&self) -> bool {
        self.listens.load(Ordering::Relaxed)
    }
}

#[cfg(all(test, feature = "testkit"))]
mod tests {
    use super::*;
    use crate::error::ErrorClass;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn virtual_limits() -> Limits {
        Limits::new(Clock::simulated(), CancelToken::new(), S(10))
    }

    fn class(result: Result) -> Option<ErrorClass> {
        result.err().map(|error| ErrorClass::of(&*error))
    }

    #[test]
    fn a_limit_is_a_fact_of_the_clock() {
        let check = |phase: Option<u64>, run: Option<u64>, now: u64, expected: Option<ErrorClass>| {
            let limits = virtual_limits()
                .with_phase(phase.and_then(|seconds| Limit::from(0, S(seconds))))
                .with_run(run.and_then(|seconds| Limit::from(0, S(seconds))));
            limits.clock().pass_until(nanos(S(now)));
            assert_eq!(class(limits.check()), expected, "{phase:?} {run:?} {now}");
            assert_eq!(limits.over().is_some(), expected.is_some());
            assert_eq!(limits.token().is_cancelled(), expected.is_some());
        };
        use ErrorClass::{Cancelled, TimedOut};
        check(None, None, 1000, None);
        check(Some(5), None, 4, None);
        check(Some(5), None, 5, Some(TimedOut));
        check(None, Some(5), 4, None);
        check(None, Some(5), 5, Some(Cancelled));
        check(Some(5), Some(5), 6, Some(TimedOut));
        check(Some(9), Some(5), 6, Some(Cancelled));
        check(Some(0), None, 0, Some(TimedOut));
        check(Some(u64::MAX), Some(u64::MAX), 1_000_000, None);
    }

    #[test]
    fn the_time_left_is_never_zero() {
        let limits = virtual_limits().with_phase(Limit::from(0, S(5))).with_run(Limit::from(0, S(7)));
        assert_eq!((limits.deadline(), limits.time_left()), (Some(nanos(S(5))), Some(S(5))));
        limits.clock().pass_until(nanos(S(6)));
        assert_eq!(limits.time_left(), Some(Duration::from_nanos(1)));
        assert_eq!(virtual_limits().time_left(), None);
        assert_eq!(Limit::from(1, Duration::MAX), None);
        assert_eq!(Limit::from(u64::MAX, Duration::from_nanos(1)), None);
    }

    #[test]
    fn a_sleep_ends_with_the_phase() {
        let limits = virtual_limits().with_phase(Limit::from(0, S(5)));
        assert_eq!(class(limits.sleep(S(3))), None);
        assert_eq!(limits.clock().now(), nanos(S(3)));
        assert_eq!(class(limits.sleep(S(2))), None, "it is over at the same moment, and no earlier");
        assert_eq!(
            class(limits.sleep(S(0))),
            Some(ErrorClass::TimedOut),
            "what begins after it fails at once"
        );
        let limits = virtual_limits().with_phase(Limit::from(0, S(5)));
        assert_eq!(class(limits.sleep(Duration::MAX)), Some(ErrorClass::TimedOut));
        assert_eq!(limits.clock().now(), nanos(S(5)));
    }

    #[test]
    fn a_level_that_was_there_before_stops_no_cleanup() {
        let check = |before: StopLevel, after: StopLevel, over: bool| {
            let stop = CancelToken::new();
            stop.raise(before, StopReason::Cancelled);
            let limits = Limits::new(Clock::simulated(), stop.clone(), S(10)).ignoring(before);
            assert!(limits.check().is_ok() && !limits.token().is_cancelled());
            stop.raise(after, StopReason::Cancelled);
            assert_eq!((limits.over().is_some(), limits.token().is_cancelled()), (over, over));
        };
        use StopLevel::{Cancel, Drain, Kill, None as Nothing};
        check(Nothing, Nothing, false);
        check(Nothing, Drain, false);
        check(Drain, Cancel, true);
        check(Cancel, Cancel, false);
        check(Cancel, Kill, true);
        check(Kill, Kill, false);
    }

    #[test]
    fn a_sleeper_wakes_when_it_is_cancelled() {
        let stop = CancelToken::new();
        let limits = Limits::new(Clock::start(true), stop.clone(), S(10));
        let result = std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| class(limits.sleep(Duration::MAX)));
            stop.drain(); // goes on
            stop.cancel();
            sleeper.join().unwrap()
        });
        assert_eq!(result, Some(ErrorClass::Cancelled));
        let limits = Limits::new(Clock::start(true), CancelToken::new(), S(10));
        assert_eq!(class(limits.sleep(Duration::from_millis(1))), None);
    }

    #[test]
    fn a_token_that_was_handed_out_is_raised_by_time() {
        let clock = Clock::start(true);
        let limit = Limit::from(clock.now(), Duration::from_millis(5));
        let limits = Limits::new(clock, CancelToken::new(), S(10)).with_phase(limit);
        let (token, bell) = (limits.token().clone(), Bell::new());
        if let Some(_listening) = token.listen(StopLevel::None, bell.waker()) {
            assert!(bell.wait_until(None));
        }
        assert_eq!(token.reason(), Some(StopReason::TimedOut));
        assert_eq!(limits.stop().level(), StopLevel::None, "the run goes on");

        let limits = virtual_limits();
        limits.expire_token(); // there is none yet
        assert!(!limits.token().is_cancelled());
        limits.expire_token();
        assert!(limits.token().is_cancelled());
        assert!(!limits.is_listened_to());
        limits.note_listening();
        assert!(limits.is_listened_to());
    }
}
