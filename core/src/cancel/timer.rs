//! Alarms of the clock: one thread of the process, which starts with the first of them.
//!
//! A worker that waits inside of a command or a sleep keeps its own limit. This is for a token that was handed out, to a run
//! inside of a job or to another library, which nobody of us watches; and for phases that take long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

use crate::cancel::bell::Bell;
use crate::log::warning;

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
                due.into_values().filter_map(|due| due.upgrade()).for_each(|due| due.due());
                next
            };
            self.bell.wait_until(next);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Alarms> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
