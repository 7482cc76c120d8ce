//! A second run changes nothing.

use std::sync::Arc;

use crate::plan::Plan;
use crate::report::Report;
use crate::testkit::finding::{Finding, Trouble};
use crate::testkit::simulation::Simulation;
use crate::words::{Kind, Phase};

/// Runs a plan twice on the world as it is: the first run must succeed, and the second must run nothing.
///
/// A `run_only` runs every time: give it a check, or check the other part with
/// [`Plan::select`].
///
/// ```should_panic
/// # use dojobber_core::{Draft, JobOptions, JobSpec, testkit::assert_idempotent};
/// # use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
/// let mounted = AtomicBool::new(false);
/// # let mut draft = Draft::<()>::default();
/// # draft.open("mount");
/// # let mut options = JobOptions::default();
/// # options.cleanup(|_| mounted.store(false, SeqCst));
/// # let spec = JobSpec::check_and_run(|_| mounted.load(SeqCst), |_| mounted.store(true, SeqCst));
/// # draft.close(spec.with_options(options));
/// # let plan = draft.compile().unwrap();
/// assert_idempotent(&plan, ()); // the cleanup of a job takes away what its check looks for
/// ```
///
/// # Panics
///
/// If a run fails, or if the second one runs something: with a report that names the job.
#[track_caller]
pub fn assert_idempotent<'env, A: Send + Sync>(plan: &Plan<'env, A>, args: impl Into<Arc<A>>) {
    if let Err(finding) = check_idempotent(plan, args) {
        finding.panic();
    }
}

/// As [`assert_idempotent`], without a panic.
///
/// # Errors
///
/// The [`Finding`], if a run fails, or if the second one runs something.
pub fn check_idempotent<'env, A: Send + Sync>(
    plan: &Plan<'env, A>,
    args: impl Into<Arc<A>>,
) -> Result<(), Finding> {
    let (simulation, args) = (Simulation::new(0), args.into());
    for (number, which) in [(1, "the first run"), (2, "a second run")] {
        let run = simulation.run(plan, Arc::clone(&args));
        let trouble = failure(&run, which).or_else(|| if number == 2 { change(&run) } else { None });
        if let Some(trouble) = trouble {
            return Err(trouble.found(Some(simulation.seed()), number));
        }
    }
    Ok(())
}

/// The first job that is not done.
pub(super) fn failure(report: &Report, which: &str) -> Option<Trouble> {
    let failed = report.jobs().filter(|job| !job.status().is_done());
    let first = failed.min_by_key(|job| job.error().is_none())?; // blocked ones have none
    let phase =
        first.phases().iter().rev().find(|record| record.phase() != Phase::Cleanup).map(|last| last.phase());
    let mut trouble = Trouble::new(format!("{which} fails at job `{}`", first.name()))
        .job(first.name())
        .detail(format!("{first}: {report}", first = first.status()));
    trouble.phase = phase;
    Some(trouble)
}

/// The first job that was run.
fn change(report: &Report) -> Option<Trouble> {
    let ran = |job: &crate::report::JobReport<'_>| {
        job.phases()
            .into_iter()
            .find(|record| record.phase() == Phase::Run)
            .and_then(|record| record.sequence())
    };
    let (_, job) =
        report.jobs().filter_map(|job| Some((ran(&job)?, job))).min_by_key(|(sequence, _)| *sequence)?;
    let trouble = Trouble::new(format!("a second run changes something: job `{}` is run again", job.name()))
        .job(job.name())
        .phase(Phase::Run);
    Some(match (job.kind(), job.phases().first().and_then(|record| record.error().cloned())) {
        (Kind::RunOnly, _) => trouble.detail("it is a run_only, which runs every time: give it a check"),
        (_, Some(error)) => trouble.detail(format!("after a run that succeeded its check says: {error:#}")),
        (_, None) => trouble,
    })
}
