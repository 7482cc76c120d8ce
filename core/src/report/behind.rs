//! Which jobs stand behind one that would run.

use crate::graph::{JobGraph, JobId};
use crate::report::Head;
use crate::words::Status;

/// Marks the jobs that would run or are satisfied, and that depend on a job that would run, directly or not. Nothing is
/// known of other jobs that could change, and what stands behind a job that is not known does not either.
pub(super) fn mark(graph: &JobGraph, heads: &mut [Head]) {
    let would_run = |job: &JobId| heads[job.index()].status() == Some(Status::WouldRun);
    let mut nodes: Vec<JobId> = graph.ids().filter(would_run).collect();
    let mut seen = vec![false; graph.nodes()];
    while let Some(node) = nodes.pop() {
        for next in graph.before_nodes(node).iter().copied() {
            if std::mem::replace(&mut seen[next.index()], true) {
                continue;
            }
            if graph.is_start(next) {
                nodes.push(next);
                continue;
            }
            let head = &mut heads[next.index()];
            if matches!(head.status(), Some(Status::WouldRun | Status::Satisfied)) {
                *head = head.put_behind();
                nodes.push(next);
            }
        }
    }
}
