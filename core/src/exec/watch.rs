//! The way from a run to its observers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, Stamp, nanos};
use crate::event::{Event, Observer};
use crate::exec::slow::{OpenPhase, Patience, Slow};
use crate::graph::{JobGraph, JobId, JobRef};
use crate::process::{LazyProcesses, Spot, Told};
use crate::said::{Saying, Sayings};
use crate::unwind;
use crate::words::Phase;

/// The observers of one run, each for as long as it behaves.
pub(crate) struct Watch {
    /// `None`: nobody watches.
    observers: Option<Arc<Observers>>,
    /// Only where they are told of phases that take long.
    patience: Option<Arc<Patience>>,
}

struct Observers {
    watchers: Vec<Watcher>,
    beside: Mutex<Beside>,
    /// Rings when a thread has told something beside the course of the run.
    told: Condvar,
}

/// What is told beside the course of the run: by any thread that has a context, which may outlive the run.
#[derive(Default)]
struct Beside {
    /// How many threads tell something just now.
    telling: usize,
    is_over: bool,
}

struct Watcher {
    observer: Arc<dyn Observer>,
    /// It has panicked, or the simulated process was killed: it is told no more.
    dropped: AtomicBool,
}

impl Watch {
    /// Asks each whether it is active, and forgets those that are not.
    pub(crate) fn new(observers: &[Arc<dyn Observer>]) -> Self {
        if observers.is_empty() {
            return Watch { observers: None, patience: None };
        }
        let active =
            |observer: &&Arc<dyn Observer>| unwind::catch(|| Ok(observer.is_active())).unwrap_or(false);
        let watcher =
            |observer: &Arc<dyn Observer>| Watcher { observer: Arc::clone(observer), dropped: false.into() };
        let watchers: Vec<_> = observers.iter().filter(active).map(watcher).collect();
        let observers =
            |watchers| Arc::new(Observers { watchers, beside: Mutex::default(), told: Condvar::new() });
        Watch { observers: (!watchers.is_empty()).then(|| observers(watchers)), patience: None }
    }

    /// The observers are told of phases that take longer than that; zero: of none. A simulation knows no such phase.
    #[inline]
    pub(crate) fn with_patience(self, graph: &Arc<JobGraph>, clock: &Clock, after: Duration) -> Self {
        if self.observers.is_none() || after.is_zero() || clock.is_virtual() {
            return self;
        }
        self.patient(graph, clock, after)
    }

    fn patient(mut self, graph: &Arc<JobGraph>, clock: &Clock, after: Duration) -> Self {
        let (graph, after) = (Arc::clone(graph), nanos(after));
        self.patience = self.observers.as_ref().map(Arc::downgrade).map(|observers| {
            Patience::new(after, clock, move |slow| {
                if let Some(observers) = observers.upgrade() {
                    observers.tell(|| told_slow(&graph, slow));
                }
            })
        });
        self
    }

    /// A phase begins in a run that is watched.
    #[inline]
    pub(super) fn begins(&self, job: JobId, attempt: u32, phase: Phase, worker: usize, start: Stamp) {
        if let Some(patience) = &self.patience {
            patience.begin(job, attempt, phase, worker, start);
        }
    }

    /// The phase of a job ends, which is told afterwards.
    #[inline]
    pub(super) fn ends(&self, job: JobId) {
        if let Some(patience) = &self.patience {
            patience.end(job);
        }
    }

    #[inline]
    pub(crate) fn is_active(&self) -> bool {
        self.observers.is_some()
    }

    /// Tells no more.
    #[cfg(feature = "testkit")]
    pub(crate) fn silence(&self) {
        self.observers.iter().flat_map(|observers| &observers.watchers).for_each(Watcher::drop);
    }

    /// Builds the event only if someone listens. An observer that panics is not called again.
    #[inline]
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(observers) = &self.observers {
            observers.tell(event);
        }
    }

    /// The processes of a run, of whose lines the observers are told: by them, for as long as the run has them.
    pub(crate) fn processes(&self, graph: &Arc<JobGraph>, clock: &Clock, grace: Duration) -> LazyProcesses {
        let Some(observers) = &self.observers else { return LazyProcesses::with_grace(grace) };
        let (observers, graph, clock) = (Arc::downgrade(observers), Arc::clone(graph), clock.clone());
        LazyProcesses::telling(grace, move |spot: Spot, told| {
            let Spot { job, attempt, phase } = spot;
            let (job, at) = (JobRef::new(&graph, job), Duration::from_nanos(clock.now()));
            let Some(observers) = observers.upgrade() else { return };
            match told {
                Told::Line(stream, line) => observers.tell_beside(|| {
                    let line = line.to_owned();
                    Event::OutputLine { job, attempt, phase, stream, line, at }
                }),
                Told::Spawned(process) => {
                    observers.tell(|| Event::ProcessSpawned { job, attempt, phase, process, at });
                }
                Told::Detached(process) => {
                    observers.tell(|| Event::ProcessDetached { job, attempt, process, at });
                }
            }
        })
    }

    /// What the jobs of a run say, of which the observers are told: by it, for as long as the run has them.
    pub(crate) fn sayings(&self, graph: &Arc<JobGraph>) -> Sayings {
        let Some(observers) = &self.observers else { return Sayings::default() };
        let (observers, graph) = (Arc::downgrade(observers), Arc::clone(graph));
        Sayings::telling(move |spot: Spot, at, saying| {
            let Spot { job, attempt, phase } = spot;
            let (job, at) = (JobRef::new(&graph, job), Duration::from_nanos(at));
            let event = || match saying {
                Saying::Line(text) => Event::LogLine { job, attempt, phase, text: text.to_owned(), at },
                Saying::Progress(progress) => Event::Progress { job, attempt, phase, progress, at },
            };
            if let Some(observers) = observers.upgrade() {
                observers.tell_beside(event);
            }
        })
    }

    /// The run is over: nothing more is told of what jobs and their commands say. Waits for who tells something just now.
    pub(crate) fn close(&self) {
        if let Some(observers) = &self.observers {
            observers.close();
        }
    }

    /// What the observers could not do.
    pub(crate) fn failures(&self) -> Vec<String> {
        let Some(observers) = &self.observers else { return Vec::new() };
        let failure = |watcher: &Watcher| unwind::catch(|| Ok(watcher.observer.failure())).ok().flatten();
        observers.watchers.iter().filter_map(failure).collect()
    }

    /// Lets go of the observers, one by one.
    pub(crate) fn discard(self) {
        self.patience.iter().for_each(|patience| patience.close());
        let observers = self.observers.and_then(Arc::into_inner);
        let _ = observers.map_or(Ok(()), |observers| unwind::discard_all(observers.watchers));
    }
}

fn told_slow(graph: &Arc<JobGraph>, slow: Slow) -> Event {
    let Slow { job, open: OpenPhase { attempt, phase, worker, start, .. }, at } = slow;
    Event::PhaseSlow {
        job: JobRef::new(graph, job),
        attempt,
        phase,
        worker,
        at: Duration::from_nanos(at),
        running: Duration::from_nanos(at.saturating_sub(start.0)),
    }
}

impl Observers {
    #[cold]
    #[inline(never)]
    fn tell(&self, event: impl FnOnce() -> Event) {
        let mut listening = self.watchers.iter().filter(|watcher| watcher.listens()).peekable();
        if listening.peek().is_some() {
            let event = event();
            listening.for_each(|watcher| watcher.tell(&event));
        }
    }

    fn tell_beside(&self, event: impl FnOnce() -> Event) {
        {
            let mut beside = self.beside();
            if beside.is_over {
                return;
            }
            beside.telling += 1;
        }
        self.tell(event); // not under the lock: an observer may take its time, and say something itself
        self.beside().telling -= 1;
        self.told.notify_all();
    }

    fn close(&self) {
        let mut beside = self.beside();
        beside.is_over = true;
        let still = |beside: &mut Beside| beside.telling > 0;
        drop(self.told.wait_while(beside, still).unwrap_or_else(PoisonError::into_inner));
    }

    fn beside(&self) -> MutexGuard<'_, Beside> {
        self.beside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    fn listens(&self) -> bool {
        !self.dropped.load(Ordering::Relaxed)
    }

    fn tell(&self, event: &Event) {
        let told = unwind::catch(|| {
            self.observer.on_event(event);
            Ok(())
        });
        if told.is_err() {
            self.drop();
        }
    }

    fn drop(&self) {
        self.dropped.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;

    use super::*;

    /// Says that it is told something, and looks whether the run is over before it has heard it all.
    struct Slow {
        hears: Sender<()>,
        over: Mutex<Receiver<()>>,
    }

    impl Observer for Slow {
        fn on_event(&self, _: &Event) {
            self.hears.send(()).unwrap();
            let over = self.over.lock().unwrap();
            assert!(
                over.recv_timeout(Duration::from_millis(100)).is_err(),
                "the run is over before it was told"
            );
        }
    }

    #[test]
    fn a_run_is_not_over_while_something_is_told() {
        let ((hears, heard), (ends, over)) = (channel(), channel());
        let watch = Watch::new(&[Arc::new(Slow { hears, over: Mutex::new(over) })]);
        let observers = watch.observers.as_ref().unwrap();
        let event = || Event::CleanupEnded { at: Duration::ZERO };
        thread::scope(|scope| {
            scope.spawn(|| observers.tell_beside(event));
            heard.recv().unwrap();
            watch.close();
            ends.send(()).unwrap();
        });
        assert!(observers.watchers.iter().all(Watcher::listens), "it has panicked");
        observers.tell_beside(event);
        assert!(heard.try_recv().is_err(), "it is told something when the run is over");
    }
}
