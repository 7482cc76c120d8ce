//! A runner whose threads, order and time are made up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::event::Observer;
use crate::exec::{Choices, Simulated, Watch, simulate};
use crate::faults::{Blow, Calls, FaultInjector, Faults};
use crate::graph::JobId;
use crate::options::{RunOptions, at_least_one_try};
use crate::plan::Plan;
use crate::run::Run;
use crate::runner::{Runner, begin, end};
use crate::testkit::lab::Lab;
use crate::words::{Cleanup, DryRun};

/// Runs plans on this thread alone, in an order that follows from a seed, and in virtual time.
///
/// Each step executes one phase of one job; which one is next is chosen among all that real threads might execute next.
/// Delays pass at once: when nothing else can be done, the clock jumps to the next retry. A phase takes one nanosecond
/// of it. The same seed gives the same trace, to the byte, as far as the jobs do the same.
///
/// With one worker the order is that of a real runner with one thread, whatever the seed.
///
/// ```
/// # use dojobber_core::{Draft, JobSpec, testkit::Simulation};
/// # use std::time::Duration;
/// # let mut draft = Draft::<()>::default();
/// # draft.open("reboot");
/// # draft.close(JobSpec::check_only(|cx| cx.now() >= Duration::from_secs(2)));
/// # let plan = draft.compile().unwrap();
/// // a job that checks whether two seconds have passed, by `cx.now()`
/// let run = Simulation::new(7).workers(4).default_tries(5).run(&plan, ());
/// assert!(run.success() && run.elapsed() >= Duration::from_secs(2)); // in no time
/// ```
#[derive(Clone)]
#[must_use = "a simulation does nothing until it runs a plan"]
pub struct Simulation {
    seed: u64,
    /// `threads` is the number of virtual workers.
    options: RunOptions,
    observers: Vec<Arc<dyn Observer>>,
    faults: Faults,
    /// Of a check: what it wants done instead, and what it wants to know.
    lab: Option<Arc<Lab>>,
}

/// How many workers there are, if nobody says so.
const WORKERS: usize = 4;

/// How one run went.
pub(super) enum Outcome<'env, A> {
    Ended(Box<Run<'env, A>>),
    /// These jobs were done by then.
    Killed(Vec<JobId>),
}

impl Simulation {
    /// Four workers, and otherwise the defaults of a [`Runner`].
    pub fn new(seed: u64) -> Self {
        let options = RunOptions { threads: WORKERS, ..RunOptions::default() };
        Simulation { seed, options, observers: Vec::new(), faults: Faults::none(), lab: None }
    }

    /// All options at once, as for a [`Runner`]. Its threads are the virtual workers; 0 means 4.
    ///
    /// # Panics
    ///
    /// If `default_tries` is 0.
    pub fn options(self, options: RunOptions) -> Self {
        let threads = if options.threads == 0 { WORKERS } else { options.threads };
        Simulation { options: options.checked(), ..self }.workers(threads)
    }

    /// How many jobs may run at once, at least 1. Default: 4.
    pub fn workers(mut self, workers: usize) -> Self {
        self.options.threads = workers.clamp(1, usize::from(u16::MAX));
        self
    }

    /// Whether to execute nothing but the first check of each job. Default: no.
    pub fn dry_run(mut self, dry_run: impl Into<DryRun>) -> Self {
        self.options.dry_run = dry_run.into();
        self
    }

    /// How many tries a job may use that does not say so itself. Default: 3.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn default_tries(mut self, tries: u32) -> Self {
        self.options.default_tries = at_least_one_try(tries);
        self
    }

    /// The least time from the end of one try to the start of the next, of a job that does not say so itself: in
    /// virtual time. Default: 1 s.
    pub fn default_retry_delay(mut self, delay: Duration) -> Self {
        self.options.default_retry_delay = delay;
        self
    }

    /// When cleanups are called. Default: [`Cleanup::AtEnd`].
    pub fn cleanup(mut self, cleanup: Cleanup) -> Self {
        self.options.cleanup = cleanup;
        self
    }

    /// Adds one that is told all that happens. Default: nobody is.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// What goes wrong. Default: nothing.
    pub fn faults(self, faults: Faults) -> Self {
        Simulation { faults, ..self }
    }

    /// What all else follows from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Runs a plan to its end. If a fault kills the process, what there is of the run is dropped, and another one
    /// starts on the same world; what is returned is the last.
    ///
    /// A check that calls a body may want something else done with the plan in its place: nothing at all, or a run that
    /// goes wrong and others after it. It returns the last of those.
    ///
    /// # Panics
    ///
    /// If a fault is to happen to a job that is not in the plan.
    #[must_use = "ask it whether it succeeded: `.into_result()?`"]
    pub fn run<'env, A: Send + Sync>(&self, plan: &Plan<'env, A>, args: impl Into<Arc<A>>) -> Run<'env, A> {
        let args = args.into();
        match &self.lab {
            None => self.to_the_end(plan, &args, &mut Choices::seeded(self.seed)),
            Some(lab) => lab.run(self, plan, &args),
        }
    }

    pub(super) fn in_lab(self, lab: &Arc<Lab>) -> Self {
        Simulation { lab: Some(Arc::clone(lab)), ..self }
    }

    fn to_the_end<'env, A: Send + Sync>(
        &self,
        plan: &Plan<'env, A>,
        args: &Arc<A>,
        choices: &mut Choices,
    ) -> Run<'env, A> {
        let calls = Arc::default();
        let mut crashes = 0;
        loop {
            match self.once(plan, args, choices, Attempt { calls: &calls, crashes, blow: None }) {
                Outcome::Ended(run) => return *run,
                Outcome::Killed(_) => crashes += 1,
            }
        }
    }

    /// Up to its end, or until it is killed.
    pub(super) fn once<'env, A: Send + Sync>(
        &self,
        plan: &Plan<'env, A>,
        args: &Arc<A>,
        choices: &mut Choices,
        attempt: Attempt<'_>,
    ) -> Outcome<'env, A> {
        let Attempt { calls, crashes, blow } = attempt;
        let injector =
            FaultInjector::new(&self.faults, plan.graph(), self.seed, crashes).counting(calls, blow);
        let watch = Watch::new(&self.observers);
        let mut live = begin(plan, Arc::clone(args), self.options, watch, Clock::simulated());
        live.injector = Some(injector);
        let outcome = match simulate(&live, choices) {
            Simulated::Killed(done) => Outcome::Killed(done),
            Simulated::Ended(finished) => {
                let run = end(live, finished);
                if run.was_killed() { Outcome::Killed(done(&run)) } else { Outcome::Ended(Box::new(run)) }
            }
        };
        choices.next_run();
        calls.next_run();
        outcome
    }
}

/// Which of several runs of a simulation it is.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'c> {
    pub(super) calls: &'c Arc<Calls>,
    pub(super) crashes: u32,
    pub(super) blow: Option<Blow>,
}

/// The jobs that are done.
pub(super) fn done<A>(run: &Run<'_, A>) -> Vec<JobId> {
    run.jobs().filter(|job| job.status().is_done()).map(|job| job.id()).collect()
}

impl Faults {
    /// A real run of `runner`, with the faults of a simulation that has this seed. It cannot be killed: a
    /// crash does not happen there.
    ///
    /// # Panics
    ///
    /// If a fault is to happen to a job that is not in the plan.
    #[must_use = "ask it whether it succeeded: `.into_result()?`"]
    pub fn run_on<'env, A: Send + Sync>(
        &self,
        runner: &Runner,
        seed: u64,
        plan: &Plan<'env, A>,
        args: impl Into<Arc<A>>,
    ) -> Run<'env, A> {
        runner.run_with(plan, args.into(), FaultInjector::new(self, plan.graph(), seed, 0).harmless())
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("seed", &self.seed)
            .field("options", &self.options)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
