//! What the jobs of a run come to.

use crate::exec::attempt::Leftovers;
use crate::report::{Head, Log};

/// What is left when no job is ready, running or waiting.
pub(crate) struct Finished<'env, A> {
    /// For each job.
    pub(crate) heads: Vec<Head>,
    /// For each worker.
    pub(crate) logs: Vec<Log>,
    pub(crate) leftovers: Leftovers<'env, A>,
}
