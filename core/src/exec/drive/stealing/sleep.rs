//! Where workers sleep that have nothing to do, and how they are woken.

use std::time::Duration;

use crossbeam_utils::CachePadded;

use crate::exec::sync::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, PoisonError, fence};

/// A worker that offers work wakes one sleeper; one that goes to sleep looks once more at what is offered. Each announces
/// itself before it looks at the other, with a full fence between, so one of them sees the other.
#[derive(Default)]
pub(super) struct Sleep {
    /// Sleepers that nobody has called yet. Changed under the lock alone.
    asleep: CachePadded<AtomicUsize>,
    calls: Mutex<Calls>,
    bell: Condvar,
}

#[derive(Default)]
struct Calls {
    /// Sleepers that were called and are not yet awake.
    called: usize,
    /// The run is over: nobody sleeps any more.
    over: bool,
}

impl Sleep {
    /// After work was put where others find it.
    #[inline]
    pub(super) fn offer(&self) {
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) > 0 {
            self.call_one();
        }
    }

    #[cold]
    fn call_one(&self) {
        let mut calls = self.lock();
        let asleep = self.asleep.load(Ordering::Relaxed);
        if asleep > 0 {
            self.asleep.store(asleep - 1, Ordering::Relaxed);
            calls.called += 1;
            drop(calls);
            self.bell.notify_one();
        }
    }

    /// After a retry was planned that is due before all others: every sleeper sets its alarm anew.
    pub(super) fn set_alarms(&self) {
        drop(self.lock()); // whoever looked at the retries before is waiting by now
        self.bell.notify_all();
    }

    pub(super) fn end(&self) {
        self.lock().over = true;
        self.bell.notify_all();
    }

    /// Sleeps until called, until the alarm, or until the run is over.
    ///
    /// `look` says whether there is something to do after all, and `alarm` how long it is until the next retry.
    pub(super) fn sleep(&self, look: impl Fn() -> bool, alarm: impl Fn() -> Option<Duration>) {
        let mut calls = self.lock();
        if calls.over {
            return;
        }
        self.asleep.store(self.asleep.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if look() {
            return self.get_up(calls);
        }
        while calls.called == 0 && !calls.over {
            calls = match alarm() {
                None => self.bell.wait(calls).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return self.get_up(calls),
                Some(time) => self.bell.wait_timeout(calls, time).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        calls.called = calls.called.saturating_sub(1);
    }

    /// Leaves without having slept. A call that has arrived meanwhile is consumed: the caller has already counted us as
    /// awake.
    fn get_up(&self, mut calls: MutexGuard<'_, Calls>) {
        if calls.called > 0 {
            calls.called -= 1;
        } else {
            self.asleep.store(self.asleep.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
