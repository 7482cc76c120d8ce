//! Lines for people and for the logs of build servers: each begins with the time, and stands alone.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use dojobber_core::{
    ErrorClass, ErrorText, Event, JobId, JobRef, Kind, Phase, Status, StopLevel, StopReason, brief, one_line,
    printable,
};

use crate::console::behind::{Behind, address};

/// A reason takes no more cells of a terminal than this.
const REASON: usize = 120;
/// What is shorter than this takes no time.
const SHORTEST: Duration = Duration::from_millis(1);

/// When what goes on has begun.
#[derive(Default)]
pub(super) struct Clocks {
    /// The open phase of each job, and its first one.
    jobs: HashMap<(usize, JobId), Clock>,
    /// What jobs have said of their runs that have not begun.
    runs: HashMap<(usize, JobId), String>,
    behind: Behind,
    /// For each job that is blocked, what has failed or would run and so keeps it from beginning.
    causes: HashMap<(usize, JobId), JobId>,
}

struct Clock {
    first: Duration,
    phase: Duration,
    /// The machine that executes the phase, if it is another one.
    node: Option<Arc<str>>,
}

impl Clocks {
    /// The line of one event, if it has one.
    pub(super) fn line(&mut self, event: &Event) -> Option<String> {
        let (at, text) = self.told(event)?;
        let mut line = String::new();
        // writing to a string cannot fail
        let _ = writeln!(line, "{:>7.2}s  {text}", at.as_secs_f64());
        Some(line)
    }

    fn told(&mut self, event: &Event) -> Option<(Duration, String)> {
        match event {
            Event::RunStarted { graph, options, .. } => {
                self.behind.begin(graph, options.dry_run);
                self.causes.retain(|(of, _), _| *of != address(graph));
                let jobs = graph.ids().filter(|job| graph.kind(*job) != Kind::Group).count();
                let threads = options.threads;
                let text = format!("{} on {}", counted(jobs, "job"), counted(threads, "thread"));
                Some((Duration::ZERO, text))
            }
            Event::PhaseStarted { job, attempt, phase, at, node, .. } => {
                let new = || Clock { first: *at, phase: *at, node: None };
                let clock = self.jobs.entry(key(job)).or_insert_with(new);
                (clock.phase, clock.node) = (*at, node.clone());
                (*phase == Phase::Run).then(|| {
                    let said = self.runs.remove(&key(job));
                    (*at, began(job, said.as_deref(), *attempt, node.as_deref()))
                })
            }
            Event::RunDescribed { job, text, .. } => {
                self.runs.insert(key(job), text.clone());
                None
            }
            Event::PhaseEnded { job, attempt, phase, at, error, .. } => {
                let clock = self.jobs.get(&key(job));
                let length = clock.map_or(Duration::ZERO, |clock| at.saturating_sub(clock.phase));
                let facts = facts(*attempt, clock.and_then(|clock| clock.node.as_deref()), length);
                Some((*at, ended(job, *phase, error.as_ref()) + &facts))
            }
            Event::OutputLine { job, line, at, .. } => Some((*at, format!("{job}| {}", printable(line)))),
            Event::LogLine { job, text, at, .. } => Some((*at, format!("{job}: {}", printable(text)))),
            Event::Progress { job, progress, at, .. } => Some((*at, format!("{job}: {progress}"))),
            Event::PhaseSlow { job, attempt, phase, at, running, .. } => {
                let facts = facts(*attempt, None, Duration::ZERO);
                Some((*at, format!("{job}.{phase}: still running after {}{facts}", brief(*running))))
            }
            Event::RetryPlanned { job, attempt, at, due, max_tries, .. } => {
                let delay = brief(due.saturating_sub(*at));
                let of = max_tries.map(|most| format!(" of {most}")).unwrap_or_default();
                Some((*at, format!("{job}: again in {delay}, try {}{of}", attempt + 1)))
            }
            Event::StopRequested { level, reason, at, .. } => Some((*at, stopping(*level, *reason))),
            Event::JobEnded { job, status, because, at, .. } => {
                let clock = self.jobs.remove(&key(job));
                let took = clock.map_or(Duration::ZERO, |clock| at.saturating_sub(clock.first));
                let said = self.runs.remove(&key(job));
                if self.behind.end(job, *status)
                    && let Some(text) = behind(job, *status, said.as_deref())
                {
                    return Some((*at, text));
                }
                let because = because.as_ref().map(|on| job.graph().name(self.cause(job, on)));
                outcome(job, *status, because, said.as_deref(), took).map(|text| (*at, text))
            }
            _ => None,
        }
    }

    /// What keeps a job from beginning, as this one does that it is after: itself, or what that is blocked by.
    fn cause(&mut self, job: &JobRef, on: &JobRef) -> JobId {
        let cause = self.causes.get(&key(on)).copied().unwrap_or(on.id());
        self.causes.insert(key(job), cause);
        cause
    }
}

fn key(job: &JobRef) -> (usize, JobId) {
    (address(job.graph()), job.id())
}

/// How hard the run is stopped now, and why it was stopped first.
fn stopping(level: StopLevel, reason: StopReason) -> String {
    let how = match level {
        StopLevel::Kill => "stopping at once: what has begun is ended",
        StopLevel::Cancel => "stopping: what has begun is asked to end",
        _ => "stopping: what has begun may end, nothing new begins",
    };
    format!("{how} ({reason})")
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn began(job: &JobRef, said: Option<&str>, attempt: u32, node: Option<&str>) -> String {
    let what = said.or_else(|| job.graph().description(job.id())).map(|text| one_line(text, REASON));
    format!("{job}.run: {}{}", what.as_deref().unwrap_or("begins"), facts(attempt, node, Duration::ZERO))
}

fn ended(job: &JobRef, phase: Phase, error: Option<&ErrorText>) -> String {
    let mut text = format!("{job}.{phase}: ");
    match error {
        None => text.push_str("pass"),
        Some(error) => {
            text.push_str(verdict(job, phase, error));
            if !error.is_returned_false() {
                let panicked = if error.panicked() { "panicked: " } else { "" };
                let reason = one_line(&format!("{panicked}{error:#}"), REASON);
                let _ = write!(text, " \"{reason}\"");
            }
        }
    }
    text
}

/// A check that says no is no failure where a run follows.
fn verdict(job: &JobRef, phase: Phase, error: &ErrorText) -> &'static str {
    match (error.class(), phase, job.kind()) {
        (ErrorClass::Unknown, ..) => "unknown",
        (ErrorClass::Permanent, ..) => "fail",
        (_, Phase::Check, Kind::Job) => "due",
        _ => "fail",
    }
}

/// ` (try 2, on n1, 0.3s)`, as far as there is something to tell.
fn facts(attempt: u32, node: Option<&str>, length: Duration) -> String {
    let attempt = (attempt > 1).then(|| format!("try {attempt}"));
    let length = (length >= SHORTEST).then(|| brief(length).to_string());
    let node = node.map(|node| format!("on {}", printable(node)));
    let facts: Vec<String> = [attempt, node, length].into_iter().flatten().collect();
    if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) }
}

/// What is said of a job behind one that would run: what it would do then, or that there may be something to do.
fn behind(job: &JobRef, status: Status, said: Option<&str>) -> Option<String> {
    match status {
        _ if job.kind() == Kind::Group => None,
        Status::WouldRun => Some(match said.or_else(|| job.graph().description(job.id())) {
            Some(text) => format!("{job}: then: {}", one_line(text, REASON)),
            None => format!("{job}: then"),
        }),
        Status::Satisfied => Some(format!("{job}: maybe, it is as it should be now")),
        _ => None,
    }
}

/// What is not said by the line of a phase already. Groups are no news.
fn outcome(
    job: &JobRef,
    status: Status,
    because: Option<&str>,
    said: Option<&str>,
    took: Duration,
) -> Option<String> {
    match status {
        _ if job.kind() == Kind::Group => None,
        Status::Failed => Some(format!("{job}: FAILED after {}", brief(took))),
        Status::Blocked => Some(
            because.map_or(format!("{job}: blocked"), |because| format!("{job}: blocked behind {because}")),
        ),
        Status::WouldRun => match said.or_else(|| job.graph().description(job.id())) {
            Some(text) => Some(format!("{job}: would run: {}", one_line(text, REASON))),
            None if job.kind() == Kind::RunOnly => Some(format!("{job}: would run")),
            None => None,
        },
        Status::Satisfied | Status::Changed => None,
        status => Some(format!("{job}: {status}")),
    }
}
