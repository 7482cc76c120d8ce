//! Where the workers of a run meet: the schedule under one lock, and those who sleep because there is nothing to do.
//!
//! 1. No code of a user's is called, no event is told and nothing of a user's is dropped under the lock.
//! 2. Whoever makes something doable calls one sleeper, if there is one.
//! 3. Where there is an alarm and somebody sleeps, one sleeper keeps it. A keeper that leaves calls another sleeper.

use std::sync::Arc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::time::Duration;

use crate::cancel::StopLevel;
use crate::exec::schedule::Schedule;
use crate::words::StopReason;

/// It borrows nothing, so that wakers may hold it beyond the run.
pub(super) struct Hall {
    inside: Mutex<Inside>,
    /// Rings for sleepers without an alarm.
    bell: Condvar,
    /// Rings for the one that keeps the alarm.
    alarm: Condvar,
}

pub(super) struct Inside {
    pub(super) schedule: Schedule,
    /// The highest level of stop that the schedule has obeyed.
    pub(super) obeyed: StopLevel,
    /// Why, for the first of these levels.
    pub(super) stop_reason: Option<StopReason>,
    /// Sleepers without an alarm that were not called.
    idle: usize,
    /// Sleepers that were called, and are not yet awake.
    called: usize,
    has_keeper: bool,
}

impl Hall {
    pub(super) fn new(schedule: Schedule) -> Self {
        let inside = Inside {
            schedule,
            obeyed: StopLevel::None,
            stop_reason: None,
            idle: 0,
            called: 0,
            has_keeper: false,
        };
        Hall { inside: Mutex::new(inside), bell: Condvar::new(), alarm: Condvar::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls one sleeper, if there is one.
    pub(super) fn call(&self, inside: &mut Inside) -> bool {
        if inside.idle > 0 {
            inside.idle -= 1;
            inside.called += 1;
            self.bell.notify_one();
            return true;
        }
        if inside.has_keeper {
            self.alarm.notify_one();
        }
        inside.has_keeper
    }

    /// Calls all sleepers: the run is over, or is stopped.
    pub(super) fn call_all(&self, inside: &mut Inside) {
        inside.called += std::mem::take(&mut inside.idle);
        self.bell.notify_all();
        self.alarm.notify_all();
    }

    /// Sleeps until called, or until the alarm.
    pub(super) fn sleep<'h>(
        &self,
        mut inside: MutexGuard<'h, Inside>,
        alarm: Option<Duration>,
    ) -> MutexGuard<'h, Inside> {
        match alarm {
            Some(time) if !inside.has_keeper => {
                inside.has_keeper = true;
                inside = self.alarm.wait_timeout(inside, time).unwrap_or_else(PoisonError::into_inner).0;
                inside.has_keeper = false;
            }
            _ => {
                inside.idle += 1;
                while inside.called == 0 {
                    inside = self.bell.wait(inside).unwrap_or_else(PoisonError::into_inner);
                }
                inside.called -= 1;
            }
        }
        inside
    }
}

/// As a waker: something has happened that all must look at.
impl Wake for Hall {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.call_all(&mut self.lock());
    }
}
