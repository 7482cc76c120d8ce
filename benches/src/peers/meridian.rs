//! The crate meridian-task-core, which starts its threads anew in every run.

use meridian_task_core::{JobGraph, JobId, Scheduler};

use super::contender::{Contender, Sample};
use super::timing::once_each;
use crate::load::Load;

#[derive(Debug)]
pub(super) struct Meridian {
    scheduler: Scheduler,
}

impl Meridian {
    pub(super) fn new(threads: usize) -> Self {
        Self { scheduler: Scheduler::new(threads) }
    }
}

impl Contender for Meridian {
    fn sample(&mut self, load: &Load) -> Option<Sample> {
        Some(once_each(load, || build(load), |graph| self.scheduler.run(graph)))
    }
}

fn build(load: &Load) -> JobGraph {
    let mut graph = JobGraph::new();
    let mut ids: Vec<JobId> = Vec::with_capacity(load.works.len());
    for (&work, deps) in load.works.iter().zip(load.deps.rows()) {
        let deps: Vec<JobId> = deps.iter().map(|&dep| ids[dep as usize]).collect();
        ids.push(graph.add_job("", &deps, move || work.run()));
    }
    graph
}
