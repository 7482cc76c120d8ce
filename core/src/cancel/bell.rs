//! A sleeping thread as a waker.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::time::Instant;

/// Wakes the one thread that waits for it.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rang: Mutex<bool>,
    bell: Condvar,
}

impl Bell {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Sleeps until it was rung, or until then, and says whether it was. It can be waited for again.
    pub(crate) fn wait_until(&self, until: Option<Instant>) -> bool {
        let mut rang = self.lock();
        loop {
            if std::mem::take(&mut *rang) {
                return true;
            }
            let Some(until) = until else {
                rang = self.bell.wait(rang).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            rang = self.bell.wait_timeout(rang, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.rang.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.lock() = true;
        self.bell.notify_one();
    }
}
