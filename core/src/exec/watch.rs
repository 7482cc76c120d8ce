//! The way from a run to its observers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::event::{Event, Observer};
use crate::unwind;

/// The observers of one run, each for as long as it behaves.
pub(crate) struct Watch {
    observers: Vec<Watcher>,
}

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
        Watch { observers: observers.iter().filter(active).map(watcher).collect() }
    }

    #[inline]
    pub(crate) fn is_active(&self) -> bool {
        !self.observers.is_empty()
    }

    /// Tells no more.
    #[cfg(feature = "testkit")]
    pub(crate) fn silence(&self) {
        self.observers.iter().for_each(Watcher::drop);
    }

    /// Builds the event only if someone listens. An observer that panics is not called again.
    #[inline]
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if self.is_active() {
            self.tell_all(event);
        }
    }

    /// Lets go of the observers, one by one.
    pub(crate) fn discard(self) {
        let _ = unwind::discard_all(self.observers);
    }

    #[cold]
    #[inline(never)]
    fn tell_all(&self, event: impl FnOnce() -> Event) {
        let mut listening = self.observers.iter().filter(|watcher| watcher.listens()).peekable();
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
