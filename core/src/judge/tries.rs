//! The tries of each job: their phases, their number, the delays between them, and what they come to.

use std::time::Duration;

use crate::cancel::StopLevel;
use crate::error::{ErrorClass, ErrorText};
use crate::graph::JobId;
use crate::judge::facts::{Beat, Facts, Venue};
use crate::judge::wording::{ensure, rules};
use crate::words::{Kind, Phase, Status};

rules! {
    /// Rules about the tries of a job.
    TryRule {
        FirstNumber: "the first try is number 1",
        NextNumber: "the tries of a job follow each other",
        OtherNumber: "a try is not over",
        FirstPhase: "a job of this kind does not begin so",
        NextPhase: "the phases are check, run, recheck",
        Inside: "a phase begins inside another",
        AfterLast: "a phase follows the last one of a try",
        NotOpen: "no such phase is open",
        NotSlow: "the phase has not taken that long, or it is not to be told",
        DryRun: "a dry run runs nothing",
        Constructor: "a constructor is told only when it fails",
        JobEnded: "the job has ended",
        TimeGoesBack: "time does not go back",
        BeforeDue: "a retry does not begin before it is due",
        NotFailed: "this try has not failed",
        DryRetry: "a dry run tries once",
        NoneLeft: "the job has no tries left",
        CannotHelp: "no other try can help",
        PlannedTooEarly: "a retry is planned too early",
        PlannedTooLong: "a retry is planned later than its delay says, and than an error has asked for",
        PlannedTooLate: "a retry is planned after the time for that is over",
        PlannedWhenStopped: "a retry is planned in a stopped run",
        TryOpen: "the try is not over",
        Planned: "another try is planned",
        TriesLeft: "the job has tries left",
        OtherStatus: "the job did not end so",
        NoTry: "the job ended without a try",
        EndedBefore: "the job has ended before",
        DescribedTwice: "a run is described once a job",
        DescribedByNone: "the job does not describe its run",
    }
}

/// What is known of the tries of all jobs.
pub(super) struct Tries(Vec<Job>);

#[derive(Clone, Copy)]
struct Job {
    state: State,
    ran: bool,
    is_described: bool,
    /// When the first phase of its first try began.
    began: Duration,
    notes: Notes,
}

/// What the errors of its last try have said.
#[derive(Clone, Copy, Default)]
struct Notes {
    /// No other try can help.
    is_last: bool,
    /// The last error is one that no run can mend.
    is_beyond: bool,
    /// The last error said that the run was stopped.
    was_cut: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Its first try has not begun.
    Waiting,
    Trying(Try),
    /// A try has failed, and another one is planned.
    Between {
        attempt: u32,
        due: Duration,
    },
    Ended,
}

#[derive(Clone, Copy, PartialEq)]
struct Try {
    attempt: u32,
    step: Step,
    at: Duration,
}

#[derive(Clone, Copy, PartialEq)]
enum Step {
    Inside(Phase),
    /// A phase is over, and this one follows.
    Due(Phase),
    Passed,
    Failed(Phase),
}

/// What a phase that begins is to its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opens {
    FirstTry,
    Retry,
    /// It goes on with a try.
    Nothing,
}

/// What decides how a job ends whose try has failed, beside its errors.
#[derive(Clone, Copy)]
pub(super) struct Circumstances {
    pub(super) stopped: Stopped,
    /// Whether the job stands behind one that would run, in a dry run that goes through.
    pub(super) is_behind: bool,
}

/// How much of the run was stopped when a try ended: at least what its worker knew, at most what was told.
#[derive(Clone, Copy)]
pub(super) struct Stopped {
    pub(super) known: StopLevel,
    pub(super) told: StopLevel,
}

impl Tries {
    pub(super) fn new(jobs: usize) -> Self {
        let job = Job {
            state: State::Waiting,
            ran: false,
            is_described: false,
            began: Duration::ZERO,
            notes: Notes::default(),
        };
        Tries(vec![job; jobs])
    }

    /// A job says what its run does: at most once, before its first run.
    pub(super) fn describe(&mut self, facts: &Facts, id: JobId) -> Result<(), TryRule> {
        let job = &mut self.0[id.index()];
        ensure(facts.job(id).describes_run, TryRule::DescribedByNone)?;
        ensure(job.state != State::Ended, TryRule::EndedBefore)?;
        ensure(!job.is_described && !job.ran, TryRule::DescribedTwice)?;
        job.is_described = true;
        Ok(())
    }

    pub(super) fn begin(&mut self, facts: &Facts, beat: Beat) -> Result<Opens, TryRule> {
        let job = &mut self.0[beat.job.index()];
        let opens = match job.state {
            State::Waiting => {
                ensure(beat.attempt == 1, TryRule::FirstNumber)?;
                job.began = beat.at;
                Opens::FirstTry
            }
            State::Between { attempt, due } => {
                ensure(beat.attempt == attempt + 1, TryRule::NextNumber)?;
                ensure(beat.at >= due, TryRule::BeforeDue)?;
                job.notes = Notes::default();
                Opens::Retry
            }
            State::Trying(open) => {
                open.goes_on_with(beat)?;
                Opens::Nothing
            }
            State::Ended => return Err(TryRule::JobEnded),
        };
        ensure(opens == Opens::Nothing || is_first(facts, beat), TryRule::FirstPhase)?;
        ensure(!(facts.options.dry_run.is_on() && beat.phase == Phase::Run), TryRule::DryRun)?;
        job.ran |= beat.phase == Phase::Run;
        job.state = State::Trying(Try { attempt: beat.attempt, step: Step::Inside(beat.phase), at: beat.at });
        Ok(opens)
    }

    pub(super) fn end(
        &mut self,
        facts: &Facts,
        beat: Beat,
        error: Option<&ErrorText>,
    ) -> Result<(), TryRule> {
        let job = &mut self.0[beat.job.index()];
        let State::Trying(open) = job.state else { return Err(TryRule::NotOpen) };
        let same = open.attempt == beat.attempt && open.step == Step::Inside(beat.phase);
        ensure(same, TryRule::NotOpen)?;
        ensure(beat.at >= open.at, TryRule::TimeGoesBack)?;
        ensure(beat.phase != Phase::Create || error.is_some(), TryRule::Constructor)?;
        if let Some(error) = error {
            job.notes.is_last |= error.class() == ErrorClass::Permanent;
            job.notes.is_beyond = is_beyond(error);
            job.notes.was_cut = error.class() == ErrorClass::Cancelled;
        }
        let step = step_after(facts, beat, error);
        job.state = State::Trying(Try { step, at: beat.at, ..open });
        Ok(())
    }

    /// A try has failed, and another one follows.
    pub(super) fn plan(
        &mut self,
        facts: &Facts,
        beat: Beat,
        (due, pause): (Duration, Duration),
        stopped: StopLevel,
    ) -> Result<(), TryRule> {
        let job = &mut self.0[beat.job.index()];
        let State::Trying(last) = job.state else { return Err(TryRule::NotFailed) };
        ensure(matches!(last.step, Step::Failed(_)) && last.attempt == beat.attempt, TryRule::NotFailed)?;
        ensure(!facts.options.dry_run.is_on(), TryRule::DryRetry)?;
        ensure(beat.attempt < facts.max_tries(beat.job), TryRule::NoneLeft)?;
        ensure(!job.notes.is_last, TryRule::CannotHelp)?;
        ensure(stopped == StopLevel::None, TryRule::PlannedWhenStopped)?;
        let (least, most) = facts.delays(beat.job, beat.attempt);
        let after = |delay: Duration| beat.at.saturating_add(delay.max(pause)).min(NEVER);
        ensure(beat.at >= last.at && due >= after(least), TryRule::PlannedTooEarly)?;
        ensure(due <= after(most), TryRule::PlannedTooLong)?;
        let window = facts.job(beat.job).retry_for;
        let latest = window.map_or(Duration::MAX, |time| job.began.saturating_add(time));
        ensure(due <= latest, TryRule::PlannedTooLate)?;
        job.state = State::Between { attempt: beat.attempt, due };
        Ok(())
    }

    /// A phase takes long.
    pub(super) fn is_slow(&self, facts: &Facts, beat: Beat, running: Duration) -> Result<(), TryRule> {
        let since = match self.0[beat.job.index()].state {
            // nothing else is told of a constructor, and of a cleanup nothing here
            _ if matches!(beat.phase, Phase::Create | Phase::Cleanup) => beat.at.saturating_sub(running),
            State::Trying(open) if (open.attempt, open.step) == (beat.attempt, Step::Inside(beat.phase)) => {
                open.at
            }
            _ => return Err(TryRule::NotOpen),
        };
        let is_slow = running >= facts.options.slow_after && !facts.options.slow_after.is_zero();
        ensure(is_slow && beat.at >= since.saturating_add(running), TryRule::NotSlow)
    }

    /// When the next try of a job may begin, if one is planned.
    pub(super) fn due(&self, job: JobId) -> Option<Duration> {
        match self.0[job.index()].state {
            State::Between { due, .. } => Some(due),
            _ => None,
        }
    }

    /// Whether the job is inside of a try; `Err`: it has ended.
    pub(super) fn is_trying(&self, job: JobId) -> Result<bool, TryRule> {
        match self.0[job.index()].state {
            State::Trying(_) => Ok(true),
            State::Waiting | State::Between { .. } => Ok(false),
            State::Ended => Err(TryRule::EndedBefore),
        }
    }

    /// A job ends with the try that it is inside of.
    pub(super) fn job_ends(
        &mut self,
        facts: &Facts,
        id: JobId,
        status: Status,
        at: Duration,
        Circumstances { stopped, is_behind }: Circumstances,
    ) -> Result<(), TryRule> {
        let job = &mut self.0[id.index()];
        let State::Trying(last) = job.state else { return Err(TryRule::NoTry) };
        ensure(at >= last.at, TryRule::TimeGoesBack)?;
        match last.step {
            Step::Inside(_) => Err(TryRule::TryOpen),
            Step::Passed => {
                let done = if job.ran { Status::Changed } else { Status::Satisfied };
                ensure(status == done, TryRule::OtherStatus)
            }
            Step::Due(_) => {
                ensure(stopped.told >= StopLevel::Cancel, TryRule::TryOpen)?;
                ensure(status == Status::Cancelled, TryRule::OtherStatus)
            }
            Step::Failed(Phase::Check)
                if facts.options.dry_run.is_on()
                    && facts.job(id).kind == Kind::Job
                    && !job.notes.is_beyond =>
            {
                ensure(status == Status::WouldRun, TryRule::OtherStatus)
            }
            Step::Failed(_) if is_behind => {
                let may_be_cut = job.notes.was_cut && stopped.told >= StopLevel::Cancel;
                let fits = status == Status::WouldRun || may_be_cut && status == Status::Cancelled;
                ensure(fits, TryRule::OtherStatus)
            }
            Step::Failed(_) => job.fails(facts, id, last.attempt, status, stopped),
        }?;
        job.state = State::Ended;
        Ok(())
    }

    /// A job ends that is not inside of a try. Says whether it had one before.
    pub(super) fn ends_between(
        &mut self,
        id: JobId,
        status: Status,
        level: StopLevel,
    ) -> Result<bool, TryRule> {
        let job = &mut self.0[id.index()];
        let is_planned = matches!(job.state, State::Between { .. });
        if is_planned {
            ensure(status == Status::Cancelled && level > StopLevel::None, TryRule::Planned)?;
        }
        job.state = State::Ended;
        Ok(is_planned)
    }
}

impl Try {
    /// Whether that is the phase which follows.
    fn goes_on_with(&self, beat: Beat) -> Result<(), TryRule> {
        ensure(beat.attempt == self.attempt, TryRule::OtherNumber)?;
        ensure(beat.at >= self.at, TryRule::TimeGoesBack)?;
        let due = match self.step {
            Step::Due(phase) => phase,
            Step::Inside(_) => return Err(TryRule::Inside),
            Step::Passed | Step::Failed(_) => return Err(TryRule::AfterLast),
        };
        ensure(beat.phase == due, TryRule::NextPhase)
    }
}

impl Job {
    /// Whether a job whose try has failed may end so. The stop may have come in between: each level that the worker can
    /// have seen leads to an end of its own.
    fn fails(
        &self,
        facts: &Facts,
        id: JobId,
        attempt: u32,
        status: Status,
        stopped: Stopped,
    ) -> Result<(), TryRule> {
        let job = facts.job(id);
        let is_only = self.notes.is_last || facts.options.dry_run.is_on();
        let has_left = !is_only && attempt < facts.max_tries(id);
        let may_end = !has_left || job.is_asked || job.retry_for.is_some();
        let fits = |level: StopLevel| match status {
            _ if self.notes.was_cut && level >= StopLevel::Cancel => status == Status::Cancelled,
            Status::Failed => may_end,
            Status::Cancelled => has_left && level > StopLevel::None,
            _ => false,
        };
        let is_left = status == Status::Failed && has_left && stopped.told == StopLevel::None;
        ensure(
            fits(stopped.known) || fits(stopped.told),
            if is_left { TryRule::TriesLeft } else { TryRule::OtherStatus },
        )
    }
}

/// A time that no run reaches: nanoseconds are counted up to here.
const NEVER: Duration = Duration::from_nanos(u64::MAX);

/// Whether tries of this kind begin with that phase.
fn is_first(facts: &Facts, beat: Beat) -> bool {
    let job = facts.job(beat.job);
    match (job.kind, beat.phase) {
        (_, Phase::Create) if facts.venue(beat.job) != Venue::Here => true, // it could not be begun there
        (Kind::Job, Phase::Create) => job.is_made,
        (Kind::Job | Kind::CheckOnly, Phase::Check) | (Kind::RunOnly, Phase::Run) => true,
        _ => false,
    }
}

/// What follows a phase.
fn step_after(facts: &Facts, beat: Beat, error: Option<&ErrorText>) -> Step {
    let is_job = facts.job(beat.job).kind == Kind::Job;
    match (beat.phase, error) {
        (Phase::Run, _) if is_job => Step::Due(Phase::Recheck),
        (_, None) => Step::Passed,
        (Phase::Check, Some(error)) if is_job && !is_beyond(error) && !facts.options.dry_run.is_on() => {
            Step::Due(Phase::Run)
        }
        (phase, Some(_)) => Step::Failed(phase),
    }
}

/// Whether it is an error of a check that no run can mend.
fn is_beyond(error: &ErrorText) -> bool {
    matches!(error.class(), ErrorClass::Unknown | ErrorClass::Permanent)
}
