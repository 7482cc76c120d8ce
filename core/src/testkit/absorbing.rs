//! One error is absorbed by the run that it happens in.

use std::fmt::Debug;

use crate::faults::{Call, Fault, Strike};
use crate::testkit::blame::told;
use crate::testkit::difference::contrast;
use crate::testkit::experiment::Experiment;
use crate::testkit::finding::{Finding, Trouble, seen_or_panic};
use crate::testkit::observation::Observation;
use crate::testkit::simulation::Simulation;
use crate::testkit::strikes::strikes;
use crate::testkit::trials::Trials;
use crate::words::Phase;

/// Lets one phase fail, at every single point where the job has another try: the run must succeed all the same, and the
/// body must see what it sees if nothing goes wrong. What that is, is returned. Where a phase fails in its midst, success is
/// enough: what that leaves may be for the next run to sweep away.
///
/// A phase fails at once, at each of its [`interruption`](super::interruption) points, or, if it is a run, also after it
/// has done its work. What a job does that has but one try is left alone, and so are cleanups. [`assert_convergent`](super::assert_convergent) asks for less: there the next run
/// may have to help.
///
/// Each point is tried in the orders of as many seeds as `schedules` says.
///
/// ```should_panic
/// # use dojobber_core::{Draft, JobSpec, testkit::assert_absorbs};
/// # use std::sync::Mutex;
/// assert_absorbs(1, |sim| {
///     let mails = Mutex::new(0);
/// #   let mut draft = Draft::<()>::default();
/// #   draft.open("mail");
/// #   draft.close(JobSpec::run_only(|_| *mails.lock().unwrap() += 1));
/// #   let plan = draft.compile().unwrap();
///     // .. a run_only that sends a mail: its second try sends it again ..
///     let _ = sim.run(&plan, ());
/// #   drop(plan);
///     mails.into_inner().unwrap()
/// });
/// ```
///
/// # Panics
///
/// If that is not so, or if a run fails although nothing went wrong: with a report that names the job, the fault and the
/// seed.
#[track_caller]
pub fn assert_absorbs<O: PartialEq + Debug>(schedules: u64, body: impl Fn(&Simulation) -> O) -> O {
    seen_or_panic(check_absorbs(schedules, body))
}

/// As [`assert_absorbs`], without a panic.
///
/// # Errors
///
/// The first [`Finding`].
pub fn check_absorbs<O: PartialEq + Debug>(
    schedules: u64,
    body: impl Fn(&Simulation) -> O,
) -> Result<O, Finding> {
    let trials = Trials::of(body);
    trials.with_calm(schedules, Experiment::calm, |experiment, calm| {
        strikes(calm, |call| faults(calm, call)).find_map(|strike| {
            let trial = trials.observe(experiment.clone().struck(strike));
            trouble(strike, &trial, calm)
        })
    })
}

/// What may go wrong where another try is left.
fn faults<O>(calm: &Observation<O>, call: Call) -> &'static [Fault] {
    match (call.step.part, call.step.phase) {
        (_, Phase::Cleanup) => &[],
        _ if !calm.has_tries_left(call) => &[],
        (0, Phase::Run) => &[Fault::Error, Fault::ErrorAfter],
        (0, _) => &[Fault::Error],
        _ => &[Fault::Panic], // what an error in the midst of it would leave
    }
}

fn trouble<O: PartialEq + Debug>(
    strike: Strike,
    trial: &Observation<O>,
    calm: &Observation<O>,
) -> Option<Trouble> {
    let failure = trial.runs.iter().find_map(|run| run.failure("a run does not absorb one error: it"));
    let failure = failure.or_else(|| trial.panicked(""));
    let struck = trial.calls[strike.at - 1];
    let trouble = failure.or_else(|| match (&trial.seen, &calm.seen) {
        (Ok(seen), Ok(expected)) if seen != expected && struck.step.part == 0 => Some(
            Trouble::new("a run that has absorbed one error leads to something else")
                .detail(contrast(("without a fault", expected), ("as it is", seen))),
        ),
        _ => None,
    })?;
    Some(trouble.detail(format!("after {}", told(strike, trial))).job(trial.job(struck)))
}
