//! What comes back.

use std::time::Duration;

use crate::error::ErrorText;
use crate::graph::JobId;
use crate::key::Carried;
use crate::said::{JobSaid, LogLine, Progress};
use crate::words::{Phase, Status};

/// What a unit has come to.
#[derive(Debug, Default)]
pub struct UnitDone {
    /// The machine that executed it.
    pub node: String,
    /// What has happened to its jobs. A job that is missing was not executed.
    pub jobs: Vec<JobDone>,
    /// Why nothing is known of it, or not all.
    pub lost: Option<Lost>,
    /// Its run was executed by an earlier submission of the same try, which was lost. So the job has changed something.
    pub ran_before: bool,
    /// Another submission than this one has told how far it was. So what its jobs have said is all new.
    pub is_another: bool,
    /// What its jobs have said, those that have said anything.
    pub said: Vec<SaidThere>,
    /// How long the next try is to wait at least, if its error asks for that.
    pub pause: Duration,
}

/// What has happened to one job of a unit.
#[derive(Debug)]
pub struct JobDone {
    /// The job.
    pub job: JobId,
    /// How it has ended. It counts in a nest alone: what a try comes to is decided by the run, from its phases.
    pub status: Status,
    /// The phases that were executed, in order.
    pub phases: Vec<PhaseDone>,
    /// What it has returned, if its key is portable.
    pub output: Option<Carried>,
}

/// A phase that was executed elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseDone {
    /// Which try it belongs to, from 1.
    pub attempt: u32,
    /// Which step.
    pub phase: Phase,
    /// The worker of the unit that executed it.
    pub worker: u16,
    /// When it began: the time since the unit did, by its machine's clock.
    pub start: Duration,
    /// How long it took.
    pub length: Duration,
    /// What it failed with.
    pub error: Option<ErrorText>,
}

/// How far a unit is that has not ended: a try alone tells this.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitProgress {
    /// The machine that executes it.
    pub node: String,
    /// The phases that have ended, in order.
    pub phases: Vec<PhaseDone>,
    /// The phase that goes on, and when it began.
    pub open: Option<(Phase, Duration)>,
    /// The time since the unit began, by its machine's clock.
    pub elapsed: Duration,
    /// What its job has said so far.
    pub said: Option<SaidThere>,
}

/// What a job has said elsewhere, with [`Context::log`](crate::Context::log) and
/// [`Context::progress`](crate::Context::progress).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidThere {
    /// The job.
    pub job: JobId,
    /// Its last lines, in order; their times are those since the unit began.
    pub lines: Vec<LogLine>,
    /// How many lines it had said before these.
    pub left_out: u64,
    /// How far it was, as it said last.
    pub progress: Option<Progress>,
}

/// Why a unit has told nothing, or not all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The reason, for people.
    pub why: String,
    /// No other try would come to anything else.
    pub is_final: bool,
    /// It was ended because the run is stopped.
    pub is_cancelled: bool,
}

impl JobSaid {
    /// As it is told to a run elsewhere.
    pub(crate) fn told_there(self, job: JobId) -> SaidThere {
        let JobSaid { lines, left_out, progress } = self;
        SaidThere { job, lines, left_out, progress }
    }
}

impl Lost {
    /// The try has failed, and another one may help.
    pub fn new(why: impl Into<String>) -> Self {
        Lost { why: why.into(), is_final: false, is_cancelled: false }
    }

    /// No other try would come to anything else.
    pub fn finally(why: impl Into<String>) -> Self {
        Lost { is_final: true, ..Lost::new(why) }
    }

    /// It was ended because the run is stopped.
    pub fn cancelled(why: impl Into<String>) -> Self {
        Lost { is_cancelled: true, ..Lost::new(why) }
    }
}

impl UnitDone {
    /// Nothing is known of the unit.
    pub fn lost(lost: Lost) -> Self {
        UnitDone { lost: Some(lost), ..UnitDone::default() }
    }
}
