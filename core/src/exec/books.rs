//! The books of a run: how its jobs have ended, and which tries may begin.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::atomic::{AtomicU32, AtomicU64};

use crate::clock::{DRIFT, nanos};
use crate::exec::turn::Turn;
use crate::graph::{JobGraph, JobId};
use crate::report::Head;

/// For each job how far it is, and how much it waits for.
///
/// They are atomics, because several workers may come to share them; one who has them alone reads and writes them as
/// plain numbers.
pub(super) struct Books {
    /// A [`Head`] each.
    pub(super) heads: Vec<AtomicU64>,
    /// Dependencies that are not yet done. Empty as long as nobody has to count.
    pub(super) left: Vec<AtomicU32>,
}

impl Books {
    pub(super) fn of(graph: &JobGraph) -> Self {
        let mut heads = Vec::new();
        heads.resize_with(graph.len(), AtomicU64::default);
        Books { heads, left: Vec::new() }
    }

    /// Begins to count, at the start of a run.
    pub(super) fn count_all(&mut self, graph: &JobGraph) {
        self.left = graph.dependencies().map(AtomicU32::new).collect();
    }

    /// Begins to count in the middle of a run: of the jobs that have `begun`, those that are done are not
    /// waited for.
    pub(super) fn count_rest(&mut self, graph: &JobGraph, begun: impl Iterator<Item = JobId>) {
        self.count_all(graph);
        for job in begun {
            if self.head(job).is_done() {
                graph.before(job).iter().for_each(|dependant| _ = self.release(*dependant));
            }
        }
    }

    #[inline]
    pub(super) fn head(&mut self, job: JobId) -> Head {
        Head::from_bits(*self.heads[job.index()].get_mut())
    }

    #[inline]
    pub(super) fn set_head(&mut self, job: JobId, head: Head) {
        *self.heads[job.index()].get_mut() = head.to_bits();
    }

    /// Whether a job may begin: it has not ended, and waits for nothing.
    pub(super) fn is_ready(&mut self, job: JobId) -> bool {
        self.head(job) == Head::NEW && *self.left[job.index()].get_mut() == 0
    }

    /// Takes one from what a job waits for, and says whether that was the last.
    #[inline]
    pub(super) fn release(&mut self, job: JobId) -> bool {
        let left = self.left[job.index()].get_mut();
        *left -= 1;
        *left == 0
    }

    /// Everything behind a job that ended without being done, each once, after what blocked it.
    #[cold]
    pub(super) fn block(&mut self, graph: &JobGraph, ended: JobId) -> Vec<Blocked> {
        blocked_by(graph, ended, |job| {
            let is_new = self.head(job) == Head::NEW;
            if is_new {
                self.set_head(job, Head::BLOCKED);
            }
            is_new
        })
    }

    pub(super) fn into_heads(self) -> Vec<Head> {
        self.heads.into_iter().map(|head| Head::from_bits(head.into_inner())).collect()
    }
}

/// A job that was blocked, and by which of its dependencies.
pub(super) struct Blocked {
    pub(super) job: JobId,
    pub(super) because: JobId,
}

/// Walks what depends on `ended`, as far as `claim` says that a job is blocked by this.
pub(super) fn blocked_by(
    graph: &JobGraph,
    ended: JobId,
    mut claim: impl FnMut(JobId) -> bool,
) -> Vec<Blocked> {
    let mut blocked: Vec<Blocked> = Vec::new();
    let mut because = ended;
    let mut walked = 0;
    loop {
        let claimed = graph.before(because).iter().copied().filter(|job| claim(*job));
        blocked.extend(claimed.map(|job| Blocked { job, because }));
        match blocked.get(walked) {
            Some(next) => because = next.job,
            None => return blocked,
        }
        walked += 1;
    }
}

/// Failed tries that will be repeated: by due time, then by declaration.
#[derive(Default)]
pub(super) struct Retries {
    heap: BinaryHeap<Reverse<Retry>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Retry {
    /// In nanoseconds since the run began.
    pub(super) due: u64,
    pub(super) turn: Turn,
}

impl Retry {
    /// A trifle late rather than early: the record of the start is stamped by another clock.
    fn starts(&self) -> u64 {
        self.due.saturating_add(nanos(DRIFT))
    }
}

/// What there is for one who finds nothing ready.
pub(super) enum Waiting {
    /// A retry is due.
    Try(Turn),
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
        self.heap.peek().map(|Reverse(first)| first.starts())
    }

    /// Returns whether it is due before all others.
    pub(super) fn push(&mut self, retry: Retry) -> bool {
        self.heap.push(Reverse(retry));
        self.heap.peek() == Some(&Reverse(retry))
    }

    pub(super) fn next(&mut self, now: impl FnOnce() -> u64) -> Waiting {
        let Some(Reverse(first)) = self.heap.peek() else { return Waiting::Nothing };
        if first.starts() > now() {
            return Waiting::Until(first.starts());
        }
        let turn = first.turn;
        self.heap.pop();
        Waiting::Try(turn)
    }
}

/// First in, first out.
pub(super) type Ready = VecDeque<JobId>;

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: u64 = DRIFT.as_nanos() as u64;

    /// What `next` says at that time: a job, or the time until which to wait.
    fn ask(retries: &mut Retries, now: u64) -> Option<Result<JobId, u64>> {
        match retries.next(|| now) {
            Waiting::Try(turn) => Some(Ok(turn.job)),
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
            let turn = Turn::first(JobId(job));
            assert_eq!(retries.push(Retry { due, turn }), is_first, "{due} {job}");
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
