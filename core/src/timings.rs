//! How long jobs are expected to take: as long as in an earlier run.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::graph::JobGraph;
use crate::report::Report;
use crate::words::{Kind, Phase};

/// The durations of the jobs of an earlier report, by name: of those that had phases.
pub(crate) struct Timings(HashMap<Box<str>, Duration>);

impl Timings {
    /// All phases of all tries count, but for cleanups.
    pub(crate) fn of(report: &Report) -> Self {
        let works = |job: &crate::report::JobReport<'_>| {
            let phases = job.phases();
            phases.iter().any(|record| record.phase() != Phase::Cleanup)
        };
        let jobs = report.jobs().filter(works);
        Timings(jobs.map(|job| (job.name().into(), job.elapsed() - job.waited())).collect())
    }

    /// How long each job of a plan is expected to take: one that is not known as long as the others on the mean, a group no
    /// time. `None` if none is known.
    pub(crate) fn expected(&self, graph: &JobGraph) -> Option<Arc<[Duration]>> {
        let known = |job| self.0.get(graph.name(job)).copied();
        let all: Vec<Duration> = graph.ids().filter_map(known).collect();
        let mean = all.iter().sum::<Duration>().checked_div(u32::try_from(all.len()).ok()?)?;
        let expected = graph.ids().map(|job| match graph.kind(job) {
            Kind::Group => Duration::ZERO,
            _ => known(job).unwrap_or(mean),
        });
        Some(expected.collect())
    }
}

impl fmt::Debug for Timings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timings of {} jobs", self.0.len())
    }
}
