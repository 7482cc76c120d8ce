//! Ready jobs in the order in which they may begin.

use std::cmp::Reverse;
use std::collections::{BTreeSet, VecDeque};

use crate::graph::JobId;

/// The place of a ready job in every queue: higher priority first, then the longer way, then the job that became ready first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) wish: Wish,
    pub(super) arrival: u64,
}

/// What a job's place depends on beside the moment when it became ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::exec) struct Wish {
    pub(in crate::exec) priority: Reverse<i32>,
    /// The expected time from its start to the end of the run, in nanoseconds.
    pub(in crate::exec) way: Reverse<u64>,
}

impl Wish {
    pub(in crate::exec) const NONE: Wish = Wish { priority: Reverse(0), way: Reverse(0) };
}

/// A ready job and its rank.
pub(super) type Ranked = (Rank, JobId);

/// One queue. Where no job has a wish, the order is that of arrival, and no sorting is needed.
#[derive(Debug)]
pub(super) enum Queue {
    Arrivals(VecDeque<Ranked>),
    Sorted(BTreeSet<Ranked>),
}

impl Queue {
    pub(super) fn new(sorted: bool) -> Self {
        if sorted { Queue::Sorted(BTreeSet::new()) } else { Queue::Arrivals(VecDeque::new()) }
    }

    pub(super) fn first(&self) -> Option<Ranked> {
        match self {
            Queue::Arrivals(queue) => queue.front().copied(),
            Queue::Sorted(queue) => queue.first().copied(),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Queue::Arrivals(queue) => queue.len(),
            Queue::Sorted(queue) => queue.len(),
        }
    }

    pub(super) fn push(&mut self, job: Ranked) {
        match self {
            Queue::Arrivals(queue) => queue.push_back(job),
            Queue::Sorted(queue) => _ = queue.insert(job),
        }
    }

    /// Takes a job out, most often the first.
    pub(super) fn remove(&mut self, job: Ranked) {
        match self {
            Queue::Arrivals(queue) if queue.front() == Some(&job) => _ = queue.pop_front(),
            Queue::Arrivals(queue) => queue.retain(|other| *other != job),
            Queue::Sorted(queue) => _ = queue.remove(&job),
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Queue::Arrivals(queue) => queue.clear(),
            Queue::Sorted(queue) => queue.clear(),
        }
    }

    /// The jobs that stand first and do not differ in what they wish.
    #[cfg(feature = "testkit")]
    pub(super) fn equals(&self) -> impl Iterator<Item = Ranked> + '_ {
        let wish = self.first().map(|(rank, _)| rank.wish);
        let (arrivals, sorted) = match self {
            Queue::Arrivals(queue) => (Some(queue.iter()), None),
            Queue::Sorted(queue) => (None, Some(queue.iter())),
        };
        let all = arrivals.into_iter().flatten().chain(sorted.into_iter().flatten()).copied();
        all.take_while(move |(rank, _)| Some(rank.wish) == wish)
    }
}
