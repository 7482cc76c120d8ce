//! What outlives a try beside its records.

use std::sync::Arc;

use crate::error::BoxError;
use crate::graph::JobId;
use crate::job::Own;
use crate::store::Store;
use crate::unwind;

/// What the tries of one worker, or of all, have left.
pub(crate) struct Leftovers<'env, A> {
    /// The error of the last try of each job that did not get done.
    pub(crate) errors: Vec<(JobId, BoxError)>,
    pub(crate) cleanups: Vec<DueCleanup<'env, A>>,
    /// What jobs have said of their runs.
    pub(crate) descriptions: Vec<(JobId, String)>,
}

/// The cleanup of one try that executed its run.
pub(crate) struct DueCleanup<'env, A> {
    /// The place of that run among all. Cleanups follow it backwards.
    pub(in crate::exec) sequence: u32,
    pub(in crate::exec) job: JobId,
    pub(in crate::exec) attempt: u32,
    /// The local store of its try; `None` if nobody has looked into it.
    pub(in crate::exec) local: Option<Arc<Store>>,
    /// Only of a struct job; the cleanup of a closure job stands in the plan.
    pub(in crate::exec) instance: Option<Own<'env, A>>,
    /// It was left by a process that is gone: a struct is made anew.
    pub(in crate::exec) is_owed: bool,
}

#[cfg(feature = "journal")]
impl<A> DueCleanup<'_, A> {
    /// The cleanup of a try that another process has executed.
    pub(crate) fn owed(job: JobId, attempt: u32) -> Self {
        DueCleanup { sequence: 0, job, attempt, local: None, instance: None, is_owed: true }
    }
}

impl<A> DueCleanup<'_, A> {
    /// Drops it uncalled, one value after another.
    pub(crate) fn discard(self) {
        let _ = unwind::discard(self.instance);
        let _ = unwind::discard(self.local);
    }
}

/// What the user made is dropped one by one, also where nobody has taken it: a simulated process may be killed.
impl<A> Drop for Leftovers<'_, A> {
    fn drop(&mut self) {
        if !self.errors.is_empty() || !self.cleanups.is_empty() {
            let _ = unwind::discard_all(self.errors.drain(..));
            self.cleanups.drain(..).for_each(DueCleanup::discard);
        }
    }
}

impl<A> Default for Leftovers<'_, A> {
    fn default() -> Self {
        Leftovers { errors: Vec::new(), cleanups: Vec::new(), descriptions: Vec::new() }
    }
}

impl<A> Leftovers<'_, A> {
    pub(in crate::exec) fn append(&mut self, mut other: Self) {
        self.errors.append(&mut other.errors);
        self.cleanups.append(&mut other.cleanups);
        self.descriptions.append(&mut other.descriptions);
    }
}
