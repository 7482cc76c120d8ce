//! What must be over before a job begins, and how a job may end that has no try.

use std::time::Duration;

use crate::cancel::StopLevel;
use crate::graph::JobId;
use crate::judge::facts::Facts;
use crate::judge::wording::{ensure, rules};
use crate::words::{Kind, Status};

rules! {
    /// Rules about what depends on what.
    OrderRule {
        NotDone: "something that the job depends on is not done",
        BeforeTheirEnd: "the job begins at a time before something that it depends on has ended",
        NoTry: "the job ended without a try",
        CauseOfOther: "blocked jobs alone have a cause",
        CauseIsNone: "the job does not depend on that",
        CauseIsDone: "the cause has not ended without being done",
        NotStopped: "the run is not stopped",
        CancelledByNothing: "nothing that the job waits for was cancelled",
    }
}

/// How jobs have ended, and when.
pub(super) struct Ends {
    ends: Vec<Option<(Status, Duration)>>,
    /// For each job that has ended, whether it stands behind one that would run.
    behind: Vec<bool>,
}

impl Ends {
    pub(super) fn new(jobs: usize) -> Self {
        Ends { ends: vec![None; jobs], behind: vec![false; jobs] }
    }

    pub(super) fn set(&mut self, facts: &Facts, job: JobId, status: Status, at: Duration) {
        self.behind[job.index()] = self.put_behind(facts, job);
        self.ends[job.index()] = Some((status, at));
    }

    /// Whether a job, all of whose dependencies have ended, stands behind one that would run: then nothing fails there.
    pub(super) fn put_behind(&self, facts: &Facts, job: JobId) -> bool {
        let would_run = |on: &JobId| self.is(*on, |status| status == Status::WouldRun);
        facts.goes_through()
            && facts.graph.after(job).iter().any(|on| would_run(on) || self.behind[on.index()])
    }

    fn is(&self, job: JobId, is: impl Fn(Status) -> bool) -> bool {
        self.ends[job.index()].is_some_and(|(status, _)| is(status))
    }

    /// All that the job depends on is done, and was so by that time.
    pub(super) fn lead_to(&self, facts: &Facts, job: JobId, at: Duration) -> Result<(), OrderRule> {
        for on in &*facts.graph.after(job) {
            let done = self.ends[on.index()].filter(|(status, _)| facts.goes_on_behind(*status));
            let (_, end) = done.ok_or(OrderRule::NotDone)?;
            ensure(end <= at, OrderRule::BeforeTheirEnd)?;
        }
        Ok(())
    }

    /// A job has ended before its first try.
    pub(super) fn without_a_try(
        &self,
        facts: &Facts,
        job: JobId,
        status: Status,
        because: Option<JobId>,
        at: Duration,
        stopped: StopLevel,
    ) -> Result<(), OrderRule> {
        let kind = facts.job(job).kind;
        match (status, because) {
            (Status::Blocked, Some(because)) => self.may_block(facts, job, because),
            (Status::Satisfied, None) if kind == Kind::Group => self.lead_to(facts, job, at),
            (Status::WouldRun, None) if kind == Kind::RunOnly && facts.options.dry_run.is_on() => {
                self.lead_to(facts, job, at)
            }
            (Status::Cancelled, None) => self.may_cancel(facts, job, stopped),
            _ => Err(OrderRule::NoTry),
        }
    }

    fn may_block(&self, facts: &Facts, job: JobId, because: JobId) -> Result<(), OrderRule> {
        ensure(facts.graph.after(job).contains(&because), OrderRule::CauseIsNone)?;
        let blocks = |status: Status| !facts.goes_on_behind(status) && status != Status::Cancelled;
        ensure(self.is(because, blocks), OrderRule::CauseIsDone)
    }

    /// What depends on a cancelled job is cancelled; and so is what could begin, but for a group, which is done.
    fn may_cancel(&self, facts: &Facts, job: JobId, stopped: StopLevel) -> Result<(), OrderRule> {
        ensure(stopped > StopLevel::None, OrderRule::NotStopped)?;
        let after = facts.graph.after(job);
        let follows = after.iter().any(|on| self.is(*on, |status| status == Status::Cancelled));
        let is_ready = after.iter().all(|on| self.is(*on, |status| facts.goes_on_behind(status)));
        ensure(follows || is_ready && facts.job(job).kind != Kind::Group, OrderRule::CancelledByNothing)
    }
}
