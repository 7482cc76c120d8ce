//! Nests that are executed elsewhere, each as a whole.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::graph::{JobGraph, JobId};

/// The nests of a run that are executed as a whole, in order of declaration; none is inside of another.
#[derive(Debug, Default)]
pub(in crate::exec) struct Units {
    units: Vec<Unit>,
    /// For each job outside: the units that wait for it.
    waiting: BTreeMap<JobId, Vec<usize>>,
    /// Units that wait for nothing more, and are to be made ready.
    free: Vec<usize>,
}

#[derive(Debug)]
struct Unit {
    jobs: Range<u32>,
    /// How many jobs outside that some job in it waits for have not ended.
    left: usize,
    /// Whether it is ready, or was.
    has_begun: bool,
}

impl Units {
    /// The jobs of each nest, in ascending order.
    pub(in crate::exec) fn new(graph: &JobGraph, nests: impl Iterator<Item = Range<u32>>) -> Self {
        let mut units = Units::default();
        for (at, jobs) in nests.enumerate() {
            let inside = |job: &JobId| jobs.contains(&job.0);
            let mut outside: Vec<JobId> = jobs
                .clone()
                .flat_map(|job| graph.after(JobId(job)).into_owned())
                .filter(|job| !inside(job))
                .collect();
            outside.sort_unstable();
            outside.dedup();
            for job in &outside {
                units.waiting.entry(*job).or_default().push(at);
            }
            units.free.extend(outside.is_empty().then_some(at));
            units.units.push(Unit { jobs, left: outside.len(), has_begun: false });
        }
        units.free.reverse(); // the last one is taken first
        units
    }

    /// A job has ended.
    #[inline]
    pub(super) fn ended(&mut self, job: JobId) {
        if !self.units.is_empty() {
            self.count(job);
        }
    }

    fn count(&mut self, job: JobId) {
        for at in self.waiting.get(&job).into_iter().flatten() {
            let unit = &mut self.units[*at];
            unit.left -= 1;
            self.free.extend((unit.left == 0).then_some(*at));
        }
    }

    /// The jobs of a unit that waits for nothing more; each is returned once.
    pub(super) fn pop_free(&mut self) -> Option<Range<u32>> {
        self.free.pop().map(|at| self.units[at].jobs.clone())
    }

    /// A unit is made ready: that of this job.
    pub(super) fn begin(&mut self, job: JobId) {
        if let Some(at) = self.find(job) {
            self.units[at].has_begun = true;
        }
    }

    /// Whether a job is in a unit, and so not made ready by itself.
    pub(super) fn hold(&self, job: JobId) -> bool {
        self.find(job).is_some()
    }

    /// Whether a job is in a unit that has not begun.
    pub(super) fn hold_back(&self, job: JobId) -> bool {
        self.find(job).is_some_and(|at| !self.units[at].has_begun)
    }

    /// Whether a job is in a unit that has begun.
    pub(super) fn are_away(&self, job: JobId) -> bool {
        self.find(job).is_some_and(|at| self.units[at].has_begun)
    }

    fn find(&self, job: JobId) -> Option<usize> {
        let at = self.units.partition_point(|unit| unit.jobs.end <= job.0);
        self.units.get(at).filter(|unit| unit.jobs.contains(&job.0)).map(|_| at)
    }
}
