//! What a driver and a worker say to each other: which try is next, and what it led to.

use crate::graph::JobId;
use crate::report::Head;

/// A try that may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    pub(super) job: JobId,
    pub(super) attempt: u32,
    /// Whether an earlier try has executed the run.
    pub(super) ran: bool,
    /// What the earlier tries have left.
    pub(super) head: Head,
}

impl Turn {
    #[inline]
    pub(super) fn first(job: JobId) -> Self {
        Turn { job, attempt: 1, ran: false, head: Head::NEW }
    }
}

/// What a try leads to.
pub(super) enum TryEnd {
    /// The end of the job.
    Ended(Head),
    /// Another try, at that time in nanoseconds.
    Again { due: u64 },
}
