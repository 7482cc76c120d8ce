//! Whatever goes wrong, running again leads to success.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::faults::{Blow, Fault};
use crate::graph::JobId;
use crate::report::JobReport;
use crate::run::Run;
use crate::testkit::finding::{Finding, Trouble, shown};
use crate::testkit::idempotence::failure;
use crate::testkit::lab::Task;
use crate::testkit::simulation::{Simulation, done};
use crate::testkit::trial::Trial;
use crate::words::{Kind, Phase, Status};

/// Lets something go wrong once, at every single point, and runs the plan again on the same world until all is done.
///
/// At each call of a job's code, cleanups included, these are tried: the process is killed before it; it fails; and, of
/// a run, it does its work and fails then. After that nothing goes wrong any more, so:
///
/// - each further run gets nearer to success: it succeeds, or at least more jobs are done than before;
/// - what is done stays done: the check of a job passes that was done in the run before, unless a cleanup of that same
///   job was called in between;
/// - in the end the body sees what it sees if nothing goes wrong. Let it return `()` if that need not be so.
///
/// Each point is tried in the orders of as many seeds as `schedules` says; what the body sees if nothing goes wrong is
/// returned.
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
    match check_convergent(schedules, body) {
        Ok(seen) => seen,
        Err(finding) => finding.panic(),
    }
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
    let mut runs = 0;
    let mut seen = None;
    for seed in 0..schedules.max(1) {
        let calm = Trial::seeded(seed, Task::Run, &body);
        runs += calm.notes.runs;
        let expected = match calm_result(&calm) {
            Ok(expected) => expected,
            Err(trouble) => return Err(trouble.found(Some(seed), runs)),
        };
        for (call, fault) in blows(&calm) {
            let trial = Trial::seeded(seed, Task::Converge(Blow { at: call + 1, fault }), &body);
            runs += trial.notes.runs;
            if let Some(trouble) = aftermath(&trial, &calm, expected) {
                let at = calm.call(calm.calls[call]);
                let blow = format!("after {} {at}, and no fault after that", told(fault));
                let trouble = trouble.detail(blow).job(calm.job(calm.calls[call]));
                return Err(trouble.found(Some(seed), runs));
            }
        }
        seen = Some(calm.seen);
    }
    match seen {
        Some(Ok(seen)) => Ok(seen),
        _ => unreachable!("at least one seed was tried, and its body did not panic"),
    }
}

/// What must come out of it whatever happens.
fn calm_result<O>(calm: &Trial<O>) -> Result<&O, Trouble> {
    if let Some(failure) = calm.notes.failures.first() {
        return Err(failure.clone());
    }
    calm.seen
        .as_ref()
        .map_err(|panic| Trouble::new(format!("the body panics though nothing goes wrong: {panic}")))
}

/// All that may go wrong, once: at which call, from 0, and how.
fn blows<O>(calm: &Trial<O>) -> impl Iterator<Item = (usize, Fault)> {
    calm.calls.iter().enumerate().flat_map(|(call, (_, step))| {
        let after = (step.phase == Phase::Run).then_some((call, Fault::ErrorAfter));
        [(call, Fault::Crash), (call, Fault::Error)].into_iter().chain(after)
    })
}

pub(super) fn told(fault: Fault) -> String {
    match fault {
        Fault::Crash => "a crash before".to_owned(),
        Fault::Error => "an error in".to_owned(),
        Fault::Panic => "a panic in".to_owned(),
        Fault::ErrorAfter => "an error at the end of".to_owned(),
        other => format!("{other:?} in"),
    }
}

/// What is wrong in the end.
fn aftermath<O: PartialEq + Debug>(trial: &Trial<O>, calm: &Trial<O>, expected: &O) -> Option<Trouble> {
    if trial.notes.trouble.is_some() {
        return trial.notes.trouble.clone();
    }
    match &trial.seen {
        Err(panic) => Some(Trouble::new(format!("the body panics: {panic}"))),
        Ok(seen) if seen != expected => {
            let trouble = Trouble::new("running again leads to something else")
                .detail(format!("as it is:         {}", shown(seen)))
                .detail(format!("without a fault:  {}", shown(expected)));
            Some(blame(trouble, trial, calm))
        }
        Ok(_) => None,
    }
}

/// Names the jobs that were not run as often as without a fault.
fn blame<O>(trouble: Trouble, trial: &Trial<O>, calm: &Trial<O>) -> Trouble {
    let runs = |trial: &Trial<O>| {
        let mut runs: BTreeMap<String, usize> = BTreeMap::new();
        for call in trial.calls.iter().filter(|(_, step)| step.phase == Phase::Run) {
            *runs.entry(trial.job(*call)).or_default() += 1;
        }
        runs
    };
    let (now, usual) = (runs(trial), runs(calm));
    let missed = usual.keys().filter(|job| !now.contains_key(*job));
    let trouble = missed.fold(trouble, |trouble, job| {
        trouble.detail(format!("`{job}` is run without a fault, and is not run now")).job(job)
    });
    let more = now.iter().filter(|(job, times)| **times > usual.get(*job).copied().unwrap_or(0));
    more.fold(trouble, |trouble, (job, times)| {
        let usual = usual.get(job).copied().unwrap_or(0);
        trouble.detail(format!("`{job}` is run {times} times, not {usual}")).job(job)
    })
}

/// What was done at the end of a run.
pub(super) struct Progress {
    done: Vec<JobId>,
    /// Jobs of which a cleanup was called: they may have to be done again.
    cleaned: Vec<JobId>,
}

impl Progress {
    pub(super) fn of<A>(run: &Run<'_, A>) -> Self {
        let cleaned = run.jobs().filter(|job| job.phases().iter().any(|one| one.phase() == Phase::Cleanup));
        Progress { done: done(run), cleaned: cleaned.map(|job| job.id()).collect() }
    }

    pub(super) fn until_killed(done: Vec<JobId>) -> Self {
        Progress { done, cleaned: Vec::new() }
    }

    /// What is wrong with a further run.
    pub(super) fn judge<A>(&self, run: &Run<'_, A>) -> Option<Trouble> {
        let was_done = run.jobs().filter(|job| self.done.contains(&job.id()));
        let lost = was_done.into_iter().find_map(|job| self.lost(&job));
        lost.or_else(|| {
            if run.success() || done(run).len() > self.done.len() {
                return None;
            }
            failure(run, "running again does not help: it")
        })
    }

    fn lost(&self, job: &JobReport<'_>) -> Option<Trouble> {
        let again = job.kind() == Kind::Job && !self.cleaned.contains(&job.id());
        let what = match job.status() {
            Status::Failed => "was done, and fails when all is run again",
            Status::Changed if again => "was done, and has to be done again",
            _ => return None,
        };
        let first = job.phases().first().and_then(|check| check.error().cloned());
        let trouble =
            Trouble::new(format!("job `{}` {what}", job.name())).job(job.name()).phase(Phase::Check);
        Some(match first {
            Some(error) => trouble.detail(format!("its check says: {error:#}")),
            None => trouble,
        })
    }
}
