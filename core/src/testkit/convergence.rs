//! Whatever goes wrong, running again leads to success.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::cancel::StopLevel;
use crate::faults::{Call, Fault, Step, Strike};
use crate::report::JobReport;
use crate::testkit::blame::{suspect, told, with_breaker, with_undoer};
use crate::testkit::difference::contrast;
use crate::testkit::experiment::{Experiment, Then};
use crate::testkit::finding::{Finding, Trouble, seen_or_panic};
use crate::testkit::observation::{Observation, RunEnd, RunSeen, first_complaint};
use crate::testkit::simulation::Simulation;
use crate::testkit::strikes::{lasting_strikes, strikes};
use crate::testkit::trials::Trials;
use crate::words::{DryRun, Kind, Phase, Status};

/// Lets something go wrong once, at every single point, and runs the plan again on the same world until all is done.
///
/// First the plan is run again though nothing went wrong. Then, at each call of a job's code, cleanups included, these
/// are tried: the process is killed before it, or at one of its [`interruption`](super::interruption) points; it fails;
/// and, of a run, it does its work and fails then. What would be tried again also fails in every try of that run: in its
/// constructor, its run and its recheck. After that nothing goes wrong any more, so:
///
/// - each further run gets nearer to success: it succeeds, or at least more jobs are done than before;
/// - what is done stays done: the check of a job passes that was done in the run before, unless a cleanup of that same
///   job was called in between. What a crash or a failed cleanup has left behind may be repaired by the first run that
///   follows, as by a job that sweeps; a run after that must have nothing to repair;
/// - in the end the body sees what it sees if nothing goes wrong. Let it return `()` if that need not be so.
///
/// Each point is tried in the orders of as many seeds as `schedules` says; what the body sees if nothing goes wrong is
/// returned. [`Convergence`] has more to ask for.
///
/// ```should_panic
/// # use dojobber_core::{Draft, JobSpec, testkit::assert_convergent};
/// # use std::sync::Mutex;
/// assert_convergent(1, |sim| {
///     let file = Mutex::new(String::new());
/// #   let mut draft = Draft::<()>::default();
/// #   draft.open("hosts");
/// #   let append = || { file.lock().unwrap().push_str("10.0.0.1 db\n") };
/// #   draft.close(JobSpec::run_only(|_| append()));
/// #   let plan = draft.compile().unwrap();
///     // .. a job that appends a line to it, whatever is there ..
///     let _ = sim.run(&plan, ());
/// #   drop(plan);
///     file.into_inner().unwrap()
/// });
/// ```
///
/// # Panics
///
/// If any of that is not so, or if a run fails although nothing went wrong: with a report that names the job, the fault
/// and the seed.
#[track_caller]
pub fn assert_convergent<O: PartialEq + Debug>(schedules: u64, body: impl Fn(&Simulation) -> O) -> O {
    Convergence::new(schedules).assert(body)
}

/// As [`assert_convergent`], without a panic.
///
/// # Errors
///
/// The first [`Finding`].
pub fn check_convergent<O: PartialEq + Debug>(
    schedules: u64,
    body: impl Fn(&Simulation) -> O,
) -> Result<O, Finding> {
    Convergence::new(schedules).check(body)
}

/// What [`assert_convergent`] asks for, and may ask for.
///
/// ```
/// # use dojobber_core::{Draft, JobSpec, testkit::Convergence};
/// # use std::sync::Mutex;
/// Convergence::new(1).crashes(2).assert(|sim| {
///     let file = Mutex::new("");
/// #   let mut draft = Draft::<()>::default();
/// #   draft.open("write");
/// #   draft.close(JobSpec::check_and_run(|_| *file.lock().unwrap() == "new", |_| *file.lock().unwrap() = "new"));
/// #   let plan = draft.compile().unwrap();
///     // .. a job that writes a file, and may be killed twice while it does ..
///     let _ = sim.run(&plan, ());
/// });
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is checked until a body is: `.assert(body)`"]
pub struct Convergence {
    schedules: u64,
    crashes: u32,
    stops: bool,
}

impl Convergence {
    /// Each point is tried in the orders of so many seeds.
    pub fn new(schedules: u64) -> Self {
        Convergence { schedules, crashes: 1, stops: false }
    }

    /// How often the process is killed at most, at least once: 2 tries each pair of points, and so takes as many times
    /// longer as there are points. Default: 1.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn crashes(self, crashes: u32) -> Self {
        assert!(crashes > 0, "crashes(0): there is nothing to converge from");
        Convergence { crashes, ..self }
    }

    /// Whether the run is also stopped at each call, as by `Ctrl-C`: what has begun goes on to the end of its phase, and
    /// cleanups are called. Default: no.
    pub fn stops(self, stops: bool) -> Self {
        Convergence { stops, ..self }
    }

    /// Lets something go wrong at every point.
    ///
    /// # Panics
    ///
    /// As [`assert_convergent`] does.
    #[track_caller]
    pub fn assert<O: PartialEq + Debug>(&self, body: impl Fn(&Simulation) -> O) -> O {
        seen_or_panic(self.check(body))
    }

    /// As [`assert`](Convergence::assert), without a panic.
    ///
    /// # Errors
    ///
    /// The first [`Finding`].
    pub fn check<O: PartialEq + Debug>(&self, body: impl Fn(&Simulation) -> O) -> Result<O, Finding> {
        let trials = Trials::of(body);
        trials.with_calm(self.schedules, Experiment::calm, |experiment, calm| {
            let again = experiment.clone().then(Then::Again);
            aftermath(&again, &trials.observe(again.clone()), calm, &trials).or_else(|| {
                let experiment = experiment.clone().then(Then::UntilDone);
                strikes(calm, |call| self.faults(call))
                    .chain(lasting_strikes(calm, lasting_faults))
                    .find_map(|strike| self.strike(strike, &experiment, calm, &trials))
            })
        })
    }

    fn faults(&self, call: Call) -> &'static [Fault] {
        const STOP: Fault = Fault::Stop(StopLevel::Cancel);
        match (call.step.part, call.step.phase, self.stops) {
            (0, Phase::Run, false) => &[Fault::Crash, Fault::Error, Fault::ErrorAfter],
            (0, Phase::Run, true) => &[Fault::Crash, Fault::Error, Fault::ErrorAfter, STOP],
            (0, _, false) => &[Fault::Crash, Fault::Error],
            (0, _, true) => &[Fault::Crash, Fault::Error, STOP],
            _ => &[Fault::Crash],
        }
    }

    /// What comes of one fault more than the experiment has; and after a crash, of a further one anywhere behind it.
    fn strike<O: PartialEq + Debug>(
        &self,
        strike: Strike,
        experiment: &Experiment,
        calm: &Observation<O>,
        trials: &Trials<impl Fn(&Simulation) -> O>,
    ) -> Option<Trouble> {
        let experiment = experiment.clone().struck(strike);
        let trial = trials.observe(experiment.clone());
        if let Some(trouble) = aftermath(&experiment, &trial, calm, trials) {
            return Some(trouble);
        }
        let goes_on = strike.fault == Fault::Crash && experiment.strikes.len() < self.crashes as usize;
        let behind = strike.at + 1..=if goes_on { trial.calls.len() } else { 0 };
        behind.into_iter().find_map(|at| {
            let next = Strike { at, fault: Fault::Crash, lasts: false };
            self.strike(next, &experiment, calm, trials)
        })
    }
}

/// What fails for good. A check is no such thing: where it fails, the run follows all the same.
fn lasting_faults(call: Call) -> &'static [Fault] {
    match (call.step.part, call.step.phase) {
        (0, Phase::Create | Phase::Run | Phase::Recheck) => &[Fault::Error],
        _ => &[],
    }
}

/// What is wrong after what went wrong, or after nothing did.
fn aftermath<O: PartialEq + Debug>(
    experiment: &Experiment,
    trial: &Observation<O>,
    calm: &Observation<O>,
    trials: &Trials<impl Fn(&Simulation) -> O>,
) -> Option<Trouble> {
    let trouble = reruns(experiment, trial, trials)
        .or_else(|| trial.panicked(""))
        .or_else(|| somewhere_else(experiment, trial, calm, trials))?;
    let faults: Vec<String> = experiment.strikes.iter().map(|strike| told(*strike, trial)).collect();
    let trouble = trouble.detail(match &faults[..] {
        [] => "after a run without a fault".to_owned(),
        faults => format!("after {}, and no fault after that", faults.join(", then ")),
    });
    Some(with_suspects(trouble, experiment, trial))
}

/// Names the jobs where the faults were, too. One that was made to fail, and whose harm others have done, is left out.
fn with_suspects<O>(trouble: Trouble, experiment: &Experiment, trial: &Observation<O>) -> Trouble {
    let is_known = !trouble.jobs.is_empty();
    let is_an_end = |strike: &&Strike| matches!(strike.fault, Fault::Crash | Fault::Stop(_));
    let strikes = experiment.strikes.iter().rev().filter(|strike| !is_known || is_an_end(strike));
    let calls = strikes.filter_map(|strike| suspect(*strike, trial));
    calls.fold(trouble, |trouble, call| trouble.job(trial.job(call)))
}

/// What is wrong with the runs from the first fault on.
fn reruns<O>(
    experiment: &Experiment,
    trial: &Observation<O>,
    trials: &Trials<impl Fn(&Simulation) -> O>,
) -> Option<Trouble> {
    let strike = experiment.strikes.first();
    let struck = strike.and_then(|strike| trial.run_of(*trial.calls.get(strike.at - 1)?));
    let is_rerun = |run: &RunSeen| struck.is_none_or(|struck| run.number >= struck.number);
    let pairs = trial.runs.windows(2).filter(|pair| is_rerun(&pair[0]) && pair[0].of_body == pair[1].of_body);
    pairs.into_iter().find_map(|pair| {
        let (job, trouble) = setback(&pair[0], &pair[1])?;
        Some(match job {
            Some(job) => with_undoer(trouble, &job, pair[1].number, experiment, trial, trials),
            None => with_breaker(trouble, pair[1].number, experiment, trial, trials),
        })
    })
}

/// What is wrong with a run after another, and which job was done before and is not any more.
fn setback(before: &RunSeen, run: &RunSeen) -> Option<(Option<String>, Trouble)> {
    let (report, done) = (run.report()?, before.done());
    let was_done = report.jobs().filter(|job| done.contains(&job.name()));
    let lost = was_done.into_iter().find_map(|job| Some((Some(job.name().to_owned()), lost(before, &job)?)));
    lost.or_else(|| {
        let gets_nearer = run.success() || run.done().len() > done.len();
        if gets_nearer { None } else { Some((None, run.failure("running again does not help: it")?)) }
    })
}

fn lost(before: &RunSeen, job: &JobReport<'_>) -> Option<Trouble> {
    let what = match job.status() {
        Status::Failed => "was done, and fails when all is run again",
        Status::Changed if job.kind() == Kind::Job && !may_be_repaired(before, job.name()) => {
            "was done, and has to be done again"
        }
        _ => return None,
    };
    let trouble = Trouble::new(format!("job `{}` {what}", job.name())).job(job.name());
    let phase = if job.kind() == Kind::RunOnly { Phase::Run } else { Phase::Check };
    let trouble = trouble.phase(phase);
    Some(match first_complaint(job) {
        Some(error) => trouble.detail(format!("its {phase} says: {error}")),
        None => trouble,
    })
}

/// Whether a job may have to be done again after a run: after a crash, a stop or a failed cleanup, and where its own
/// cleanup was called.
fn may_be_repaired(before: &RunSeen, job: &str) -> bool {
    match &before.end {
        RunEnd::Killed(_) => true,
        RunEnd::Ended(report) => {
            let is_cleaned =
                |job: &JobReport<'_>| job.phases().iter().any(|record| record.phase() == Phase::Cleanup);
            report.stop_reason().is_some()
                || !report.cleanup_failures().is_empty()
                || report.job(job).is_some_and(|job| is_cleaned(&job))
        }
    }
}

/// What is wrong with what the body sees in the end, and which jobs have to do with it: first those that change the
/// world once more though they were done, then those that are not run any more, then where the fault was, then those
/// that are run more often.
fn somewhere_else<O: PartialEq + Debug>(
    experiment: &Experiment,
    trial: &Observation<O>,
    calm: &Observation<O>,
    trials: &Trials<impl Fn(&Simulation) -> O>,
) -> Option<Trouble> {
    let (Ok(seen), Ok(expected)) = (&trial.seen, &calm.seen) else { return None };
    if seen == expected {
        return None;
    }
    let trouble = Trouble::new("running again leads to something else")
        .detail(contrast(("without a fault", expected), ("as it is", seen)));
    let trouble = repeated(experiment, trial, trials).into_iter().fold(trouble, |trouble, call| {
        let detail = format!("{} changes the world again, though the job was done", trial.told(call));
        trouble.detail(detail).job(trial.job(call)).phase(call.step.phase)
    });
    let (now, usual) = (runs(trial), runs(calm));
    let missed = usual.keys().filter(|job| !now.contains_key(*job));
    let trouble = missed.fold(trouble, |trouble, job| {
        trouble.detail(format!("`{job}` is run without a fault, and is not run now")).job(job)
    });
    let trouble = with_suspects(trouble, experiment, trial);
    let usual = |job: &String| usual.get(job).map_or(0, |(times, _)| *times);
    let mut more: Vec<_> = now.iter().filter(|(job, (times, _))| *times > usual(job)).collect();
    more.sort_by_key(|(_, (_, kind))| *kind == Kind::RunOnly); // which are run again in any case
    Some(more.into_iter().fold(trouble, |trouble, (job, (times, _))| {
        trouble
            .detail(format!(
                "`{job}` is run {times} {}, not {}",
                if *times == 1 { "time" } else { "times" },
                usual(job)
            ))
            .job(job)
    }))
}

/// The calls of jobs that were done in an earlier run, and change the world once more.
fn repeated<O: PartialEq>(
    experiment: &Experiment,
    trial: &Observation<O>,
    trials: &Trials<impl Fn(&Simulation) -> O>,
) -> Vec<Call> {
    let calls = &trial.calls;
    let was_done = |call: Call| {
        let job = trial.job(call);
        trial
            .runs
            .iter()
            .take_while(|run| run.number < call.run)
            .any(|run| run.done().contains(&job.as_str()))
    };
    let begins = |at: &usize| calls[*at].step.phase != Phase::Cleanup && calls[*at].step.part == 0;
    let again = (0..calls.len()).filter(begins).filter(|at| was_done(calls[*at]));
    let seen = |calls: usize| trials.observe(experiment.clone().stop(calls, DryRun::Off)).seen;
    let changes_something = again.filter(|at| {
        let end = (at + 1..calls.len()).find(|at| calls[*at].step.part == 0).unwrap_or(calls.len());
        seen(*at) != seen(end)
    });
    changes_something.map(|at| calls[at]).collect()
}

/// How often each job was run, and its kind.
fn runs<O>(observation: &Observation<O>) -> BTreeMap<String, (usize, Kind)> {
    let mut runs: BTreeMap<String, (usize, Kind)> = BTreeMap::new();
    let is_run = |step: Step| step.phase == Phase::Run && step.part == 0;
    for call in observation.calls.iter().filter(|call| is_run(call.step)) {
        let Some(run) = observation.run_of(*call) else { continue };
        let job = runs.entry(observation.job(*call)).or_insert((0, run.graph.kind(call.step.job)));
        job.0 += 1;
    }
    runs
}
