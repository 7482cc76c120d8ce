//! What happens, in lines on standard error.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use dojobber_core::{ErrorText, Event, JobRef, Kind, Observer, Phase, Status, printable};

/// An observer that writes whole lines, in DoJobber's form, to standard error or elsewhere:
///
/// ```text
/// TurnOnTV.check: fail
/// TurnOnTV.run: pass
/// TurnOnTV.recheck: fail "Remote batteries are dead."
/// ```
///
/// The line that ends a failed try carries the error. Two jobs never mix theirs within a line, and a stream that
/// cannot be written to stops no run.
///
/// ```
/// use dojobber::{Console, Graph, Runner};
///
/// let runner = Runner::builder().observer(Console::verbose()).build();
/// let plan = Graph::new().job("sun").check_only(|_| true).compile().unwrap();
/// assert!(runner.run(&plan, ()).success()); // writes `sun.check: pass`
/// ```
pub struct Console {
    debug: bool,
    out: Mutex<Box<dyn Write + Send>>,
}

impl Console {
    /// One line for each phase.
    pub fn verbose() -> Self {
        Console { debug: false, out: Mutex::new(Box::new(io::stderr())) }
    }

    /// The same, with the error of every failed phase and the chain of its causes below its line, and with cleanups
    /// that pass.
    pub fn debug() -> Self {
        Console { debug: true, ..Console::verbose() }
    }

    /// Writes there in place of standard error.
    pub fn to(self, out: impl Write + Send + 'static) -> Self {
        Console { out: Mutex::new(Box::new(out)), ..self }
    }

    /// One event's lines, in one piece.
    fn lines(&self, event: &Event) -> Result<String, fmt::Error> {
        let mut text = String::new();
        match event {
            // the original's run_only has a check that always fails
            Event::PhaseStarted { job, phase: Phase::Run, .. } if job.kind() == Kind::RunOnly => {
                line(&mut text, job, "check", "fail")?;
            }
            Event::PhaseEnded { job, phase, error: None, .. } => self.passed(&mut text, job, *phase)?,
            Event::PhaseEnded { job, phase, error: Some(error), .. } => {
                self.failed(&mut text, job, *phase, error)?;
            }
            Event::JobEnded { job, status: Status::WouldRun, .. } if job.kind() == Kind::RunOnly => {
                line(&mut text, job, "check", "fail")?;
            }
            Event::JobEnded { job, status: Status::Satisfied, .. } if job.kind() == Kind::Group => {
                line(&mut text, job, "check", "pass")?;
            }
            _ => {}
        }
        Ok(text)
    }

    fn passed(&self, text: &mut String, job: &JobRef, phase: Phase) -> fmt::Result {
        if phase == Phase::Cleanup && !self.debug {
            return Ok(());
        }
        line(text, job, name(phase), "pass")?;
        if (job.kind(), phase) == (Kind::RunOnly, Phase::Run) {
            line(text, job, "recheck", "pass")?;
        }
        Ok(())
    }

    fn failed(&self, text: &mut String, job: &JobRef, phase: Phase, error: &ErrorText) -> fmt::Result {
        let with_error = format!("fail \"{}\"", printable(error.message()));
        let ends_try = match phase {
            Phase::Create | Phase::Recheck | Phase::Cleanup => true,
            Phase::Check => job.kind() == Kind::CheckOnly,
            _ => false,
        };
        line(text, job, name(phase), if ends_try { &with_error } else { "fail" })?;
        if self.debug {
            details(text, error)?;
        }
        if (job.kind(), phase) == (Kind::RunOnly, Phase::Run) {
            line(text, job, "recheck", &with_error)?;
        }
        Ok(())
    }
}

impl Observer for Console {
    fn on_event(&self, event: &Event) {
        let Ok(text) = self.lines(event) else { return };
        if !text.is_empty() {
            let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
            // a stream that is closed or full is no reason to stop a run
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        }
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("debug", &self.debug).finish_non_exhaustive()
    }
}

fn line(text: &mut String, job: &JobRef, phase: &str, verdict: &str) -> fmt::Result {
    writeln!(text, "{job}.{phase}: {verdict}")
}

/// As the original names it: a constructor that fails is a check that fails.
fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Run => "run",
        Phase::Recheck => "recheck",
        Phase::Cleanup => "cleanup",
        _ => "check",
    }
}

/// The error and its causes, indented.
fn details(text: &mut String, error: &ErrorText) -> fmt::Result {
    let panicked = if error.panicked() { "panicked: " } else { "" };
    indented(text, panicked, error.message())?;
    for cause in error.causes() {
        indented(text, "caused by: ", cause)?;
    }
    Ok(())
}

fn indented(text: &mut String, before: &str, message: &str) -> fmt::Result {
    for (at, part) in message.lines().enumerate() {
        writeln!(text, "  {}{:#}", if at == 0 { before } else { "" }, printable(part))?;
    }
    Ok(())
}
