//! A trace, read one event after the other: each is shown to every subject that it concerns.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::cancel::StopLevel;
use crate::error::ErrorText;
use crate::event::Event;
use crate::graph::{JobId, JobRef};
use crate::judge::arrivals::{Arrivals, Moment};
use crate::judge::cleanups::{CleanupRule, Cleanups};
use crate::judge::facts::{Beat, Facts, Venue};
use crate::judge::limits::Limits;
use crate::judge::order::{Ends, OrderRule};
use crate::judge::queues::{Begins, Queues};
use crate::judge::rule::Rule;
use crate::judge::run::{Life, RunRule};
use crate::judge::slots::Slots;
use crate::judge::stops::Stops;
use crate::judge::tries::{Circumstances, Opens, Stopped, Tries, TryRule};
use crate::judge::wording::ensure;
use crate::judge::workers::{WorkerRule, Workers};
use crate::words::{Phase, Status};

/// What is known of a run from the first events of its trace.
pub(super) struct Reader {
    facts: Facts,
    life: Life,
    workers: Workers,
    tries: Tries,
    ends: Ends,
    arrivals: Arrivals,
    slots: Slots,
    queues: Queues,
    cleanups: Cleanups,
    stops: Stops,
    limits: Limits,
    /// The place of the event that is read.
    now: Moment,
    /// The time that was told last.
    last_at: Duration,
    /// Jobs with a try that was sent elsewhere and has not come back.
    away: BTreeSet<JobId>,
    /// How many phases have begun and not ended.
    open_phases: usize,
}

type Ruling<T = ()> = Result<T, Rule>;

/// How a job ended, as it was told.
#[derive(Clone, Copy)]
struct End {
    job: JobId,
    status: Status,
    because: Option<JobId>,
    worker: usize,
    at: Duration,
}

impl Reader {
    /// With a tolerance, all phases are to end in time.
    pub(super) fn new(facts: Facts, tolerance: Option<Duration>) -> Self {
        let jobs = facts.graph.len();
        Reader {
            life: Life::new(jobs),
            workers: Workers::default(),
            tries: Tries::new(jobs),
            ends: Ends::new(jobs),
            arrivals: Arrivals::new(&facts),
            slots: Slots::new(&facts),
            queues: Queues::new(facts.pools.len()),
            cleanups: Cleanups::new(jobs),
            stops: Stops::new(),
            limits: Limits::new(tolerance),
            facts,
            now: 0,
            last_at: Duration::ZERO,
            away: BTreeSet::new(),
            open_phases: 0,
        }
    }

    pub(super) fn read(&mut self, now: Moment, event: &Event) -> Ruling {
        self.now = now;
        match event {
            Event::RunStarted { graph, options, expected, .. } => {
                let jobs = self.facts.graph.len();
                let fits = expected.as_ref().is_none_or(|expected| expected.len() == jobs);
                self.life.start(fits && **graph == *self.facts.graph, *options)?;
                self.facts.begin(*options, expected.as_deref());
                self.start();
                Ok(())
            }
            Event::PhaseStarted { job, attempt, phase, worker, at, sequence, .. } => {
                let beat = self.beat(job, *attempt, *phase, *worker, *at)?;
                self.phase_begins(beat, *sequence)
            }
            Event::PhaseEnded { job, attempt, phase, worker, at, error } => {
                let beat = self.beat(job, *attempt, *phase, *worker, *at)?;
                self.phase_ends(beat, error.as_ref())
            }
            Event::RetryPlanned { job, attempt, worker, at, due, pause, .. } => {
                let beat = self.beat(job, *attempt, Phase::Recheck, *worker, *at)?;
                self.retry_planned(beat, *due, pause.unwrap_or_default())
            }
            Event::JobEnded { job, status, because, worker, at } => {
                let because = because.as_ref().map(|because| self.known(because)).transpose()?;
                let job = self.known(job)?;
                self.job_ends(End { job, status: *status, because, worker: *worker, at: *at })
            }
            Event::StopRequested { level, worker, at, .. } => self.stop_requested(*level, *worker, *at),
            Event::RunEnded { cleanups_due, .. } => self.run_ends(*cleanups_due),
            Event::CleanupEnded { .. } => {
                Ok(self.life.cleanups_ended(self.workers.is_idle(), self.cleanups.due())?)
            }
            Event::TrySent { job, attempt, worker, at } => {
                let beat = self.beat(job, *attempt, Phase::Check, *worker, *at)?;
                self.try_sent(beat)
            }
            Event::RunDescribed { job, .. } => {
                let job = self.known(job)?;
                self.life.goes_on()?;
                Ok(self.tries.describe(&self.facts, job)?)
            }
            // from any thread, at any time
            Event::OutputLine { .. } | Event::LogLine { .. } | Event::Progress { .. } => Ok(()),
            Event::ProcessSpawned { .. } | Event::ProcessDetached { .. } => Ok(()),
            Event::PhaseSlow { job, attempt, phase, worker, at, running } => {
                let beat = self.beat(job, *attempt, *phase, *worker, *at)?;
                self.phase_is_slow(beat, *running)
            }
        }
    }

    /// Whether a trace may end here.
    pub(super) fn closed(&self) -> Ruling {
        Ok(self.life.closed()?)
    }

    fn start(&mut self) {
        self.queues.start(&self.facts);
        for job in self.arrivals.begin(&self.facts) {
            self.queues.enter(&self.facts, &self.arrivals, job);
        }
    }

    /// A try leaves for elsewhere, or a nest: this worker has chosen it as any other.
    fn try_sent(&mut self, beat: Beat) -> Ruling {
        self.life.goes_on()?;
        self.workers.is_free(&self.facts, beat.worker)?;
        self.stops.begin(&self.facts, beat, true)?;
        match self.facts.venue(beat.job) {
            Venue::Here => return Err(WorkerRule::NotSent.into()),
            Venue::WithNest => self.send_nest(beat.job),
            Venue::Away => {
                let due = self.tries.due(beat.job);
                self.ends.lead_to(&self.facts, beat.job, beat.at)?;
                self.try_begins(beat.job, beat.worker, due)?;
                ensure(self.away.insert(beat.job), TryRule::OtherNumber)?;
            }
        }
        self.tells(beat.worker, beat.at);
        Ok(())
    }

    fn send_nest(&mut self, first: JobId) {
        let around = std::iter::successors(self.facts.graph.nest_of(first), |nest| nest.parent());
        let is_sent = |job: &JobId| self.facts.venue(*job) == Venue::WithNest;
        let nest = around.filter(|nest| nest.jobs().all(|job| is_sent(&job))).last();
        let open = |job: &JobId| self.tries.is_trying(*job).is_ok();
        self.away.extend(nest.into_iter().flat_map(|nest| nest.jobs()).filter(open));
    }

    /// A phase begins on another machine.
    fn phase_begins_away(&mut self, beat: Beat, sequence: Option<u64>) -> Ruling {
        ensure(self.away.contains(&beat.job), WorkerRule::NotSent)?;
        self.life.phase(beat.phase, true)?;
        let opens = self.tries.begin(&self.facts, beat)?;
        if opens != Opens::Nothing {
            self.ends.lead_to(&self.facts, beat.job, beat.at)?;
        }
        if let Some(sequence) = sequence {
            self.cleanups.run_begins(&self.facts, beat, sequence)?;
        }
        self.open_phases += 1;
        Ok(())
    }

    fn phase_begins(&mut self, beat: Beat, sequence: Option<u64>) -> Ruling {
        ensure((beat.phase == Phase::Run) == sequence.is_some(), CleanupRule::NumberOfNoRun)?;
        match (self.facts.venue(beat.job), beat.phase) {
            (Venue::WithNest, Phase::Cleanup) => return Ok(()), // that is called as the nest decides there
            (Venue::Here, _) | (Venue::Away, Phase::Cleanup) => {}
            _ => return self.phase_begins_away(beat, sequence),
        }
        self.life.phase(beat.phase, true)?;
        self.limits.begin(beat);
        if beat.phase == Phase::Cleanup {
            self.workers.begin_cleanup(beat)?;
            return Ok(self.cleanups.begin(beat)?);
        }
        self.wait_until(beat.at)?;
        self.workers.begin(&self.facts, beat)?;
        let due = self.tries.due(beat.job);
        let opens = self.tries.begin(&self.facts, beat)?;
        self.stops.begin(&self.facts, beat, opens != Opens::Nothing)?;
        if opens != Opens::Nothing {
            self.ends.lead_to(&self.facts, beat.job, beat.at)?;
            self.try_begins(beat.job, beat.worker, due)?;
        }
        if let Some(sequence) = sequence {
            self.cleanups.run_begins(&self.facts, beat, sequence)?;
        }
        self.open_phases += 1;
        self.tells(beat.worker, beat.at);
        Ok(())
    }

    /// The slots of a try, and its place among others that could have begun; `due` is that of a retry.
    fn try_begins(&mut self, job: JobId, worker: usize, due: Option<Duration>) -> Ruling {
        let chosen_after = self.arrivals.chosen_after(&self.facts, job, worker, self.now);
        self.arrivals.tells(&self.facts.graph, worker, self.now); // it has booked before it chose
        let begins = Begins { job, chosen_after, now: self.now };
        let Reader { facts, arrivals, slots, queues, .. } = self;
        match due {
            None => queues.begin(facts, arrivals, slots, begins)?,
            Some(due) => queues.retry(facts, arrivals, slots, begins, due)?,
        }
        Ok(slots.take(facts, job)?)
    }

    /// In a simulation nothing but phases and waiting takes time.
    fn wait_until(&self, at: Duration) -> Ruling {
        let is_free = self.workers.are_free(&self.facts);
        let waits = at > self.last_at && self.open_phases == 0 && is_free;
        if self.facts.is_simulated && !self.facts.has_constructors && waits {
            self.queues.wait(&self.facts, &self.slots)?;
        }
        Ok(())
    }

    fn phase_ends(&mut self, beat: Beat, error: Option<&ErrorText>) -> Ruling {
        match (self.facts.venue(beat.job), beat.phase) {
            (Venue::WithNest, Phase::Cleanup) => return Ok(()),
            (Venue::Here, _) | (Venue::Away, Phase::Cleanup) => {}
            _ => {
                ensure(self.away.contains(&beat.job), WorkerRule::NotSent)?;
                self.tries.end(&self.facts, beat, error)?;
                self.open_phases -= 1;
                return Ok(());
            }
        }
        self.workers.is_inside(beat.job, beat.worker)?;
        self.life.phase(beat.phase, false)?;
        self.limits.end(&self.facts, beat)?;
        if beat.phase == Phase::Cleanup {
            self.workers.leave(beat.job);
            return Ok(self.cleanups.end(beat)?);
        }
        self.tries.end(&self.facts, beat, error)?;
        self.open_phases -= 1;
        self.tells(beat.worker, beat.at);
        Ok(())
    }

    /// It is told from a thread of its own, while the phase goes on.
    fn phase_is_slow(&self, beat: Beat, running: Duration) -> Ruling {
        self.workers.exists(&self.facts, beat.worker)?;
        if beat.phase == Phase::Cleanup {
            self.cleanups.is_slow(beat)?;
        }
        Ok(self.tries.is_slow(&self.facts, beat, running)?)
    }

    fn retry_planned(&mut self, beat: Beat, due: Duration, pause: Duration) -> Ruling {
        self.life.goes_on()?;
        let known = match self.facts.venue(beat.job) {
            Venue::Here => {
                ensure(self.workers.is_inside(beat.job, beat.worker).is_ok(), TryRule::NotFailed)?;
                self.stops.known_to(beat.worker)
            }
            Venue::Away => {
                ensure(self.away.remove(&beat.job), TryRule::NotFailed)?;
                self.stops.known_to(beat.worker)
            }
            Venue::WithNest => StopLevel::None, // nobody there knew of it
        };
        self.tries.plan(&self.facts, beat, (due, pause), known)?;
        self.leave(beat.job);
        self.queues.plan(due, beat.job);
        self.tells(beat.worker, beat.at);
        Ok(())
    }

    fn job_ends(&mut self, end: End) -> Ruling {
        let End { job, status, because, worker, at } = end;
        self.life.goes_on()?;
        ensure(because.is_some() == (status == Status::Blocked), OrderRule::CauseOfOther)?;
        if self.tries.is_trying(job)? {
            match self.facts.venue(job) {
                Venue::Here => self.workers.is_inside(job, worker)?,
                _ => ensure(self.away.remove(&job), WorkerRule::NotSent)?,
            }
            let stopped = Stopped { known: self.stops.known_to(worker), told: self.stops.level() };
            let is_behind = self.ends.put_behind(&self.facts, job);
            self.tries.job_ends(&self.facts, job, status, at, Circumstances { stopped, is_behind })?;
            self.leave(job);
        } else {
            self.ends_between(end)?;
        }
        self.ends.set(&self.facts, job, status, at);
        self.life.job_ended();
        self.tells(worker, at);
        self.stops.job_ended(&self.facts, status, worker);
        if self.facts.goes_on_behind(status) {
            for ready in self.arrivals.done(&self.facts, job, worker, self.now) {
                self.queues.enter(&self.facts, &self.arrivals, ready);
            }
        }
        Ok(())
    }

    /// A job ends that is not inside of a try: before its first, or between two.
    fn ends_between(&mut self, end: End) -> Ruling {
        let End { job, status, because, worker, at } = end;
        let level = self.stops.level();
        self.workers.is_free(&self.facts, worker)?;
        self.away.remove(&job);
        if !self.tries.ends_between(job, status, level)? {
            self.ends.without_a_try(&self.facts, job, status, because, at, level)?;
            let begins_by_itself = matches!(status, Status::Satisfied | Status::WouldRun);
            if begins_by_itself && level == StopLevel::None {
                self.try_begins(job, worker, None)?;
                self.slots.give_back(&self.facts, job);
            }
            self.queues.leave(&self.facts, &self.arrivals, job);
        }
        Ok(())
    }

    fn stop_requested(&mut self, level: StopLevel, worker: usize, at: Duration) -> Ruling {
        self.life.goes_on()?;
        self.workers.exists(&self.facts, worker)?;
        self.stops.rise(worker, level)?;
        self.limits.rise(level, at);
        self.arrivals.tells_anything(&self.facts.graph, worker, self.now);
        self.last_at = self.last_at.max(at);
        Ok(())
    }

    fn run_ends(&mut self, cleanups_due: usize) -> Ruling {
        self.life.goes_on()?;
        self.life.end(self.workers.is_idle() && self.away.is_empty(), cleanups_due)?;
        Ok(self.cleanups.run_ended(cleanups_due)?)
    }

    /// A try is over: its worker and its slots are free.
    fn leave(&mut self, job: JobId) {
        self.workers.leave(job);
        self.slots.give_back(&self.facts, job);
    }

    /// A worker has told this event.
    fn tells(&mut self, worker: usize, at: Duration) {
        self.stops.tells(worker, at);
        self.arrivals.tells(&self.facts.graph, worker, self.now);
        self.last_at = self.last_at.max(at);
    }

    fn beat(&self, job: &JobRef, attempt: u32, phase: Phase, worker: usize, at: Duration) -> Ruling<Beat> {
        Ok(Beat { job: self.known(job)?, attempt, phase, worker, at })
    }

    fn known(&self, job: &JobRef) -> Ruling<JobId> {
        let graph = &self.facts.graph;
        let known = job.id().index() < graph.len() && graph.name(job.id()) == job.name();
        ensure(known, RunRule::UnknownJob)?;
        Ok(job.id())
    }
}
