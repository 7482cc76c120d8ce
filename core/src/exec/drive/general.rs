//! The driver for all runs: those that may be stopped, whose jobs have limits, use pools or have priorities, and those
//! with very many threads.
//!
//! Its workers share one schedule under a lock, which costs each try some dozen nanoseconds, whatever the number of
//! workers. Helpers come as there is work for them, a tier at a time, each called by the worker that has found more to do
//! than it can.

mod hall;

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::Duration;

use hall::{Hall, Inside};

use crate::cancel::StopLevel;
use crate::exec::attempt::{Leftovers, Progress, Worker};
use crate::exec::bounds::Bounds;
use crate::exec::drive::helpers::{Helpers, Lease, Tier};
use crate::exec::finished::Finished;
use crate::exec::live::Live;
use crate::exec::schedule::{Ended, Next, Schedule};
use crate::exec::tries::{Try, TryEnd};
use crate::report::{Head, Log};

/// All jobs to their end: the caller's thread, and helpers as there is work for them.
pub(super) fn execute<'env, A: Send + Sync>(live: &Live<'env, A>, helpers: &Helpers) -> Finished<'env, A> {
    let schedule = Schedule::new(live.graph(), live.claims());
    let crew = Crew {
        live,
        hall: Arc::new(Hall::new(schedule)),
        heads: live.graph().ids().map(|_| AtomicU64::default()).collect(),
        helpers,
        lease: OnceLock::new(),
        tiers: AtomicUsize::new(0),
        is_growing: AtomicBool::new(false),
        workers: AtomicUsize::new(1),
        ids: AtomicU16::new(1),
        told: Mutex::new(()),
        left: Mutex::default(),
    };
    let waker = Waker::from(Arc::clone(&crew.hall));
    let stop = live.bounds.as_ref().map(Bounds::stop);
    let _listening = stop.map(|stop| stop.listen(StopLevel::None, waker));
    crew.work(Worker::new(live, 0));
    crew.finish()
}

/// All workers of one run.
struct Crew<'r, 'env, A> {
    live: &'r Live<'env, A>,
    hall: Arc<Hall>,
    /// How far each job is: a [`Head`].
    heads: Vec<AtomicU64>,
    helpers: &'r Helpers,
    lease: OnceLock<Lease<'r>>,
    /// How many tiers of helpers have been called.
    tiers: AtomicUsize,
    /// Whether one is being called.
    is_growing: AtomicBool,
    workers: AtomicUsize,
    /// The number of the next worker.
    ids: AtomicU16,
    /// Held while it is told which jobs have ended without a try: what follows from that is told afterwards.
    told: Mutex<()>,
    /// What workers leave behind.
    left: Mutex<Vec<(Log, Leftovers<'env, A>)>>,
}

/// What a worker is to do, and whether there is more than the workers can.
struct Task {
    next: Next,
    has_surplus: bool,
}

/// A try that a worker has executed.
type Done = (Try, TryEnd);

impl<'r, 'env, A: Send + Sync> Crew<'r, 'env, A> {
    fn work(&self, mut worker: Worker<'r, 'env, A>) {
        self.work_on(&mut worker, None);
        lock(&self.left).push(worker.into_parts());
    }

    /// Executes tries until all jobs have ended.
    fn work_on(&self, worker: &mut Worker<'r, 'env, A>, mut done: Option<Done>) {
        while let Some(Task { next, has_surplus }) = self.next(worker, done.take()) {
            if has_surplus && let Some((tier, count)) = self.grow() {
                return tier.help(
                    count,
                    || self.work(Worker::new(self.live, self.ids.fetch_add(1, Ordering::Relaxed))),
                    || {
                        self.is_growing.store(false, Ordering::Release);
                        let done = self.perform(worker, next);
                        self.work_on(worker, Some(done));
                    },
                );
            }
            done = Some(self.perform(worker, next));
        }
    }

    fn perform(&self, worker: &mut Worker<'r, 'env, A>, next: Next) -> Done {
        let Next::Begin(attempt) = next else { unreachable!("no try is pending") };
        let mut progress = worker.begin(attempt);
        loop {
            match progress {
                Progress::Over(attempt, end) => return (attempt, end),
                Progress::Open(open) if self.live.level() >= StopLevel::Cancel => {
                    return worker.cut_short(open);
                }
                Progress::Open(open) => progress = worker.advance(open),
            }
        }
    }

    /// Books what was done, and waits for something to do. `None`: the run is over.
    fn next(&self, worker: &mut Worker<'r, 'env, A>, done: Option<Done>) -> Option<Task> {
        let mut ended = Vec::new();
        self.expire();
        let mut inside = self.hall.lock();
        // before what was done is booked: so it is known in time
        let mut has_stopped = self.obey(&mut inside, &mut ended);
        if let Some(done) = done {
            self.book(&mut inside.schedule, done, &mut ended);
        }
        loop {
            if has_stopped || !ended.is_empty() {
                inside = self.tell(inside, worker, &mut ended);
            }
            if inside.schedule.is_over() {
                self.hall.call_all(&mut inside);
                return None;
            }
            has_stopped = self.obey(&mut inside, &mut ended);
            if has_stopped {
                continue;
            }
            if let Some(next) = inside.schedule.next(|| self.live.world.clock.now()) {
                let has_more = inside.schedule.has_more();
                let is_called = (has_more || self.alarm(&inside).is_some()) && self.hall.call(&mut inside);
                return Some(Task { next, has_surplus: has_more && !is_called });
            }
            let alarm = self.alarm(&inside);
            drop(self.hall.sleep(inside, alarm));
            self.expire();
            inside = self.hall.lock();
        }
    }

    /// Stops the run if its time is over. What listens to that wants the lock, so nobody may hold it.
    fn expire(&self) {
        if let Some(bounds) = &self.live.bounds
            && bounds.run_until().is_some_and(|until| until <= self.live.world.clock.now())
        {
            bounds.expire();
        }
    }

    /// Stops what has not begun, if the run is stopped higher than before; says whether it is.
    fn obey(&self, inside: &mut Inside, ended: &mut Vec<Ended>) -> bool {
        let Some(bounds) = &self.live.bounds else { return false };
        let level = bounds.level();
        if level <= inside.obeyed || inside.schedule.is_over() {
            return false;
        }
        inside.obeyed = level;
        inside.stop_reason = inside.stop_reason.or(bounds.stop().reason());
        inside.schedule.stop(ended);
        true
    }

    fn book(&self, schedule: &mut Schedule, (attempt, end): Done, ended: &mut Vec<Ended>) {
        let head = match end {
            TryEnd::Ended(head) => head,
            TryEnd::Again { .. } => attempt.head,
        };
        self.heads[attempt.job.index()].store(head.to_bits(), Ordering::Relaxed);
        match (end, head.status()) {
            (TryEnd::Ended(_), Some(status)) => schedule.end(attempt.job, status, ended),
            (TryEnd::Again { due }, _) => schedule.again(attempt.again(due), ended),
            (TryEnd::Ended(_), None) => unreachable!("a job that has ended has a status"),
        }
    }

    /// Tells which jobs have ended without a try of their own, and whether the run is stopped.
    ///
    /// The lock of the schedule is let go meanwhile. Another one is held: what follows from these ends is told later.
    fn tell<'h>(
        &'h self,
        inside: MutexGuard<'h, Inside>,
        worker: &mut Worker<'r, 'env, A>,
        ended: &mut Vec<Ended>,
    ) -> MutexGuard<'h, Inside> {
        let telling = lock(&self.told);
        drop(inside);
        worker.look_at_the_clock();
        worker.see_stop();
        for ended in ended.drain(..) {
            let head = &self.heads[ended.job.index()];
            let last = Head::from_bits(head.load(Ordering::Relaxed)).ended(ended.status);
            head.store(last.to_bits(), Ordering::Relaxed);
            worker.tell_ended(ended.job, ended.status, ended.because);
        }
        drop(telling);
        self.hall.lock()
    }

    /// How long it is until something is to be done that nobody calls for.
    fn alarm(&self, inside: &Inside) -> Option<Duration> {
        let run = self.live.bounds.as_ref().and_then(Bounds::run_until);
        let run = run.filter(|_| inside.obeyed < StopLevel::Cancel);
        let first = inside.schedule.first_due().into_iter().chain(run).min()?;
        Some(self.live.world.clock.until(first))
    }

    /// More helpers, if there may be more: a tier, and how many of it. Only one tier is called at a time.
    fn grow(&self) -> Option<(Arc<Tier>, usize)> {
        let workers = self.workers.load(Ordering::Relaxed);
        if workers >= self.live.options.threads || self.is_growing.swap(true, Ordering::Acquire) {
            return None;
        }
        let tier = self.next_tier();
        if tier.is_none() {
            self.is_growing.store(false, Ordering::Release);
        }
        tier
    }

    fn next_tier(&self) -> Option<(Arc<Tier>, usize)> {
        let workers = self.workers.load(Ordering::Relaxed);
        let open = self.hall.lock().schedule.open();
        let most = self.live.options.threads.min(open).checked_sub(workers).filter(|most| *most > 0)?;
        if self.lease.get().is_none() {
            let lease = self.helpers.lease(self.live.options.stack_size)?;
            let _ = self.lease.set(lease); // nobody else grows
        }
        let number = self.tiers.load(Ordering::Relaxed);
        let tier = self.lease.get()?.tier(number, most.min(workers.max(FIRST_TIER)))?;
        let count = tier.helpers().min(most);
        self.tiers.store(number + 1, Ordering::Relaxed);
        self.workers.store(workers + count, Ordering::Relaxed);
        Some((tier, count))
    }

    fn finish(self) -> Finished<'env, A> {
        let (mut logs, mut leftovers) = (Vec::new(), Leftovers::default());
        for (log, more) in self.left.into_inner().unwrap_or_else(PoisonError::into_inner) {
            logs.push(log);
            leftovers.append(more);
        }
        let heads = self.heads.into_iter().map(|head| Head::from_bits(head.into_inner())).collect();
        let stop_reason = self.hall.lock().stop_reason;
        Finished { heads, logs, leftovers, stop_reason }
    }
}

/// The first tier has so many helpers, if there is work for them; each other one doubles the workers.
const FIRST_TIER: usize = 4;

/// The user's panics are caught before they get here, and ours leave nothing to save.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
