//! A dry run changes nothing.

use std::fmt::Debug;

use crate::exec::Choices;
use crate::testkit::finding::{Finding, Trouble, shown};
use crate::testkit::lab::Task;
use crate::testkit::simulation::Simulation;
use crate::testkit::trial::Trial;

/// Has the body run its plan dry, in the orders of as many seeds as `schedules` says: it must see the same as if nothing
/// had been run. What it sees is returned.
///
/// A dry run calls constructors and first checks, which must change nothing. The body must not insist on success.
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
/// If it sees something else: with a report that names the job that has changed it, and the seed.
#[track_caller]
pub fn assert_dry_run_is_pure<O: PartialEq + Debug>(schedules: u64, body: impl Fn(&Simulation) -> O) -> O {
    match check_dry_run_is_pure(schedules, body) {
        Ok(seen) => seen,
        Err(finding) => finding.panic(),
    }
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
    let idle = Trial::seeded(0, Task::Idle, &body);
    let untouched = match idle.seen {
        Ok(untouched) => untouched,
        Err(panic) => {
            let trouble = Trouble::new(format!("the body panics when nothing is run: {panic}"));
            return Err(trouble.found(None, 0));
        }
    };
    let mut runs = 0;
    let dry = |seed, task| Trial::of(Simulation::new(seed).dry_run(true), Choices::seeded(seed), task, &body);
    for seed in 0..schedules.max(1) {
        let trial = dry(seed, Task::Run);
        runs += trial.notes.runs;
        let trouble = match &trial.seen {
            Err(panic) => Trouble::new(format!("the body panics in a dry run: {panic}"))
                .detail("it must not insist that a run succeeds"),
            Ok(seen) if *seen != untouched => {
                let (culprit, more) =
                    first_change(&trial, |calls| dry(seed, Task::StopAfter(calls)), &untouched);
                runs += more;
                culprit
                    .detail(format!("before:  {}", shown(&untouched)))
                    .detail(format!("after:   {}", shown(seen)))
            }
            Ok(_) => continue,
        };
        return Err(trouble.found(Some(seed), runs));
    }
    Ok(untouched)
}

/// The call after which the world is another one. It is known to be so after all of them.
fn first_change<O: PartialEq>(
    trial: &Trial<O>,
    stopped: impl Fn(usize) -> Trial<O>,
    untouched: &O,
) -> (Trouble, u64) {
    let (mut same, mut changed, mut runs) = (0, trial.calls.len(), 0);
    while changed - same > 1 {
        let middle = same + (changed - same) / 2;
        runs += 1;
        if stopped(middle).seen.as_ref() == Ok(untouched) { same = middle } else { changed = middle }
    }
    let trouble = match changed.checked_sub(1).and_then(|at| trial.calls.get(at)) {
        Some(call) => {
            let what = format!("a dry run changes something: {} does", trial.call(*call));
            Trouble::new(what).job(trial.job(*call)).phase(call.1.phase)
        }
        None => Trouble::new("a dry run changes something, though it calls no job"),
    };
    (trouble, runs)
}
