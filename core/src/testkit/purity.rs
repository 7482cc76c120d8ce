//! A dry run changes nothing.

use std::fmt::Debug;

use crate::faults::Fault;
use crate::testkit::difference::contrast;
use crate::testkit::experiment::{Experiment, Then};
use crate::testkit::finding::{Finding, Trouble, seen_or_panic};
use crate::testkit::observation::{Observation, RunSeen};
use crate::testkit::simulation::Simulation;
use crate::testkit::trials::Trials;
use crate::words::DryRun;

/// Makes a dry run at every point of a real one: before it, after each of its phases and at each
/// [`interruption`](super::interruption) point, and when it is over. The body must see the same as without the dry run.
/// What it sees if nothing is run is returned.
///
/// A dry run calls constructors, first checks and what describes a run, which must change nothing, whatever state they
/// find. It [goes through](DryRun::Through), so that it also calls what stands behind a job that would run. Before the end
/// the run that the body gets is an empty one, which has succeeded. Real and dry runs follow the orders of as many seeds
/// as `schedules` says.
///
/// ```should_panic
/// # use dojobber_core::{Draft, JobSpec, testkit::assert_dry_run_is_pure};
/// # use std::sync::Mutex;
/// assert_dry_run_is_pure(1, |sim| {
///     let world = Mutex::new(Vec::new());
/// #   let mut draft = Draft::<()>::default();
/// #   draft.open("user");
/// #   draft.close(JobSpec::check_and_run(|_| { world.lock().unwrap().push("log"); false }, |_| ()));
/// #   let plan = draft.compile().unwrap();
///     // .. a job whose check writes something ..
///     let _ = sim.run(&plan, ());
/// #   drop(plan);
///     world.into_inner().unwrap()
/// });
/// ```
///
/// # Panics
///
/// If it sees something else, or if a run fails although nothing went wrong: with a report that names the job, and the
/// seed.
#[track_caller]
pub fn assert_dry_run_is_pure<O: PartialEq + Debug>(schedules: u64, body: impl Fn(&Simulation) -> O) -> O {
    seen_or_panic(check_dry_run_is_pure(schedules, body))
}

/// As [`assert_dry_run_is_pure`], without a panic.
///
/// # Errors
///
/// The first [`Finding`].
pub fn check_dry_run_is_pure<O: PartialEq + Debug>(
    schedules: u64,
    body: impl Fn(&Simulation) -> O,
) -> Result<O, Finding> {
    let trials = Trials::of(body);
    trials.with_seeds(schedules, |seed| {
        let experiment = Experiment::calm(seed);
        let untouched = change_after(0, &experiment, &trials)?;
        let calm = trials.observe(experiment.clone());
        let trouble = calm.calm_trouble().or_else(|| {
            let points = 1..calm.calls.len();
            let on_the_way =
                points.into_iter().find_map(|calls| change_after(calls, &experiment, &trials).err());
            on_the_way.or_else(|| change_in_the_end(&calm, &experiment, &trials))
        });
        trouble.map_or(Ok(untouched), Err)
    })
}

/// What the body sees if a run is stopped after so many calls, where a dry run changes nothing.
fn change_after<O: PartialEq + Debug>(
    calls: usize,
    experiment: &Experiment,
    trials: &Trials<impl Fn(&Simulation) -> O>,
) -> Result<O, Trouble> {
    let stopped = trials.observe(experiment.clone().stop(calls, DryRun::Off));
    let dry = trials.observe(experiment.clone().stop(calls, DryRun::Through));
    let after = dry.seen.as_ref().map_err(|_| dry.panicked(" after a dry run"));
    let (before, after) = match (&stopped.seen, after) {
        (Ok(before), Ok(after)) if before != after => (before, after),
        (_, Err(Some(trouble))) if stopped.seen.is_ok() => return Err(trouble),
        _ => return stopped.unless(None),
    };
    let culprit = first_change(&dry, |up_to| {
        let strike = experiment.clone().stop(calls, DryRun::Through).strike(up_to + 1, Fault::Crash);
        trials.observe(strike).seen.as_ref() == Ok(before)
    });
    let place = calls
        .checked_sub(1)
        .map(|last| format!("the run before it had come to {}", dry.told(dry.calls[last])));
    let trouble = culprit.detail(contrast(("before", before), ("after", after)));
    Err(place.into_iter().fold(trouble, Trouble::detail))
}

/// What is wrong if a dry run follows when all is over.
fn change_in_the_end<O: PartialEq + Debug>(
    calm: &Observation<O>,
    experiment: &Experiment,
    trials: &Trials<impl Fn(&Simulation) -> O>,
) -> Option<Trouble> {
    let experiment = experiment.clone().then(Then::DryRun(DryRun::Through));
    let dry = trials.observe(experiment.clone());
    let (before, after) = (
        calm.seen.as_ref().ok()?,
        match &dry.seen {
            Ok(after) => after,
            Err(_) => return dry.panicked(" after a dry run"),
        },
    );
    if before == after {
        return None;
    }
    let culprit = first_change(&dry, |up_to| {
        trials.observe(experiment.clone().strike(up_to + 1, Fault::Crash)).seen.as_ref() == Ok(before)
    });
    Some(culprit.detail(contrast(("before", before), ("after", after))))
}

/// The call of a dry run that makes the world another one: `is_same` says whether it is the same up to a call.
fn first_change<O>(dry: &Observation<O>, is_same: impl Fn(usize) -> bool) -> Trouble {
    let is_dry = |at: &usize| dry.run_of(dry.calls[*at]).is_some_and(|run| run.is_dry);
    let calls: Vec<usize> = (0..dry.calls.len()).filter(is_dry).collect();
    match calls[..].partition_point(|at| is_same(at + 1)) {
        at if at < calls.len() => {
            let call = dry.calls[calls[at]];
            let (what, job) =
                (format!("a dry run changes something: {} does", dry.told(call)), dry.job(call));
            let trouble = if is_behind(dry, &job) {
                let why = "it is called before what it depends on is done, as by a dry run that goes through";
                Trouble::new(what).detail(why)
            } else {
                Trouble::new(what)
            };
            trouble.job(job).phase(call.step.phase)
        }
        _ => Trouble::new("a dry run changes something, though it calls no job"),
    }
}

/// Whether a job stands behind one that would run.
fn is_behind<O>(dry: &Observation<O>, job: &str) -> bool {
    let report = dry.runs.iter().rev().find(|run| run.is_dry).and_then(RunSeen::report);
    report.and_then(|report| report.job(job)).is_some_and(|job| job.behind())
}
