//! Small worlds for jobs to change, which say where they could be cut and what is touched.

mod clock;
mod disk;
mod table;

pub use clock::Clock;
pub use disk::Disk;
pub use table::Table;

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::faults::is_killed;

/// What a world consists of. No lock is held at an interruption point, so none is ever poisoned by a crash.
fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Changes a world, unless the process is dead: what its destructors say does not count.
fn change<T, R: Default>(state: &Mutex<T>, change: impl FnOnce(&mut T) -> R) -> R {
    if is_killed() { R::default() } else { change(&mut lock(state)) }
}
