//! Something holds all the time.

use std::fmt::Debug;

use crate::testkit::experiment::Experiment;
use crate::testkit::finding::{Finding, Trouble, seen_or_panic};
use crate::testkit::observation::Observation;
use crate::testkit::simulation::Simulation;
use crate::testkit::trials::Trials;
use crate::verdict::Verdict;
use crate::words::DryRun;

/// Looks at the world after every phase, not only when all is over: what the body sees must fit the invariant each time.
/// What it sees in the end is returned.
///
/// The run is stopped before the first phase, after the first one, after the second one, and so on, each time in a new
/// world. So the body sees the world as it stands there; the run that it gets is then an empty one, which has succeeded.
/// Phases are taken in the orders of as many seeds as `schedules` says, cleanups included. The invariant returns what a
/// check does: a `bool`, or a `Result` that says what is wrong.
///
/// ```should_panic
/// # use dojobber_core::{Draft, JobSpec, testkit::assert_always};
/// # use std::sync::Mutex;
/// assert_always(
///     1,
///     |sim| {
///         let serving = Mutex::new(vec!["old"]);
/// #       let mut draft = Draft::<()>::default();
/// #       draft.open("stop");
/// #       draft.close(JobSpec::run_only(|_| serving.lock().unwrap().clear()));
/// #       draft.open("start");
/// #       draft.after("stop");
/// #       draft.close(JobSpec::run_only(|_| serving.lock().unwrap().push("new")));
/// #       let plan = draft.compile().unwrap();
///         // .. `stop` the old server, and `start` the new one after that ..
///         let _ = sim.run(&plan, ());
/// #       drop(plan);
///         serving.into_inner().unwrap()
///     },
///     |serving| !serving.is_empty(),
/// );
/// ```
///
/// # Panics
///
/// If the invariant does not hold after some phase, or if a run fails although nothing went wrong: with a report that
/// names the job, the phase and the seed.
#[track_caller]
pub fn assert_always<O: Debug, V: Verdict>(
    schedules: u64,
    body: impl Fn(&Simulation) -> O,
    invariant: impl Fn(&O) -> V,
) -> O {
    seen_or_panic(check_always(schedules, body, invariant))
}

/// As [`assert_always`], without a panic.
///
/// # Errors
///
/// The first [`Finding`].
pub fn check_always<O: Debug, V: Verdict>(
    schedules: u64,
    body: impl Fn(&Simulation) -> O,
    invariant: impl Fn(&O) -> V,
) -> Result<O, Finding> {
    let trials = Trials::of(body);
    trials.with_seeds(schedules, |seed| {
        let calm = trials.observe(Experiment::calm(seed));
        let trouble = violated_on_the_way(seed, &calm, &invariant, &trials)
            .or_else(|| calm.calm_trouble())
            .or_else(|| violated(&calm, calm.calls.len(), calm.seen.as_ref().ok()?, &invariant));
        calm.unless(trouble)
    })
}

/// Before the first phase, and after each one but the last.
fn violated_on_the_way<O: Debug, V: Verdict>(
    seed: u64,
    calm: &Observation<O>,
    invariant: &impl Fn(&O) -> V,
    trials: &Trials<impl Fn(&Simulation) -> O>,
) -> Option<Trouble> {
    let phases = calm.calls.iter().enumerate().filter(|(_, call)| call.step.part == 0);
    phases.map(|(at, _)| at).find_map(|calls| {
        let stopped = trials.observe(Experiment::calm(seed).stop(calls, DryRun::Off));
        match &stopped.seen {
            Ok(seen) => violated(calm, calls, seen, invariant),
            Err(_) => stopped.panicked(&format!(" when a run is stopped {}", place(calm, calls))),
        }
    })
}

fn violated<O: Debug, V: Verdict>(
    calm: &Observation<O>,
    calls: usize,
    seen: &O,
    invariant: &impl Fn(&O) -> V,
) -> Option<Trouble> {
    let error = invariant(seen).verdict().err()?;
    let trouble = Trouble::new(format!("what must always hold does not hold {}", place(calm, calls)))
        .detail(format!("it says: {error}"))
        .detail(format!("the body sees: {seen:?}"));
    Some(match calls.checked_sub(1) {
        Some(last) => trouble.job(calm.job(calm.calls[last])).phase(calm.calls[last].step.phase),
        None => trouble,
    })
}

/// Where a run stands after so many calls. Interruption points are inside of the phase that goes on behind them.
fn place<O>(calm: &Observation<O>, calls: usize) -> String {
    let Some(last) = calls.checked_sub(1).map(|last| calm.calls[last]) else {
        return "before anything is run".to_owned();
    };
    let mut phase = last;
    phase.step.part = 0;
    format!("after {}", calm.told(phase))
}
