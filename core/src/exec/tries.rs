//! A try as a value, and how it ends: all that a driver and a worker say to each other.

use crate::graph::JobId;
use crate::report::Head;

/// A try of a job, and what the job's earlier tries have left. It may be put aside, and taken up by any worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Try {
    pub(super) job: JobId,
    /// From 1.
    pub(super) attempt: u32,
    /// The last run of this job that was executed, in this try or an earlier one: its place among all runs, from 1. 0 if
    /// none was.
    pub(super) sequence: u32,
    /// How far the job is in the records.
    pub(super) head: Head,
}

impl Try {
    #[inline]
    pub(super) fn first(job: JobId) -> Self {
        Try { job, attempt: 1, sequence: 0, head: Head::NEW }
    }

    /// Whether a run of this job was executed.
    #[inline]
    pub(super) fn has_run(&self) -> bool {
        self.sequence > 0
    }

    /// The try that follows when this one has failed.
    pub(super) fn again(self, due: u64) -> Retry {
        Retry { due, attempt: Try { attempt: self.attempt + 1, ..self } }
    }
}

/// How a try ends.
pub(super) enum TryEnd {
    /// With it the job has ended.
    Ended(Head),
    /// It has failed, and another one follows, at that time in nanoseconds.
    Again { due: u64 },
}

/// A try that waits for its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Retry {
    /// In nanoseconds since the run began.
    pub(super) due: u64,
    pub(super) attempt: Try,
}
