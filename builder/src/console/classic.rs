//! DoJobber's lines.

use std::fmt::{self, Write};

use dojobber_core::{ErrorText, Event, JobRef, Kind, Phase, Status, printable};

/// The lines of one event, which may be none. `debug` adds errors with their causes, and cleanups that pass.
pub(super) fn lines(event: &Event, debug: bool) -> Result<String, fmt::Error> {
    let mut text = String::new();
    match event {
        // the original's run_only has a check that always fails
        Event::PhaseStarted { job, phase: Phase::Run, .. } if job.kind() == Kind::RunOnly => {
            line(&mut text, job, "check", "fail")?;
        }
        Event::PhaseEnded { job, phase, error: None, .. } => passed(&mut text, job, *phase, debug)?,
        Event::PhaseEnded { job, phase, error: Some(error), .. } => {
            failed(&mut text, job, *phase, error, debug)?;
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

fn passed(text: &mut String, job: &JobRef, phase: Phase, debug: bool) -> fmt::Result {
    if phase == Phase::Cleanup && !debug {
        return Ok(());
    }
    line(text, job, name(phase), "pass")?;
    if (job.kind(), phase) == (Kind::RunOnly, Phase::Run) {
        line(text, job, "recheck", "pass")?;
    }
    Ok(())
}

fn failed(text: &mut String, job: &JobRef, phase: Phase, error: &ErrorText, debug: bool) -> fmt::Result {
    let with_error = format!("fail \"{}\"", printable(error.message()));
    let ends_try = match phase {
        Phase::Check => job.kind() == Kind::CheckOnly,
        Phase::Run => false, // a recheck follows, or a line for one
        _ => true,
    };
    line(text, job, name(phase), if ends_try { &with_error } else { "fail" })?;
    if debug {
        details(text, error)?;
    }
    if (job.kind(), phase) == (Kind::RunOnly, Phase::Run) {
        line(text, job, "recheck", &with_error)?;
    }
    Ok(())
}

fn line(text: &mut String, job: &JobRef, phase: &str, verdict: &str) -> fmt::Result {
    writeln!(text, "{job}.{phase}: {verdict}")
}

/// As the original names it: a constructor that fails is a check that fails.
fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Create => "check",
        phase => phase.word(),
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
