//! What was seen of the runs of a body: plain data.

use std::sync::Arc;

use crate::error::ErrorText;
use crate::exec::Choice;
use crate::faults::{Call, Touch};
use crate::graph::JobGraph;
use crate::report::{JobReport, Report};
use crate::testkit::finding::Trouble;
use crate::words::{Phase, Status};

/// What one call of a body came to.
#[derive(Debug)]
pub(super) struct Observation<O> {
    /// What the body returned, or the text of its panic.
    pub(super) seen: Result<O, String>,
    pub(super) runs: Vec<RunSeen>,
    /// Every call of a job's code, in order.
    pub(super) calls: Vec<Call>,
    pub(super) touches: Vec<Touch>,
    /// The choices that were made, of a list of them.
    pub(super) choices: Vec<Choice>,
}

/// What there is to know of one simulated run.
#[derive(Debug)]
pub(super) struct RunSeen {
    /// As in [`Call::run`].
    pub(super) number: usize,
    /// Which `run` of the body it belongs to, from 0.
    pub(super) of_body: usize,
    pub(super) graph: Arc<JobGraph>,
    pub(super) jobs: Vec<JobFacts>,
    /// Whether nothing was to go wrong in it.
    pub(super) is_calm: bool,
    pub(super) is_dry: bool,
    pub(super) end: RunEnd,
}

/// What a report does not say of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JobFacts {
    /// Whether a cleanup is due for each of its runs.
    pub(super) cleans_up: bool,
    pub(super) max_tries: u32,
    pub(super) uses: Vec<Share>,
}

/// What a job uses of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    /// The place of the pool among all of the plan.
    pub(super) pool: u32,
    pub(super) slots: u32,
    /// How many slots the pool has.
    pub(super) size: u32,
}

impl JobFacts {
    /// Whether a pool has no room for this job and another one at the same time.
    pub(super) fn is_kept_apart_from(&self, other: &JobFacts) -> bool {
        let meets = |one: &Share| other.uses.iter().find(|other| other.pool == one.pool);
        let is_full = |one: &Share, other: &Share| one.slots.saturating_add(other.slots) > one.size;
        self.uses.iter().any(|one| meets(one).is_some_and(|other| is_full(one, other)))
    }
}

/// How a run ended.
#[derive(Debug)]
pub(super) enum RunEnd {
    Ended(Report),
    /// Its process was killed. Whether each job was done by then.
    Killed(Vec<bool>),
}

impl RunSeen {
    pub(super) fn report(&self) -> Option<&Report> {
        match &self.end {
            RunEnd::Ended(report) => Some(report),
            RunEnd::Killed(_) => None,
        }
    }

    /// Whether it came to its end and every job was done.
    pub(super) fn success(&self) -> bool {
        self.report().is_some_and(Report::success)
    }

    /// The names of the jobs that were done in the end.
    pub(super) fn done(&self) -> Vec<&str> {
        let is_done: Vec<bool> = match &self.end {
            RunEnd::Ended(report) => report.jobs().map(|job| job.status().is_done()).collect(),
            RunEnd::Killed(done) => done.clone(),
        };
        let jobs = self.graph.ids().zip(is_done).filter(|(_, is_done)| *is_done);
        jobs.map(|(job, _)| self.graph.name(job)).collect()
    }

    /// The status of each job, if it came to its end.
    pub(super) fn statuses(&self) -> Option<Vec<Status>> {
        Some(self.report()?.jobs().map(|job| job.status()).collect())
    }

    /// The first job that is not done, as trouble; `which` run it is stands at its start.
    pub(super) fn failure(&self, which: &str) -> Option<Trouble> {
        let report = self.report()?;
        let failed = report.jobs().filter(|job| !job.status().is_done());
        let first = failed.min_by_key(|job| job.error().is_none())?; // blocked ones have none
        let last = first.phases().into_iter().rev().find(|record| record.phase() != Phase::Cleanup);
        let mut trouble = Trouble::new(format!("{which} fails at job `{}`", first.name()))
            .job(first.name())
            .detail(format!("{first}: {report}", first = first.status()));
        trouble.phase = last.map(|last| last.phase());
        Some(trouble)
    }

    /// The first cleanup that failed without having been made to, as trouble.
    pub(super) fn cleanup_failure(&self) -> Option<Trouble> {
        let failures = self.report()?.cleanup_failures();
        let (job, error) = failures
            .into_iter()
            .filter_map(|(job, record)| Some((job, record.error()?)))
            .find(|(_, error)| !is_injected(error))?;
        let trouble = Trouble::new(format!("the cleanup of `{}` fails", job.name()));
        Some(trouble.job(job.name()).phase(Phase::Cleanup).detail(format!("it says: {error:#}")))
    }
}

fn is_injected(error: &ErrorText) -> bool {
    error.message().starts_with("injected")
}

/// What the first phase of a job failed with: what its check says of the state that it found.
pub(super) fn first_complaint(job: &JobReport<'_>) -> Option<String> {
    job.phases().first().and_then(|record| record.error()).map(|error| format!("{error:#}"))
}

impl<O> Observation<O> {
    /// The run that a call was made in.
    pub(super) fn run_of(&self, call: Call) -> Option<&RunSeen> {
        self.runs.iter().find(|run| run.number == call.run)
    }

    /// Whether the job that was called would be tried again if it failed now.
    pub(super) fn has_tries_left(&self, call: Call) -> bool {
        let run = self.run_of(call);
        run.is_some_and(|run| call.step.attempt < run.jobs[call.step.job.index()].max_tries)
    }

    /// The name of the job that was called.
    pub(super) fn job(&self, call: Call) -> String {
        let graph = self.run_of(call).map(|run| &run.graph);
        graph.map_or_else(|| format!("{:?}", call.step.job), |graph| graph.name(call.step.job).to_owned())
    }

    /// A call as it stands in reports: `job`.phase.
    pub(super) fn told(&self, call: Call) -> String {
        let step = call.step;
        let again = if step.attempt > 1 { format!(" (try {})", step.attempt) } else { String::new() };
        let point = match step.part {
            0 => String::new(),
            part => format!(" at its interruption point {part}"),
        };
        format!("`{}`.{}{again}{point}", self.job(call), step.phase)
    }

    /// What is wrong although nothing was to go wrong: a run or a cleanup that fails, or the body that panics.
    pub(super) fn calm_trouble(&self) -> Option<Trouble> {
        let calm = || self.runs.iter().filter(|run| run.is_calm && !run.is_dry);
        let failure = calm().find_map(|run| run.failure("a run without a fault"));
        failure
            .or_else(|| calm().find_map(RunSeen::cleanup_failure))
            .or_else(|| self.panicked(" though nothing goes wrong"))
    }

    /// What the body returned, if a check has found no trouble.
    pub(super) fn unless(self, trouble: Option<Trouble>) -> Result<O, Trouble> {
        let panicked = self.panicked("");
        match (trouble.or(panicked), self.seen) {
            (None, Ok(seen)) => Ok(seen),
            (Some(trouble), _) => Err(trouble),
            (None, Err(panic)) => Err(Trouble::new(panic)),
        }
    }

    /// The body's panic, as trouble.
    pub(super) fn panicked(&self, when: &str) -> Option<Trouble> {
        let panic = self.seen.as_ref().err()?;
        Some(Trouble::new(format!("the body panics{when}: {panic}")))
    }
}
