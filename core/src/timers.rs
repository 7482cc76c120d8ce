//! Moments that futures of a run wait for.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::cancel::{Alarm, Due, set_alarm};
use crate::clock::{Clock, nanos};

/// Wakers by the moment at which they are to be called. Whoever is free in a run calls those that are due, so only futures
/// that its workers poll wait here; others have an alarm of the process.
pub(crate) struct Timers {
    /// When the first one is due: written under the lock, read without it.
    first: AtomicU64,
    waiting: Mutex<Waiting>,
}

/// There is none.
const NEVER: u64 = u64::MAX;

impl Default for Timers {
    fn default() -> Self {
        Timers { first: AtomicU64::new(NEVER), waiting: Mutex::default() }
    }
}

/// The timers of one run, which are made when something waits for the first time.
#[derive(Debug)]
pub(crate) struct LazyTimers {
    timers: OnceLock<Arc<Timers>>,
    /// No other run of this process has it.
    run: u64,
}

impl Default for LazyTimers {
    fn default() -> Self {
        static RUNS: AtomicU64 = AtomicU64::new(1);
        LazyTimers { timers: OnceLock::new(), run: RUNS.fetch_add(1, Ordering::Relaxed) }
    }
}

impl LazyTimers {
    /// A future that is ready when so much time has passed.
    pub(crate) fn sleep(&self, clock: &Clock, time: Duration) -> Sleeping {
        let timers = Arc::clone(self.timers.get_or_init(Arc::default));
        let due = clock.now().saturating_add(nanos(time));
        Sleeping { timers, run: self.run, clock: clock.clone(), due, id: None, alarm: None }
    }

    /// Polls on a thread that serves these timers as soon as what it polls is pending, and so lets the time of a simulation
    /// pass where it waits.
    pub(crate) fn serve<T>(&self, waker: &Waker, poll: impl FnOnce(&mut Context<'_>) -> T) -> T {
        struct Before(Served);
        impl Drop for Before {
            fn drop(&mut self) {
                SERVED.set(self.0);
            }
        }
        let _before = Before(SERVED.replace(Served { run: self.run, waker: waker.data().addr() }));
        poll(&mut Context::from_waker(waker))
    }

    /// When the next one is due, in nanoseconds since the run began.
    pub(crate) fn first_due(&self) -> Option<u64> {
        self.timers.get()?.first_due()
    }

    /// Calls the wakers that are due. No lock is held meanwhile.
    pub(crate) fn fire(&self, now: u64) {
        if let Some(timers) = self.timers.get() {
            timers.fire(now);
        }
    }
}

/// Whose timers a thread serves, and with which waker it polls: no run has the number 0.
#[derive(Clone, Copy)]
struct Served {
    run: u64,
    waker: usize,
}

thread_local! {
    static SERVED: Cell<Served> = const { Cell::new(Served { run: 0, waker: 0 }) };
}

#[derive(Default)]
struct Waiting {
    wakers: BTreeMap<(u64, u64), Waker>,
    next: u64,
}

impl Timers {
    fn first_due(&self) -> Option<u64> {
        Some(self.first.load(Ordering::Acquire)).filter(|due| *due < NEVER)
    }

    fn note_first(&self, waiting: &Waiting) {
        let first = waiting.wakers.keys().next().map_or(NEVER, |(due, _)| *due);
        self.first.store(first, Ordering::Release);
    }

    fn fire(&self, now: u64) {
        let due = {
            let mut waiting = self.lock();
            if waiting.wakers.first_key_value().is_none_or(|((due, _), _)| *due > now) {
                return;
            }
            let later = waiting.wakers.split_off(&(now.saturating_add(1), 0));
            let due = std::mem::replace(&mut waiting.wakers, later);
            self.note_first(&waiting);
            due
        };
        due.into_values().for_each(Waker::wake);
    }

    fn add(&self, due: u64, waker: Waker) -> u64 {
        let mut waiting = self.lock();
        let id = waiting.next;
        waiting.next += 1;
        waiting.wakers.insert((due, id), waker);
        self.note_first(&waiting);
        id
    }

    fn remove(&self, due: u64, id: u64) {
        let mut waiting = self.lock();
        let waker = waiting.wakers.remove(&(due, id));
        self.note_first(&waiting);
        drop(waiting);
        drop(waker); // after the lock
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers").field("waiting", &self.lock().wakers.len()).finish()
    }
}

/// A future that is ready at a moment of the run's clock, from [`Context::sleep_async`](crate::Context::sleep_async).
#[derive(Debug)]
#[must_use = "a future does nothing until it is awaited"]
pub struct Sleeping {
    timers: Arc<Timers>,
    run: u64,
    clock: Clock,
    due: u64,
    id: Option<u64>,
    /// Where it was polled by somebody else than the run: in a task of a runtime, by a worker of another run, or by what
    /// blocks inside of a phase.
    alarm: Option<Box<OwnAlarm>>,
}

/// An alarm, and whom it wakes.
struct OwnAlarm {
    _alarm: Alarm,
    _woken: Arc<Woken>,
}

impl OwnAlarm {
    fn set(when: Instant, waker: Waker) -> Self {
        let woken = Arc::new(Woken(waker));
        let to_wake = Arc::downgrade(&woken);
        OwnAlarm { _alarm: set_alarm(when, to_wake), _woken: woken }
    }
}

impl fmt::Debug for OwnAlarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnAlarm")
    }
}

struct Woken(Waker);

impl Due for Woken {
    fn due(&self) {
        self.0.wake_by_ref();
    }
}

impl Future for Sleeping {
    type Output = ();

    /// In a simulation the time passes at once, unless somebody lets it pass who knows what else is waited for.
    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        if let Some(id) = self.id.take() {
            self.timers.remove(self.due, id);
        }
        let served = SERVED.get();
        let is_served = served.run == self.run;
        if self.clock.now() >= self.due || !is_served && self.clock.pass_until(self.due) {
            return Poll::Ready(());
        }
        // with another waker, who knows whether this thread waits inside of the poll
        let is_served = is_served && served.waker == task.waker().data().addr();
        if let Some(when) = self.clock.instant(self.due).filter(|_| !is_served) {
            self.alarm = Some(Box::new(OwnAlarm::set(when, task.waker().clone())));
            return Poll::Pending;
        }
        self.alarm = None;
        let id = self.timers.add(self.due, task.waker().clone());
        self.id = Some(id);
        Poll::Pending
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.timers.remove(self.due, id);
        }
    }
}
