//! The critical path of a run: the chain of jobs that no number of workers could have shortened.

use std::time::Duration;

use dojobber_core::{JobId, JobReport, Phase, Report};

/// The chain of jobs, each after the one before it, that took longest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CriticalPath {
    /// The jobs of the chain, the first one first. Jobs that took no time at its end are left out.
    pub jobs: Vec<JobId>,
    /// How long they took together, waiting for the next try included.
    pub length: Duration,
}

impl CriticalPath {
    /// Finds it in a report, in linear time; of several that are equally long, the one declared first.
    pub fn of(report: &Report) -> Self {
        let graph = report.graph();
        let mut left: Vec<usize> = graph.ids().map(|job| graph.after(job).len()).collect();
        let mut ready: Vec<JobId> = graph.ids().filter(|job| left[job.index()] == 0).collect();
        let mut before: Vec<Option<JobId>> = vec![None; graph.len()];
        let mut length: Vec<Duration> = report.jobs().map(|job| span(&job)).collect();
        let mut at = 0;
        while let Some(&job) = ready.get(at) {
            at += 1;
            // everything that it is after has its final length by now
            let longest = graph.after(job).iter().copied().rev().max_by_key(|on| length[on.index()]);
            if let Some(on) = longest.filter(|on| length[on.index()] > Duration::ZERO) {
                before[job.index()] = Some(on);
                length[job.index()] = length[job.index()].saturating_add(length[on.index()]);
            }
            for next in &*graph.before(job) {
                left[next.index()] -= 1;
                if left[next.index()] == 0 {
                    ready.push(*next);
                }
            }
        }
        let Some(last) = graph.ids().rev().max_by_key(|job| length[job.index()]) else {
            return CriticalPath::default();
        };
        let end = length[last.index()];
        // groups add nothing: the path ends where the time does
        let adds_nothing =
            |job: &JobId| before[job.index()].is_some_and(|on| length[on.index()] == end) || end.is_zero();
        let backwards = std::iter::successors(Some(last), |job| before[job.index()]);
        let mut jobs: Vec<JobId> = backwards.skip_while(adds_nothing).collect();
        jobs.reverse();
        CriticalPath { jobs, length: end }
    }
}

/// From the beginning of its first phase to the end of its last, cleanups aside.
fn span(job: &JobReport<'_>) -> Duration {
    let phases = job.phases();
    let mut tries = phases.iter().filter(|phase| phase.phase() != Phase::Cleanup);
    let Some(first) = tries.next() else { return Duration::ZERO };
    tries.next_back().unwrap_or(first).end().saturating_sub(first.start())
}
