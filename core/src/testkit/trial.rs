//! One call of a body.

use std::sync::Arc;

use crate::exec::Choices;
use crate::faults::Step;
use crate::testkit::lab::{Lab, Notes, Task};
use crate::testkit::simulation::Simulation;
use crate::unwind;

/// What it came to.
pub(super) struct Trial<O> {
    /// What the body returned, or the text of its panic.
    pub(super) seen: Result<O, String>,
    /// Every call of a job's code, and in which run.
    pub(super) calls: Vec<(usize, Step)>,
    pub(super) notes: Notes,
}

impl<O> Trial<O> {
    pub(super) fn of(
        simulation: Simulation,
        choices: Choices,
        task: Task,
        body: &impl Fn(&Simulation) -> O,
    ) -> Self {
        let lab = Arc::new(Lab::new(task, choices));
        let simulation = simulation.in_lab(&lab);
        let seen = unwind::catch(|| Ok(body(&simulation))).map_err(|panic| panic.to_string());
        let notes = std::mem::take(&mut *lab.notes());
        Trial { seen, calls: lab.calls().take(), notes }
    }

    /// A plain one, in the order of that seed.
    pub(super) fn seeded(seed: u64, task: Task, body: &impl Fn(&Simulation) -> O) -> Self {
        Trial::of(Simulation::new(seed), Choices::seeded(seed), task, body)
    }

    /// The name of the job that was called.
    pub(super) fn job(&self, (_, step): (usize, Step)) -> String {
        let graphs = self.notes.ends.iter().map(|(graph, _)| graph);
        let mut fitting = graphs.filter(|graph| step.job.index() < graph.len());
        fitting.next().map_or_else(|| format!("{:?}", step.job), |graph| graph.name(step.job).to_owned())
    }

    /// As it is told in reports: `job`.phase.
    pub(super) fn call(&self, call: (usize, Step)) -> String {
        let Step { attempt, phase, .. } = call.1;
        let again = if attempt > 1 { format!(" (try {attempt})") } else { String::new() };
        format!("`{}`.{phase}{again}", self.job(call))
    }
}
