//! The driver for all runs: those that may be stopped, whose jobs have limits, use pools or have priorities, and those
//! with very many threads.
//!
//! As long as one worker is enough and no try waits or fails, the plan's order says all that there is to know; from then on
//! its workers share one schedule under a lock, which costs each try some dozen nanoseconds, whatever the number of workers.
//! Helpers come as there is work for them, a tier at a time, each called by the worker that has found more to do
//! than it can.

mod tries;

use std::iter;
use std::sync::atomic::{AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

use tries::{Done, Tries, lock};

use crate::cancel::StopLevel;
use crate::exec::attempt::{Leftovers, ShortWay, Worker};
use crate::exec::bounds::Bounds;
use crate::exec::drive::helpers::{Helpers, Lease, Tier};
use crate::exec::finished::Finished;
use crate::exec::flights::Ringer;
use crate::exec::hall::{Hall, Inside};
use crate::exec::live::Live;
use crate::exec::schedule::{Ended, Next, Schedule};
use crate::exec::tries::{Try, TryEnd};
use crate::graph::JobId;
use crate::report::{Head, Log};
use crate::words::{DryRun, Status};

/// All jobs to their end: the caller's thread, and helpers as there is work for them.
pub(super) fn execute<'env, A: Send + Sync>(live: &Live<'env, A>, helpers: &Helpers) -> Finished<'env, A> {
    let hall = Arc::new(Hall::new(Schedule::of_nothing(live.graph())));
    let crew = Crew {
        live,
        heads: live.graph().ids().map(|job| AtomicU64::new(first_head(live, job).to_bits())).collect(),
        helpers,
        lease: OnceLock::new(),
        tiers: AtomicUsize::new(0),
        ids: AtomicU16::new(1),
        told: Mutex::new(()),
        left: Mutex::default(),
        tries: Tries::new(live, &hall),
        hall,
    };
    let waker = Waker::from(Arc::clone(&crew.hall));
    let stop = live.bounds.as_ref().map(Bounds::stop);
    let _listening = stop.map(|stop| stop.listen(StopLevel::None, waker));
    let mut worker = Worker::new(live, 0);
    let done = crew.lead(&mut worker);
    crew.work_on(&mut worker, done);
    lock(&crew.left).push(worker.take_parts());
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
    /// The number of the next worker.
    ids: AtomicU16,
    /// Held while it is told which jobs have ended without a try: what follows from that is told afterwards.
    told: Mutex<()>,
    /// What workers leave behind.
    left: Mutex<Vec<(Log, Leftovers<'env, A>)>>,
    tries: Tries<'r, 'env, A>,
}

/// What a worker is to do, and whether it is to call helpers before.
struct Task {
    next: Next,
    wants_help: bool,
}

impl<'r, 'env, A: Send + Sync> Crew<'r, 'env, A> {
    /// What a helper does in a run.
    fn help(&self) {
        let mut worker = Worker::new(self.live, self.ids.fetch_add(1, Ordering::Relaxed));
        self.hall.lock().arrive();
        self.work_on(&mut worker, None);
        lock(&self.left).push(worker.take_parts());
    }

    /// Executes the plan's order as long as one worker is enough for it and each try ends its job as it should: nothing is
    /// counted, and nothing can wait for a slot or for its turn. Then the schedule is made, and told all that.
    ///
    /// Returns what the last try came to, if that was something else.
    fn lead(&self, worker: &mut Worker<'r, 'env, A>) -> Option<Done<'r, 'env, A>> {
        let (live, most) = (self.live, self.most_to_lead());
        let (mut ended, mut last, mut spare) = (0, None, None);
        let mut rest = live.plan.order().take(most).peekable();
        while last.is_none()
            && live.level() == StopLevel::None
            && let Some(first) = rest.peek()
        {
            let is_async = live.plan.spec(*first).is_async();
            let alike = iter::from_fn(|| rest.next_if(|job| live.plan.spec(*job).is_async() == is_async));
            let (more, other) = self.tries.with_runtime(is_async, || self.follow(worker, alike, &mut spare));
            (ended, last) = (ended + more, other);
        }
        if ended < live.plan.len() {
            let mut schedule = Schedule::new(live.graph(), live.claims(), live.options.dry_run);
            for job in live.plan.order().take(ended + usize::from(last.is_some())) {
                schedule.catch_up(job, self.head(job).status());
            }
            self.hall.lock().schedule = schedule;
        }
        last
    }

    /// Executes jobs in this order; says how many have ended as they should, and what the one after these came to.
    fn follow(
        &self,
        worker: &mut Worker<'r, 'env, A>,
        jobs: impl Iterator<Item = JobId>,
        spare: &mut Option<Ringer>,
    ) -> (usize, Option<Done<'r, 'env, A>>) {
        let mut ended = 0;
        for job in jobs {
            self.serve_time();
            if self.live.level() > StopLevel::None {
                break;
            }
            let mut attempt = Try::first(job);
            let end = match worker.short_way(job) {
                Some(ShortWay::AtOnce(body)) => self.tries.attempt_at_once(worker, &mut attempt, body, spare),
                Some(ShortWay::Whole) => Ok(worker.attempt(&mut attempt)),
                None => match self.tries.perform_inside(worker, Next::Begin(attempt)) {
                    Done::Over(over, end) => {
                        attempt = over;
                        Ok(end)
                    }
                    other => Err(other),
                },
            };
            match end {
                Ok(TryEnd::Ended(head)) if head.is_done() => {
                    self.heads[job.index()].store(head.to_bits(), Ordering::Relaxed);
                    ended += 1;
                }
                Ok(end) => return (ended, Some(Done::Over(attempt, end))),
                Err(other) => return (ended, Some(other)),
            }
        }
        (ended, None)
    }

    /// How many jobs at the start of the plan's order one worker executes in that order, whatever happens beside it.
    fn most_to_lead(&self) -> usize {
        let Live { plan, options, placement, expected, known, .. } = self.live;
        let is_ordered = plan.needs().priorities.is_empty() && expected.is_none();
        let is_whole = placement.is_none() && known.is_empty() && options.dry_run != DryRun::Through;
        match is_ordered && is_whole {
            true if self.live.is_serial() => plan.len(),
            true => plan.alone(),
            false => 0,
        }
    }

    fn head(&self, job: JobId) -> Head {
        Head::from_bits(self.heads[job.index()].load(Ordering::Relaxed))
    }

    /// Executes tries until all jobs have ended.
    fn work_on(&self, worker: &mut Worker<'r, 'env, A>, mut done: Option<Done<'r, 'env, A>>) {
        while let Some(Task { next, wants_help }) = self.next(worker, done.take()) {
            if wants_help && let Some(tier) = self.next_tier() {
                let lead = || {
                    let done = self.tries.perform(worker, next);
                    self.work_on(worker, Some(done));
                };
                return self.call_helpers(tier, 0, Box::new(lead));
            }
            done = Some(self.tries.perform(worker, next));
        }
    }

    /// Books what was done, and waits for something to do. `None`: the run is over.
    fn next(&self, worker: &mut Worker<'r, 'env, A>, done: Option<Done<'r, 'env, A>>) -> Option<Task> {
        let mut ended = Vec::new();
        let done = done.and_then(|done| self.tries.put_aside(done));
        self.serve_time();
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
            let clock = &self.live.world.clock;
            inside.wake_overdue(|| clock.now());
            if let Some(next) = inside.schedule.next(|| clock.now()) {
                // a retry is begun at its time, also while this worker is inside of something
                let has_more = inside.schedule.has_more() || inside.schedule.first_due().is_some();
                let is_called = inside.has_sleepers()
                    && (has_more || inside.wants_keeper(self.alarm(&inside)))
                    && self.hall.call(&mut inside);
                let wants_help = !is_called && inside.begin_to_grow(self.live.options.threads);
                return Some(Task { next, wants_help });
            }
            let alarm = self.alarm(&inside);
            if !inside.wants_keeper(alarm) && inside.leave() {
                return None;
            }
            drop(self.hall.sleep(inside, alarm.map(|at| (at, clock.until(at)))));
            self.serve_time();
            inside = self.hall.lock();
        }
    }

    /// Stops the run if its time is over, and calls the wakers that are due. All of them want the lock of the schedule, so
    /// nobody may hold it.
    fn serve_time(&self) {
        let timers = &self.live.world.timers;
        if !self.tries.never_wait() && timers.first_due().is_some() {
            timers.fire(self.live.world.clock.now());
        }
        self.live.bounds.iter().for_each(Bounds::expire_in_time);
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
        if level >= StopLevel::Cancel && (!self.tries.never_wait() || self.live.placement.is_some()) {
            inside.schedule.wake_all();
            self.hall.call_all(inside);
        }
        true
    }

    fn book(&self, schedule: &mut Schedule, done: Done<'r, 'env, A>, ended: &mut Vec<Ended>) {
        let (attempt, end) = match done {
            Done::Over(attempt, end) => (attempt, end),
            Done::Nest(first, ends) => return self.book_nest(schedule, first, &ends, ended),
            Done::Waits(..) | Done::Away(..) => unreachable!("what waits was put aside"),
        };
        let head = match end {
            TryEnd::Ended(head) => head,
            TryEnd::Again { .. } => attempt.head,
        };
        self.heads[attempt.job.index()].store(head.to_bits(), Ordering::Relaxed);
        match (end, head.status()) {
            (TryEnd::Ended(_), Some(status)) => {
                self.live.behind.note(self.live.graph(), attempt.job, status);
                schedule.end(attempt.job, status, ended);
            }
            (TryEnd::Again { due }, _) => schedule.again(attempt.again(due), ended),
            (TryEnd::Ended(_), None) => unreachable!("a job that has ended has a status"),
        }
    }

    fn book_nest(
        &self,
        schedule: &mut Schedule,
        first: JobId,
        ends: &[(JobId, Head)],
        ended: &mut Vec<Ended>,
    ) {
        for (job, head) in ends {
            self.heads[job.index()].store(head.to_bits(), Ordering::Relaxed);
        }
        let statuses = ends.iter().filter_map(|(job, head)| Some((*job, head.status()?)));
        schedule.end_unit(first, &statuses.collect::<Vec<_>>(), ended);
    }

    /// Tells which jobs have ended without a try of their own, and whether the run is stopped.
    ///
    /// They are put into one list under the lock of the schedule, which is let go before anybody is told or waited for: an
    /// observer may stop the run, and that wants this lock. Who holds the other lock tells all that is in the list; so what
    /// follows from these ends is told later.
    fn tell<'h>(
        &'h self,
        mut inside: MutexGuard<'h, Inside>,
        worker: &mut Worker<'r, 'env, A>,
        ended: &mut Vec<Ended>,
    ) -> MutexGuard<'h, Inside> {
        inside.untold.append(ended);
        drop(inside);
        let telling = lock(&self.told);
        let untold = std::mem::take(&mut self.hall.lock().untold);
        worker.look_at_the_clock();
        worker.see_stop(); // now, for others may have put in what a stop has ended
        for ended in untold {
            let last = self.head(ended.job).ended(ended.status);
            self.heads[ended.job.index()].store(last.to_bits(), Ordering::Relaxed);
            worker.tell_ended(ended.job, ended.status, ended.because);
        }
        drop(telling);
        self.hall.lock()
    }

    /// When something is to be done that nobody calls for.
    fn alarm(&self, inside: &Inside) -> Option<u64> {
        let run = self.live.bounds.as_ref().and_then(Bounds::run_until);
        let run = run.filter(|_| inside.obeyed < StopLevel::Cancel);
        let mut first = inside.schedule.first_due().into_iter().chain(run).min();
        if !self.tries.never_wait() {
            let others = inside.first_deadline().into_iter().chain(self.live.world.timers.first_due());
            first = first.into_iter().chain(others).min();
        }
        first
    }

    /// Calls a tier of helpers, and another one as long as there is something to do for more of them; then does `lead`. Only
    /// one worker calls at a time.
    ///
    /// Each tier takes a piece of this thread's stack. So after a number of them it is left to the helper that was called
    /// last to find out that there is still more to do.
    fn call_helpers(&self, tier: Arc<Tier>, called: usize, lead: Box<dyn FnOnce() + '_>) {
        let goes_on = called < TIERS_IN_A_ROW;
        let count = self.hall.lock().expect(tier.helpers(), self.live.options.threads, goes_on);
        let wants_more = || goes_on && self.hall.lock().go_on_to_grow(self.live.options.threads);
        let lead = || match wants_more().then(|| self.next_tier()).flatten() {
            Some(tier) => self.call_helpers(tier, called + 1, lead),
            None => lead(),
        };
        tier.help(count, || self.help(), lead);
    }

    /// The next tier, for the worker that calls helpers. `None` if there is none to be had: then nobody calls any more.
    fn next_tier(&self) -> Option<Arc<Tier>> {
        let (workers, room) = self.hall.lock().room(self.live.options.threads);
        let lease = if room > 0 { self.lease() } else { None };
        let number = self.tiers.load(Ordering::Relaxed);
        let tier = lease.and_then(|lease| lease.tier(number, room.min(workers.max(FIRST_TIER))));
        match &tier {
            Some(_) => self.tiers.store(number + 1, Ordering::Relaxed),
            None => self.hall.lock().stop_growing(),
        }
        tier
    }

    /// The runner's helpers, unless another run has them.
    fn lease(&self) -> Option<&Lease<'r>> {
        if self.lease.get().is_none() {
            let lease = self.helpers.lease(self.live.options.stack())?;
            let _ = self.lease.set(lease); // nobody else calls helpers meanwhile
        }
        self.lease.get()
    }

    fn finish(self) -> Finished<'env, A> {
        let (mut logs, mut leftovers) = (Vec::new(), Leftovers::default());
        for (log, more) in self.left.into_inner().unwrap_or_else(PoisonError::into_inner) {
            logs.push(log);
            leftovers.append(more);
        }
        let heads = self.heads.into_iter().map(|head| Head::from_bits(head.into_inner())).collect();
        let stop_reason = self.hall.lock().stop_reason;
        let nodes = self.live.placement.as_ref().map(|placement| placement.add_logs(&mut logs));
        Finished { nodes: nodes.unwrap_or_default(), heads, logs, leftovers, stop_reason }
    }
}

/// How far a job is when the run begins.
fn first_head<A>(live: &Live<'_, A>, job: JobId) -> Head {
    if live.known.binary_search(&job).is_ok() { Head::NEW.ended(Status::Satisfied) } else { Head::NEW }
}

/// The first tier has so many helpers, if there is work for them; each other one doubles the workers.
const FIRST_TIER: usize = 4;
/// How many tiers one worker calls in a row.
const TIERS_IN_A_ROW: usize = 64;
