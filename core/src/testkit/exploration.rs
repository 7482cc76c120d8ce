//! All orders lead to the same.

use std::fmt::Debug;
use std::sync::Arc;

use crate::exec::{Choice, Choices, following_choices};
use crate::graph::JobGraph;
use crate::testkit::finding::{Finding, Trouble, shown};
use crate::testkit::lab::Task;
use crate::testkit::narrowing::narrow;
use crate::testkit::simulation::Simulation;
use crate::testkit::trial::Trial;
use crate::words::Status;

/// Calls `body` again and again, each time with a simulation that takes another order: what it returns must be the same
/// each time, and is returned.
///
/// The body makes its world, builds its plan, runs it with the simulation, and says what it sees in the end. If there are
/// no more than `schedules` orders, all of them are taken; else those of as many seeds. The two steps whose order makes
/// the difference are found and named: that is a dependency that was forgotten, or a thing that two jobs share and
/// neither protects.
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
    match try_explore(schedules, body) {
        Ok(seen) => seen,
        Err(finding) => finding.panic(),
    }
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
    Exploration { schedules: schedules.max(1), statuses: false, runs: 0 }.over(&body)
}

/// As [`explore`]; every job must also end with the same status in all orders.
///
/// # Panics
///
/// If two orders lead to something else, as [`explore`] does.
#[track_caller]
pub fn assert_order_independent<O: PartialEq + Debug>(schedules: u64, body: impl Fn(&Simulation) -> O) -> O {
    match check_order_independent(schedules, body) {
        Ok(seen) => seen,
        Err(finding) => finding.panic(),
    }
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
    Exploration { schedules: schedules.max(1), statuses: true, runs: 0 }.over(&body)
}

struct Exploration {
    schedules: u64,
    /// Whether those are compared, too.
    statuses: bool,
    runs: u64,
}

impl Exploration {
    fn over<O: PartialEq + Debug>(mut self, body: &impl Fn(&Simulation) -> O) -> Result<O, Finding> {
        let first = self.trial(0, Choices::listed(Vec::new()), body);
        if let Err(panic) = &first.seen {
            let trouble = Trouble::new(format!("the body panics in the first order that was tried: {panic}"));
            return Err(trouble.found(None, self.runs));
        }
        match orders(first.notes.choices.made()) <= self.schedules {
            true => self.every_order(&first, body)?,
            false => self.seeds(&first, body)?,
        }
        first.seen.map_err(|_| unreachable!("the body did not panic"))
    }

    /// One after the other, depth first. It ends early if there are more than was thought.
    fn every_order<O: PartialEq + Debug>(
        &mut self,
        first: &Trial<O>,
        body: &impl Fn(&Simulation) -> O,
    ) -> Result<(), Finding> {
        let mut next = following_choices(first.notes.choices.made().to_vec());
        let mut tried = 1;
        while let Some(choices) = next {
            if tried == self.schedules {
                return self.seeds(first, body);
            }
            let trial = self.trial(tried, Choices::listed(choices), body);
            self.compare(first, &trial, None, body)?;
            next = following_choices(trial.notes.choices.made().to_vec());
            tried += 1;
        }
        Ok(())
    }

    fn seeds<O: PartialEq + Debug>(
        &mut self,
        first: &Trial<O>,
        body: &impl Fn(&Simulation) -> O,
    ) -> Result<(), Finding> {
        for seed in 0..self.schedules {
            let trial = self.trial(seed, Choices::seeded(seed), body);
            self.compare(first, &trial, Some(seed), body)?;
        }
        Ok(())
    }

    fn trial<O>(&mut self, seed: u64, choices: Choices, body: &impl Fn(&Simulation) -> O) -> Trial<O> {
        let trial = Trial::of(Simulation::new(seed), choices, Task::Run, body);
        self.runs += trial.notes.runs;
        trial
    }

    fn compare<O: PartialEq + Debug>(
        &mut self,
        first: &Trial<O>,
        other: &Trial<O>,
        seed: Option<u64>,
        body: &impl Fn(&Simulation) -> O,
    ) -> Result<(), Finding> {
        if self.same(first, other) {
            return Ok(());
        }
        let statuses = self.statuses;
        let same = |one: &Trial<O>| Exploration { schedules: 0, statuses, runs: 0 }.same(first, one);
        let follow = |order: &[_]| self.trial(seed.unwrap_or(0), Choices::following(order), body);
        let narrowed = narrow(first, other, follow, same);
        let trouble = match narrowed {
            Some(narrowed) => narrowed.trouble(),
            None => Trouble::new("the order of execution makes a difference")
                .detail(difference(("the first order", first), ("another one", other))),
        };
        Err(trouble.found(seed, self.runs))
    }

    fn same<O: PartialEq>(&self, one: &Trial<O>, other: &Trial<O>) -> bool {
        one.seen == other.seen && (!self.statuses || one.notes.ends == other.notes.ends)
    }
}

/// How many orders there are at least, or nearly so, by the choices of one of them.
fn orders(choices: &[Choice]) -> u64 {
    choices.iter().fold(1, |product: u64, choice| product.saturating_mul(choice.of as u64))
}

/// What two orders lead to; each is told as `one` and `other`.
pub(super) fn difference<O: Debug + PartialEq>(
    (one, first): (&str, &Trial<O>),
    (other, second): (&str, &Trial<O>),
) -> String {
    let seen = |trial: &Trial<O>| match &trial.seen {
        Ok(seen) => shown(seen),
        Err(panic) => format!("a panic: {panic}"),
    };
    if first.seen != second.seen {
        return format!("{one}: {}\n{other}: {}", seen(first), seen(second));
    }
    let ends = first.notes.ends.iter().zip(&second.notes.ends);
    let statuses = ends.flat_map(|((graph, first), (_, second))| different(graph, first, second));
    format!("{one}, or {other}:\n{}", statuses.collect::<Vec<_>>().join("\n"))
}

fn different(graph: &Arc<JobGraph>, one: &[Status], other: &[Status]) -> Vec<String> {
    let pairs = graph.ids().zip(one.iter().zip(other)).filter(|(_, (one, other))| one != other);
    pairs.map(|(job, (one, other))| format!("`{}` is {one} or {other}", graph.name(job))).collect()
}
