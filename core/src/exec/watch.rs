//! The way from a run to its observers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::Clock;
use crate::event::{Event, Observer};
use crate::graph::{JobGraph, JobRef};
use crate::process::{LazyProcesses, Spot};
use crate::unwind;

/// The observers of one run, each for as long as it behaves.
pub(crate) struct Watch {
    /// `None`: nobody watches.
    observers: Option<Arc<Observers>>,
}

struct Observers(Vec<Watcher>);

struct Watcher {
    observer: Arc<dyn Observer>,
    /// It has panicked, or the simulated process was killed: it is told no more.
    dropped: AtomicBool,
}

impl Watch {
    /// Asks each whether it is active, and forgets those that are not.
    pub(crate) fn new(observers: &[Arc<dyn Observer>]) -> Self {
        let active =
            |observer: &&Arc<dyn Observer>| unwind::catch(|| Ok(observer.is_active())).unwrap_or(false);
        let watcher =
            |observer: &Arc<dyn Observer>| Watcher { observer: Arc::clone(observer), dropped: false.into() };
        let observers: Vec<_> = observers.iter().filter(active).map(watcher).collect();
        Watch { observers: (!observers.is_empty()).then(|| Arc::new(Observers(observers))) }
    }

    #[inline]
    pub(crate) fn is_active(&self) -> bool {
        self.observers.is_some()
    }

    /// Tells no more.
    #[cfg(feature = "testkit")]
    pub(crate) fn silence(&self) {
        self.observers.iter().flat_map(|observers| &observers.0).for_each(Watcher::drop);
    }

    /// Builds the event only if someone listens. An observer that panics is not called again.
    #[inline]
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(observers) = &self.observers {
            observers.tell(event);
        }
    }

    /// The processes of a run, of whose lines the observers are told: by them, for as long as the run has them.
    pub(crate) fn processes(&self, graph: &Arc<JobGraph>, clock: &Clock) -> LazyProcesses {
        let Some(observers) = &self.observers else { return LazyProcesses::default() };
        let (observers, graph, clock) = (Arc::downgrade(observers), Arc::clone(graph), clock.clone());
        LazyProcesses::telling(move |spot: Spot, stream, line: &str| {
            let event = || Event::OutputLine {
                job: JobRef::new(&graph, spot.job),
                attempt: spot.attempt,
                phase: spot.phase,
                stream,
                line: line.to_owned(),
                at: Duration::from_nanos(clock.now()),
            };
            observers.upgrade().into_iter().for_each(|observers| observers.tell(event));
        })
    }

    /// Lets go of the observers, one by one.
    pub(crate) fn discard(self) {
        let observers = self.observers.and_then(Arc::into_inner);
        let _ = observers.map_or(Ok(()), |Observers(observers)| unwind::discard_all(observers));
    }
}

impl Observers {
    #[cold]
    #[inline(never)]
    fn tell(&self, event: impl FnOnce() -> Event) {
        let mut listening = self.0.iter().filter(|watcher| watcher.listens()).peekable();
        if listening.peek().is_some() {
            let event = event();
            listening.for_each(|watcher| watcher.tell(&event));
        }
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
