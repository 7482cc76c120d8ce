//! What jobs hand on to those that are after them.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::graph::JobId;
use crate::unwind;
use crate::verdict::Value;

/// A place for each job that returns something; a job that returns `()` needs none.
pub(crate) struct Outputs {
    jobs: Arc<[JobId]>,
    places: Box<[OnceLock<Box<dyn Any + Send + Sync>>]>,
    /// They were those of an earlier process.
    are_gone: bool,
}

impl Outputs {
    /// `jobs` in ascending order.
    pub(crate) fn of(jobs: &Arc<[JobId]>) -> Self {
        Outputs {
            jobs: Arc::clone(jobs),
            places: jobs.iter().map(|_| OnceLock::new()).collect(),
            are_gone: false,
        }
    }

    /// The outputs of a run whose process is gone.
    #[cfg(feature = "journal")]
    pub(crate) fn gone() -> Self {
        Outputs { jobs: [].into(), places: [].into(), are_gone: true }
    }

    pub(crate) fn are_gone(&self) -> bool {
        self.are_gone
    }

    /// Set once, when the job is done.
    #[inline]
    pub(crate) fn set(&self, job: JobId, value: Value) {
        if let Some(value) = value {
            self.keep(job, value);
        }
    }

    fn keep(&self, job: JobId, value: Box<dyn Any + Send + Sync>) {
        if let Some(place) = self.place(job) {
            let unset = place.set(value);
            debug_assert!(unset.is_ok(), "{job:?} was done twice");
        }
    }

    pub(crate) fn get(&self, job: JobId) -> Option<&(dyn Any + Send + Sync)> {
        self.place(job)?.get().map(|value| &**value)
    }

    /// Takes what a job has returned.
    pub(crate) fn take(&mut self, job: JobId) -> Value {
        let at = self.jobs.binary_search(&job).ok()?;
        self.places[at].take()
    }

    /// Whether a job returns something when it is done.
    pub(crate) fn expects(&self, job: JobId) -> bool {
        self.place(job).is_some()
    }

    fn place(&self, job: JobId) -> Option<&OnceLock<Box<dyn Any + Send + Sync>>> {
        self.jobs.binary_search(&job).ok().map(|at| &self.places[at])
    }
}

/// Whatever the values do when they are dropped, the run that they belong to is put away.
impl Drop for Outputs {
    fn drop(&mut self) {
        let values = self.places.iter_mut().filter_map(OnceLock::take);
        let _ = unwind::discard_all(values); // nobody is left to be told of a panic
    }
}

impl fmt::Debug for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.jobs.iter().filter(|job| self.get(**job).is_some())).finish()
    }
}
