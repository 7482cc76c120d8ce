//! Failed tries that will be repeated.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::clock::{DRIFT, nanos};
use crate::exec::tries::{Retry, Try};

/// The moment from which a retry that is due at `due` may begin: a trifle late rather than early, for the record of its
/// start is stamped by another clock.
fn starts(due: u64) -> u64 {
    due.saturating_add(nanos(DRIFT))
}

/// Failed tries that will be repeated: by due time, then by declaration.
#[derive(Default)]
pub(super) struct Retries {
    heap: BinaryHeap<Reverse<Retry>>,
}

/// What there is for a worker that finds nothing ready.
pub(super) enum Waiting {
    /// A retry is due.
    Try(Try),
    /// The next one will be, at that time in nanoseconds.
    Until(u64),
    Nothing,
}

impl Retries {
    pub(super) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    pub(super) fn first_due(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse(first)| starts(first.due))
    }

    /// Returns whether it is due before all others.
    pub(super) fn push(&mut self, retry: Retry) -> bool {
        self.heap.push(Reverse(retry));
        self.heap.peek() == Some(&Reverse(retry))
    }

    pub(super) fn next(&mut self, now: impl FnOnce() -> u64) -> Waiting {
        let Some(Reverse(first)) = self.heap.peek() else { return Waiting::Nothing };
        if starts(first.due) > now() {
            return Waiting::Until(starts(first.due));
        }
        let attempt = first.attempt;
        self.heap.pop();
        Waiting::Try(attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::JobId;

    const LATE: u64 = DRIFT.as_nanos() as u64;

    /// What `next` says at that time: a job, or the time until which to wait.
    fn ask(retries: &mut Retries, now: u64) -> Option<Result<JobId, u64>> {
        match retries.next(|| now) {
            Waiting::Try(attempt) => Some(Ok(attempt.job)),
            Waiting::Until(due) => Some(Err(due)),
            Waiting::Nothing => None,
        }
    }

    #[test]
    fn retries_stand_by_due_time_and_then_by_declaration() {
        let mut retries = Retries::default();
        assert_eq!((retries.is_empty(), retries.len(), retries.first_due()), (true, 0, None));
        assert_eq!(ask(&mut retries, u64::MAX), None);
        for (due, job, is_first) in
            [(50, 0, true), (70, 1, false), (30, 3, true), (30, 2, true), (30, 4, false)]
        {
            let attempt = Try::first(JobId(job));
            assert_eq!(retries.push(Retry { due, attempt }), is_first, "{due} {job}");
        }
        assert_eq!((retries.is_empty(), retries.len(), retries.first_due()), (false, 5, Some(30 + LATE)));

        assert_eq!(ask(&mut retries, 30 + LATE - 1), Some(Err(30 + LATE)));
        for job in [2, 3, 4] {
            assert_eq!(ask(&mut retries, 30 + LATE), Some(Ok(JobId(job))));
        }
        assert_eq!(ask(&mut retries, 30 + LATE), Some(Err(50 + LATE)));
        assert_eq!(ask(&mut retries, 100 + LATE), Some(Ok(JobId(0))));
        assert_eq!(ask(&mut retries, 100 + LATE), Some(Ok(JobId(1))));
        assert_eq!((ask(&mut retries, u64::MAX), retries.len()), (None, 0));
    }
}
