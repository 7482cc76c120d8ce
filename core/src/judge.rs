//! An independent judge of executions: it knows the rules, and nothing of how they are kept.

mod rules;

use std::fmt;

use crate::event::Event;
use crate::judge::rules::Rules;
use crate::plan::Plan;

/// Checks that a trace obeys its plan: the events of one run, in the order in which an observer got them.
///
/// Every phase must begin when all that its job depends on is done, on a worker that is free, in the order check,
/// run, recheck; tries and delays must be those of the job; every job must end once and as its phases say; cleanups
/// must follow in the exact reverse of the runs; and nothing may be missing. Whether a due retry waited for ready jobs is
/// not checked.
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
    let mut rules = Rules::of(plan);
    for (at, event) in trace.iter().enumerate() {
        rules.admit(event).map_err(|why| Violation { at, event: Some(Box::new(event.clone())), why })?;
    }
    rules.closed().map_err(|why| Violation { at: trace.len(), event: None, why })
}

/// Where a trace breaks a rule, and which.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    at: usize,
    event: Option<Box<Event>>,
    why: String,
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
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.event {
            Some(event) => write!(f, "event {} breaks a rule: {}: {event:?}", self.at, self.why),
            None => write!(f, "the trace ends too early: {}", self.why),
        }
    }
}

impl std::error::Error for Violation {}
