//! The rules, as a machine that admits one event after the other.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cancel::StopLevel;
use crate::error::{ErrorClass, ErrorText};
use crate::event::Event;
use crate::graph::{JobGraph, JobId, JobRef};
use crate::options::RunOptions;
use crate::plan::Plan;
use crate::words::{Cleanup, Kind, Phase, Status};

pub(super) struct Rules<'p, 'env, A> {
    plan: &'p Plan<'env, A>,
    stage: Stage,
    /// How much of the run is stopped.
    level: StopLevel,
    jobs: Vec<Job>,
    /// What each worker is inside of.
    workers: BTreeMap<usize, JobId>,
    not_ended: usize,
    /// Runs that want a cleanup, by sequence number: the last one comes first.
    cleanups: BTreeMap<u64, (JobId, u32)>,
    /// The one that is being called.
    cleaning: Option<(JobId, u32)>,
    sequences: Vec<u64>,
}

/// How far the run is.
#[derive(Clone, Copy)]
enum Stage {
    NotStarted,
    Running(RunOptions),
    /// Over, but for cleanups that were put off.
    Ended,
    /// Those cleanups have begun.
    CleaningUp,
    /// Nothing may follow.
    Closed,
}

/// What is known of a job so far.
#[derive(Clone, Copy)]
struct Job {
    state: State,
    ran: bool,
    /// Whether an error of its last try said that no other one can help.
    is_last: bool,
    /// Whether its check failed in a way that no run can mend.
    is_beyond: bool,
    /// The sequence number of its last run.
    sequence: u64,
    ended_at: Duration,
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
    Ended(Status),
}

#[derive(Clone, Copy, PartialEq)]
struct Try {
    attempt: u32,
    worker: usize,
    step: Step,
    at: Duration,
}

#[derive(Clone, Copy, PartialEq)]
enum Step {
    Inside(Phase),
    /// The check has failed: the run follows.
    RunDue,
    /// The run is over: the recheck follows.
    RecheckDue,
    Passed,
    Failed(Phase),
}

type Ruling<T = ()> = Result<T, String>;

/// What the started and ended events of a phase have in common.
#[derive(Clone, Copy)]
struct Beat {
    job: JobId,
    attempt: u32,
    phase: Phase,
    worker: usize,
    at: Duration,
}

impl<'p, 'env, A> Rules<'p, 'env, A> {
    pub(super) fn of(plan: &'p Plan<'env, A>) -> Self {
        let job = Job {
            state: State::Waiting,
            ran: false,
            is_last: false,
            is_beyond: false,
            sequence: 0,
            ended_at: Duration::ZERO,
        };
        Rules {
            plan,
            stage: Stage::NotStarted,
            level: StopLevel::None,
            jobs: vec![job; plan.len()],
            workers: BTreeMap::new(),
            not_ended: plan.len(),
            cleanups: BTreeMap::new(),
            cleaning: None,
            sequences: Vec::new(),
        }
    }

    pub(super) fn admit(&mut self, event: &Event) -> Ruling {
        match event {
            Event::RunStarted { graph, options } => self.run_started(graph, *options),
            Event::PhaseStarted { job, attempt, phase, worker, at, sequence } => {
                let beat = self.beat(job, *attempt, *phase, *worker, *at)?;
                self.phase_started(beat, *sequence)
            }
            Event::PhaseEnded { job, attempt, phase, worker, at, error } => {
                let beat = self.beat(job, *attempt, *phase, *worker, *at)?;
                let class = error.as_ref().map(ErrorText::class);
                self.jobs[beat.job.index()].is_last |= class == Some(ErrorClass::Permanent);
                self.phase_ended(beat, error.as_ref())
            }
            Event::OutputLine { .. } => Ok(()),
            Event::RetryPlanned { job, attempt, worker, at, due } => {
                self.retry_planned(self.known(job)?, *attempt, *worker, *at, *due)
            }
            Event::JobEnded { job, status, because, worker, at } => {
                let because = because.as_ref().map(|because| self.known(because)).transpose()?;
                self.job_ended(self.known(job)?, *status, because, *worker, *at)
            }
            Event::StopRequested { level, .. } => self.stop_requested(*level),
            Event::RunEnded { cleanups_due, .. } => self.run_ended(*cleanups_due),
            Event::CleanupEnded { .. } => self.cleanup_ended(),
        }
    }

    /// Whether a trace may end here.
    pub(super) fn closed(&self) -> Ruling {
        match self.stage {
            Stage::NotStarted => Err("the run never started".into()),
            Stage::Running(_) => Err("the run never ended".into()),
            Stage::CleaningUp => Err("the cleanups never ended".into()),
            Stage::Closed | Stage::Ended => Ok(()),
        }
    }

    fn run_started(&mut self, graph: &JobGraph, options: RunOptions) -> Ruling {
        ensure(matches!(self.stage, Stage::NotStarted), "a run starts once")?;
        ensure(*graph == **self.plan.graph(), "this is a run of another plan")?;
        self.stage = Stage::Running(options);
        Ok(())
    }

    fn phase_started(&mut self, beat: Beat, sequence: Option<u64>) -> Ruling {
        ensure((beat.phase == Phase::Run) == sequence.is_some(), "runs alone have a sequence number")?;
        self.worker_is_free_or_in(beat)?;
        if beat.phase == Phase::Cleanup {
            return self.cleanup_started(beat);
        }
        let options = self.running()?;
        let job = self.jobs[beat.job.index()];
        match job.state {
            State::Waiting => {
                ensure(beat.attempt == 1, "the first try is number 1")?;
                self.may_begin(beat)?;
            }
            State::Between { attempt, due } => {
                ensure(beat.attempt == attempt + 1, "the tries of a job follow each other")?;
                ensure(beat.at >= due, "a retry does not begin before it is due")?;
                self.jobs[beat.job.index()].is_last = false;
                self.may_begin(beat)?;
            }
            State::Trying(Try { attempt, step, at, .. }) => {
                ensure(beat.attempt == attempt, "a try is not over")?;
                ensure(beat.at >= at, "time does not go back")?;
                let due = match step {
                    Step::RunDue => Phase::Run,
                    Step::RecheckDue => Phase::Recheck,
                    Step::Inside(_) => return Err("a phase begins inside another".into()),
                    Step::Passed | Step::Failed(_) => {
                        return Err("a phase follows the last one of a try".into());
                    }
                };
                ensure(beat.phase == due, "the phases are check, run, recheck")?;
            }
            State::Ended(_) => return Err("the job has ended".into()),
        }
        ensure(!(options.dry_run.is_on() && beat.phase == Phase::Run), "a dry run runs nothing")?;
        if let Some(sequence) = sequence {
            self.run_begins(beat, sequence)?;
        }
        self.trying(beat, Step::Inside(beat.phase));
        Ok(())
    }

    /// The first phase of a try.
    fn may_begin(&self, beat: Beat) -> Ruling {
        let first = match self.plan.graph().kind(beat.job) {
            Kind::Job => matches!(beat.phase, Phase::Check | Phase::Create),
            Kind::CheckOnly => beat.phase == Phase::Check,
            Kind::RunOnly => beat.phase == Phase::Run,
            Kind::Group => false,
        };
        ensure(first, "a job of this kind does not begin so")?;
        self.dependencies_are_done(beat.job, beat.at)
    }

    fn dependencies_are_done(&self, job: JobId, at: Duration) -> Ruling {
        for on in &*self.plan.graph().after(job) {
            let on = &self.jobs[on.index()];
            let done = matches!(on.state, State::Ended(status) if status.is_done());
            ensure(done, "something that the job depends on is not done")?;
            ensure(
                on.ended_at <= at,
                "the job begins at a time before something that it depends on has ended",
            )?;
        }
        Ok(())
    }

    fn run_begins(&mut self, beat: Beat, sequence: u64) -> Ruling {
        let after = self.plan.graph().after(beat.job);
        let latest = after.iter().map(|on| self.jobs[on.index()].sequence).max().unwrap_or(0);
        let job = &mut self.jobs[beat.job.index()];
        ensure(sequence > latest.max(job.sequence), "a run is numbered before one that it follows")?;
        job.sequence = sequence;
        job.ran = true;
        self.sequences.push(sequence);
        if self.plan.spec(beat.job).cleans_up() {
            let other = self.cleanups.insert(sequence, (beat.job, beat.attempt));
            ensure(other.is_none(), "two runs have the same number")?;
        }
        Ok(())
    }

    fn phase_ended(&mut self, beat: Beat, error: Option<&ErrorText>) -> Ruling {
        let passed = error.is_none();
        let is_beyond =
            error.is_some_and(|error| matches!(error.class(), ErrorClass::Unknown | ErrorClass::Permanent));
        self.jobs[beat.job.index()].is_beyond = is_beyond;
        ensure(self.workers.get(&beat.worker) == Some(&beat.job), "the worker is not inside this job")?;
        if beat.phase == Phase::Cleanup {
            self.workers.remove(&beat.worker);
            return ensure(
                self.cleaning.take() == Some((beat.job, beat.attempt)),
                "no such cleanup has begun",
            );
        }
        let options = self.running()?;
        let State::Trying(open) = self.jobs[beat.job.index()].state else {
            return Err("no phase of this job is open".into());
        };
        let same = open.attempt == beat.attempt && open.step == Step::Inside(beat.phase);
        ensure(same, "no such phase is open")?;
        ensure(beat.at >= open.at, "time does not go back")?;
        let step = match (beat.phase, passed) {
            (Phase::Create, true) => return Err("a constructor is told only when it fails".into()),
            (Phase::Check, false)
                if self.plan.graph().kind(beat.job) == Kind::Job
                    && !is_beyond
                    && !options.dry_run.is_on() =>
            {
                Step::RunDue
            }
            (Phase::Run, _) if self.plan.graph().kind(beat.job) == Kind::Job => Step::RecheckDue,
            (_, true) => Step::Passed,
            (phase, false) => Step::Failed(phase),
        };
        self.trying(beat, step);
        Ok(())
    }

    fn retry_planned(
        &mut self,
        job: JobId,
        attempt: u32,
        worker: usize,
        at: Duration,
        due: Duration,
    ) -> Ruling {
        let options = self.running()?;
        let spec = self.plan.spec(job);
        let State::Trying(last) = self.jobs[job.index()].state else {
            return Err("no try of this job has failed".into());
        };
        let failed = matches!(last.step, Step::Failed(_));
        let fits = failed && last.attempt == attempt && last.worker == worker;
        ensure(fits, "this try has not failed")?;
        ensure(!options.dry_run.is_on(), "a dry run tries once")?;
        ensure(attempt < self.max_tries(job, options), "the job has no tries left")?;
        ensure(!self.jobs[job.index()].is_last, "no other try can help")?;
        let delay = match spec.retry_delay() {
            Some(backoff) => backoff.lower_bound(attempt),
            None => options.default_retry_delay,
        };
        ensure(at >= last.at && due >= last.at.saturating_add(delay), "a retry is planned too early")?;
        self.jobs[job.index()].state = State::Between { attempt, due };
        self.workers.remove(&worker);
        Ok(())
    }

    fn job_ended(
        &mut self,
        id: JobId,
        status: Status,
        because: Option<JobId>,
        worker: usize,
        at: Duration,
    ) -> Ruling {
        let options = self.running()?;
        ensure(because.is_some() == (status == Status::Blocked), "blocked jobs alone have a cause")?;
        let job = self.jobs[id.index()];
        match job.state {
            State::Trying(last) => {
                ensure(last.worker == worker, "another worker executed the job")?;
                ensure(at >= last.at, "time does not go back")?;
                let cut = status == Status::Cancelled && self.level >= StopLevel::Cancel;
                let verdict = self.verdict(id, &job, last, options)?;
                ensure(status == verdict || cut && verdict == Status::Failed, "the job did not end so")?;
                self.workers.remove(&worker);
            }
            State::Waiting => {
                ensure(!self.workers.contains_key(&worker), "the worker is inside another job")?;
                ensure(worker < options.threads, "there is no such worker")?;
                self.ended_without_phases(id, status, because, at, options)?;
            }
            State::Between { .. } => {
                let stopped = status == Status::Cancelled && self.level > StopLevel::None;
                ensure(stopped, "another try is planned")?;
            }
            State::Ended(_) => return Err("the job has ended before".into()),
        }
        self.jobs[id.index()] = Job { state: State::Ended(status), ended_at: at, ..job };
        self.not_ended -= 1;
        Ok(())
    }

    /// What the last try of a job leads to.
    fn verdict(&self, id: JobId, job: &Job, last: Try, options: RunOptions) -> Ruling<Status> {
        let spec = self.plan.spec(id);
        match last.step {
            Step::Passed if job.ran => Ok(Status::Changed),
            Step::Passed => Ok(Status::Satisfied),
            Step::Failed(Phase::Check)
                if !job.is_last && options.dry_run.is_on() && spec.kind() == Kind::Job =>
            {
                Ok(Status::WouldRun)
            }
            Step::Failed(_) if options.dry_run.is_on() => Ok(Status::Failed),
            Step::Failed(_) => {
                let may_end = job.is_last || spec.retry_if().is_some() || spec.retry_for().is_some();
                let was_last = may_end || last.attempt == self.max_tries(id, options);
                match (was_last, self.level) {
                    (true, _) => Ok(Status::Failed),
                    (false, StopLevel::None) => Err("the job has tries left".into()),
                    (false, _) => Ok(Status::Cancelled),
                }
            }
            Step::RunDue | Step::RecheckDue if self.level >= StopLevel::Cancel => Ok(Status::Cancelled),
            Step::Inside(_) | Step::RunDue | Step::RecheckDue => Err("the try is not over".into()),
        }
    }

    fn ended_without_phases(
        &self,
        job: JobId,
        status: Status,
        because: Option<JobId>,
        at: Duration,
        options: RunOptions,
    ) -> Ruling {
        let kind = self.plan.graph().kind(job);
        match (status, because) {
            (Status::Blocked, Some(because)) => {
                ensure(self.plan.graph().after(job).contains(&because), "the job does not depend on that")?;
                let not_done =
                    matches!(self.jobs[because.index()].state, State::Ended(status) if !status.is_done());
                ensure(not_done, "the cause has not ended without being done")
            }
            (Status::Satisfied, None) if kind == Kind::Group => self.dependencies_are_done(job, at),
            (Status::Cancelled, None) => ensure(self.level > StopLevel::None, "the run is not stopped"),
            (Status::WouldRun, None) if kind == Kind::RunOnly && options.dry_run.is_on() => {
                self.dependencies_are_done(job, at)
            }
            _ => Err("the job ended without a try".into()),
        }
    }

    fn max_tries(&self, job: JobId, options: RunOptions) -> u32 {
        let spec = self.plan.spec(job);
        match spec.tries() {
            Some(tries) => tries,
            None if spec.retry_for().is_some() => u32::MAX,
            None => options.default_tries,
        }
    }

    fn stop_requested(&mut self, level: StopLevel) -> Ruling {
        self.running()?;
        ensure(level > self.level, "the level of a stop only rises")?;
        self.level = level;
        Ok(())
    }

    fn run_ended(&mut self, cleanups_due: usize) -> Ruling {
        let options = self.running()?;
        ensure(self.jobs_ended(), "some job has not ended")?;
        ensure(self.workers.is_empty(), "something is still being done")?;
        ensure(self.cleanups.len() == cleanups_due, "another number of cleanups is due")?;
        let at_end = options.cleanup == Cleanup::AtEnd;
        ensure(!at_end || cleanups_due == 0, "cleanups come before the end of the run")?;
        self.sequences.sort_unstable();
        let all = self.sequences.iter().copied().eq(1..=self.sequences.len() as u64);
        ensure(all, "the numbers of the runs have gaps")?;
        self.stage = if cleanups_due == 0 { Stage::Closed } else { Stage::Ended };
        Ok(())
    }

    fn cleanup_started(&mut self, beat: Beat) -> Ruling {
        let in_time = match self.stage {
            Stage::Running(options) => self.jobs_ended() && options.cleanup == Cleanup::AtEnd,
            Stage::Ended | Stage::CleaningUp => true,
            Stage::NotStarted | Stage::Closed => false,
        };
        ensure(in_time, "this is not the time for cleanups")?;
        ensure(self.workers.is_empty(), "cleanups are called one at a time")?;
        if let Stage::Ended = self.stage {
            self.stage = Stage::CleaningUp;
        }
        let (_, due) = self.cleanups.pop_last().ok_or("no cleanup is due")?;
        ensure(due == (beat.job, beat.attempt), "cleanups follow the runs backwards")?;
        self.workers.insert(beat.worker, beat.job);
        self.cleaning = Some((beat.job, beat.attempt));
        Ok(())
    }

    fn cleanup_ended(&mut self) -> Ruling {
        ensure(matches!(self.stage, Stage::CleaningUp), "no cleanups were put off")?;
        ensure(self.cleanups.is_empty() && self.workers.is_empty(), "some cleanup has not been called")?;
        self.stage = Stage::Closed;
        Ok(())
    }

    /// A worker that begins a phase is free, or inside this very job.
    fn worker_is_free_or_in(&self, beat: Beat) -> Ruling {
        match (self.stage, self.jobs[beat.job.index()].state) {
            (Stage::Running(options), _) => ensure(beat.worker < options.threads, "there is no such worker")?,
            _ => ensure(beat.worker == 0, "cleanups are called by the thread that wants them")?,
        }
        match self.workers.get(&beat.worker) {
            None => Ok(()),
            Some(job) => ensure(*job == beat.job, "the worker is inside another job"),
        }?;
        match self.jobs[beat.job.index()].state {
            State::Trying(open) => ensure(open.worker == beat.worker, "one worker executes a whole try"),
            _ => Ok(()),
        }
    }

    fn trying(&mut self, beat: Beat, step: Step) {
        let Beat { job, attempt, worker, at, .. } = beat;
        self.jobs[job.index()].state = State::Trying(Try { attempt, worker, step, at });
        self.workers.insert(worker, job);
    }

    fn beat(&self, job: &JobRef, attempt: u32, phase: Phase, worker: usize, at: Duration) -> Ruling<Beat> {
        Ok(Beat { job: self.known(job)?, attempt, phase, worker, at })
    }

    fn known(&self, job: &JobRef) -> Ruling<JobId> {
        let graph = self.plan.graph();
        let known = job.id().index() < graph.len() && graph.name(job.id()) == job.name();
        ensure(known, "the plan has no such job")?;
        Ok(job.id())
    }

    fn running(&self) -> Ruling<RunOptions> {
        match self.stage {
            Stage::Running(options) => Ok(options),
            Stage::NotStarted => Err("the run has not started".into()),
            Stage::Ended | Stage::CleaningUp | Stage::Closed => Err("the run has ended".into()),
        }
    }

    fn jobs_ended(&self) -> bool {
        self.not_ended == 0
    }
}

fn ensure(holds: bool, otherwise: &str) -> Ruling {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
