//! All orders lead to the same.

use std::fmt::Debug;
use std::sync::Arc;

use crate::exec::{Choice, Choices, following_choices};
use crate::faults::{Call, Points};
use crate::testkit::conflicts::conflict;
use crate::testkit::difference::{Texts, contrast_texts, texts};
use crate::testkit::experiment::Experiment;
use crate::testkit::finding::{Finding, Trouble, seen_or_panic};
use crate::testkit::narrowing::{Narrowed, narrow};
use crate::testkit::observation::{Observation, RunSeen};
use crate::testkit::simulation::Simulation;
use crate::testkit::trials::Trials;

/// Calls `body` again and again, each time with a simulation that takes another order: what it returns must be the same
/// each time, and is returned.
///
/// The body makes its world, builds its plan, runs it with the simulation, and says what it sees in the end. If there are
/// no more than `schedules` orders, all of them are taken; else those of as many seeds. Every run must succeed. The two
/// steps whose order makes the difference are found and named: that is a dependency that was forgotten, or a thing that
/// two jobs share and neither protects.
///
/// A phase is one step, unless what it calls has [`interruption`](super::interruption) points: at these other jobs go on,
/// too, and the phase then has a thread of its own. Two jobs without an order that [touch](super::touches) the same thing
/// are a finding after the first run.
///
/// ```should_panic
/// # use dojobber_core::{Draft, JobSpec, testkit::explore};
/// # use std::sync::Mutex;
/// explore(100, |sim| {
///     let log = Mutex::new(Vec::new());
/// #   let mut draft = Draft::<()>::default();
/// #   draft.open("stop");
/// #   draft.close(JobSpec::run_only(|_| log.lock().unwrap().push("stop")));
/// #   draft.open("replace");
/// #   draft.close(JobSpec::run_only(|_| log.lock().unwrap().push("replace")));
/// #   let plan = draft.compile().unwrap();
///     // .. two jobs, `stop` and `replace`, of which neither is after the other ..
///     let _ = sim.run(&plan, ());
/// #   drop(plan);
///     log.into_inner().unwrap()
/// });
/// ```
///
/// # Panics
///
/// If two orders lead to something else, or if the body panics: with a report that names the jobs, the phases and the
/// seed, and shows the order.
#[track_caller]
pub fn explore<O: PartialEq + Debug>(schedules: u64, body: impl Fn(&Simulation) -> O) -> O {
    seen_or_panic(try_explore(schedules, body))
}

/// As [`explore`], without a panic.
///
/// # Errors
///
/// The first [`Finding`].
pub fn try_explore<O: PartialEq + Debug>(
    schedules: u64,
    body: impl Fn(&Simulation) -> O,
) -> Result<O, Finding> {
    Exploration::new(schedules, Compared::Success).over(&Trials::of(body))
}

/// As [`explore`]; every job must also be done in all orders, or in none. [`OrderIndependence`] has more to ask for.
///
/// # Panics
///
/// If two orders lead to something else, as [`explore`] does.
#[track_caller]
pub fn assert_order_independent<O: PartialEq + Debug>(schedules: u64, body: impl Fn(&Simulation) -> O) -> O {
    OrderIndependence::new(schedules).assert(body)
}

/// As [`assert_order_independent`], without a panic.
///
/// # Errors
///
/// The first [`Finding`].
pub fn check_order_independent<O: PartialEq + Debug>(
    schedules: u64,
    body: impl Fn(&Simulation) -> O,
) -> Result<O, Finding> {
    OrderIndependence::new(schedules).check(body)
}

/// What [`assert_order_independent`] asks for, and may ask for.
///
/// ```
/// # use dojobber_core::{Draft, JobSpec, testkit::OrderIndependence};
/// OrderIndependence::new(100).statuses(true).assert(|sim| {
/// #   let mut draft = Draft::<()>::default();
/// #   draft.open("job");
/// #   draft.close(JobSpec::check_only(|_| true));
/// #   let plan = draft.compile().unwrap();
///     // .. a plan whose jobs always end with the same status ..
///     let _ = sim.run(&plan, ());
/// });
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is checked until a body is: `.assert(body)`"]
pub struct OrderIndependence {
    schedules: u64,
    statuses: bool,
}

impl OrderIndependence {
    /// An exploration that tries `schedules` orders: all, if there are no more, else the orders of as many seeds.
    pub fn new(schedules: u64) -> Self {
        OrderIndependence { schedules, statuses: false }
    }

    /// Whether a job must end with the very same status in all orders: it also matters then which one of several
    /// changed something. Default: no; that it is done in all orders, or in none, is enough.
    pub fn statuses(self, statuses: bool) -> Self {
        OrderIndependence { statuses, ..self }
    }

    /// Calls the body again and again.
    ///
    /// # Panics
    ///
    /// If two orders lead to something else, as [`explore`] does.
    #[track_caller]
    pub fn assert<O: PartialEq + Debug>(&self, body: impl Fn(&Simulation) -> O) -> O {
        seen_or_panic(self.check(body))
    }

    /// As [`assert`](OrderIndependence::assert), without a panic.
    ///
    /// # Errors
    ///
    /// The first [`Finding`].
    pub fn check<O: PartialEq + Debug>(&self, body: impl Fn(&Simulation) -> O) -> Result<O, Finding> {
        let compared = if self.statuses { Compared::Statuses } else { Compared::Done };
        Exploration::new(self.schedules, compared).over(&Trials::of(body))
    }
}

/// What must be the same in all orders, beside what the body sees.
#[derive(Clone, Copy)]
enum Compared {
    /// Whether each run succeeds.
    Success,
    /// Whether each job is done.
    Done,
    /// The status of each job.
    Statuses,
}

struct Exploration {
    schedules: u64,
    compared: Compared,
    /// Where other jobs may go on in the middle of a phase.
    points: Points,
}

impl Exploration {
    fn new(schedules: u64, compared: Compared) -> Self {
        Exploration { schedules: schedules.max(1), compared, points: Points::default() }
    }

    fn over<O: PartialEq + Debug>(
        mut self,
        trials: &Trials<impl Fn(&Simulation) -> O>,
    ) -> Result<O, Finding> {
        let mut first = trials.observe(self.in_order(Choices::listed(Vec::new())));
        if let Some(trouble) = first.calm_trouble().or_else(|| conflict(&first)) {
            return Err(trials.found(trouble, None));
        }
        self.points = points(&first);
        if !self.points.is_empty() {
            first = trials.observe(self.in_order(Choices::listed(Vec::new())));
        }
        match orders(&first.choices) <= self.schedules {
            true => self.every_order(&first, trials)?,
            false => self.seeds(&first, trials)?,
        }
        first.seen.map_err(|_| unreachable!("the body did not panic"))
    }

    /// One after the other, depth first. It ends early if there are more than was thought.
    fn every_order<O: PartialEq + Debug>(
        &self,
        first: &Observation<O>,
        trials: &Trials<impl Fn(&Simulation) -> O>,
    ) -> Result<(), Finding> {
        let mut next = following_choices(first.choices.clone());
        let mut tried = 1;
        while let Some(choices) = next {
            if tried == self.schedules {
                return self.seeds(first, trials);
            }
            let experiment = self.in_order(Choices::listed(choices));
            let trial = trials.observe(experiment.clone());
            self.compare(first, &trial, (None, experiment), trials)?;
            next = following_choices(trial.choices);
            tried += 1;
        }
        Ok(())
    }

    fn seeds<O: PartialEq + Debug>(
        &self,
        first: &Observation<O>,
        trials: &Trials<impl Fn(&Simulation) -> O>,
    ) -> Result<(), Finding> {
        for seed in 0..self.schedules {
            let experiment = self.in_order(Choices::seeded(seed));
            let trial = trials.observe(experiment.clone());
            self.compare(first, &trial, (Some(seed), experiment), trials)?;
        }
        Ok(())
    }

    fn compare<O: PartialEq + Debug>(
        &self,
        first: &Observation<O>,
        other: &Observation<O>,
        (seed, experiment): (Option<u64>, Experiment),
        trials: &Trials<impl Fn(&Simulation) -> O>,
    ) -> Result<(), Finding> {
        if self.same(first, other) {
            return Ok(());
        }
        let follow = |order: &[Call]| trials.observe(self.in_order(Choices::following(order)));
        let narrowed = narrow(first, other, follow, |trial| self.same(first, trial));
        // a body that is random may seem to hang on the order
        let random = match &narrowed {
            Some(Narrowed { good, bad, .. }) => self
                .randomness(good, || follow(&good.calls))
                .or_else(|| self.randomness(bad, || follow(&bad.calls))),
            None => (0..3).find_map(|_| self.randomness(other, || trials.observe(experiment.clone()))),
        };
        let trouble = random.unwrap_or_else(|| match narrowed {
            Some(narrowed) => narrowed.trouble(difference),
            None => Trouble::new("the order of execution makes a difference")
                .detail(difference(("the first order", first), ("another one", other))),
        });
        Err(trials.found(trouble, seed))
    }

    /// What is wrong if the same order leads to different things.
    fn randomness<O: PartialEq + Debug>(
        &self,
        one: &Observation<O>,
        again: impl FnOnce() -> Observation<O>,
    ) -> Option<Trouble> {
        let again = &again();
        if self.same(one, again) {
            return None;
        }
        let trouble =
            Trouble::new("the body is random by itself: one and the same order leads to different things")
                .detail(difference(("once", one), ("once more", again)))
                .detail("let all that is random in it follow from a constant, and time from `cx.now()`");
        let parting = one.calls.iter().zip(&again.calls).find(|(one, again)| one != again);
        Some(match parting {
            Some((call, _)) => {
                trouble.detail(format!("the runs part at {}", one.told(*call))).job(one.job(*call))
            }
            None => trouble,
        })
    }

    /// The seed is always the same, and random faults with it: what differs is the order alone.
    fn in_order(&self, choices: Choices) -> Experiment {
        Experiment::in_order(0, choices).interleaved(&self.points)
    }

    fn same<O: PartialEq>(&self, one: &Observation<O>, other: &Observation<O>) -> bool {
        let same_end = |one: &RunSeen, other: &RunSeen| match self.compared {
            Compared::Success => one.success() == other.success(),
            Compared::Done => one.done() == other.done(),
            Compared::Statuses => one.statuses() == other.statuses(),
        };
        let (ends, others) = (last_runs(one), last_runs(other));
        one.seen == other.seen
            && ends.len() == others.len()
            && ends.iter().zip(others).all(|(one, other)| same_end(one, other))
    }
}

/// The phases that have interruption points.
fn points<O>(observation: &Observation<O>) -> Points {
    let steps = observation.calls.iter().map(|call| call.step).filter(|step| step.part > 0);
    Arc::new(steps.map(|step| (step.job, step.phase)).collect())
}

/// The last run of each that the body has asked for: those that were killed are started anew.
fn last_runs<O>(observation: &Observation<O>) -> Vec<&RunSeen> {
    let runs = &observation.runs;
    let is_last = |at: &usize| runs.get(at + 1).is_none_or(|next| next.of_body != runs[*at].of_body);
    (0..runs.len()).filter(is_last).map(|at| &runs[at]).collect()
}

/// How many orders there are at least, or nearly so, by the choices of one of them.
fn orders(choices: &[Choice]) -> u64 {
    choices.iter().fold(1, |product: u64, choice| product.saturating_mul(choice.of as u64))
}

/// What two orders lead to; each is told by its name.
fn difference<O: Debug + PartialEq>(
    (one, first): (&str, &Observation<O>),
    (other, second): (&str, &Observation<O>),
) -> String {
    let seen = |trial: &Observation<O>| match &trial.seen {
        Ok(seen) => texts(seen),
        Err(panic) => Texts::of(format!("a panic: {panic}")),
    };
    if first.seen != second.seen {
        return contrast_texts((one, &seen(first)), (other, &seen(second)));
    }
    let ends = last_runs(first).into_iter().zip(last_runs(second));
    let statuses = ends.flat_map(|(first, second)| different_ends(first, second));
    format!("{one}, or {other}:\n{}", statuses.collect::<Vec<_>>().join("\n"))
}

fn different_ends(one: &RunSeen, other: &RunSeen) -> Vec<String> {
    let (Some(first), Some(second)) = (one.statuses(), other.statuses()) else { return Vec::new() };
    let pairs = one.graph.ids().zip(first.into_iter().zip(second)).filter(|(_, (one, other))| one != other);
    pairs.map(|(job, (first, second))| format!("`{}` is {first} or {second}", one.graph.name(job))).collect()
}
