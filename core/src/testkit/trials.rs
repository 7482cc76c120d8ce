//! One experiment after the other with the same body, and how many runs that takes.

use std::cell::Cell;

use crate::testkit::experiment::Experiment;
use crate::testkit::finding::{Finding, Trouble};
use crate::testkit::observation::Observation;
use crate::testkit::simulation::{Simulation, observe};

/// A body under trial.
pub(super) struct Trials<B> {
    body: B,
    runs: Cell<u64>,
}

impl<B> Trials<B> {
    pub(super) fn of(body: B) -> Self {
        Trials { body, runs: Cell::new(0) }
    }

    /// What the body comes to if its runs go as the experiment says.
    pub(super) fn observe<O>(&self, experiment: Experiment) -> Observation<O>
    where
        B: Fn(&Simulation) -> O,
    {
        let observation = observe(experiment, &self.body);
        self.runs.set(self.runs.get() + observation.runs.len() as u64);
        observation
    }

    /// Judges the body in the orders of so many seeds, at least one. Returns what was seen with the last.
    pub(super) fn with_seeds<O>(
        &self,
        seeds: u64,
        judge: impl Fn(u64) -> Result<O, Trouble>,
    ) -> Result<O, Finding> {
        let mut seed = 0;
        loop {
            let seen = judge(seed).map_err(|trouble| self.found(trouble, Some(seed)))?;
            seed += 1;
            if seed >= seeds {
                return Ok(seen);
            }
        }
    }

    /// Judges what follows from calm runs, in the orders of so many seeds: `experiment` is that of a seed. A calm run that
    /// fails is trouble by itself.
    pub(super) fn with_calm<O>(
        &self,
        seeds: u64,
        experiment: impl Fn(u64) -> Experiment,
        judge: impl Fn(&Experiment, &Observation<O>) -> Option<Trouble>,
    ) -> Result<O, Finding>
    where
        B: Fn(&Simulation) -> O,
    {
        self.with_seeds(seeds, |seed| {
            let experiment = experiment(seed);
            let calm = self.observe(experiment.clone());
            let trouble = calm.calm_trouble().or_else(|| judge(&experiment, &calm));
            calm.unless(trouble)
        })
    }

    /// What a check has found, after all these runs.
    pub(super) fn found(&self, trouble: Trouble, seed: Option<u64>) -> Finding {
        trouble.found(seed, self.runs.get())
    }
}
