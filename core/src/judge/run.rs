//! How far the run is as a whole.

use crate::judge::wording::{ensure, rules};
use crate::options::RunOptions;
use crate::words::{Cleanup, Phase};

rules! {
    /// Rules about the life of a run.
    RunRule {
        NotStarted: "the run has not started",
        NeverStarted: "the run never started",
        StartsTwice: "a run starts once",
        OtherGraph: "this is a run of another plan",
        NoWorker: "there must be a worker",
        UnknownJob: "the plan has no such job",
        Ended: "the run has ended",
        NeverEnded: "the run never ended",
        JobsOpen: "some job has not ended",
        WorkersBusy: "something is still being done",
        NotTheTime: "this is not the time for cleanups",
        CleanupsInside: "cleanups come before the end of the run",
        NothingPutOff: "no cleanups were put off",
        CleanupsOpen: "some cleanup has not been called",
        CleanupsNotEnded: "the cleanups never ended",
    }
}

/// How far the run is.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    NotStarted,
    Running,
    /// Over, but for cleanups that were put off.
    Ended,
    /// The cleanups that were put off have begun.
    CleaningUp,
    /// Nothing may follow.
    Closed,
}

/// The life of a run.
pub(super) struct Life {
    stage: Stage,
    /// How many jobs have not ended.
    open: usize,
    mode: Cleanup,
}

impl Life {
    pub(super) fn new(jobs: usize) -> Self {
        Life { stage: Stage::NotStarted, open: jobs, mode: Cleanup::AtEnd }
    }

    pub(super) fn start(&mut self, is_this_plan: bool, options: RunOptions) -> Result<(), RunRule> {
        ensure(self.stage == Stage::NotStarted, RunRule::StartsTwice)?;
        ensure(is_this_plan, RunRule::OtherGraph)?;
        ensure(options.threads > 0, RunRule::NoWorker)?;
        self.stage = Stage::Running;
        self.mode = options.cleanup;
        Ok(())
    }

    /// What tells that something was done for a job, or a stop, belongs between start and end.
    pub(super) fn goes_on(&self) -> Result<(), RunRule> {
        match self.stage {
            Stage::Running => Ok(()),
            Stage::NotStarted => Err(RunRule::NotStarted),
            Stage::Ended | Stage::CleaningUp | Stage::Closed => Err(RunRule::Ended),
        }
    }

    /// Phases of tries belong between start and end; cleanups come when all jobs have ended.
    pub(super) fn phase(&mut self, phase: Phase, begins: bool) -> Result<(), RunRule> {
        if phase != Phase::Cleanup {
            return self.goes_on();
        }
        let in_time = match self.stage {
            Stage::Running => self.open == 0 && self.mode == Cleanup::AtEnd,
            Stage::Ended | Stage::CleaningUp => true,
            Stage::NotStarted => return Err(RunRule::NotStarted),
            Stage::Closed => false,
        };
        ensure(in_time, RunRule::NotTheTime)?;
        if begins && self.stage == Stage::Ended {
            self.stage = Stage::CleaningUp;
        }
        Ok(())
    }

    pub(super) fn job_ended(&mut self) {
        self.open -= 1;
    }

    pub(super) fn end(&mut self, is_idle: bool, cleanups_due: usize) -> Result<(), RunRule> {
        self.goes_on()?;
        ensure(self.open == 0, RunRule::JobsOpen)?;
        ensure(is_idle, RunRule::WorkersBusy)?;
        ensure(self.mode != Cleanup::AtEnd || cleanups_due == 0, RunRule::CleanupsInside)?;
        self.stage = if cleanups_due == 0 { Stage::Closed } else { Stage::Ended };
        Ok(())
    }

    pub(super) fn cleanups_ended(&mut self, is_idle: bool, cleanups_due: usize) -> Result<(), RunRule> {
        ensure(self.stage == Stage::CleaningUp, RunRule::NothingPutOff)?;
        ensure(is_idle && cleanups_due == 0, RunRule::CleanupsOpen)?;
        self.stage = Stage::Closed;
        Ok(())
    }

    /// Whether a trace may end here.
    pub(super) fn closed(&self) -> Result<(), RunRule> {
        match self.stage {
            Stage::NotStarted => Err(RunRule::NeverStarted),
            Stage::Running => Err(RunRule::NeverEnded),
            Stage::CleaningUp => Err(RunRule::CleanupsNotEnded),
            Stage::Ended | Stage::Closed => Ok(()),
        }
    }
}
