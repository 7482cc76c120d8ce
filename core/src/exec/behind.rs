//! Which jobs stand behind one that would run, in a dry run that goes through.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::graph::{JobGraph, JobId};
use crate::words::{DryRun, Status};

/// For each node of the graph, whether something that it depends on would run. Empty where nothing begins behind such a
/// job.
#[derive(Debug)]
pub(super) struct Behind(Vec<AtomicBool>);

impl Behind {
    pub(super) fn new(graph: &JobGraph, dry_run: DryRun) -> Self {
        let nodes = if dry_run == DryRun::Through { graph.nodes() } else { 0 };
        Behind(std::iter::repeat_with(AtomicBool::default).take(nodes).collect())
    }

    /// Whether a job that begins stands behind one that would run.
    #[inline]
    pub(super) fn holds(&self, job: JobId) -> bool {
        // what was noted is ordered by the schedule, which lets the job begin afterwards
        self.0.get(job.index()).is_some_and(|behind| behind.load(Ordering::Relaxed))
    }

    /// Notes how a job has ended, before anything that depends on it may begin.
    pub(super) fn note(&self, graph: &JobGraph, job: JobId, status: Status) {
        if self.0.is_empty() || status != Status::WouldRun && !self.holds(job) {
            return;
        }
        let mut nodes = vec![job];
        while let Some(node) = nodes.pop() {
            for next in graph.before_nodes(node) {
                let is_new = !self.0[next.index()].swap(true, Ordering::Relaxed);
                if is_new && graph.is_start(*next) {
                    nodes.push(*next);
                }
            }
        }
    }
}
