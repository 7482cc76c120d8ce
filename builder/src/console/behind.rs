//! Which jobs stand behind others that would run, in dry runs that go through.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dojobber_core::{DryRun, JobGraph, JobId, JobRef, Status};

/// For each graph that is looked at so, by its [`address`], the jobs that would run and all that stand behind them.
#[derive(Default)]
pub(super) struct Behind(HashMap<usize, HashSet<JobId>>);

impl Behind {
    pub(super) fn begin(&mut self, graph: &Arc<JobGraph>, look: DryRun) {
        match look {
            DryRun::Through => _ = self.0.insert(address(graph), HashSet::new()),
            _ => _ = self.0.remove(&address(graph)),
        }
    }

    /// A job has ended so. Whether it stands behind one that would run; then what is known of it may not last.
    pub(super) fn end(&mut self, job: &JobRef, status: Status) -> bool {
        let Some(due) = self.0.get_mut(&address(job.graph())) else { return false };
        let is_behind = job.graph().after(job.id()).iter().any(|on| due.contains(on));
        if is_behind || status == Status::WouldRun {
            due.insert(job.id());
        }
        is_behind
    }
}

/// Several runs may be watched at once. Those of one plan share its graph, which is not kept.
pub(super) fn address(graph: &Arc<JobGraph>) -> usize {
    let graph: *const JobGraph = Arc::as_ptr(graph);
    graph.addr()
}
