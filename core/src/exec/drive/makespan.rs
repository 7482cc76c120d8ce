//! How long a run would take whose jobs only let time pass: the schedule of real runs, and workers that are moments.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::exec::live::claims;
use crate::exec::schedule::{Next, Schedule};
use crate::graph::JobId;
use crate::options::RunOptions;
use crate::plan::Plan;
use crate::words::Status;

/// In nanoseconds, if each job is done after as long as `takes` says.
pub(crate) fn makespan<A>(
    plan: &Plan<'_, A>,
    options: &RunOptions,
    expected: Option<&[Duration]>,
    takes: impl Fn(JobId) -> u64,
) -> u64 {
    let mut schedule =
        Schedule::new(plan.graph(), claims(plan, options, expected, |_| None), options.dry_run);
    let (mut busy, mut now) = (BinaryHeap::new(), 0_u64);
    let mut ended = Vec::new();
    loop {
        while busy.len() < options.threads
            && let Some(Next::Begin(attempt)) = schedule.next(|| now)
        {
            busy.push(Reverse((now.saturating_add(takes(attempt.job)), attempt.job)));
        }
        let Some(Reverse((at, job))) = busy.pop() else { return now };
        now = at;
        schedule.end(job, Status::Satisfied, &mut ended);
        ended.clear();
    }
}
