//! What may begin in a run that is stopped.
//!
//! A worker that has told something after the stop was told knows of it, for it looks before it begins anything. One that
//! has told nothing since may begin one thing more, which it had chosen before. So may one that tells of a drain itself:
//! it may see that between its choice and the first phase, which begins all the same.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cancel::StopLevel;
use crate::judge::facts::{Beat, Facts, Order};
use crate::judge::wording::{ensure, rules};
use crate::words::Status;

rules! {
    /// Rules about stops.
    StopRule {
        Falls: "the level of a stop only rises",
        TryBegins: "a try begins in a stopped run",
        PhaseBegins: "a phase begins in a cancelled run",
        OutOfTime: "a try begins when the time of the run is over",
    }
}

/// How much of the run is stopped, and who knows.
pub(super) struct Stops {
    level: StopLevel,
    known: BTreeMap<usize, Known>,
    failures: usize,
}

/// What a worker knew when it told something last.
#[derive(Clone, Copy, Default)]
struct Known {
    level: StopLevel,
    /// How much it knew when it could choose last.
    chose_at: StopLevel,
    at: Duration,
}

impl Stops {
    pub(super) fn new() -> Self {
        Stops { level: StopLevel::None, known: BTreeMap::new(), failures: 0 }
    }

    /// How much is stopped, as far as it was told.
    pub(super) fn level(&self) -> StopLevel {
        self.level
    }

    /// How much of it this worker knows for certain.
    pub(super) fn known_to(&self, worker: usize) -> StopLevel {
        self.known.get(&worker).map_or(StopLevel::None, |known| known.level)
    }

    /// The level rises. The worker that tells it knows.
    pub(super) fn rise(&mut self, worker: usize, level: StopLevel) -> Result<(), StopRule> {
        ensure(level > self.level, StopRule::Falls)?;
        self.level = level;
        self.known.entry(worker).or_default().level = level;
        Ok(())
    }

    /// A phase begins, that of a new try if it `opens` one.
    pub(super) fn begin(&self, facts: &Facts, beat: Beat, opens: bool) -> Result<(), StopRule> {
        let known = self.known.get(&beat.worker).copied().unwrap_or_default();
        // a constructor comes before what is told, and may have stopped the run itself
        let is_certain = !facts.job(beat.job).is_made || facts.order == Order::AtOnce;
        let (phases, tries) = match facts.order {
            Order::AtOnce | Order::OneWorker => (known.level, known.chose_at),
            Order::InTurns => (self.level, self.level),
        };
        ensure(phases < StopLevel::Cancel, StopRule::PhaseBegins)?;
        ensure(!opens || !is_certain || tries == StopLevel::None, StopRule::TryBegins)?;
        ensure(!opens || known.at < facts.options.run_timeout, StopRule::OutOfTime)
    }

    /// A job has ended. Whoever tells the last failure that is allowed drains the run.
    pub(super) fn job_ended(&mut self, facts: &Facts, status: Status, worker: usize) {
        self.failures += usize::from(status == Status::Failed);
        if status == Status::Failed && Some(self.failures) == facts.options.max_failures {
            let known = self.known.entry(worker).or_default();
            known.level = known.level.max(StopLevel::Drain);
            known.chose_at = known.level;
        }
    }

    /// A worker has told something: now it knows all that was told before.
    pub(super) fn tells(&mut self, worker: usize, at: Duration) {
        let known = self.known.entry(worker).or_default();
        let level = known.level.max(self.level);
        *known = Known { level, chose_at: level, at: known.at.max(at) };
    }
}
