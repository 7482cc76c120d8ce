//! What the runs of one call of a body share: what is to be done with them, and what was seen so far.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::exec::Choices;
use crate::faults::Recorder;
use crate::testkit::experiment::Experiment;
use crate::testkit::observation::RunSeen;

/// One call of a body.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) experiment: Experiment,
    pub(super) recorder: Arc<Recorder>,
    /// Whether anybody wants to know what is seen.
    pub(super) is_observed: bool,
    progress: Mutex<Progress>,
}

/// How far it has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// For the next run. They are taken out while a run goes on: its jobs may run plans of their own.
    pub(super) choices: Choices,
    pub(super) runs: Vec<RunSeen>,
    /// How many runs the body has asked for.
    pub(super) of_body: usize,
    /// Nothing is run any more.
    pub(super) is_over: bool,
}

impl Session {
    pub(super) fn new(experiment: Experiment, is_observed: bool) -> Self {
        let progress = Progress { choices: experiment.choices.clone(), ..Progress::default() };
        Session { experiment, recorder: Arc::default(), is_observed, progress: Mutex::new(progress) }
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
