//! What the workers of a run share, checked in every order and with every value that the memory model allows.
//!
//! The files are those of the executor. Only `exec::sync` is another one: loom's atomics, locks and threads.
#![forbid(unsafe_code)]

#[cfg(test)]
mod exec {
    pub(crate) mod sync {
        pub(crate) use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence};
        pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
        pub(crate) use std::sync::PoisonError;
    }
}

#[cfg(test)]
#[path = "../../src/exec/drive/stealing/counts.rs"]
mod counts;
#[cfg(test)]
#[path = "../../src/exec/drive/stealing/sleep.rs"]
mod sleep;

#[cfg(test)]
mod checks;
