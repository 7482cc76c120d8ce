//! The way from a run to its observer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::event::{Event, Observer};
use crate::unwind;

/// The observer of one run, for as long as it behaves.
pub(crate) struct Watch {
    observer: Option<Arc<dyn Observer>>,
    dropped: AtomicBool,
}

impl Watch {
    pub(crate) fn new(observer: Option<&Arc<dyn Observer>>) -> Self {
        let active =
            |observer: &&Arc<dyn Observer>| unwind::catch(|| Ok(observer.is_active())).unwrap_or(false);
        Watch { observer: observer.filter(active).cloned(), dropped: AtomicBool::new(false) }
    }

    #[inline]
    pub(crate) fn is_active(&self) -> bool {
        self.observer.is_some()
    }

    /// Tells no more.
    #[cfg(feature = "testkit")]
    pub(crate) fn silence(&self) {
        self.dropped.store(true, Ordering::Relaxed);
    }

    /// Builds the event only if someone listens. An observer that panics is not called again.
    #[inline]
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(observer) = &self.observer {
            self.call(&**observer, event);
        }
    }

    #[cold]
    #[inline(never)]
    fn call(&self, observer: &dyn Observer, event: impl FnOnce() -> Event) {
        if self.dropped.load(Ordering::Relaxed) {
            return;
        }
        let told = unwind::catch(|| {
            observer.on_event(&event());
            Ok(())
        });
        if told.is_err() {
            self.dropped.store(true, Ordering::Relaxed);
        }
    }
}
