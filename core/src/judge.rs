//! An independent judge of executions: it knows the rules, and nothing of how they are kept.
//!
//! One file a subject, and all of them plain state machines that know the facts of the plan and what was told before:
//! [`run`] (start and end), [`tries`] (phases, number, delays, statuses), [`order`] (dependencies), [`workers`],
//! [`cleanups`], [`slots`], [`queues`] (who begins first; [`arrivals`] says who was ready when), [`stops`] and [`limits`].
//! [`trace`] shows each event to those that it concerns.

mod wording;
mod facts;
mod run;
mod tries;
mod order;
mod workers;
mod cleanups;
mod arrivals;
mod slots;
mod queues;
mod stops;
mod limits;
mod rule;
mod trace;

use std::fmt;
use std::time::Duration;

pub use cleanups::CleanupRule;
pub use limits::LimitRule;
pub use order::OrderRule;
pub use queues::QueueRule;
pub use rule::Rule;
pub use run::RunRule;
pub use slots::SlotRule;
pub use stops::StopRule;
pub use tries::TryRule;
pub use workers::WorkerRule;

use crate::error::debug_for_people;
use crate::event::Event;
use crate::judge::facts::Facts;
use crate::judge::trace::Reader;
use crate::plan::Plan;

/// Checks that a trace obeys its plan: the events of one run, in the order in which an observer got them.
///
/// It accepts a trace if, and only if, all of this holds:
///
/// - The first event starts the run of this plan, the last one ends it; late cleanups may follow, and their end.
/// - Every job ends once, and nothing of it comes later but cleanups. It ends as its phases say, and without any only if
///   it is a group, blocked, cancelled, or a run_only in a dry run.
/// - The phases of a try are those of the job's kind, on one worker, one after the other. A check that fails is followed
///   by the run, unless its error is `unknown` or `permanent` or it is a dry run; a run by the recheck.
/// - There are as many tries as the job may use. A job that is `Failed` with tries left has an error that is `permanent`,
///   or is asked by `retry_if` or limited by `retry_for`. Retries are planned within the bounds of their
///   delay, but for a longer pause that an error has asked for, and within `retry_for`; none begins before it is due.
/// - A job begins when all that it depends on is done. It is `Blocked` by something that ended without being done, and
///   names it.
/// - In a dry run that goes through, jobs that would run count as done for what depends on them, and what fails behind
///   them would run, too. A job says at most once what its run does, before its first run.
/// - A worker is inside of one try at a time, and there are no more workers than threads.
/// - Runs are numbered without gaps, each above those that it follows. Cleanups are called in the exact reverse of
///   these numbers, one at a time, when all jobs have ended; none is missing at the end.
/// - The tries that go on take no more slots of a pool than there are.
/// - In the queue of a pool no job is overtaken: higher priority first, then, with timings, the longer way to the end of the
///   run, then what became ready first. No job of lower priority, or with a shorter way, begins while one without pools is
///   ready, and no retry while any job without pools is. This is promised for plans with pools, priorities or timings, and
///   for one worker, who keeps to the order of arrival everywhere. Where several
///   workers do something at once their events tell what they chose a little later: only what is certain is refused.
/// - After a stop was told, a worker that has told something since begins no other try; and no other phase, if the
///   run is cancelled. Nothing is `Cancelled` in a run that is not stopped. A worker that has told something when the
///   run's own time was over, or the last failure that is allowed, begins no other try.
///
/// Where jobs are executed elsewhere, a try that is sent there obeys the rules of one that begins; its phases are told of
/// other workers. Nothing is promised of such a plan about which of several ready jobs begins first. A nest that is
/// executed as a whole decides itself when its jobs are tried again and when it cleans up.
///
/// Events do not tell everything, so some things are not checked: limits of phases and grace periods, since a blocking phase
/// may pay no attention (the test kit's `judge_in_time` is for phases that do); the order of jobs of equal priority that
/// share no pool where there are several workers.
///
/// ```
/// use dojobber_core::{Draft, Event, JobSpec, Observer, Runner, judge};
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Default)]
/// struct Trace(Mutex<Vec<Event>>);
/// impl Observer for Trace {
///     fn on_event(&self, event: &Event) {
///         self.0.lock().unwrap().push(event.clone());
///     }
/// }
///
/// let mut draft = Draft::<()>::default();
/// draft.open("light");
/// draft.close(JobSpec::run_only(|_| ()));
/// let plan = draft.compile().unwrap();
///
/// let trace = Arc::new(Trace::default());
/// assert!(Runner::builder().observer(Arc::clone(&trace)).build().run(&plan, ()).success());
/// let mut trace = trace.0.lock().unwrap();
/// assert!(judge(&plan, &trace).is_ok());
/// trace.remove(2);
/// assert!(judge(&plan, &trace).is_err());
/// ```
///
/// # Errors
///
/// The first [`Violation`].
pub fn judge<A>(plan: &Plan<'_, A>, trace: &[Event]) -> Result<(), Violation> {
    read(Facts::of(plan, false), trace, None)
}

/// Checks the trace of a simulated run, as [`judge`](crate::judge) does, and more: since a simulation does one thing at a
/// time, it is certain which jobs could have begun.
///
/// So no job may be overtaken by one of lower priority whose slots were free, in whatever pool; and no time may pass while
/// a worker is free and a job may begin.
///
/// # Errors
///
/// The first [`Violation`].
#[cfg(feature = "testkit")]
pub fn judge_simulated<A>(plan: &Plan<'_, A>, trace: &[Event]) -> Result<(), Violation> {
    read(Facts::of(plan, true), trace, None)
}

/// Checks the trace of a run all of whose phases pay attention, as [`judge`](crate::judge) does, and that each phase has
/// ended in time: when its limit or that of the run was over, or when the run was cancelled, within the grace period, and at
/// once when it was killed. `tolerance` is the time that clocks and busy machines may take more.
///
/// Phases pay attention that wait in commands, in [`Context::sleep`](crate::Context::sleep) or in futures. One that does
/// not may take as long as it likes, so the other judges accept that.
///
/// # Errors
///
/// The first [`Violation`].
#[cfg(feature = "testkit")]
pub fn judge_in_time<A>(plan: &Plan<'_, A>, trace: &[Event], tolerance: Duration) -> Result<(), Violation> {
    read(Facts::of(plan, false), trace, Some(tolerance))
}

fn read(facts: Facts, trace: &[Event], tolerance: Option<Duration>) -> Result<(), Violation> {
    let mut reader = Reader::new(facts, tolerance);
    for (at, event) in trace.iter().enumerate() {
        reader.read(at, event).map_err(|rule| Violation {
            at,
            event: Some(Box::new(event.clone())),
            rule,
        })?;
    }
    reader.closed().map_err(|rule| Violation { at: trace.len(), event: None, rule })
}

/// Where a trace breaks a rule, and which. It prints alike with `{}` and `{:?}`.
#[derive(Clone, PartialEq)]
pub struct Violation {
    at: usize,
    event: Option<Box<Event>>,
    rule: Rule,
}

impl Violation {
    /// The place of the event in the trace; the length of the trace where something is missing at its end.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The event that breaks the rule.
    pub fn event(&self) -> Option<&Event> {
        self.event.as_deref()
    }

    /// The rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.event {
            Some(event) => write!(f, "event {} breaks a rule: {}: {event:?}", self.at, self.rule),
            None => write!(f, "the trace ends too early: {}", self.rule),
        }
    }
}

debug_for_people!(Violation);

impl std::error::Error for Violation {}

#[cfg(test)]
mod tests;
