//! Cleanups clean up, whatever goes wrong.

use std::fmt::Debug;

use crate::faults::{Call, Fault, Strike};
use crate::testkit::blame::told;
use crate::testkit::difference::{Texts, contrast, texts};
use crate::testkit::experiment::Experiment;
use crate::testkit::finding::{Finding, Trouble, seen_or_panic};
use crate::testkit::observation::{Observation, RunSeen};
use crate::testkit::simulation::Simulation;
use crate::testkit::strikes::{lasting_strikes, strikes};
use crate::testkit::trials::Trials;
use crate::words::{DryRun, Phase};

/// Lets something go wrong once, at every single point, and watches the cleanups that follow.
///
/// At each call of a job's code, cleanups included, these are tried: it fails; it panics, also at each
/// [`interruption`](super::interruption) point; and, of a run, it does its work and fails then. What would be tried again
/// also fails in every try: in its constructor, its run (at once, at the end, at each point) and its recheck. Each time,
/// and if nothing goes wrong:
///
/// - every run that was executed of a job with a cleanup is cleaned up once, in the exact reverse order;
/// - no cleanup fails, but the one that was made to;
/// - what is left is what was there before anything was run: let the body return what cleanups have to take away, such
///   as a list of temporary files, and nothing that is to stay. It may differ where a cleanup itself was made to fail.
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
    seen_or_panic(check_cleans_up(schedules, body))
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
    let trials = Trials::of(body);
    let idle = trials.observe(Experiment::calm(0).stop(0, DryRun::Off));
    let before = idle.unless(None).map_err(|trouble| trials.found(trouble, None))?;
    let experiment = |seed| Experiment::calm(seed).with_cleanup();
    trials.with_calm(schedules, experiment, |experiment, calm| {
        trouble_after(calm).or_else(|| {
            let strikes = strikes(calm, faults).chain(lasting_strikes(calm, lasting_faults));
            let struck: Vec<Struck<O>> =
                strikes.map(|strike| Struck::by(strike, experiment, &trials)).collect();
            // what cleanups say themselves is more telling than what they leave
            let said = struck.iter().find_map(|struck| Some(struck.told(trouble_after(&struck.trial)?)));
            said.or_else(|| leftovers(experiment, calm, &before, &trials))
                .or_else(|| struck.iter().find_map(|struck| struck.leftovers(&before, &trials)))
        })
    })
}

/// What came of one fault.
struct Struck<O> {
    strike: Strike,
    experiment: Experiment,
    trial: Observation<O>,
}

impl<O: PartialEq + Debug> Struck<O> {
    fn by(strike: Strike, calm: &Experiment, trials: &Trials<impl Fn(&Simulation) -> O>) -> Self {
        let experiment = calm.clone().struck(strike);
        Struck { strike, trial: trials.observe(experiment.clone()), experiment }
    }

    fn leftovers(&self, before: &O, trials: &Trials<impl Fn(&Simulation) -> O>) -> Option<Trouble> {
        match self.call().step.phase {
            Phase::Cleanup => None, // what one leaves that was made to fail is its own business
            _ => Some(self.told(leftovers(&self.experiment, &self.trial, before, trials)?)),
        }
    }

    fn told(&self, trouble: Trouble) -> Trouble {
        trouble.detail(format!("after {}", told(self.strike, &self.trial))).job(self.trial.job(self.call()))
    }

    fn call(&self) -> Call {
        self.trial.calls[self.strike.at - 1]
    }
}

fn faults(call: Call) -> &'static [Fault] {
    match (call.step.part, call.step.phase) {
        (0, Phase::Run) => &[Fault::Error, Fault::Panic, Fault::ErrorAfter],
        (0, _) => &[Fault::Error, Fault::Panic],
        _ => &[Fault::Panic],
    }
}

/// What fails for good. Where a check fails, the run follows all the same.
fn lasting_faults(call: Call) -> &'static [Fault] {
    match (call.step.part, call.step.phase) {
        (0, Phase::Create | Phase::Recheck) => &[Fault::Error],
        (0, Phase::Run) => &[Fault::Error, Fault::ErrorAfter],
        (0, _) => &[],
        _ => &[Fault::Panic],
    }
}

/// What is wrong with the cleanups, or with the body.
fn trouble_after<O>(trial: &Observation<O>) -> Option<Trouble> {
    trial.runs.iter().find_map(judge_cleanups).or_else(|| trial.panicked(""))
}

/// What is wrong with the cleanups of a run: those that are due are called, in the reverse order of the runs, and none
/// fails but one that was made to.
fn judge_cleanups(run: &RunSeen) -> Option<Trouble> {
    let (mut due, mut called) = (Vec::new(), Vec::new());
    for job in run.report()?.jobs() {
        for record in job.phases() {
            match record.phase() {
                Phase::Run if run.jobs[job.id().index()].cleans_up => {
                    due.push((record.sequence(), job.name(), record.attempt()));
                }
                Phase::Cleanup => called.push((record.start(), job.name(), record.attempt())),
                _ => {}
            }
        }
    }
    due.sort_unstable_by(|one, other| other.cmp(one));
    called.sort_unstable_by_key(|(start, ..)| *start);
    let calls = called.iter().map(|(_, job, attempt)| (*job, *attempt));
    if !due.iter().map(|(_, job, attempt)| (*job, *attempt)).eq(calls) {
        let trouble = Trouble::new("the cleanups are not those of the runs, in reverse order");
        return Some(due.iter().fold(trouble, |trouble, (_, job, _)| trouble.job(*job)));
    }
    run.cleanup_failure()
}

/// What is wrong with what is left, and which call has made it.
fn leftovers<O: PartialEq + Debug>(
    experiment: &Experiment,
    trial: &Observation<O>,
    before: &O,
    trials: &Trials<impl Fn(&Simulation) -> O>,
) -> Option<Trouble> {
    let left = trial.seen.as_ref().ok().filter(|left| *left != before)?;
    let trouble = Trouble::new("cleanups leave the world another than it was before")
        .detail(contrast(("before", before), ("after", left)));
    let (before, left) = (texts(before), texts(left));
    let is_told = |line: &str, by: &Texts| by.lines().any(|other| other == line);
    let added: Vec<&str> = left.lines().filter(|line| !is_told(line, &before)).collect();
    let taken: Vec<&str> = before.lines().filter(|line| !is_told(line, &left)).collect();
    let shows_it = |calls: &usize| {
        let seen = trials.observe(experiment.clone().stop(*calls, DryRun::Off)).seen;
        seen.is_ok_and(|seen| {
            let seen = texts(&seen);
            added.iter().any(|line| is_told(line, &seen)) || taken.iter().any(|line| !is_told(line, &seen))
        })
    };
    Some(match (1..=trial.calls.len()).find(shows_it) {
        Some(calls) => {
            let call = trial.calls[calls - 1];
            trouble
                .detail(format!("it began with {}", trial.told(call)))
                .job(trial.job(call))
                .phase(call.step.phase)
        }
        None => trouble,
    })
}
