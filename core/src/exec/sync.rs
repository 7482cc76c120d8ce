//! What the executor's concurrency is made of: one list, so that the model check in `core/model` can put loom's in its
//! place.

pub(super) use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence};
pub(super) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
