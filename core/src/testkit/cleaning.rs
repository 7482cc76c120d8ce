//! Cleanups clean up, whatever goes wrong.

use std::fmt::Debug;

use crate::faults::{Blow, Fault};
use crate::run::Run;
use crate::testkit::convergence::told;
use crate::testkit::finding::{Finding, Trouble, shown};
use crate::testkit::lab::Task;
use crate::testkit::simulation::Simulation;
use crate::testkit::trial::Trial;
use crate::words::Phase;

/// Lets something go wrong once, at every single point, and watches the cleanups that follow.
///
/// At each call of a job's code, cleanups included, these are tried: it fails; it panics; and, of a run, it does its
/// work and fails then. Each time:
///
/// - every run that was executed of a job with a cleanup is cleaned up once, in the exact reverse order;
/// - no cleanup fails, but the one that was made to;
/// - what is left is what is left if nothing goes wrong: let the body return that, such as a list of temporary files. It
///   may differ where a cleanup itself was made to fail.
///
/// Cleanups are called at the end of each run, whatever the simulation in the body says. Each point is tried in the
/// orders of as many seeds as `schedules` says.
///
/// ```should_panic
/// # use dojobber_core::{Draft, JobOptions, JobSpec, ensure, testkit::assert_cleans_up};
/// # use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
/// assert_cleans_up(1, |sim| {
///     let (mounted, copied) = (AtomicBool::new(false), AtomicBool::new(false));
/// #   let mut draft = Draft::<()>::default();
/// #   draft.open("image");
/// #   let mut options = JobOptions::default();
/// #   options.cleanup(|_| { ensure(copied.load(SeqCst), "nothing was copied")?; Ok(mounted.store(false, SeqCst)) });
/// #   let spec = JobSpec::check_and_run(|_| mounted.load(SeqCst), |_| mounted.store(true, SeqCst));
/// #   draft.close(spec.with_options(options));
/// #   draft.open("copy");
/// #   draft.after("image");
/// #   let mut options = JobOptions::default();
/// #   options.tries(1);
/// #   let spec = JobSpec::check_and_run(|_| copied.load(SeqCst), |_| copied.store(true, SeqCst));
/// #   draft.close(spec.with_options(options));
/// #   let plan = draft.compile().unwrap();
///     // .. jobs that mount an image and copy from it, and a cleanup that unmounts it, if something was copied ..
///     let _ = sim.run(&plan, ());
///     mounted.load(SeqCst)
/// });
/// ```
///
/// # Panics
///
/// If any of that is not so: with a report that names the job, the fault and the seed.
#[track_caller]
pub fn assert_cleans_up<O: PartialEq + Debug>(schedules: u64, body: impl Fn(&Simulation) -> O) -> O {
    match check_cleans_up(schedules, body) {
        Ok(seen) => seen,
        Err(finding) => finding.panic(),
    }
}

/// As [`assert_cleans_up`], without a panic.
///
/// # Errors
///
/// The first [`Finding`].
pub fn check_cleans_up<O: PartialEq + Debug>(
    schedules: u64,
    body: impl Fn(&Simulation) -> O,
) -> Result<O, Finding> {
    let (mut runs, mut left) = (0, None);
    for seed in 0..schedules.max(1) {
        let calm = Trial::seeded(seed, Task::CleanUp(None), &body);
        runs += calm.notes.runs;
        if let Some(trouble) = trouble(&calm, None) {
            return Err(trouble.found(Some(seed), runs));
        }
        for (call, fault) in blows(&calm) {
            let in_cleanup = calm.calls[call].1.phase == Phase::Cleanup;
            let trial = Trial::seeded(seed, Task::CleanUp(Some(Blow { at: call + 1, fault })), &body);
            runs += trial.notes.runs;
            let expected = calm.seen.as_ref().ok().filter(|_| !in_cleanup);
            if let Some(trouble) = trouble(&trial, expected) {
                let trouble =
                    trouble.detail(format!("after {} {}", told(fault), calm.call(calm.calls[call])));
                return Err(trouble.job(calm.job(calm.calls[call])).found(Some(seed), runs));
            }
        }
        left = Some(calm.seen);
    }
    match left {
        Some(Ok(left)) => Ok(left),
        _ => unreachable!("at least one seed was tried, and its body did not panic"),
    }
}

fn blows<O>(calm: &Trial<O>) -> impl Iterator<Item = (usize, Fault)> {
    calm.calls.iter().enumerate().flat_map(|(call, (_, step))| {
        let after = (step.phase == Phase::Run).then_some((call, Fault::ErrorAfter));
        [(call, Fault::Error), (call, Fault::Panic)].into_iter().chain(after)
    })
}

fn trouble<O: PartialEq + Debug>(trial: &Trial<O>, expected: Option<&O>) -> Option<Trouble> {
    if trial.notes.trouble.is_some() {
        return trial.notes.trouble.clone();
    }
    match (&trial.seen, expected) {
        (Err(panic), _) => Some(Trouble::new(format!("the body panics: {panic}"))),
        (Ok(left), Some(expected)) if left != expected => Some(
            Trouble::new("cleanups leave something else than without a fault")
                .detail(format!("as it is:         {}", shown(left)))
                .detail(format!("without a fault:  {}", shown(expected))),
        ),
        _ => None,
    }
}

/// What is wrong with the cleanups of a run.
pub(super) fn judge_cleanups<A>(run: &Run<'_, A>) -> Option<Trouble> {
    let (mut due, mut called) = (Vec::new(), Vec::new());
    for job in run.jobs() {
        let cleans_up = run.plan().spec(job.id()).cleans_up();
        for record in job.phases() {
            match record.phase() {
                Phase::Run if cleans_up => due.push((record.sequence(), job.name(), record.attempt())),
                Phase::Cleanup => called.push((record.start(), job.name(), record.attempt(), record.error())),
                _ => {}
            }
        }
    }
    due.sort_unstable_by(|one, other| other.cmp(one));
    called.sort_unstable_by_key(|(start, ..)| *start);
    let order = called.iter().map(|(_, job, attempt, _)| (*job, *attempt));
    if !due.iter().map(|(_, job, attempt)| (*job, *attempt)).eq(order) {
        let trouble = Trouble::new("the cleanups are not those of the runs, in reverse order");
        return Some(due.iter().fold(trouble, |trouble, (_, job, _)| trouble.job(*job)));
    }
    let failed = called.iter().find_map(|(_, job, _, error)| Some((job, (*error)?)));
    let (job, error) = failed.filter(|(_, error)| !error.message().starts_with("injected"))?;
    let trouble = Trouble::new(format!("the cleanup of `{job}` fails"));
    Some(trouble.job(*job).phase(Phase::Cleanup).detail(format!("it says: {error:#}")))
}
