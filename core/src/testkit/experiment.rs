//! What is to be done with the runs of a body: plain data.

use crate::exec::Choices;
use crate::faults::{Fault, Points, Strike};
use crate::words::DryRun;

/// A script for all runs of one call of a body. It goes in; an [`Observation`](super::observation::Observation) comes
/// out.
#[derive(Debug, Clone)]
pub(super) struct Experiment {
    /// What the body is told, and what random faults follow from.
    pub(super) seed: u64,
    pub(super) choices: Choices,
    /// What goes wrong beside the body's own faults.
    pub(super) strikes: Vec<Strike>,
    /// Where other jobs may go on in the middle of a phase.
    pub(super) points: Points,
    pub(super) stop: Option<Stop>,
    pub(super) then: Then,
    /// Cleanups are called at the end of each run, whatever the body says.
    pub(super) cleans_up: bool,
}

/// What follows a run of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The body goes on. A run that was killed is started anew first.
    GoOn,
    /// Where something was struck: the plan is run again until all is done and nothing had to be repaired, or until
    /// that does not help.
    UntilDone,
    /// The plan is run once more.
    Again,
    /// The plan is run once more, dry in that way.
    DryRun(DryRun),
}

/// The end of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop {
    /// How many calls were made before.
    pub(super) after: usize,
    /// Whether a dry run of the same plan follows, and which.
    pub(super) dry_run: DryRun,
}

impl Experiment {
    /// Every run of the body as it is, in the order that follows from the seed.
    pub(super) fn calm(seed: u64) -> Self {
        Experiment::in_order(seed, Choices::seeded(seed))
    }

    /// Every run of the body as it is, in the order of those choices.
    pub(super) fn in_order(seed: u64, choices: Choices) -> Self {
        Experiment {
            seed,
            choices,
            strikes: Vec::new(),
            points: Points::default(),
            stop: None,
            then: Then::GoOn,
            cleans_up: false,
        }
    }

    /// Lets something go wrong at the so manieth call, from 1.
    pub(super) fn strike(self, at: usize, fault: Fault) -> Self {
        self.struck(Strike { at, fault, lasts: false })
    }

    /// Lets something go wrong.
    pub(super) fn struck(mut self, strike: Strike) -> Self {
        self.strikes.push(strike);
        self
    }

    /// Nothing is done after so many calls, but for a dry run.
    pub(super) fn stop(self, after: usize, dry_run: DryRun) -> Self {
        Experiment { stop: Some(Stop { after, dry_run }), ..self }.strike(after + 1, Fault::Crash)
    }

    /// Lets other jobs go on at the interruption points of those phases.
    pub(super) fn interleaved(self, points: &Points) -> Self {
        Experiment { points: Points::clone(points), ..self }
    }

    pub(super) fn then(self, then: Then) -> Self {
        Experiment { then, ..self }
    }

    pub(super) fn with_cleanup(self) -> Self {
        Experiment { cleans_up: true, ..self }
    }
}
