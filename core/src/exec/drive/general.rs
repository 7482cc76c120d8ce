//! The driver for all runs: those that may be stopped, whose jobs have limits, use pools or have priorities, and those
//! with very many threads.
//!
//! Its workers share one schedule under a lock, which costs each try some dozen nanoseconds, whatever the number of
//! workers. Helpers come as there is work for them, a tier at a time, each called by the worker that has found more to do
//! than it can.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};

use crate::cancel::StopLevel;
use crate::exec::attempt::{Back, Flight, Leftovers, Progress, Sent, Worker};
use crate::exec::bounds::Bounds;
use crate::exec::drive::helpers::{Helpers, Lease, Tier};
use crate::exec::finished::Finished;
use crate::exec::flights::Flights;
use crate::exec::hall::{Hall, Inside};
use crate::exec::live::Live;
use crate::exec::placement::Venue;
use crate::exec::schedule::{Ended, Next, Schedule};
use crate::exec::tries::{Try, TryEnd};
use crate::graph::JobId;
use crate::limits::Pending;
use crate::report::{Head, Log};
use crate::words::Status;

/// All jobs to their end: the caller's thread, and helpers as there is work for them.
pub(super) fn execute<'env, A: Send + Sync>(live: &Live<'env, A>, helpers: &Helpers) -> Finished<'env, A> {
    let schedule = Schedule::new(live.graph(), live.claims(), live.options.dry_run);
    let hall = Arc::new(Hall::new(schedule));
    let crew = Crew {
        live,
        heads: live.graph().ids().map(|job| AtomicU64::new(first_head(live, job).to_bits())).collect(),
        helpers,
        lease: OnceLock::new(),
        tiers: AtomicUsize::new(0),
        is_growing: AtomicBool::new(false),
        workers: AtomicUsize::new(1),
        ids: AtomicU16::new(1),
        told: Mutex::new(()),
        left: Mutex::default(),
        away: Mutex::default(),
        flights: Flights::new(&hall, &live.plan.needs().asyncs),
        hall,
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
    /// Units that are executed elsewhere, by the job that stands for each.
    away: Mutex<HashMap<JobId, Box<Sent>>>,
    flights: Flights<Box<Flight<'r, 'env, A>>>,
}

/// What a worker is to do, and whether there is more than the workers can.
struct Task {
    next: Next,
    has_surplus: bool,
}

/// What a worker has done with a try.
enum Done {
    Over(Try, TryEnd),
    /// It was a whole nest: the job that stood for it, and how all of its jobs have ended.
    Nest(JobId, Vec<(JobId, Head)>),
    /// It waits for its waker, and was put aside.
    Suspended,
}

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

    /// The code of an async job finds a runtime in whatever is called of it.
    fn perform(&self, worker: &mut Worker<'r, 'env, A>, next: Next) -> Done {
        let is_async = match next {
            Next::Begin(attempt) => self.live.plan.spec(attempt.job).is_async(),
            Next::Resume(_) => true,
        };
        if is_async {
            self.live.world.runtime.enter(|| self.perform_inside(worker, next))
        } else {
            self.perform_inside(worker, next)
        }
    }

    fn perform_inside(&self, worker: &mut Worker<'r, 'env, A>, next: Next) -> Done {
        let mut progress = match next {
            Next::Begin(attempt) => match self.live.venue(attempt.job) {
                Some(venue) => return self.send(worker, attempt, venue),
                None => worker.begin(attempt),
            },
            Next::Resume(job) => match self.take_away(job) {
                Some(sent) => return self.receive(worker, job, sent),
                None => self.resume(worker, job),
            },
        };
        loop {
            progress = match progress {
                Progress::Over(attempt, end) => return Done::Over(attempt, end),
                Progress::Open(open) if worker.see_stop() >= StopLevel::Cancel => {
                    let (attempt, end) = worker.cut_short(open);
                    return Done::Over(attempt, end);
                }
                Progress::Open(open) => worker.advance(open),
                Progress::InFlight(flight) => match self.poll(worker, flight) {
                    Some(progress) => progress,
                    None => return Done::Suspended,
                },
            }
        }
    }

    /// Hands a try over, or the nest that its job stands for.
    ///
    /// It is put into its place before the schedule knows that it waits, so that the worker that resumes it finds it.
    fn send(&self, worker: &mut Worker<'r, 'env, A>, attempt: Try, venue: Venue<'_>) -> Done {
        let job = attempt.job;
        let jobs = match &venue {
            Venue::Try(_) => vec![job],
            Venue::Nest(nest) => self.hall.lock().schedule.open_jobs(nest.jobs.clone()),
        };
        let waker = Waker::from(self.hall.ring(job));
        let sent = worker.send(attempt, venue, &jobs, waker);
        self.put_away(job, Box::new(sent))
    }

    /// Reads what a unit has told.
    fn receive(&self, worker: &mut Worker<'r, 'env, A>, job: JobId, mut sent: Box<Sent>) -> Done {
        self.hall.lock().resume(job);
        match worker.receive(&mut sent) {
            None => self.put_away(job, sent),
            Some(Back::Try(attempt, end)) => Done::Over(attempt, end),
            Some(Back::Nest(first, ends)) => Done::Nest(first, ends),
        }
    }

    fn put_away(&self, job: JobId, sent: Box<Sent>) -> Done {
        lock(&self.away).insert(job, sent);
        self.hall.lock().suspend(job, None);
        Done::Suspended
    }

    fn take_away(&self, job: JobId) -> Option<Box<Sent>> {
        self.live.placement.as_ref()?;
        lock(&self.away).remove(&job)
    }

    /// Polls a future. `None`: it is pending, and put aside.
    fn poll(
        &self,
        worker: &mut Worker<'r, 'env, A>,
        mut flight: Box<Flight<'r, 'env, A>>,
    ) -> Option<Progress<'r, 'env, A>> {
        let job = flight.attempt.job;
        let waker = self.flights.waker(job, &mut flight.ring);
        flight.tell_over();
        if let Poll::Ready(result) = worker.poll(&mut flight, &waker) {
            return Some(worker.land(*flight, result));
        }
        match flight.pending() {
            Pending::Waits(deadline) => {
                self.flights.put_aside(job, flight, deadline, waker);
                None
            }
            Pending::Ends(over) => Some(worker.land(*flight, Err(over.error()))),
        }
    }

    /// Goes on with a try that was woken, or that is to end.
    fn resume(&self, worker: &mut Worker<'r, 'env, A>, job: JobId) -> Progress<'r, 'env, A> {
        let (flight, is_forsaken) = self.flights.take_up(job);
        if is_forsaken {
            return worker.land(*flight, Err(FORSAKEN.into()));
        }
        match flight.ends_unasked() {
            Some(over) => worker.land(*flight, Err(over.error())),
            None => Progress::InFlight(flight),
        }
    }

    /// Books what was done, and waits for something to do. `None`: the run is over.
    fn next(&self, worker: &mut Worker<'r, 'env, A>, done: Option<Done>) -> Option<Task> {
        let mut ended = Vec::new();
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
                let wants_keeper = inside.wants_keeper(self.alarm(&inside));
                let is_called = (has_more || wants_keeper) && self.hall.call(&mut inside);
                return Some(Task { next, has_surplus: has_more && !is_called });
            }
            let alarm = self.alarm(&inside).map(|at| (at, clock.until(at)));
            drop(self.hall.sleep(inside, alarm));
            self.serve_time();
            inside = self.hall.lock();
        }
    }

    /// Stops the run if its time is over, and calls the wakers that are due. All of them want the lock of the schedule, so
    /// nobody may hold it.
    fn serve_time(&self) {
        let timers = &self.live.world.timers;
        if !self.flights.is_empty() && timers.first_due().is_some() {
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
        if level >= StopLevel::Cancel && (!self.flights.is_empty() || self.live.placement.is_some()) {
            inside.schedule.wake_all();
            self.hall.call_all(inside);
        }
        true
    }

    fn book(&self, schedule: &mut Schedule, done: Done, ended: &mut Vec<Ended>) {
        let (attempt, end) = match done {
            Done::Over(attempt, end) => (attempt, end),
            Done::Nest(first, ends) => return self.book_nest(schedule, first, &ends, ended),
            Done::Suspended => return,
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
            let head = &self.heads[ended.job.index()];
            let last = Head::from_bits(head.load(Ordering::Relaxed)).ended(ended.status);
            head.store(last.to_bits(), Ordering::Relaxed);
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
        if !self.flights.is_empty() {
            let others = inside.first_deadline().into_iter().chain(self.live.world.timers.first_due());
            first = first.into_iter().chain(others).min();
        }
        first
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
        let nodes = self.live.placement.as_ref().map(|placement| placement.add_logs(&mut logs));
        Finished { nodes: nodes.unwrap_or_default(), heads, logs, leftovers, stop_reason }
    }
}

/// How far a job is when the run begins.
fn first_head<A>(live: &Live<'_, A>, job: JobId) -> Head {
    if live.known.binary_search(&job).is_ok() { Head::NEW.ended(Status::Satisfied) } else { Head::NEW }
}

/// What a future fails with that nobody can wake.
const FORSAKEN: &str =
    "its future waits for something, and nobody can wake it any more: its last waker was dropped";

/// The first tier has so many helpers, if there is work for them; each other one doubles the workers.
const FIRST_TIER: usize = 4;

/// The user's panics are caught before they get here, and ours leave nothing to save.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
