//! One simulated process: one run of a plan.

use std::sync::Arc;

use crate::cancel::CancelToken;
use crate::clock::Clock;
use crate::event::Observer;
use crate::exec::{Choices, Simulated, Watch, simulate};
use crate::faults::{Circumstances, Fault, FaultInjector, Faults};
use crate::options::RunOptions;
use crate::plan::Plan;
use crate::process::Answers;
use crate::run::Run;
use crate::session::{Beginning, begin};
use crate::timings::Timings;

/// How processes are simulated.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) seed: u64,
    /// `threads` is the number of virtual workers.
    pub(super) options: RunOptions,
    pub(super) observers: Vec<Arc<dyn Observer>>,
    pub(super) faults: Faults,
    /// What commands are answered with.
    pub(super) answers: Option<Answers>,
    /// What stops the runs.
    pub(super) token: Option<CancelToken>,
    /// How long jobs have taken before.
    pub(super) timings: Option<Arc<Timings>>,
}

/// How a process ended.
pub(super) struct Ended<'env, A> {
    /// The number of its run.
    pub(super) number: usize,
    pub(super) outcome: Outcome<'env, A>,
}

pub(super) enum Outcome<'env, A> {
    Ended(Box<Run<'env, A>>),
    /// Whether each job was done by then.
    Killed(Vec<bool>),
}

impl Setup {
    /// Runs a plan to its end, or until the process is killed.
    pub(super) fn run<'env, A: Send + Sync>(
        &self,
        plan: &Plan<'env, A>,
        args: &Arc<A>,
        choices: &mut Choices,
        mut circumstances: Circumstances,
    ) -> Ended<'env, A> {
        circumstances.stop = self.faulty_stop(&circumstances);
        let token = circumstances.stop.as_ref().or(self.token.as_ref()).cloned();
        let recorder = Arc::clone(&circumstances.recorder);
        let injector = FaultInjector::new(&self.faults, plan.graph(), self.seed, circumstances);
        let number = injector.run();
        let clock = Clock::simulated();
        let with = Beginning {
            options: self.options,
            watch: Watch::new(&self.observers),
            token: token.as_ref(),
            clock: clock.clone(),
            runtime: &Arc::default(),
            expected: self.timings.as_ref().and_then(|timings| timings.expected(plan.graph())),
        };
        let mut live = begin(plan, Arc::clone(args), with);
        live.injector = Some(injector);
        choices.begin_run(number);
        let outcome = match simulate(&live, choices) {
            Simulated::Killed(done) => {
                let mut is_done = vec![false; plan.len()];
                done.into_iter().for_each(|job| is_done[job.index()] = true);
                Outcome::Killed(is_done)
            }
            Simulated::Ended(finished) => {
                let run = Run::new(live, finished);
                match run.was_killed() {
                    true => Outcome::Killed(run.jobs().map(|job| job.status().is_done()).collect()),
                    false => Outcome::Ended(Box::new(run)),
                }
            }
        };
        recorder.end_run(clock.now());
        Ended { number, outcome }
    }

    /// A token of this run alone, if a fault may stop it.
    fn faulty_stop(&self, circumstances: &Circumstances) -> Option<CancelToken> {
        let strikes = circumstances.strikes.iter().any(|strike| matches!(strike.fault, Fault::Stop(_)));
        let parents: Vec<&CancelToken> = self.token.iter().collect();
        (strikes || self.faults.may_stop()).then(|| CancelToken::child_of(&parents))
    }
}
