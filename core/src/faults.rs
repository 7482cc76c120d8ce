//! What a simulation does to a run between its jobs and their code.

mod baton;
mod record;
mod process;
mod inside;
mod injector;

use std::time::Duration;

pub(crate) use baton::Baton;
pub(crate) use injector::{FaultInjector, FaultyCall};
pub(crate) use inside::OtherProcess;
pub use inside::{interruption, is_killed, is_simulated, on_exit, touches, world_time};
pub(crate) use process::{Circumstances, Points, Strike, mix};
pub(crate) use record::{Call, Recorder, Records, Step, Touch};

use crate::cancel::StopLevel;
use crate::key::JobName;
use crate::words::Phase;

/// Something that goes wrong in one phase.
///
/// Phases are those of a try, its constructor, and its cleanup. What has no meaning for a phase is an
/// [`Error`](Fault::Error) there: a constructor that does nothing has nothing to return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It fails at once, and its code is not called.
    Error,
    /// It panics at once, and its code is not called.
    Panic,
    /// It does its work, and fails then.
    ErrorAfter,
    /// It says that it worked, and its code is not called. A job that reads its output finds none.
    Nothing,
    /// It does its work, and says the opposite of what came of it.
    Lie,
    /// It does its work, and that takes so long, in virtual time.
    Slow(Duration),
    /// Its time is over before its code is called: of a job without a [limit](crate::JobOptions::timeout) it is an
    /// [`Error`](Fault::Error). What the code returns decides all the same; `Context::sleep` and commands fail at once.
    TimedOut,
    /// The run is stopped to this level before its code is called, as by a [`CancelToken`](crate::CancelToken).
    Stop(StopLevel),
    /// The whole process is killed before its code is called. Nothing of the run is left, no cleanup is called, and
    /// a new run of the same plan starts. A simulation is killed at most 16 times.
    Crash,
}

/// What a phase does with a thing that other jobs may use, too; see [`touches`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It looks.
    Read,
    /// It changes it.
    Write,
}

/// What goes wrong in a simulation, and where.
///
/// ```
/// # use dojobber_core::{Draft, JobSpec, Phase, Status, testkit::{Fault, Faults, Simulation}};
/// # use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
/// let there = AtomicBool::new(false);
/// # let mut draft = Draft::<()>::default();
/// # draft.open("user");
/// # draft.close(JobSpec::check_and_run(|_| there.load(SeqCst), |_| there.store(true, SeqCst)));
/// # let plan = draft.compile().unwrap();
/// let faults = Faults::none().on("user", Phase::Run, Fault::Nothing);
/// let run = Simulation::new(0).faults(faults).run(&plan, ());
/// assert_eq!(run.job("user").unwrap().tries(), 2); // the first run did nothing, the second one worked
/// assert_eq!(run.status("user"), Some(Status::Changed));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    rules: Vec<Rule>,
    random: Option<Random>,
}

#[derive(Debug, Clone, PartialEq)]
struct Rule {
    job: Box<str>,
    phase: Phase,
    /// `None`: at every try of every run.
    attempt: Option<u32>,
    /// 0: all of the phase; n: what follows its nth interruption point.
    part: u32,
    fault: Fault,
}

#[derive(Debug, Clone, PartialEq)]
struct Random {
    /// The probability, in units of 2^-32.
    chance: u64,
    faults: Vec<Fault>,
}

impl Faults {
    /// Everything goes as the jobs do.
    pub fn none() -> Self {
        Faults::default()
    }

    /// Injects a fault into that phase of the first try of that job. It strikes once: after a simulated crash the next run
    /// goes without it.
    pub fn on<M>(self, job: impl JobName<M>, phase: Phase, fault: Fault) -> Self {
        self.on_try(job, 1, phase, fault)
    }

    /// Injects a fault into that phase of that try of that job. Tries count from 1; it strikes once.
    pub fn on_try<M>(self, job: impl JobName<M>, attempt: u32, phase: Phase, fault: Fault) -> Self {
        self.with(Rule { job: job.job_name().into(), phase, attempt: Some(attempt), part: 0, fault })
    }

    /// At an interruption point of that phase of the first try of that job, counted from 1: once. Only
    /// [`Fault::Crash`] and [`Fault::Panic`] can happen there. See [`interruption`].
    pub fn on_interruption<M>(self, job: impl JobName<M>, phase: Phase, point: u32, fault: Fault) -> Self {
        self.with(Rule { job: job.job_name().into(), phase, attempt: Some(1), part: point, fault })
    }

    /// In that phase of every try of that job.
    pub fn always<M>(self, job: impl JobName<M>, phase: Phase, fault: Fault) -> Self {
        self.with(Rule { job: job.job_name().into(), phase, attempt: None, part: 0, fault })
    }

    /// In every phase of every job, and at every interruption point, with that probability from 0 to 1: one of these
    /// faults. Which phase, and which fault, follows from the seed, the job, the try and the phase alone: not from the
    /// order of execution.
    ///
    /// # Panics
    ///
    /// If the probability is not between 0 and 1, or if there are no faults.
    pub fn randomly(mut self, probability: f64, faults: impl IntoIterator<Item = Fault>) -> Self {
        assert!((0.0..=1.0).contains(&probability), "randomly({probability}, ..): between 0 and 1");
        let faults: Vec<Fault> = faults.into_iter().collect();
        assert!(!faults.is_empty(), "randomly(.., []): name at least one fault");
        self.random = Some(Random { chance: (probability * f64::from(u32::MAX)).round() as u64, faults });
        self
    }

    /// Whether there are none.
    pub(crate) fn is_none(&self) -> bool {
        self.rules.is_empty() && self.random.is_none()
    }

    /// Whether a run may be stopped by them.
    pub(crate) fn may_stop(&self) -> bool {
        let random = self.random.iter().flat_map(|random| &random.faults);
        self.rules.iter().map(|rule| &rule.fault).chain(random).any(|fault| matches!(fault, Fault::Stop(_)))
    }

    fn with(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }
}
