//! The counters that several workers share: what a job waits for, and how many jobs have ended.

use crossbeam_utils::CachePadded;

use crate::exec::sync::{AtomicU32, AtomicUsize, Ordering};

/// Takes so many from what a job waits for, and says whether these were the last.
///
/// A worker that finds no more left than it has to take is the last: nobody else will touch the counter, so it need not be
/// written. In a graph where each job has one dependency no counter is ever written.
#[inline]
pub(super) fn take(left: &AtomicU32, count: u32) -> bool {
    is_all(left, count) || left.fetch_sub(count, Ordering::AcqRel) == count
}

/// Whether a job waits for no more than so many.
#[inline]
pub(super) fn is_all(left: &AtomicU32, count: u32) -> bool {
    left.load(Ordering::Acquire) == count
}

/// How many jobs have ended. Each worker adds its own when it finds nothing more to do.
pub(super) struct Ended {
    so_far: CachePadded<AtomicUsize>,
    of: usize,
}

impl Ended {
    pub(super) fn new(so_far: usize, of: usize) -> Self {
        Ended { so_far: CachePadded::new(AtomicUsize::new(so_far)), of }
    }

    /// Says whether these were the last.
    pub(super) fn add(&self, ended: usize) -> bool {
        self.so_far.fetch_add(ended, Ordering::AcqRel) + ended == self.of
    }

    pub(super) fn are_all(&self) -> bool {
        self.so_far.load(Ordering::Acquire) == self.of
    }
}
