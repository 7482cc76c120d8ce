//! What each job has done, a line each, as soon as it has ended.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dojobber::{
    ErrorText, Event, JobRef, Kind, Observer, Phase, Status, StopLevel, StopReason, brief, printable,
};

use crate::output::Paint;
use crate::text::{counted, reason, shortened};

/// No line is longer, in characters, where there is no terminal.
const WIDTH: usize = 120;

/// An observer that writes a line for each job that did something.
///
/// ```text
/// release: 11 jobs, 4 threads
///    0.4s  changed  archive    build app-1.2.3.tar (0.4s)
/// ```
pub(crate) struct Lines {
    program: String,
    paint: Paint,
    state: Mutex<(State, Box<dyn Write + Send>)>,
}

/// What is known of the run that goes on.
#[derive(Default)]
struct State {
    jobs: Vec<JobState>,
    name_width: usize,
    grace: Duration,
    /// Whether nobody wants to read what has gone well.
    trouble_alone: bool,
}

#[derive(Debug, Clone, Default)]
struct JobState {
    began: Option<Duration>,
    tries: u32,
    /// What its last phase failed with.
    error: Option<ErrorText>,
    /// What it has said of its run.
    about: Option<String>,
}

impl Lines {
    /// To standard error.
    pub(crate) fn new(program: &str, paint: Paint) -> Self {
        Lines::to(program, paint, false, io::stderr())
    }

    /// Trouble alone, above what else is on that screen.
    pub(crate) fn of_trouble(program: &str, paint: Paint, screen: impl Write + Send + 'static) -> Self {
        Lines::to(program, paint, true, screen)
    }

    fn to(program: &str, paint: Paint, trouble_alone: bool, out: impl Write + Send + 'static) -> Self {
        let state = State { trouble_alone, ..State::default() };
        Lines { program: program.to_owned(), paint, state: Mutex::new((state, Box::new(out))) }
    }
}

impl Observer for Lines {
    fn on_event(&self, event: &Event) {
        let mut held = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, out) = &mut *held;
        let Some(line) = state.line(&self.program, event) else { return };
        // a stream that is closed or full is no reason to stop a run
        let _ = out.write_all(format!("{}\n", self.paint.line(&line)).as_bytes());
    }
}

impl State {
    fn line(&mut self, program: &str, event: &Event) -> Option<String> {
        match event {
            Event::RunStarted { graph, options, .. } => {
                let jobs = || graph.ids().filter(|job| graph.kind(*job) != Kind::Group);
                let widths = jobs().map(|job| graph.name(job).chars().count());
                *self = State {
                    jobs: vec![JobState::default(); graph.len()],
                    grace: options.grace_period,
                    name_width: widths.filter(|width| *width <= 40).max().unwrap_or(0),
                    trouble_alone: self.trouble_alone,
                };
                if self.trouble_alone {
                    return None;
                }
                let (jobs, threads) = (counted(jobs().count(), "job"), counted(options.threads, "thread"));
                Some(format!("{program}: {jobs}, {threads}"))
            }
            Event::PhaseStarted { job, attempt, phase, at, .. } if *phase != Phase::Cleanup => {
                let state = &mut self.jobs[job.id().index()];
                state.began.get_or_insert(*at);
                state.tries = *attempt;
                None
            }
            Event::PhaseEnded { job, phase: Phase::Cleanup, error: Some(error), at, .. } => {
                Some(self.told(*at, "cleanup", job, &reason(Some(error)), ""))
            }
            Event::PhaseEnded { job, phase, error, attempt, .. } if *phase != Phase::Cleanup => {
                let state = &mut self.jobs[job.id().index()];
                state.tries = *attempt;
                state.error.clone_from(error);
                None
            }
            Event::RunDescribed { job, text, .. } => {
                self.jobs[job.id().index()].about = Some(text.clone());
                None
            }
            Event::LogLine { job, text, at, .. } => {
                Some(self.told(*at, "log", job, &printable(text).to_string(), ""))
            }
            Event::PhaseSlow { job, phase, running, at, .. } => {
                let running = format!("{phase}: still running after {}", brief(*running));
                Some(self.told(*at, "slow", job, &running, ""))
            }
            Event::StopRequested { level, reason, .. } => Some(self.stopping(*level, *reason)),
            Event::JobEnded { job, status, at, .. } => self.ended(*at, job, *status),
            _ => None,
        }
    }

    /// What happens now, and what another signal would do.
    fn stopping(&self, level: StopLevel, reason: StopReason) -> String {
        let running = self.jobs.iter().filter(|job| job.began.is_some()).count();
        let (begun, grace) = (counted(running, "begun job"), brief(self.grace));
        let next = match reason {
            StopReason::Signal(_) => "; once more: kill now; a third time: leave, without cleanups",
            _ => "",
        };
        match level {
            StopLevel::Drain => format!("draining, {reason}: {begun} may end, nothing new begins"),
            StopLevel::Kill => format!("killing, {reason}: {begun}"),
            _ if running == 0 => format!("stopping, {reason}: nothing new begins"),
            _ => format!("stopping, {reason}: {begun} asked to end, and killed after {grace}{next}"),
        }
    }

    fn ended(&mut self, at: Duration, job: &JobRef, status: Status) -> Option<String> {
        let JobState { began, tries, error, about } = std::mem::take(&mut self.jobs[job.id().index()]);
        let time = brief(at.saturating_sub(began.unwrap_or(at)));
        match status {
            Status::Changed if job.kind() != Kind::Group && !self.trouble_alone => {
                let about = about.as_deref().or_else(|| job.graph().description(job.id()));
                let about = printable(about.unwrap_or_default()).to_string();
                Some(self.told(at, "changed", job, &about, &format!("({time})")))
            }
            Status::Failed => {
                let tries =
                    if tries > 1 { format!("({tries} tries in {time})") } else { format!("({time})") };
                Some(self.told(at, "FAILED", job, &reason(error.as_ref()), &tries))
            }
            Status::Cancelled if began.is_some() => {
                Some(self.told(at, "cancelled", job, &reason(error.as_ref()), &format!("(after {time})")))
            }
            _ => None,
        }
    }

    /// `   0.4s  changed  archive    build app-1.2.3.tar (0.4s)`
    fn told(&self, at: Duration, word: &str, job: &JobRef, about: &str, after: &str) -> String {
        let head =
            format!("{:>6.1}s  {word:<7}  {:<width$}", at.as_secs_f64(), job.name(), width = self.name_width);
        let room = WIDTH.saturating_sub(head.chars().count() + after.len() + 3).max(20);
        let parts = [shortened(about, room), after.to_owned()];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{head}  {}", parts.join(" ")).trim_end().to_owned()
    }
}
