//! What the jobs of a plan need of their execution beside workers.

use std::sync::Arc;

use crate::graph::JobId;
use crate::job::JobSpec;
use crate::plan::uses::Uses;

/// Pools, priorities and limits. A plan that needs none of them is plain, and is executed in the fastest way.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// Whether some job says how long a phase may take.
    pub(crate) timeouts: bool,
    /// Whether some job says for how long it is tried again.
    pub(crate) retry_for: bool,
    /// Whether some job, or a nest, is executed elsewhere.
    pub(crate) elsewhere: bool,
    /// The jobs that have an async phase, in ascending order.
    pub(crate) asyncs: Arc<[JobId]>,
    /// The priority of each job; empty if none has one.
    pub(crate) priorities: Vec<i32>,
    /// What jobs use of pools.
    pub(crate) uses: Uses,
}

impl Needs {
    pub(super) fn of<'s, 'env: 's, A: 's>(
        specs: impl ExactSizeIterator<Item = &'s JobSpec<'env, A>>,
        uses: Uses,
    ) -> Self {
        let mut needs = Needs { uses, ..Needs::default() };
        let (jobs, mut asyncs) = (specs.len(), Vec::new());
        for (at, spec) in specs.enumerate() {
            if spec.is_async() {
                asyncs.push(JobId::new(at));
            }
            let Some(options) = spec.options() else { continue };
            needs.timeouts |= options.timeout.is_some();
            needs.retry_for |= options.retry_for.is_some();
            needs.elsewhere |= options.elsewhere.is_some();
            if let Some(priority) = options.priority {
                needs.priorities.resize(jobs, 0);
                needs.priorities[at] = priority;
            }
        }
        needs.asyncs = asyncs.into();
        needs
    }

    /// Whether it has to be executed in the general way.
    pub(crate) fn are_plain(&self) -> bool {
        self.asyncs.is_empty()
            && !self.timeouts
            && !self.retry_for
            && !self.elsewhere
            && self.priorities.is_empty()
            && self.uses.is_empty()
    }
}
