//! Which job has to do with what was found.

use std::ops::Range;

use crate::faults::{Call, Fault, Strike};
use crate::testkit::experiment::Experiment;
use crate::testkit::finding::Trouble;
use crate::testkit::observation::Observation;
use crate::testkit::simulation::Simulation;
use crate::testkit::trials::Trials;
use crate::words::{DryRun, Status};

/// What was made to go wrong, as it stands in reports.
pub(super) fn told<O>(strike: Strike, observation: &Observation<O>) -> String {
    let Some(call) = observation.calls.get(strike.at - 1) else { return "no fault".to_owned() };
    let here = observation.told(*call);
    let here = if strike.lasts { format!("{here}, in this and every later try") } else { here };
    match (strike.fault, before(strike.at - 1, &observation.calls)) {
        (Fault::Crash, _) if call.step.part > 0 => format!("a crash in {here}"),
        (Fault::Crash, Some(before)) => {
            format!("a crash between {} and {here}", observation.told(before))
        }
        (Fault::Crash, None) => format!("a crash before {here}"),
        (Fault::Error, _) => format!("an error in {here}"),
        (Fault::Panic, _) => format!("a panic in {here}"),
        (Fault::ErrorAfter, _) => format!("an error at the end of {here}"),
        (Fault::Stop(_), _) => format!("a stop at {here}"),
        (other, _) => format!("{other:?} in {here}"),
    }
}

/// The call to look at first where something went wrong: in a crash, the last one before it. For the same crash one
/// call earlier did no harm.
pub(super) fn suspect<O>(strike: Strike, observation: &Observation<O>) -> Option<Call> {
    let call = *observation.calls.get(strike.at - 1)?;
    match strike.fault {
        Fault::Crash if call.step.part == 0 => before(strike.at - 1, &observation.calls),
        _ => Some(call),
    }
}

/// The call before one, in the same run.
fn before(at: usize, calls: &[Call]) -> Option<Call> {
    let before = calls.get(at.checked_sub(1)?)?;
    (before.run == calls[at].run).then_some(*before)
}

/// Names the call that has undone what a job had done, if it can be found; see [`undoer`].
pub(super) fn with_undoer<O>(
    trouble: Trouble,
    job: &str,
    lost_in: usize,
    experiment: &Experiment,
    observation: &Observation<O>,
    trials: &Trials<impl Fn(&Simulation) -> O>,
) -> Trouble {
    match undoer(job, lost_in, experiment, observation, trials) {
        Some(call) => {
            let job = observation.job(call);
            trouble.detail(format!("it was done until {}", observation.told(call))).job(job)
        }
        None => trouble,
    }
}

/// The call that has undone what a job had done: after it the job's check fails in a dry run, and before it passed.
///
/// `lost_in` is the number of the run in which the check failed first.
fn undoer<O>(
    job: &str,
    lost_in: usize,
    experiment: &Experiment,
    observation: &Observation<O>,
    trials: &Trials<impl Fn(&Simulation) -> O>,
) -> Option<Call> {
    let calls = &observation.calls;
    let is_of_job = |at: &usize| observation.job(calls[*at]) == job;
    let lost = (0..calls.len()).filter(|at| calls[*at].run == lost_in).find(is_of_job)?;
    let done = (0..lost).rev().find(is_of_job)? + 1;
    let holds = |after: usize| {
        let trial = trials.observe(experiment.clone().stop(after, DryRun::Checks));
        let dry = trial.runs.into_iter().rev().find(|run| run.is_dry)?;
        Some(dry.report()?.status(job)? == Status::Satisfied)
    };
    if holds(done)? && !holds(lost)? { Some(calls[flip(done..lost, holds)?]) } else { None }
}

/// Names the call after which running again does not help any more, if it can be found: had the process been killed
/// before it, the next run would have succeeded. `failed_in` is the number of the run that fails again.
pub(super) fn with_breaker<O>(
    trouble: Trouble,
    failed_in: usize,
    experiment: &Experiment,
    observation: &Observation<O>,
    trials: &Trials<impl Fn(&Simulation) -> O>,
) -> Trouble {
    let Some(strike) = experiment.strikes.last().filter(|strike| strike.fault != Fault::Crash) else {
        return trouble;
    };
    let end = observation.calls.iter().take_while(|call| call.run < failed_in).count();
    let helps = |calls: usize| {
        let trial = trials.observe(experiment.clone().strike(calls + 1, Fault::Crash));
        Some(trial.runs.last()?.success())
    };
    if strike.at >= end || helps(strike.at) != Some(true) || helps(end) != Some(false) {
        return trouble;
    }
    match flip(strike.at..end, helps) {
        Some(last) => {
            let call = observation.calls[last];
            let detail = format!("running again would have helped until {}", observation.told(call));
            trouble.detail(detail).job(observation.job(call))
        }
        None => trouble,
    }
}

/// Where what holds at the start of a range and does not at its end ceases to: the last place at which it holds.
fn flip(range: Range<usize>, holds: impl Fn(usize) -> Option<bool>) -> Option<usize> {
    let (mut low, mut high) = (range.start, range.end);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle)? { low = middle } else { high = middle }
    }
    Some(low)
}
