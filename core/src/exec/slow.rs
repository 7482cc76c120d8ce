//! Phases that take long are told to those who watch the run.
//!
//! The thread of the process that keeps alarms looks for them. An observer may take its time, so that thread tells nobody
//! itself: only where a phase is slow, one is started that does.
//!
//! 1. A phase is told to be slow while it is open, and never after its end was told: whoever ends it waits for the lock.
//! 2. The alarm is never later than the moment at which the next open phase is slow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::cancel::{Alarm, Due, set_alarm};
use crate::clock::{Clock, Stamp};
use crate::graph::JobId;
use crate::log::warning;
use crate::words::Phase;

/// The phases of a watched run that go on.
pub(super) struct Patience {
    /// How long a phase may take before it is told, in nanoseconds.
    after: u64,
    clock: Clock,
    tell: Box<dyn Fn(Slow) + Send + Sync>,
    open: Mutex<BTreeMap<JobId, OpenPhase>>,
    alarm: Mutex<Option<Alarm>>,
    own: Weak<Patience>,
}

/// A phase that goes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenPhase {
    pub(super) attempt: u32,
    pub(super) phase: Phase,
    pub(super) worker: usize,
    pub(super) start: Stamp,
    /// When it is told next, in nanoseconds since the run began.
    pub(super) due: u64,
}

/// A phase that is slow, at a time.
pub(super) struct Slow {
    pub(super) job: JobId,
    pub(super) open: OpenPhase,
    pub(super) at: u64,
}

impl Patience {
    /// Its run begins. The stamps of its clock are nanoseconds.
    pub(super) fn new(after: u64, clock: &Clock, tell: impl Fn(Slow) + Send + Sync + 'static) -> Arc<Self> {
        let patience = Arc::new_cyclic(|own| Patience {
            after,
            clock: clock.clone(),
            tell: Box::new(tell),
            open: Mutex::default(),
            alarm: Mutex::default(),
            own: Weak::clone(own),
        });
        patience.wait_until(after);
        patience
    }

    pub(super) fn begin(&self, job: JobId, attempt: u32, phase: Phase, worker: usize, start: Stamp) {
        let due = start.0.saturating_add(self.after);
        self.lock().insert(job, OpenPhase { attempt, phase, worker, start, due });
    }

    /// The phase of a job ends. It is not told to be slow from now on.
    pub(super) fn end(&self, job: JobId) {
        self.lock().remove(&job);
    }

    /// The run is over.
    pub(super) fn close(&self) {
        self.lock().clear();
        *lock(&self.alarm) = None;
    }

    /// Tells what is slow, and when to look again.
    fn tell_slow(&self) -> u64 {
        let mut open = self.lock();
        let now = self.clock.now();
        for (job, open) in open.iter_mut().filter(|(_, open)| open.due <= now) {
            (self.tell)(Slow { job: *job, open: *open, at: now });
            open.due = open.next_due(now, self.after);
        }
        self.next(&open, self.clock.now())
    }

    fn next(&self, open: &BTreeMap<JobId, OpenPhase>, now: u64) -> u64 {
        open.values().map(|open| open.due).min().unwrap_or(u64::MAX).min(now.saturating_add(self.after))
    }

    fn wait_until(&self, at: u64) {
        let at = at.max(self.clock.now().saturating_add(LEAST));
        self.keep(|| self.clock.instant(at).map(|when| set_alarm(when, Weak::clone(&self.own) as _)));
    }

    /// Sets an alarm in place of the one before. It may be time before it is kept, and another one may be set by that: so
    /// that this other one replaces it, and not the other way round, none is set without the lock.
    fn keep(&self, set: impl FnOnce() -> Option<Alarm>) {
        let mut alarm = lock(&self.alarm);
        *alarm = set();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<JobId, OpenPhase>> {
        lock(&self.open)
    }
}

impl OpenPhase {
    /// The next time is at twice of this one.
    fn next_due(&self, now: u64, after: u64) -> u64 {
        let running = now.saturating_sub(self.start.0);
        let mut next = after;
        while next <= running {
            next = next.saturating_mul(2);
        }
        self.start.0.saturating_add(next)
    }
}

impl Due for Patience {
    fn due(&self) {
        let now = self.clock.now();
        let next = self.next(&self.lock(), now);
        let Some(own) = self.own.upgrade().filter(|_| next <= now) else { return self.wait_until(next) };
        let tell = move || {
            let next = own.tell_slow();
            own.wait_until(next);
        };
        if let Err(_error) = std::thread::Builder::new().name("dojobber-slow".into()).spawn(tell) {
            warning!(%_error, "there is no thread that could tell which phases are slow");
            self.wait_until(now.saturating_add(self.after));
        }
    }
}

/// It is not looked more often.
const LEAST: u64 = 1_000_000;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn it_is_told_at_each_doubling() {
        let open = OpenPhase { attempt: 1, phase: Phase::Run, worker: 0, start: Stamp(5), due: 0 };
        let check = |now, expected| assert_eq!(open.next_due(now, 10), expected);
        check(5, 15);
        check(14, 15);
        check(15, 25);
        check(24, 25);
        check(25, 45);
        check(100, 165);
        check(u64::MAX, u64::MAX);
    }

    /// Else the alarm that is set when it was time would be dropped in favour of one that is over.
    #[test]
    fn no_alarm_is_set_while_another_one_is() {
        let patience = Patience::new(u64::MAX, &Clock::start(true), |_| unreachable!("nothing is slow"));
        let mut was_set = false;
        patience.keep(|| {
            was_set = true;
            assert!(patience.alarm.try_lock().is_err());
            None
        });
        assert!(was_set);
    }

    #[test]
    fn open_phases_are_told_until_they_end() {
        let clock = Clock::start(true);
        let (tell, told) = mpsc::channel();
        let patience = Patience::new(2_000_000, &clock, move |slow| {
            let _ = tell.send((slow.job, slow.open.phase, slow.at.saturating_sub(slow.open.start.0)));
        });
        patience.begin(JobId::new(1), 1, Phase::Check, 0, clock.stamp());
        patience.end(JobId::new(1));
        patience.begin(JobId::new(2), 1, Phase::Run, 0, clock.stamp());
        for least in [2_000_000, 4_000_000, 8_000_000] {
            let (job, phase, running) = told.recv().unwrap();
            assert_eq!((job, phase), (JobId::new(2), Phase::Run));
            assert!(running >= least, "{running} ns are less than {least}");
        }
        patience.close();
        drop(patience);
        while told.recv().is_ok() {} // nobody tells any more: the thread that did is gone, and with it the sender
    }
}
