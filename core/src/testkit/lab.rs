//! What a check has its simulations do, and what it learns from them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::exec::Choices;
use crate::faults::{Blow, Calls};
use crate::graph::JobGraph;
use crate::plan::Plan;
use crate::run::Run;
use crate::testkit::cleaning::judge_cleanups;
use crate::testkit::convergence::Progress;
use crate::testkit::finding::Trouble;
use crate::testkit::idempotence::failure;
use crate::testkit::simulation::{Attempt, Outcome, Simulation};
use crate::words::{Cleanup, Status};

/// What is done in place of a plain run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Task {
    /// That.
    Run,
    /// Nothing.
    Idle,
    /// A run that ends after so many calls of the user's code.
    StopAfter(usize),
    /// A run in which a blow strikes, and others until all is done.
    Converge(Blow),
    /// A run in which a blow strikes, whose cleanups are watched.
    CleanUp(Option<Blow>),
}

/// Where the runs of one call of a body happen.
pub(super) struct Lab {
    task: Task,
    calls: Arc<Calls>,
    notes: Mutex<Notes>,
}

/// What there is to know of them.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) choices: Choices,
    /// How many runs there were.
    pub(super) runs: u64,
    /// How each `run` of the body ended.
    pub(super) ends: Vec<(Arc<JobGraph>, Vec<Status>)>,
    /// Of each that did not succeed: why.
    pub(super) failures: Vec<Trouble>,
    /// The first thing that went wrong.
    pub(super) trouble: Option<Trouble>,
}

impl Lab {
    pub(super) fn new(task: Task, choices: Choices) -> Self {
        let notes = Notes { choices, ..Notes::default() };
        Lab { task, calls: Arc::default(), notes: Mutex::new(notes) }
    }

    pub(super) fn calls(&self) -> &Calls {
        &self.calls
    }

    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In place of [`Simulation::run`].
    pub(super) fn run<'env, A: Send + Sync>(
        &self,
        simulation: &Simulation,
        plan: &Plan<'env, A>,
        args: &Arc<A>,
    ) -> Run<'env, A> {
        // a job may run plans of its own here: so nothing is locked meanwhile
        let mut choices = std::mem::take(&mut self.notes().choices);
        let mut bench = Bench { lab: self, simulation, plan, args, choices: &mut choices };
        let run = match self.task {
            Task::Run => bench.plain(),
            Task::Idle => bench.nothing(),
            Task::StopAfter(calls) => bench.stop_after(calls),
            Task::Converge(blow) => bench.converge(blow),
            Task::CleanUp(blow) => bench.clean_up(blow),
        };
        let mut notes = self.notes();
        notes.choices = choices;
        notes.failures.extend(failure(&run, "a run without a fault"));
        let statuses = run.jobs().map(|job| job.status()).collect();
        notes.ends.push((Arc::clone(run.report().graph()), statuses));
        run
    }
}

/// One call of `run` in a body.
struct Bench<'b, 'env, A> {
    lab: &'b Lab,
    simulation: &'b Simulation,
    plan: &'b Plan<'env, A>,
    args: &'b Arc<A>,
    choices: &'b mut Choices,
}

impl<'env, A: Send + Sync> Bench<'_, 'env, A> {
    fn once(&mut self, simulation: &Simulation, crashes: u32, blow: Option<Blow>) -> Outcome<'env, A> {
        self.lab.notes().runs += 1;
        let attempt = Attempt { calls: &self.lab.calls, crashes, blow };
        simulation.once(self.plan, self.args, self.choices, attempt)
    }

    fn plain(&mut self) -> Run<'env, A> {
        self.rerun(0)
    }

    /// Again and again until it is not killed.
    fn rerun(&mut self, mut crashes: u32) -> Run<'env, A> {
        loop {
            match self.once(self.simulation, crashes, None) {
                Outcome::Ended(run) => return *run,
                Outcome::Killed(_) => crashes += 1,
            }
        }
    }

    /// The run of an empty part of the plan.
    fn nothing(&self) -> Run<'env, A> {
        let none: [&str; 0] = [];
        let empty = self.plan.select(none).expect("no name is unknown");
        Simulation::new(0).workers(1).run(&empty, Arc::clone(self.args))
    }

    fn stop_after(&mut self, calls: usize) -> Run<'env, A> {
        if self.lab.calls.len() > calls {
            return self.nothing(); // an earlier run was stopped
        }
        let stop = Blow { at: calls + 1, fault: crate::faults::Fault::Crash };
        match self.once(self.simulation, 0, Some(stop)) {
            Outcome::Ended(run) => *run,
            Outcome::Killed(_) => self.nothing(),
        }
    }

    fn converge(&mut self, blow: Blow) -> Run<'env, A> {
        let before = self.lab.calls.len();
        let first = self.once(self.simulation, 0, Some(blow));
        let has_struck = (before + 1..=self.lab.calls.len()).contains(&blow.at);
        let mut progress = match first {
            Outcome::Ended(run) if !has_struck => return *run,
            Outcome::Ended(run) => Progress::of(&run),
            Outcome::Killed(done) => Progress::until_killed(done),
        };
        loop {
            let run = self.rerun(1);
            let trouble = progress.judge(&run);
            let is_over = run.success() || trouble.is_some();
            let mut notes = self.lab.notes();
            notes.trouble = notes.trouble.take().or(trouble);
            if is_over {
                return run;
            }
            progress = Progress::of(&run);
        }
    }

    fn clean_up(&mut self, blow: Option<Blow>) -> Run<'env, A> {
        let at_end = self.simulation.clone().cleanup(Cleanup::AtEnd);
        let run = match self.once(&at_end, 0, blow) {
            Outcome::Ended(run) => *run,
            Outcome::Killed(_) => self.rerun(1), // by a fault of the body's own
        };
        let trouble = judge_cleanups(&run);
        let mut notes = self.lab.notes();
        notes.trouble = notes.trouble.take().or(trouble);
        drop(notes);
        run
    }
}
