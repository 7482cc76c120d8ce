//! What is told at the end of a run, in a table.

use std::fmt;

use crate::error::ErrorText;
use crate::report::digest::{Blocked, Failure, List, blocked, failures, lists};
use crate::report::display::headline;
use crate::report::{JobReport, PhaseRecord, Report};
use crate::text::{brief, cells, one_line, printable};
use crate::words::Status;

/// Lists of jobs stop here, and earlier where the line is full.
const LISTED: usize = 10;
/// How many lines of an error that has several are told, from its end.
const TOLD_LINES: usize = 10;
/// Where the words and the numbers of all rows end.
const NUMBERS_END: usize = 12;
/// Where the texts of all rows begin.
const TEXT: usize = NUMBERS_END + 2;

/// The text for the end of a run: from [`Report::summary`]. It prints without a line break at its end.
#[derive(Debug, Clone, Copy)]
#[must_use = "a summary does nothing until it is printed"]
pub struct Summary<'a> {
    report: &'a Report,
    width: usize,
}

impl Report {
    /// The text for the end of a run: what has changed, what failed and why, what that has blocked, and the counts.
    ///
    /// No line takes more than 120 [cells] of a terminal, or than [`width`](Summary::width) says. Lists stop at 10 names.
    ///
    /// ```text
    /// changed    2  archive, checksum
    /// FAILED     1  tests: `sh run-tests.sh` ended with exit status: 1, after 12s
    /// blocked    4  tag, notes, upload, verify (behind tests)
    ///
    /// 11 jobs in 12s: 4 satisfied, 2 changed, 1 failed, 4 blocked
    /// ```
    pub fn summary(&self) -> Summary<'_> {
        Summary { report: self, width: 120 }
    }
}

impl Summary<'_> {
    /// How many [cells] of a terminal a line may take. Default: 120, which suits a log. At least 40.
    pub fn width(self, width: usize) -> Self {
        Summary { width: width.max(40), ..self }
    }

    fn rows(&self) -> Vec<String> {
        let mut rows = Rows { lines: Vec::new(), width: self.width };
        let (cancelled, others): (Vec<_>, Vec<_>) =
            lists(self.report).into_iter().partition(|list| list.status == Status::Cancelled);
        others.iter().for_each(|List { word, jobs, .. }| rows.jobs(word, jobs, ""));
        failures(self.report).iter().for_each(|failure| rows.failed(failure));
        cancelled.iter().for_each(|list| rows.cancelled(&list.jobs));
        for Blocked { cause, jobs } in blocked(self.report) {
            let room = rows.room() - rows.room() / 4; // names have the rest
            let cause = one_line(cause.name(), room - " (behind )".len());
            rows.jobs("blocked", &jobs, &format!(" (behind {cause})"));
        }
        for (job, record) in self.report.cleanup_failures() {
            rows.row("cleanup", 1, job.name(), record.error(), "");
        }
        for failure in self.report.observer_failures() {
            let text = one_line(failure, rows.room());
            rows.line("note", 1, &text);
        }
        rows.lines
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        for row in &rows {
            writeln!(f, "{row}")?;
        }
        f.write_str(if rows.is_empty() { "" } else { "\n" })?;
        headline(self.report, f)
    }
}

struct Rows {
    lines: Vec<String>,
    width: usize,
}

impl Rows {
    /// Jobs of which there is nothing else to tell than their names.
    fn jobs(&mut self, word: &str, jobs: &[JobReport<'_>], after: &str) {
        if !jobs.is_empty() {
            let names = listed(jobs, self.room().saturating_sub(cells(after)));
            self.line(word, jobs.len(), &format!("{names}{after}"));
        }
    }

    fn failed(&mut self, failure: &Failure<'_>) {
        let Failure { jobs, reason, before, phase, tries } = failure;
        match (&jobs[..], reason) {
            ([job], _) => {
                let node = job.phases().iter().rev().find_map(PhaseRecord::node);
                let on = node.map_or(String::new(), |node| format!(" on {}", printable(node)));
                let time = format!("{}{on}", brief(job.elapsed()));
                let after = if *tries == 1 {
                    format!(", after {time}")
                } else {
                    format!(", after {tries} tries in {time}")
                };
                self.row("FAILED", 1, job.name(), *reason, &after);
            }
            (jobs, Some(_)) => {
                let each = if *tries == 1 { String::new() } else { format!(", {tries} tries each") };
                self.row("FAILED", jobs.len(), "", *reason, &format!(" ({phase}{each})"));
                let names = listed(jobs, self.room());
                self.below(&names);
            }
            (jobs, None) => {
                let each = if *tries == 1 { String::new() } else { format!(", {tries} tries each") };
                self.jobs("FAILED", jobs, &format!(" ({phase}{each})"));
            }
        }
        if let Some(error) = before {
            let text = format!("{}{error:#}", if error.panicked() { "panicked: " } else { "" });
            let line = one_line(&format!("its run failed before: {text}"), self.room());
            self.below(&line);
        }
    }

    /// The jobs that were cut short, and the ones that had not begun; names if there is room for all of them.
    fn cancelled(&mut self, jobs: &[JobReport<'_>]) {
        let (begun, not_begun): (Vec<_>, Vec<_>) = jobs.iter().partition(|job| job.tries() > 0);
        let names = |jobs: &[JobReport<'_>]| jobs.iter().map(JobReport::name).collect::<Vec<_>>().join(", ");
        let ran = if begun.len() == 1 { "while it ran" } else { "while they ran" };
        let parts = [(begun, ran), (not_begun, "not begun")];
        let parts = || parts.iter().filter(|(jobs, _)| !jobs.is_empty());
        let named: Vec<String> = parts().map(|(jobs, when)| format!("{} ({when})", names(jobs))).collect();
        let counted: Vec<String> = parts().map(|(jobs, when)| format!("{} {when}", jobs.len())).collect();
        let (named, counted) = (named.join("; "), counted.join(", "));
        let has_room = jobs.len() <= LISTED && cells(&named) <= self.room();
        if !jobs.is_empty() {
            self.line("cancelled", jobs.len(), if has_room { &named } else { &counted });
        }
    }

    /// A row with a reason: its first line beside the name, and the last of its other lines below.
    fn row(&mut self, word: &str, count: usize, name: &str, reason: Option<&ErrorText>, after: &str) {
        let panicked = if reason.is_some_and(ErrorText::panicked) { "panicked: " } else { "" };
        let text =
            reason.filter(|error| !error.is_returned_false()).map(|error| format!("{panicked}{error:#}"));
        let text = text.unwrap_or_default();
        let mut lines = text.trim_end().lines();
        let first = lines.next().unwrap_or_default();
        let separator = if name.is_empty() || first.is_empty() { "" } else { ": " };
        let room = self.room().saturating_sub(cells(after));
        let line = one_line(&format!("{name}{separator}{first}"), room);
        self.line(word, count, &format!("{line}{after}"));
        let others: Vec<&str> = lines.collect();
        for line in &others[others.len().saturating_sub(TOLD_LINES)..] {
            let line = one_line(line, self.room().saturating_sub(2));
            self.below(&format!("| {line}"));
        }
    }

    fn line(&mut self, word: &str, count: usize, text: &str) {
        let room = NUMBERS_END.saturating_sub(word.len());
        let count = format!("{count:>room$}");
        let gap = if count.len() == room && !count.starts_with(' ') { " " } else { "" };
        self.lines.push(format!("{word}{gap}{count}  {text}").trim_end().to_owned());
    }

    fn below(&mut self, text: &str) {
        self.lines.push(format!("{:TEXT$}{text}", ""));
    }

    /// How long a text beside the numbers may be.
    fn room(&self) -> usize {
        self.width - TEXT
    }
}

/// `a, b, c .. and 287 more`: as many names as there is room for, at least one and at most 10.
fn listed(jobs: &[JobReport<'_>], room: usize) -> String {
    let more = |count: usize| if count == 0 { String::new() } else { format!(" .. and {count} more") };
    let mut text = String::new();
    let mut listed = 0;
    for job in jobs.iter().take(LISTED) {
        let next = format!("{text}{}{}", if listed == 0 { "" } else { ", " }, job.name());
        let length = cells(&next) + more(jobs.len() - listed - 1).len();
        if listed > 0 && length > room {
            break;
        }
        (text, listed) = (next, listed + 1);
    }
    let more = more(jobs.len() - listed);
    format!("{}{more}", one_line(&text, room.saturating_sub(more.len())))
}
