//! The jobs that were ready when the helpers came.

use crossbeam_utils::CachePadded;

use crate::exec::sync::{AtomicUsize, Ordering};
use crate::graph::JobId;

/// Jobs that belong to nobody yet: workers take them in shares, in order, so that none has to take from another what is
/// going to be executed there anyway.
pub(super) struct Stock {
    jobs: Vec<JobId>,
    /// How many are taken.
    taken: CachePadded<AtomicUsize>,
}

/// A worker takes no more than this at once.
const SHARE: usize = 32;

impl Stock {
    pub(super) fn of(jobs: Vec<JobId>) -> Self {
        Stock { jobs, taken: CachePadded::new(AtomicUsize::new(0)) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.taken.load(Ordering::Relaxed) == self.jobs.len()
    }

    /// A share for one of so many workers. Shares grow smaller towards the end. Empty if there is nothing left.
    pub(super) fn take(&self, workers: usize) -> &[JobId] {
        let share = |taken: usize| (self.jobs.len() - taken).div_ceil(2 * workers).min(SHARE);
        let more = |taken| Some(taken + share(taken)).filter(|more| *more > taken);
        match self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(taken) => &self.jobs[taken..taken + share(taken)],
            Err(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_taken_once_and_in_order() {
        for (jobs, workers) in [(0, 1), (1, 2), (2, 2), (1000, 3)] {
            let all: Vec<JobId> = (0..jobs).map(JobId::new).collect();
            let stock = Stock::of(all.clone());
            let mut taken: Vec<JobId> = Vec::new();
            while !stock.is_empty() {
                let share = stock.take(workers);
                assert!((1..=SHARE).contains(&share.len()));
                taken.extend(share);
            }
            assert_eq!(taken, all);
            assert!(stock.take(workers).is_empty());
        }
    }
}
