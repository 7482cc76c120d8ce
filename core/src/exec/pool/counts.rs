//! The counters that several workers share: what a job waits for, and how many jobs have ended.

use crossbeam_utils::CachePadded;

use crate::exec::sync::{AtomicU32, AtomicUsize, Ordering};

/// Takes one from what a job waits for, and says whether that was the last.
///
/// Who finds a single one left is its last dependency: nobody else will touch the counter, so it need not be written. In
/// a graph where each job has one dependency no counter is ever written.
#[inline]
pub(super) fn take_one(left: &AtomicU32) -> bool {
    left.load(Ordering::Acquire) == 1 || left.fetch_sub(1, Ordering::AcqRel) == 1
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
