//! Where the workers of a run meet: the schedule under one lock, and the workers that sleep because there is nothing to do.
//!
//! 1. No code of a user's is called, no event is told and nothing of a user's is dropped under the lock.
//! 2. A worker or waker that makes something doable calls one sleeper, if there is one.
//! 3. Where there is an alarm and somebody sleeps, one sleeper keeps it. A keeper that leaves calls another sleeper.
//! 4. There are at least as many workers as jobs are left, or as many as the run may have, or one of them calls helpers, or there
//!    is nothing to do for more. None leaves but for the first reason.
//! 5. A ring is `ASIDE` only from the moment when its try is pending. Until then, whoever rings it leaves a mark, and takes no
//!    lock.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::task::Wake;
use std::time::Duration;

use crate::cancel::StopLevel;
use crate::exec::schedule::{Ended, Schedule, State};
use crate::exec::sync::{AtomicU32, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, PoisonError};
use crate::graph::JobId;
use crate::words::StopReason;

/// It borrows nothing, so that wakers may hold it beyond the run.
pub(super) struct Hall {
    inside: Mutex<Inside>,
    /// Rings for sleepers without an alarm.
    bell: Condvar,
    /// Rings for the one that keeps the alarm.
    alarm: Condvar,
    /// Rings that were made.
    numbers: AtomicUsize,
}

pub(super) struct Inside {
    pub(super) schedule: Schedule,
    /// The highest level of stop that the schedule has obeyed.
    pub(super) obeyed: StopLevel,
    /// Why, for the first of these levels.
    pub(super) stop_reason: Option<StopReason>,
    /// Jobs that have ended without a try of their own, which nobody has told yet.
    pub(super) untold: Vec<Ended>,
    /// Sleepers without an alarm that were not called.
    idle: usize,
    /// For each job that was pending, by its index: the number of the ring that may wake it just now; 0 if there is none.
    rings: Vec<usize>,
    /// Pending tries that nobody can wake any more.
    forsaken: HashSet<JobId>,
    /// When the limits of pending tries are over.
    deadlines: BTreeSet<(u64, JobId)>,
    /// The same by job.
    deadline_of: HashMap<JobId, u64>,
    /// Sleepers that were called, and are not yet awake.
    called: usize,
    has_keeper: bool,
    /// Until when the keeper sleeps, in nanoseconds since the run began.
    keeper_until: u64,
    /// How many workers have not left; helpers that have not arrived are among them.
    workers: usize,
    /// Helpers that were called and have not arrived.
    coming: usize,
    /// Whether a worker calls more of them.
    is_growing: bool,
}

impl Hall {
    pub(super) fn new(schedule: Schedule) -> Self {
        let inside = Inside {
            schedule,
            obeyed: StopLevel::None,
            stop_reason: None,
            untold: Vec::new(),
            rings: Vec::new(),
            forsaken: HashSet::new(),
            deadlines: BTreeSet::new(),
            deadline_of: HashMap::new(),
            idle: 0,
            called: 0,
            has_keeper: false,
            keeper_until: 0,
            workers: 1,
            coming: 0,
            is_growing: false,
        };
        let (bell, alarm) = (Condvar::new(), Condvar::new());
        Hall { inside: Mutex::new(inside), bell, alarm, numbers: AtomicUsize::new(0) }
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

    /// Sleeps until called, or until the alarm: a moment, and how long it is until then.
    pub(super) fn sleep<'h>(
        &self,
        mut inside: MutexGuard<'h, Inside>,
        alarm: Option<(u64, Duration)>,
    ) -> MutexGuard<'h, Inside> {
        match alarm {
            Some((until, time)) if !inside.has_keeper => {
                (inside.has_keeper, inside.keeper_until) = (true, until);
                inside = self.alarm.wait_timeout(inside, time).unwrap_or_else(PoisonError::into_inner).0;
                inside.has_keeper = false;
            }
            _ => {
                if let Some((until, _)) = alarm
                    && until < inside.keeper_until
                {
                    self.alarm.notify_one(); // it sets the alarm anew
                }
                inside.idle += 1;
                while inside.called == 0 {
                    inside = self.bell.wait(inside).unwrap_or_else(PoisonError::into_inner);
                }
                inside.called -= 1;
            }
        }
        inside
    }

    /// A ring that nobody else has.
    pub(super) fn ring(self: &Arc<Self>) -> Arc<Ring> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let state = AtomicU32::new(LISTENED_TO);
        Arc::new(Ring { hall: Arc::clone(self), number, job: AtomicU32::new(0), state })
    }
}

impl Inside {
    /// The try of a job waits for a ring, or for the moment when its limit is over.
    pub(super) fn suspend(&mut self, job: JobId, ring: &Ring, deadline: Option<u64>) {
        if !ring.lay_aside(job) {
            self.schedule.wake(job); // it was rung during the poll
        }
        if self.rings.len() <= job.index() {
            self.rings.resize(job.index() + 1, 0);
        }
        self.rings[job.index()] = ring.number;
        if self.schedule.suspend(job) {
            self.deadlines.extend(deadline.map(|at| (at, job)));
            self.deadline_of.extend(deadline.map(|at| (job, at)));
        }
    }

    /// A pending try goes on; says whether that is because nobody can wake it any more.
    pub(super) fn resume(&mut self, job: JobId) -> bool {
        self.rings[job.index()] = 0;
        if !self.deadline_of.is_empty()
            && let Some(at) = self.deadline_of.remove(&job)
        {
            self.deadlines.remove(&(at, job));
        }
        !self.forsaken.is_empty() && self.forsaken.remove(&job)
    }

    /// Wakes pending tries whose limits are over.
    pub(super) fn wake_overdue(&mut self, now: impl FnOnce() -> u64) {
        if self.deadlines.is_empty() {
            return;
        }
        let now = now();
        while let Some((at, job)) = self.deadlines.first().copied()
            && at <= now
        {
            self.deadlines.pop_first();
            self.schedule.wake(job);
        }
    }

    pub(super) fn first_deadline(&self) -> Option<u64> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Whether somebody sleeps who could be called.
    pub(super) fn has_sleepers(&self) -> bool {
        self.idle > 0 || self.has_keeper
    }

    /// Whether the worker that asks is to call helpers: there is more to do than there are workers on their way to it.
    pub(super) fn begin_to_grow(&mut self, most: usize) -> bool {
        !self.is_growing && self.go_on_to_grow(most)
    }

    /// The same for the worker that calls helpers; if it is not to go on with that, another one may begin with it.
    pub(super) fn go_on_to_grow(&mut self, most: usize) -> bool {
        let is_wanted = !self.has_sleepers() && self.schedule.surplus() > self.coming + self.called;
        self.is_growing = is_wanted && self.room(most).1 > 0;
        self.is_growing
    }

    pub(super) fn stop_growing(&mut self) {
        self.is_growing = false;
    }

    /// How many workers there are, and of how many more there could be use: no more than jobs are left.
    pub(super) fn room(&self, most: usize) -> (usize, usize) {
        (self.workers, most.min(self.schedule.open()).saturating_sub(self.workers))
    }

    /// Some helpers are about to be called, as many as there is room for. Returns their number.
    pub(super) fn expect(&mut self, helpers: usize, most: usize, goes_on: bool) -> usize {
        let count = helpers.min(self.room(most).1);
        self.workers += count;
        self.coming += count;
        self.is_growing = goes_on;
        count
    }

    /// A helper that was called has come.
    pub(super) fn arrive(&mut self) {
        self.coming -= 1;
    }

    /// Whether a worker that has nothing to do leaves: the others are as many as jobs are left, so none of these will have
    /// to wait for a worker.
    pub(super) fn leave(&mut self) -> bool {
        let is_superfluous = self.workers > self.schedule.open();
        self.workers -= usize::from(is_superfluous);
        is_superfluous
    }

    /// Whether somebody must get up to keep an earlier alarm than is kept.
    pub(super) fn wants_keeper(&self, alarm: Option<u64>) -> bool {
        alarm.is_some_and(|at| !self.has_keeper || at < self.keeper_until)
    }
}

/// A worker is inside of the try, and looks whether it was rung before it puts the try aside.
const LISTENED_TO: u32 = 0;
/// The try is pending; or it was, and goes on because of something else.
const ASIDE: u32 = 1;
/// It was rung since it was listened to.
const RUNG: u32 = 2;

/// What the wakers of one try ring. Clones of it are all that can wake that try while it is pending.
pub(super) struct Ring {
    hall: Arc<Hall>,
    /// No other ring has it.
    number: usize,
    /// Whose try was put aside with it last.
    job: AtomicU32,
    state: AtomicU32,
}

impl Ring {
    /// Before a poll, which sees all that was done before the ring was rung.
    pub(super) fn listen(&self) {
        // most often it has not been rung since; if that is seen too late, it is as if it was rung during the poll
        if self.state.load(Ordering::Relaxed) != LISTENED_TO {
            self.state.swap(LISTENED_TO, Ordering::AcqRel);
        }
    }

    /// After a poll: whoever rings from now on takes the lock, which the worker holds. `false`: it was rung meanwhile.
    fn lay_aside(&self, job: JobId) -> bool {
        let state = &self.state;
        self.job.store(job.0, Ordering::Relaxed); // read only by who finds the ring laid aside
        state.compare_exchange(LISTENED_TO, ASIDE, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Notes that it is rung, and says whether a pending try is to be told.
    fn mark(&self) -> bool {
        self.state.swap(RUNG, Ordering::AcqRel) == ASIDE
    }

    /// Does something, if this is still the ring of its job.
    fn answer(&self, act: impl FnOnce(&mut Inside, JobId) -> bool) {
        let (mut inside, job) = (self.hall.lock(), JobId(self.job.load(Ordering::Relaxed)));
        if inside.rings.get(job.index()) == Some(&self.number) && act(&mut inside, job) {
            self.hall.call(&mut inside);
        }
    }
}

impl Wake for Ring {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.mark() {
            self.answer(|inside, job| inside.schedule.wake(job));
        }
    }
}

/// Nobody can wake the try any more.
impl Drop for Ring {
    fn drop(&mut self) {
        if !self.mark() {
            return;
        }
        self.answer(|inside, job| {
            let is_pending = inside.schedule.state(job) == State::Pending;
            if is_pending {
                inside.forsaken.insert(job);
            }
            is_pending && inside.schedule.wake(job)
        });
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
