//! A second run changes nothing.

use std::fmt::Debug;

use crate::report::JobReport;
use crate::testkit::blame::with_undoer;
use crate::testkit::difference::contrast;
use crate::testkit::experiment::{Experiment, Then};
use crate::testkit::finding::{Finding, Trouble, seen_or_panic};
use crate::testkit::observation::{Observation, RunSeen, first_complaint};
use crate::testkit::simulation::Simulation;
use crate::testkit::trials::Trials;
use crate::words::{Kind, Phase};

/// Runs each plan of the body a second time, as another process: the first run must succeed, the second must run
/// nothing, and the body must see the same as after one run. What it sees is returned.
///
/// A `run_only` runs every time: give it a check, or exempt it with [`Idempotence::exempt`].
///
/// Each is tried in the orders of as many seeds as `schedules` says.
///
/// ```should_panic
/// # use dojobber_core::{Draft, JobOptions, JobSpec, testkit::assert_idempotent};
/// # use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
/// assert_idempotent(1, |sim| {
///     let mounted = AtomicBool::new(false);
/// #   let mut draft = Draft::<()>::default();
/// #   draft.open("mount");
/// #   let mut options = JobOptions::default();
/// #   options.cleanup(|_| mounted.store(false, SeqCst));
/// #   let spec = JobSpec::check_and_run(|_| mounted.load(SeqCst), |_| mounted.store(true, SeqCst));
/// #   draft.close(spec.with_options(options));
/// #   let plan = draft.compile().unwrap();
///     // .. a job whose cleanup takes away what its check looks for ..
///     let _ = sim.run(&plan, ());
/// });
/// ```
///
/// # Panics
///
/// If a run fails, if the second one runs something, or if the body sees something else after it: with a report that
/// names the job, and who has undone what it did.
#[track_caller]
pub fn assert_idempotent<O: PartialEq + Debug>(schedules: u64, body: impl Fn(&Simulation) -> O) -> O {
    Idempotence::new(schedules).assert(body)
}

/// As [`assert_idempotent`], without a panic.
///
/// # Errors
///
/// The first [`Finding`].
pub fn check_idempotent<O: PartialEq + Debug>(
    schedules: u64,
    body: impl Fn(&Simulation) -> O,
) -> Result<O, Finding> {
    Idempotence::new(schedules).check(body)
}

/// What [`assert_idempotent`] asks for, and what it may leave out.
///
/// ```
/// # use dojobber_core::{Draft, JobSpec, testkit::Idempotence};
/// # use std::sync::Mutex;
/// let seen = Idempotence::new(1).exempt(["reload"]).assert(|sim| {
///     let loaded = Mutex::new("");
/// #   let mut draft = Draft::<()>::default();
/// #   draft.open("reload");
/// #   draft.close(JobSpec::run_only(|_| *loaded.lock().unwrap() = "new"));
/// #   let plan = draft.compile().unwrap();
///     // .. a run_only that may be run as often as one likes ..
///     let _ = sim.run(&plan, ());
/// #   drop(plan);
///     loaded.into_inner().unwrap()
/// });
/// assert_eq!(seen, "new");
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is checked until a body is: `.assert(body)`"]
pub struct Idempotence {
    schedules: u64,
    exempt: Vec<String>,
}

impl Idempotence {
    /// The orders of so many seeds are tried.
    pub fn new(schedules: u64) -> Self {
        Idempotence { schedules, exempt: Vec::new() }
    }

    /// These run_onlys may be run again. The world must look the same nevertheless.
    pub fn exempt<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.exempt.extend(names.into_iter().map(|name| name.as_ref().to_owned()));
        self
    }

    /// Calls the body, with each of its runs done twice.
    ///
    /// # Panics
    ///
    /// As [`assert_idempotent`] does; and if a job is to be exempt that is no run_only of a plan of the body.
    #[track_caller]
    pub fn assert<O: PartialEq + Debug>(&self, body: impl Fn(&Simulation) -> O) -> O {
        seen_or_panic(self.check(body))
    }

    /// As [`assert`](Idempotence::assert), without a panic for what is found.
    ///
    /// # Errors
    ///
    /// The first [`Finding`].
    ///
    /// # Panics
    ///
    /// If a job is to be exempt that is no run_only of a plan of the body.
    pub fn check<O: PartialEq + Debug>(&self, body: impl Fn(&Simulation) -> O) -> Result<O, Finding> {
        let trials = Trials::of(body);
        trials.with_calm(self.schedules, Experiment::calm, |experiment, once| {
            self.refuse_unknown(once);
            let experiment = experiment.clone().then(Then::Again);
            let twice = trials.observe(experiment.clone());
            self.trouble(once, &twice, &experiment, &trials)
        })
    }

    fn refuse_unknown<O>(&self, once: &Observation<O>) {
        for name in &self.exempt {
            let kind = |run: &RunSeen| run.graph.find(name).map(|job| run.graph.kind(job));
            assert!(
                once.runs.iter().any(|run| kind(run) == Some(Kind::RunOnly)),
                "`{name}` is to be exempt, and is no run_only of any plan of the body"
            );
        }
    }

    fn trouble<O: PartialEq + Debug>(
        &self,
        once: &Observation<O>,
        twice: &Observation<O>,
        experiment: &Experiment,
        trials: &Trials<impl Fn(&Simulation) -> O>,
    ) -> Option<Trouble> {
        let pairs = twice.runs.windows(2).filter(|pair| pair[0].of_body == pair[1].of_body);
        for second in pairs.map(|pair| &pair[1]) {
            if let Some(failure) = second.failure("a second run") {
                return Some(failure);
            }
            if let Some((job, trouble)) = self.change(second) {
                return Some(with_undoer(trouble, &job, second.number, experiment, twice, trials));
            }
        }
        twice.panicked(" after a second run").or_else(|| self.difference(once, twice))
    }

    /// The first job that was run in a second run, and what that says.
    fn change(&self, second: &RunSeen) -> Option<(String, Trouble)> {
        let is_exempt = |job: &JobReport<'_>| {
            job.kind() == Kind::RunOnly && self.exempt.iter().any(|name| name == job.name())
        };
        let ran = |job: &JobReport<'_>| {
            let run = job.phases().into_iter().find(|record| record.phase() == Phase::Run);
            run.and_then(|record| record.sequence())
        };
        let jobs = second.report()?.jobs().filter(|job| !is_exempt(job));
        let (_, job) =
            jobs.filter_map(|job| Some((ran(&job)?, job))).min_by_key(|(sequence, _)| *sequence)?;
        let trouble =
            Trouble::new(format!("a second run changes something: job `{}` is run again", job.name()))
                .job(job.name())
                .phase(Phase::Run);
        let trouble = match (job.kind(), first_complaint(&job)) {
            (Kind::RunOnly, _) => trouble.detail("it is a run_only, which runs every time: give it a check"),
            (_, Some(error)) => trouble.detail(format!("after a run that succeeded its check says: {error}")),
            (_, None) => trouble,
        };
        Some((job.name().to_owned(), trouble))
    }

    /// What the body sees that it did not see after one run.
    fn difference<O: PartialEq + Debug>(
        &self,
        once: &Observation<O>,
        twice: &Observation<O>,
    ) -> Option<Trouble> {
        let (Ok(one), Ok(two)) = (&once.seen, &twice.seen) else { return None };
        let trouble = Trouble::new("a second run leads to something else")
            .detail(contrast(("after one run", one), ("after two", two)));
        let trouble = self.exempt.iter().fold(trouble, |trouble, name| {
            trouble.detail(format!("`{name}` was run again, and is exempt")).job(name.as_str())
        });
        (one != two).then_some(trouble)
    }
}
