//! What a worker of the general driver does with a try: up to its end, or until it waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;

use crate::cancel::StopLevel;
use crate::exec::attempt::{Back, Flight, Open, Progress, Sent, ShortWay, Worker};
use crate::exec::flights::{Flights, Ringer};
use crate::exec::hall::{Hall, Ring};
use crate::exec::live::Live;
use crate::exec::placement::Venue;
use crate::exec::schedule::Next;
use crate::exec::tries::{Try, TryEnd};
use crate::graph::JobId;
use crate::job::AsyncBody;
use crate::limits::Pending;
use crate::report::Head;

/// Where the tries of a run are that wait.
pub(super) struct Tries<'r, 'env, A> {
    live: &'r Live<'env, A>,
    hall: Arc<Hall>,
    flights: Flights<Box<Flight<'r, 'env, A>>>,
    /// Units that are executed elsewhere, by the job that stands for each.
    away: Mutex<HashMap<JobId, Away>>,
}

/// A unit that is executed elsewhere, and what it rings.
pub(super) struct Away {
    sent: Box<Sent>,
    ring: Arc<Ring>,
}

/// What a worker has done with a try.
pub(super) enum Done<'r, 'env, A> {
    Over(Try, TryEnd),
    /// It was a whole nest: the job that stood for it, and how all of its jobs have ended.
    Nest(JobId, Vec<(JobId, Head)>),
    /// It waits for its ring, or until that moment.
    Waits(Box<Flight<'r, 'env, A>>, Option<u64>, Ringer),
    /// It is executed elsewhere.
    Away(JobId, Away),
}

impl<'r, 'env, A: Send + Sync> Tries<'r, 'env, A> {
    pub(super) fn new(live: &'r Live<'env, A>, hall: &Arc<Hall>) -> Self {
        let flights = Flights::new(hall, &live.plan.needs().asyncs);
        Tries { live, hall: Arc::clone(hall), flights, away: Mutex::default() }
    }

    /// Whether none could ever wait for a waker.
    pub(super) fn never_wait(&self) -> bool {
        self.flights.is_empty()
    }

    /// The code of an async job finds a runtime in whatever is called of it.
    pub(super) fn perform(&self, worker: &mut Worker<'r, 'env, A>, next: Next) -> Done<'r, 'env, A> {
        let is_async = match next {
            Next::Begin(attempt) => self.live.plan.spec(attempt.job).is_async(),
            Next::Resume(_) => true,
        };
        self.with_runtime(is_async, || self.perform_inside(worker, next))
    }

    pub(super) fn with_runtime<T>(&self, is_async: bool, call: impl FnOnce() -> T) -> T {
        if is_async { self.live.world.runtime.enter(call) } else { call() }
    }

    pub(super) fn perform_inside(&self, worker: &mut Worker<'r, 'env, A>, next: Next) -> Done<'r, 'env, A> {
        let mut progress = match next {
            Next::Begin(attempt) => match self.live.venue(attempt.job) {
                Some(venue) => return self.send(worker, attempt, venue),
                None => match worker.short_way(attempt.job) {
                    Some(way) => return self.begin_shortly(worker, attempt, way),
                    None => worker.begin(attempt),
                },
            },
            Next::Resume(job) => match self.take_away(job) {
                Some(away) => return self.receive(worker, job, away),
                None => self.resume(worker, job),
            },
        };
        loop {
            let goes_on = match progress {
                Progress::Over(attempt, end) => return Done::Over(attempt, end),
                Progress::Open(open) if worker.see_stop() >= StopLevel::Cancel => {
                    let (attempt, end) = worker.cut_short(open);
                    return Done::Over(attempt, end);
                }
                Progress::Open(open) => self.advance(worker, open),
                Progress::InFlight(flight) => self.go_on(worker, flight),
            };
            progress = match goes_on {
                Ok(progress) => progress,
                Err(waits) => return waits,
            };
        }
    }

    fn begin_shortly(
        &self,
        worker: &mut Worker<'r, 'env, A>,
        mut attempt: Try,
        way: ShortWay<'r, 'env, A>,
    ) -> Done<'r, 'env, A> {
        worker.look_at_the_clock();
        let body = match way {
            ShortWay::AtOnce(body) => body,
            ShortWay::Whole => {
                let end = worker.attempt(&mut attempt);
                return Done::Over(attempt, end);
            }
        };
        let mut spare = worker.spares.ringer.take();
        let end = self.attempt_at_once(worker, &mut attempt, body, &mut spare);
        worker.spares.ringer = spare;
        end.map_or_else(|waits| waits, |end| Done::Over(attempt, end))
    }

    /// A whole try, polled with the spare ring. `Err`: one of its futures waits, and has taken that ring.
    pub(super) fn attempt_at_once(
        &self,
        worker: &mut Worker<'r, 'env, A>,
        attempt: &mut Try,
        body: &'r AsyncBody<'env, A>,
        spare: &mut Option<Ringer>,
    ) -> Result<TryEnd, Done<'r, 'env, A>> {
        let waker = self.flights.free_ringer(spare).waker();
        worker.attempt_at_once(attempt, body, waker).map_err(|mut flight| {
            let ringer = spare.take().expect("the try was polled with it");
            flight.ring = Arc::downgrade(ringer.ring());
            Done::Waits(flight, None, ringer)
        })
    }

    /// Hands a try over, or the nest that its job stands for.
    fn send(&self, worker: &mut Worker<'r, 'env, A>, attempt: Try, venue: Venue<'_>) -> Done<'r, 'env, A> {
        let job = attempt.job;
        let jobs = match &venue {
            Venue::Try(_) => vec![job],
            Venue::Nest(nest) => self.hall.lock().schedule.open_jobs(nest.jobs.clone()),
        };
        let ring = self.hall.ring();
        let sent = worker.send(attempt, venue, &jobs, Waker::from(Arc::clone(&ring)));
        Done::Away(job, Away { sent: Box::new(sent), ring })
    }

    /// Reads what a unit has told.
    fn receive(&self, worker: &mut Worker<'r, 'env, A>, job: JobId, mut away: Away) -> Done<'r, 'env, A> {
        self.hall.lock().resume(job);
        away.ring.listen();
        match worker.receive(&mut away.sent) {
            None => Done::Away(job, away),
            Some(Back::Try(attempt, end)) => Done::Over(attempt, end),
            Some(Back::Nest(first, ends)) => Done::Nest(first, ends),
        }
    }

    fn take_away(&self, job: JobId) -> Option<Away> {
        self.live.placement.as_ref()?;
        lock(&self.away).remove(&job)
    }

    /// Executes the phase that is due; one that is a future is polled once. `Err`: it waits.
    fn advance(
        &self,
        worker: &mut Worker<'r, 'env, A>,
        open: Open<'r, 'env, A>,
    ) -> Result<Progress<'r, 'env, A>, Done<'r, 'env, A>> {
        if !self.live.plan.spec(open.attempt.job).is_async() {
            return Ok(worker.advance(open, None));
        }
        self.poll(worker, Weak::new(), |worker, waker| worker.advance(open, Some(waker)))
    }

    /// Polls a future once more. `Err`: it still waits.
    fn go_on(
        &self,
        worker: &mut Worker<'r, 'env, A>,
        mut flight: Box<Flight<'r, 'env, A>>,
    ) -> Result<Progress<'r, 'env, A>, Done<'r, 'env, A>> {
        let last = std::mem::take(&mut flight.ring);
        self.poll(worker, last, |worker, waker| worker.go_on(flight, waker))
    }

    /// Polls, and looks at what came of it. A phase that is ready has touched nothing that workers share.
    fn poll(
        &self,
        worker: &mut Worker<'r, 'env, A>,
        last: Weak<Ring>,
        poll: impl FnOnce(&mut Worker<'r, 'env, A>, &Waker) -> Progress<'r, 'env, A>,
    ) -> Result<Progress<'r, 'env, A>, Done<'r, 'env, A>> {
        let ringer = self.flights.ringer(&last, &mut worker.spares.ringer);
        let mut progress = poll(worker, ringer.waker());
        if let Progress::InFlight(mut flight) = progress {
            progress = match flight.pending() {
                Pending::Waits(deadline) => {
                    flight.ring = Arc::downgrade(ringer.ring());
                    return Err(Done::Waits(flight, deadline, ringer));
                }
                Pending::Ends(over) => worker.land(*flight, Err(over.error())),
            };
        }
        worker.spares.keep_ringer(ringer);
        Ok(progress)
    }

    /// Takes up a try that was woken: it goes on, or is to end.
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

    /// Puts aside what waits. It is put into its place before the schedule knows that it waits, so that the worker that resumes it
    /// finds it.
    pub(super) fn put_aside(&self, done: Done<'r, 'env, A>) -> Option<Done<'r, 'env, A>> {
        match done {
            Done::Waits(flight, deadline, ringer) => {
                self.flights.put_aside(flight.attempt.job, flight, deadline, ringer);
                None
            }
            Done::Away(job, away) => {
                let ring = Arc::clone(&away.ring);
                lock(&self.away).insert(job, away);
                self.hall.lock().suspend(job, &ring, None);
                None
            }
            done => Some(done),
        }
    }
}

/// What a future fails with that nobody can wake.
const FORSAKEN: &str =
    "its future waits for something, and nobody can wake it any more: its last waker was dropped";

/// The user's panics are caught before they get here, and ours leave nothing to save.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
