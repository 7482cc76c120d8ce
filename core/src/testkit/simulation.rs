//! A runner whose threads, order and time are made up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::clock::nanos;
use crate::event::Observer;
use crate::exec::makespan;
use crate::faults::{FaultInjector, Faults, Records};
use crate::options::{RunOptions, at_least_one_try};
use crate::plan::{Plan, PlanErrors};
use crate::process::IntoAnswer;
use crate::report::Report;
use crate::run::Run;
use crate::runner::Runner;
use crate::testkit::conduct::Conduct;
use crate::testkit::experiment::Experiment;
use crate::testkit::observation::Observation;
use crate::testkit::process::Setup;
use crate::testkit::session::Session;
use crate::timings::Timings;
use crate::unwind;
use crate::words::{Cleanup, DryRun};

/// Runs plans one step at a time, in an order that follows from a seed, and in virtual time.
///
/// Each step executes one phase of one job; which one is next is chosen among all that real threads might execute next.
/// Delays pass at once: when nothing else can be done, the clock jumps to the next retry. A phase takes one nanosecond
/// of it. The same seed gives the same trace, to the byte, as far as the jobs do the same.
///
/// With one worker the order is that of a real runner with one thread, whatever the seed.
///
/// One phase is executed at a time, so jobs must not wait for each other but by their dependencies: at a barrier or a
/// channel the first would wait forever.
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
    setup: Setup,
    /// The orders of a check, and what it wants to know; none outside of a check.
    session: Option<Arc<Session>>,
}

/// How many workers there are, if nobody says so.
const WORKERS: usize = 16;

impl Simulation {
    /// 16 workers, and otherwise the defaults of a [`Runner`].
    pub fn new(seed: u64) -> Self {
        let options = RunOptions { threads: WORKERS, ..RunOptions::default() };
        let setup = Setup {
            seed,
            options,
            observers: Vec::new(),
            faults: Faults::none(),
            answers: None,
            token: None,
            timings: None,
        };
        Simulation { setup, session: None }
    }

    /// All options at once, as for a [`Runner`]. Its threads are the virtual workers; 0 means 16.
    ///
    /// # Panics
    ///
    /// If `default_tries` is 0.
    pub fn options(mut self, options: RunOptions) -> Self {
        let threads = if options.threads == 0 { WORKERS } else { options.threads };
        self.setup.options = options.checked();
        self.workers(threads)
    }

    /// How many jobs may run at once, at least 1. Default: 16.
    pub fn workers(mut self, workers: usize) -> Self {
        self.setup.options.threads = workers.clamp(1, usize::from(u16::MAX));
        self
    }

    /// Whether to execute nothing but the first check of each job. Default: no.
    pub fn dry_run(mut self, dry_run: impl Into<DryRun>) -> Self {
        self.setup.options.dry_run = dry_run.into();
        self
    }

    /// How many tries a job may use that does not say so itself. Default: 3.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn default_tries(mut self, tries: u32) -> Self {
        self.setup.options.default_tries = at_least_one_try(tries);
        self
    }

    /// The least time from the end of one try to the start of the next, of a job that does not say so itself: in
    /// virtual time. Default: 1 s.
    pub fn default_retry_delay(mut self, delay: Duration) -> Self {
        self.setup.options.default_retry_delay = delay;
        self
    }

    /// When cleanups are called. Default: [`Cleanup::AtEnd`].
    pub fn cleanup(mut self, cleanup: Cleanup) -> Self {
        self.setup.options.cleanup = cleanup;
        self
    }

    /// Adds one that is told all that happens. Default: nobody is.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.setup.observers.push(Arc::new(observer));
        self
    }

    /// What goes wrong. Default: nothing.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.setup.faults = faults;
        self
    }

    /// What stops its runs: a phase may raise it, or a test before the run. Default: nothing does.
    pub fn cancel_token(mut self, token: &CancelToken) -> Self {
        self.setup.token = Some(token.clone());
        self
    }

    /// How long each job has taken in an earlier run, as for a [`Runner`](crate::RunnerBuilder::timings).
    pub fn timings<'r>(mut self, earlier: impl Into<Option<&'r Report>>) -> Self {
        self.setup.timings = earlier.into().map(|report| Arc::new(Timings::of(report)));
        self
    }

    /// Answers commands in place of executing them. Default: all are executed for real, and take no virtual time.
    ///
    /// The closure is given the line as a shell would read it, secrets as `***`. It returns an
    /// [`Answer`](super::Answer), a `bool`, text, or an `Option` of these: what it does not answer is executed. It is
    /// called inside of the phase, so it may call [`interruption`](super::interruption) and [`touches`](super::touches).
    /// A process that is [spawned](crate::Command::spawn) is always a real one.
    ///
    /// ```
    /// use dojobber_core::testkit::{Answer, Simulation};
    /// # use dojobber_core::{Draft, JobSpec, sh};
    /// # let mut draft = Draft::<()>::default();
    /// # draft.open("user");
    /// # draft.close(JobSpec::check_and_run(sh("id www"), sh("useradd www")));
    /// # let plan = draft.compile().unwrap();
    /// // a job with `.check(sh("id www")).run(sh("useradd www"))`
    /// let simulation = Simulation::new(0).commands(|line| match line {
    ///     "sh -ec -- 'id www'" => Answer::status(1),
    ///     other => Answer::status(127).stderr(format!("unexpected: {other}")),
    /// });
    /// let run = simulation.run(&plan, ());
    /// assert!(run.job("user").unwrap().run_error().unwrap().to_string().contains("unexpected: sh -ec -- 'useradd www'"));
    /// ```
    pub fn commands<R: IntoAnswer>(mut self, answers: impl Fn(&str) -> R + Send + Sync + 'static) -> Self {
        self.setup.answers = Some(Arc::new(move |line| answers(line).into_answer()));
        self
    }

    /// How long a run would take if each job took as long as `takes` says of its name, and were done then: with as many
    /// workers, in the order in which real runs begin what is ready. No code of a job's is called.
    ///
    /// It is how a change of [`timings`](Self::timings), priorities or pools can be tried before anything is run.
    ///
    /// ```
    /// # use dojobber_core::{Draft, JobSpec, testkit::Simulation};
    /// # use std::time::Duration;
    /// # let mut draft = Draft::<()>::default();
    /// # ["a", "b", "long"].iter().for_each(|job| { draft.open(*job); draft.close(JobSpec::run_only(|_| ())); });
    /// # let plan = draft.compile().unwrap();
    /// // three jobs that depend on nothing
    /// let takes = |job: &str| Duration::from_secs(if job == "long" { 2 } else { 1 });
    /// assert_eq!(Simulation::new(0).workers(2).makespan(&plan, takes), Duration::from_secs(3));
    /// ```
    pub fn makespan<A>(&self, plan: &Plan<'_, A>, takes: impl Fn(&str) -> Duration) -> Duration {
        let expected = self.setup.timings.as_ref().and_then(|timings| timings.expected(plan.graph()));
        let takes = |job| nanos(takes(plan.graph().name(job)));
        Duration::from_nanos(makespan(plan, &self.setup.options, expected.as_deref(), takes))
    }

    /// What all else follows from.
    pub fn seed(&self) -> u64 {
        self.setup.seed
    }

    /// Runs a plan to its end. If a fault kills the process, what there is of the run is dropped, and another one
    /// starts on the same world; what is returned is the last.
    ///
    /// A check that calls a body may want something else done with the plan in its place: nothing at all, or a run that
    /// goes wrong and others after it. It returns the last of those.
    ///
    /// The plan stays the same from process to process, and with it what its closures have captured: see
    /// [`run_anew`](Simulation::run_anew).
    ///
    /// # Panics
    ///
    /// If a fault is to happen to a job that is not in the plan.
    #[must_use = "ask it whether it succeeded: `.into_result()?`"]
    pub fn run<'env, A: Send + Sync>(&self, plan: &Plan<'env, A>, args: impl Into<Arc<A>>) -> Run<'env, A> {
        self.conduct(&|| plan.clone(), args.into())
    }

    /// As [`run`](Simulation::run), with a plan that is made anew for each simulated process, as a program does that is
    /// started again: what closures have captured, such as a cache or a flag, is lost when the process dies.
    ///
    /// ```
    /// # use dojobber_core::{Draft, JobSpec, Phase, Plan, testkit::{Fault, Faults, Simulation}};
    /// # use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
    /// fn plan(file: &AtomicU32) -> Plan<'_> {
    ///     let connected = AtomicBool::new(false); // belongs to the process
    /// #   let mut draft = Draft::default();
    /// #   draft.open("write");
    /// #   draft.close(JobSpec::run_only(move |_| if connected.swap(true, SeqCst) { () } else { file.store(1, SeqCst) }));
    /// #   draft.open("end");
    /// #   draft.after("write");
    /// #   draft.close(JobSpec::run_only(|_| ()));
    /// #   draft.compile().unwrap()
    ///     // .. jobs that hold `connected`, and write into the file ..
    /// }
    /// let file = AtomicU32::new(0);
    /// let faults = Faults::none().on("end", Phase::Run, Fault::Crash);
    /// let run = Simulation::new(0).faults(faults).run_anew(|| plan(&file), ());
    /// assert!(run.success());
    /// ```
    ///
    /// # Panics
    ///
    /// If `make` makes no plan, and as [`run`](Simulation::run) does.
    #[must_use = "ask it whether it succeeded: `.into_result()?`"]
    pub fn run_anew<'env, A: Send + Sync, P: MakesPlan<'env, A>>(
        &self,
        make: impl Fn() -> P,
        args: impl Into<Arc<A>>,
    ) -> Run<'env, A> {
        self.conduct(&|| make().make_plan(), args.into())
    }

    fn conduct<'env, A: Send + Sync>(&self, plan: &dyn Fn() -> Plan<'env, A>, args: Arc<A>) -> Run<'env, A> {
        match &self.session {
            Some(session) => Conduct::run(session, &self.setup, plan, &args),
            None => {
                let alone = Session::new(Experiment::calm(self.setup.seed), false);
                Conduct::run(&alone, &self.setup, plan, &args)
            }
        }
    }
}

/// What a graph is made a plan of, for [`Simulation::run_anew`]: a [`Plan`], what compiling one returns, or a graph of
/// the builder.
pub trait MakesPlan<'env, A> {
    /// The plan.
    ///
    /// # Panics
    ///
    /// If it cannot be made: with all mistakes.
    fn make_plan(self) -> Plan<'env, A>;
}

impl<'env, A> MakesPlan<'env, A> for Plan<'env, A> {
    fn make_plan(self) -> Plan<'env, A> {
        self
    }
}

impl<'env, A> MakesPlan<'env, A> for Result<Plan<'env, A>, PlanErrors> {
    #[track_caller]
    fn make_plan(self) -> Plan<'env, A> {
        self.unwrap_or_else(|errors| panic!("it is no plan: {errors}"))
    }
}

/// What a body comes to if its runs go as the experiment says.
pub(super) fn observe<O>(experiment: Experiment, body: &impl Fn(&Simulation) -> O) -> Observation<O> {
    let simulation = Simulation::new(experiment.seed);
    let session = Arc::new(Session::new(experiment, true));
    let simulation = Simulation { session: Some(Arc::clone(&session)), ..simulation };
    let seen = unwind::catch(|| Ok(body(&simulation))).map_err(|panic| panic.to_string());
    let progress = std::mem::take(&mut *session.progress());
    let mut runs = progress.runs;
    runs.sort_by_key(|run| run.number);
    let Records { calls, touches, .. } = session.recorder.take();
    Observation { seen, runs, calls, touches, choices: progress.choices.made().to_vec() }
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
        let stop = self.may_stop().then(|| runner.child_token());
        runner.run_with(plan, args.into(), FaultInjector::harmless(self, plan.graph(), seed, stop))
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("seed", &self.setup.seed)
            .field("options", &self.setup.options)
            .field("faults", &self.setup.faults)
            .finish_non_exhaustive()
    }
}
