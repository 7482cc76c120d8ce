//! A report as text, line by line.

use std::fmt;

use crate::error::ErrorText;
use crate::report::digest::{Blocked, Failure, List, blocked, failures, lists};
use crate::report::{JobReport, Report};
use crate::text::{brief, one_line};
use crate::words::Status;

/// Lists of jobs stop here.
const LISTED: usize = 10;
/// No line of an error is longer, in characters.
const WIDEST: usize = 1000;
/// An error of more lines loses those in between: it begins with what was done, and often ends with the reason.
const MOST_LINES: usize = 20;

/// Counts, time, what has changed; then what failed, equal failures together, and what was blocked by it.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        headline(self, f)?;
        for List { word, jobs, .. } in lists(self) {
            write!(f, "\n{word}: {}", Listed(&jobs))?;
        }
        failures(self).iter().try_for_each(|failure| failed(f, failure))?;
        for Blocked { cause, jobs } in blocked(self) {
            write!(f, "\n{}: blocked by {}", Listed(&jobs), cause.name())?;
        }
        for failure in self.observer_failures() {
            write!(f, "\n{}", one_line(failure, WIDEST))?;
        }
        for (job, record) in self.cleanup_failures() {
            write!(f, "\ncleanup of `{}` failed", job.name())?;
            because(f, record.error())?;
        }
        Ok(())
    }
}

/// `3 jobs in 1.2s: 2 satisfied, 1 changed`, and why the run was stopped if it was.
pub(super) fn headline(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (counts, behind) = (report.counts(), report.counts_behind());
    let jobs = counts.total();
    write!(f, "{jobs} {} in {}", if jobs == 1 { "job" } else { "jobs" }, brief(report.elapsed()))?;
    match counts.iter().next() {
        None => Ok(()),
        Some((Status::Satisfied, satisfied)) if satisfied == jobs => write!(f, ": all satisfied"),
        Some(_) => {
            let known = counts.iter().map(|(status, count)| (count - behind.of(status), status.word()));
            let parts = known.map(|(count, word)| (count, format!("{count} {word}")));
            let (then, maybe) = (behind.of(Status::WouldRun), behind.of(Status::Satisfied));
            let later = [(then, format!("then {then}")), (maybe, format!("maybe {maybe}"))];
            let parts: Vec<_> = parts.chain(later).filter(|(count, _)| *count > 0).collect();
            let parts: Vec<&str> = parts.iter().map(|(_, text)| &**text).collect();
            write!(f, ": {}", parts.join(", "))
        }
    }?;
    match report.stop_reason() {
        None => Ok(()),
        Some(reason) => write!(f, "; stopped: {reason}"),
    }
}

fn failed(f: &mut fmt::Formatter<'_>, failure: &Failure<'_>) -> fmt::Result {
    let Failure { jobs, reason, before, tries, .. } = failure;
    let unit = if *tries == 1 { "try" } else { "tries" };
    match &jobs[..] {
        [job] => write!(f, "\n`{}` failed after {tries} {unit} in {}", job.name(), brief(job.elapsed()))?,
        jobs => write!(f, "\n{} failed after {tries} {unit} each", Listed(jobs))?,
    }
    because(f, *reason)?;
    if before.is_some() {
        write!(f, "\n  its run failed before")?;
        because(f, *before)?;
    }
    Ok(())
}

/// The reason on the same line, if there is one, and its other lines indented below.
fn because(f: &mut fmt::Formatter<'_>, error: Option<&ErrorText>) -> fmt::Result {
    let Some(error) = error.filter(|error| !error.is_returned_false()) else { return Ok(()) };
    f.write_str(if error.panicked() { ": panicked: " } else { ": " })?;
    let text = format!("{error:#}");
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let left_out = lines.len().saturating_sub(MOST_LINES);
    for (at, line) in lines.iter().enumerate() {
        match at {
            0 => f.write_str(&one_line(line, WIDEST))?,
            1 if left_out > 0 => write!(f, "\n  | .. {left_out} lines ..")?,
            _ if at <= left_out => {}
            _ => write!(f, "\n  | {}", one_line(line, WIDEST))?,
        }
    }
    Ok(())
}

/// `a, b, c and 12 more`
pub(super) struct Listed<'l, 'a>(pub(super) &'l [JobReport<'a>]);

impl fmt::Display for Listed<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, job) in self.0.iter().take(LISTED).enumerate() {
            write!(f, "{}{}", if at == 0 { "" } else { ", " }, job.name())?;
        }
        match self.0.len().saturating_sub(LISTED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
