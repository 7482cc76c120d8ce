//! What the jobs of a run come to.

use std::sync::Arc;

use crate::exec::attempt::Leftovers;
use crate::report::{Head, Log};
use crate::words::StopReason;

/// What is left when no job is ready, running or waiting.
pub(crate) struct Finished<'env, A> {
    /// For each job.
    pub(crate) heads: Vec<Head>,
    /// For each worker.
    pub(crate) logs: Vec<Log>,
    /// The machines that stand for workers of their own.
    pub(crate) nodes: Vec<(u16, Arc<str>)>,
    pub(crate) leftovers: Leftovers<'env, A>,
    /// Why the run was stopped, if it was while some job had not ended.
    pub(crate) stop_reason: Option<StopReason>,
}
