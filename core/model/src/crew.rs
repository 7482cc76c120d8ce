//! Workers as those of the general driver, without what they execute: the schedule, the hall and the flights are its own.

use std::mem;
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread::{self, JoinHandle};

use crate::cancel::StopLevel;
use crate::exec::flights::{Flights, Ringer};
use crate::exec::hall::{Hall, Ring};
use crate::exec::schedule::{Claims, Next, Schedule};
use crate::graph::{JobGraph, JobId};
use crate::words::{DryRun, Status};

/// What a poll comes to.
pub(super) enum Polled {
    Pending,
    /// The same, and the limit of the phase is over.
    Overdue,
    /// The phase has ended, and the next one of the same try begins.
    NextPhase,
    /// The try has ended.
    Ready,
}

/// What the jobs do: the job, the place of its phase, how often that was polled with this, and the waker.
type Poll = Box<dyn Fn(&Crew, JobId, u32, u32, &Waker) -> Polled + Send + Sync>;

pub(super) struct Crew {
    pub(super) hall: Arc<Hall>,
    flights: Flights<Flight>,
    poll: Poll,
    /// Whether there is a moment to sleep until, which never comes: so one sleeper keeps the alarm.
    has_alarm: bool,
    /// Somebody wants the run to be stopped.
    pub(super) is_stopped: AtomicBool,
    /// Tries that ended because nobody could wake them.
    pub(super) forsaken: AtomicUsize,
}

/// A phase that waits.
#[derive(Default)]
struct Flight {
    phase: u32,
    polls: u32,
    ring: Weak<Ring>,
}

impl Crew {
    pub(super) fn new(
        jobs: u32,
        has_alarm: bool,
        poll: impl Fn(&Crew, JobId, u32, u32, &Waker) -> Polled + Send + Sync + 'static,
    ) -> Arc<Self> {
        let graph = Arc::new(JobGraph(jobs));
        let hall = Arc::new(Hall::new(Schedule::new(&graph, Claims::default(), DryRun::Off)));
        let all: Arc<[JobId]> = graph.ids().collect();
        Arc::new(Crew {
            flights: Flights::new(&hall, &all),
            hall,
            poll: Box::new(poll),
            has_alarm,
            is_stopped: AtomicBool::new(false),
            forsaken: AtomicUsize::new(0),
        })
    }

    /// This worker and so many helpers work until all jobs have ended. The helpers have then ended, too.
    pub(super) fn run(self: &Arc<Self>, helpers: usize) {
        let helpers: Vec<JoinHandle<()>> = (0..helpers)
            .map(|_| {
                let crew = Arc::clone(self);
                thread::spawn(move || crew.work())
            })
            .collect();
        self.work();
        helpers.into_iter().for_each(|helper| helper.join().unwrap());
    }

    fn work(&self) {
        let (mut done, mut spare) = (None, None);
        while let Some(next) = self.next(done.take()) {
            done = match next {
                Next::Begin(attempt) => self.go_on(attempt.job, Flight::default(), &mut spare),
                Next::Resume(job) => self.resume(job, &mut spare),
            };
        }
    }

    fn resume(&self, job: JobId, spare: &mut Option<Ringer>) -> Option<JobId> {
        let (flight, is_forsaken) = self.flights.take_up(job);
        if is_forsaken {
            self.forsaken.fetch_add(1, Ordering::Relaxed);
        }
        let ends = is_forsaken || self.is_stopped.load(Ordering::Acquire);
        if ends { Some(job) } else { self.go_on(job, flight, spare) }
    }

    /// `None`: the try is pending, and was put aside.
    fn go_on(&self, job: JobId, mut flight: Flight, spare: &mut Option<Ringer>) -> Option<JobId> {
        loop {
            let last = mem::take(&mut flight.ring);
            let ringer = self.flights.ringer(&last, spare);
            flight.polls += 1;
            match (self.poll)(self, job, flight.phase, flight.polls, ringer.waker()) {
                polled @ (Polled::Pending | Polled::Overdue) if !self.is_stopped.load(Ordering::Acquire) => {
                    let deadline = matches!(polled, Polled::Overdue).then_some(0);
                    flight.ring = Arc::downgrade(ringer.ring());
                    self.flights.put_aside(job, flight, deadline, ringer);
                    return None;
                }
                polled => {
                    *spare = ringer.is_free().then_some(ringer);
                    match polled {
                        Polled::NextPhase => flight = Flight { phase: flight.phase + 1, ..Flight::default() },
                        _ => return Some(job),
                    }
                }
            }
        }
    }

    /// Books what was done, and waits for something to do. `None`: the run is over.
    fn next(&self, done: Option<JobId>) -> Option<Next> {
        let mut inside = self.hall.lock();
        if let Some(job) = done {
            inside.schedule.end(job, Status::Changed, &mut Vec::new());
        }
        loop {
            if inside.schedule.is_over() {
                self.hall.call_all(&mut inside);
                return None;
            }
            if self.is_stopped.load(Ordering::Acquire) && inside.obeyed < StopLevel::Cancel {
                inside.obeyed = StopLevel::Cancel;
                inside.schedule.stop(&mut Vec::new());
                inside.schedule.wake_all();
                self.hall.call_all(&mut inside);
                continue;
            }
            inside.wake_overdue(|| 0);
            if let Some(next) = inside.schedule.next(|| 0) {
                if inside.schedule.has_more() {
                    self.hall.call(&mut inside);
                }
                return Some(next);
            }
            let alarm = self.has_alarm.then_some((u64::MAX, Duration::MAX));
            drop(self.hall.sleep(inside, alarm));
            inside = self.hall.lock();
        }
    }
}
