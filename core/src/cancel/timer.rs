//! Alarms of the clock: one thread of the process, which starts with the first of them.
//!
//! A worker that waits inside of a command or a sleep keeps its own limit. This is for a token that was handed out, to a run
//! inside of a job or to another library, which nobody of us watches; for phases that take long; and for futures that sleep where
//! no worker polls them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

use crate::cancel::bell::Bell;
use crate::log::warning;
use crate::unwind;

/// What is called at a moment, by a thread that others wait for: it must be quick.
pub(crate) trait Due: Send + Sync {
    fn due(&self);
}

/// A moment at which something is called, unless this is dropped before.
pub(crate) struct Alarm(Key);

/// Alarms of one moment differ by the second.
type Key = (Instant, u64);

#[derive(Default)]
struct Alarms {
    due: BTreeMap<Key, Weak<dyn Due>>,
    next: u64,
}

struct Timer {
    alarms: Mutex<Alarms>,
    bell: Arc<Bell>,
}

/// Calls `due` at that moment, if it is still there.
pub(crate) fn set(when: Instant, due: Weak<dyn Due>) -> Alarm {
    let timer = timer();
    let (key, is_first) = {
        let mut alarms = timer.lock();
        let key = (when, alarms.next);
        alarms.next += 1;
        alarms.due.insert(key, due);
        (key, alarms.due.first_key_value().is_some_and(|(first, _)| *first == key))
    };
    if is_first {
        timer.bell.waker().wake();
    }
    Alarm(key)
}

impl Drop for Alarm {
    fn drop(&mut self) {
        timer().lock().due.remove(&self.0);
    }
}

fn timer() -> &'static Timer {
    static TIMER: OnceLock<Timer> = OnceLock::new();
    TIMER.get_or_init(|| {
        let thread = std::thread::Builder::new().name("dojobber-timer".into());
        if let Err(_error) = thread.spawn(|| timer().tick()) {
            warning!(%_error, "there is no thread that could keep alarms");
        }
        Timer { alarms: Mutex::default(), bell: Bell::new() }
    })
}

impl Timer {
    fn tick(&self) -> ! {
        loop {
            let next = {
                let mut alarms = self.lock();
                let later = alarms.due.split_off(&(Instant::now(), u64::MAX));
                let due = std::mem::replace(&mut alarms.due, later);
                let next = alarms.due.keys().next().map(|(when, _)| *when);
                drop(alarms);
                due.into_values().filter_map(|due| due.upgrade()).for_each(call);
                next
            };
            self.bell.wait_until(next);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Alarms> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakers are code of others. The thread that keeps all alarms outlives their panics, those of destructors, too.
fn call(due: Arc<dyn Due>) {
    let _ = unwind::catch(|| {
        due.due();
        Ok(())
    });
    let _ = unwind::discard(due);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use super::*;

    /// Panics when it is due, or when it is dropped, which is left to the thread that keeps alarms.
    struct Bomb {
        panics_late: bool,
        own: Mutex<Option<Arc<Bomb>>>,
    }

    impl Due for Bomb {
        fn due(&self) {
            drop(self.own.lock().unwrap().take()); // that thread has another one
            assert!(self.panics_late, "it is due");
        }
    }

    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.panics_late, "it is dropped");
        }
    }

    struct Call(Mutex<Sender<()>>);

    impl Due for Call {
        fn due(&self) {
            self.0.lock().unwrap().send(()).unwrap();
        }
    }

    #[test]
    fn alarms_go_on_after_a_panic() {
        for panics_late in [false, true] {
            let bomb = Arc::new(Bomb { panics_late, own: Mutex::default() });
            let weak = Arc::downgrade(&bomb);
            *bomb.own.lock().unwrap() = Some(Arc::clone(&bomb));
            drop(bomb);
            let now = Instant::now();
            let _bomb = set(now, weak);
            let (told, called) = channel();
            let call = Arc::new(Call(Mutex::new(told)));
            let to_call = Arc::downgrade(&call);
            let _call = set(now + Duration::from_millis(1), to_call);
            called.recv_timeout(Duration::from_secs(60)).expect("the thread lives");
        }
    }
}
