//! What is still to be called when all jobs have ended.

use std::cmp::Reverse;

use crate::error::BoxError;
use crate::exec::attempt::Worker;
use crate::exec::{Live, Log};
use crate::graph::JobId;
use crate::job::AnyJob;
use crate::report::PhaseRecord;
use crate::store::Store;

/// The cleanup of one try that executed its run.
pub(crate) struct Pending<'env, A> {
    pub(super) sequence: u64,
    pub(super) job: JobId,
    pub(super) attempt: u32,
    pub(super) local: Store,
    /// Of a struct job; the cleanup of a closure job stands in the plan.
    pub(super) instance: Option<Box<dyn AnyJob<A> + 'env>>,
}

/// What the cleanups have done: their records, and their failures as errors.
pub(crate) struct CleanedUp {
    pub(crate) records: Vec<(JobId, PhaseRecord)>,
    pub(crate) failures: Vec<(JobId, BoxError)>,
}

impl<'env, A> Live<'env, A> {
    /// Calls them one at a time, in the reverse order of the starts of their runs.
    pub(crate) fn clean_up(&self, mut pending: Vec<Pending<'env, A>>) -> CleanedUp {
        pending.sort_by_key(|pending| Reverse(pending.sequence));
        let mut worker = Worker::new(self, 0);
        let mut failures = Vec::new();
        for one in pending {
            let job = one.job;
            failures.extend(worker.clean_up(one).err().map(|error| (job, error)));
        }
        let Log { records, .. } = worker.into_log();
        CleanedUp { records, failures }
    }
}
