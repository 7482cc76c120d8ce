//! What is handed over.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::graph::{JobGraph, JobId};
use crate::key::Portable;
use crate::options::RunOptions;

/// One unit that is to be executed elsewhere: a try, a nest, or a cleanup.
pub struct Order<'a> {
    pub(crate) graph: &'a Arc<JobGraph>,
    pub(crate) jobs: &'a [JobId],
    pub(crate) nest: Option<&'a str>,
    pub(crate) attempt: u32,
    pub(crate) is_cleanup: bool,
    pub(crate) options: RunOptions,
    pub(crate) inputs: Vec<Input<'a>>,
    pub(crate) portable: &'a dyn Fn(JobId) -> Option<Portable>,
}

/// The output of a job that a unit may ask for.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub(crate) job: JobId,
    pub(crate) portable: Portable,
    pub(crate) value: &'a (dyn Any + Send + Sync),
}

impl<'a> Order<'a> {
    /// The graph of the run.
    pub fn graph(&self) -> &'a Arc<JobGraph> {
        self.graph
    }

    /// The jobs that are to be executed, in order of declaration: a single one, but for a nest.
    pub fn jobs(&self) -> &'a [JobId] {
        self.jobs
    }

    /// The job whose try or cleanup it is; of a nest the first.
    pub fn job(&self) -> JobId {
        self.jobs[0]
    }

    /// The name of that job, or of the nest.
    pub fn name(&self) -> &'a str {
        self.nest.unwrap_or_else(|| self.graph.name(self.job()))
    }

    /// Whether it is a nest.
    pub fn is_nest(&self) -> bool {
        self.nest.is_some()
    }

    /// Whether it is the cleanup of a try, and not the try itself.
    pub fn is_cleanup(&self) -> bool {
        self.is_cleanup
    }

    /// Which try, from 1; 1 for a nest.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The options of the run.
    pub fn options(&self) -> RunOptions {
        self.options
    }

    /// What the unit may ask for: the portable outputs of all that its jobs depend on, in order of declaration.
    pub fn inputs(&self) -> &[Input<'a>] {
        &self.inputs
    }

    /// How the output of a job is read and written; `None` if it has none, or its key is not portable.
    pub fn portable(&self, job: JobId) -> Option<Portable> {
        (self.portable)(job)
    }
}

impl<'a> Input<'a> {
    /// The job that has returned it.
    pub fn job(&self) -> JobId {
        self.job
    }

    /// How it is written.
    pub fn portable(&self) -> Portable {
        self.portable
    }

    /// The value, to be written by [`portable`](Input::portable).
    pub fn value(&self) -> &'a (dyn Any + Send + Sync) {
        self.value
    }
}

impl fmt::Debug for Order<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order")
            .field("name", &self.name())
            .field("attempt", &self.attempt)
            .field("is_cleanup", &self.is_cleanup)
            .field("jobs", &self.jobs.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Input").field(&self.job).finish()
    }
}
