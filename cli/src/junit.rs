//! A report as a JUnit file.

use std::time::{Duration, SystemTime};

use dojobber::{ErrorClass, ErrorText, JobReport, Kind, Phase, PhaseRecord, Report, Status};
use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestRerun, TestSuite};

use crate::text::reason;

/// One suite for the program, a case for each job; groups are none. Its elements and attributes are those of the schema
/// that Jenkins publishes (`junit-10.xsd`), and no others.
///
/// A try that failed and was followed by one that did not is a flaky failure. What was blocked, cancelled, or would
/// run is skipped; a panic, and a limit that was over, is an error.
pub(crate) fn junit(report: &Report, program: &str) -> String {
    let mut document = Document::new(program);
    document.set_time(report.elapsed());
    let mut suite = TestSuite::new(program);
    suite.set_time(report.elapsed());
    set_timestamp(&mut suite, report.started());
    for job in report.jobs().filter(|job| job.kind() != Kind::Group) {
        suite.add_test_case(case(report, job, program));
    }
    document.add_test_suite(suite);
    // it fails only where a writer does, and a string never does
    without_skipped(document.to_string().unwrap_or_default())
}

/// The number of what was skipped stands in a suite; the schema has no place for it in the element around it.
fn without_skipped(mut text: String) -> String {
    let Some(begin) = text.find("<testsuites ") else { return text };
    let end = begin + text[begin..].find('>').unwrap_or(0);
    if let Some(at) = text[begin..end].find(" skipped=\"") {
        let at = begin + at;
        let value = at + " skipped=\"".len();
        let after = value + text[value..end].find('"').map_or(0, |quote| quote + 1);
        text.replace_range(at..after, "");
    }
    text
}

/// A date after the year 9999 is none that readers know.
fn set_timestamp(suite: &mut TestSuite, started: Option<SystemTime>) {
    const MOST: Duration = Duration::from_secs(253_402_300_800);
    let since = started.and_then(|started| started.duration_since(SystemTime::UNIX_EPOCH).ok());
    if let Some(since) = since.filter(|since| *since < MOST) {
        suite.timestamp = "1970-01-01T00:00:00Z".parse().ok();
        if let Some(timestamp) = &mut suite.timestamp {
            *timestamp += since;
        }
    }
}

fn case(report: &Report, job: JobReport<'_>, program: &str) -> TestCase {
    let (class, name) = match report.graph().nest_of(job.id()) {
        Some(nest) => {
            let inner = job.name().strip_prefix(nest.name()).and_then(|name| name.strip_prefix('/'));
            (nest.name(), inner.unwrap_or(job.name()))
        }
        None => (program, job.name()),
    };
    let mut case = TestCase::new(clean(name), status(report, job));
    case.set_classname(clean(class));
    case.set_time(job.elapsed());
    let node = ends_of_tries(job).last().and_then(PhaseRecord::node).map(str::to_owned);
    if job.changed() || job.tries() > 1 || node.is_some() {
        let on = node.map_or(String::new(), |node| format!(" on {node}"));
        case.set_system_out(clean(&format!("{} after {}{on}", job.status(), counted_tries(job.tries()))));
    }
    case
}

fn counted_tries(tries: u32) -> String {
    format!("{tries} {}", if tries == 1 { "try" } else { "tries" })
}

fn status(report: &Report, job: JobReport<'_>) -> TestCaseStatus {
    match job.status() {
        status if status.is_done() => passed(job),
        Status::Failed => failed(job),
        Status::Blocked => skipped(&behind(report, job)),
        Status::WouldRun => skipped(&format!("would run: {}", reason(job.error()))),
        Status::Cancelled => skipped("cancelled: the run was stopped before it ended"),
        status => skipped(status.word()),
    }
}

/// With the tries before the last, which failed.
fn passed(job: JobReport<'_>) -> TestCaseStatus {
    let mut status = TestCaseStatus::success();
    for record in ends_of_tries(job) {
        if let Some(error) = record.error().filter(|_| record.attempt() < job.tries()) {
            status.add_rerun(rerun(record, error));
        }
    }
    status
}

fn failed(job: JobReport<'_>) -> TestCaseStatus {
    let last = job.error();
    let mut status = TestCaseStatus::non_success(last.map_or(NonSuccessKind::Failure, kind));
    let phase = ends_of_tries(job).last().map_or(Phase::Check, PhaseRecord::phase);
    status.set_type(phase.to_string());
    status.set_message(clean(&reason(last)));
    if let Some(before) = job.run_error().filter(|_| job.kind() == Kind::Job) {
        status.set_description(clean(&format!("its run failed before: {before:#}")));
    }
    status
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(clean(message.trim_end_matches([':', ' '])));
    status
}

fn behind(report: &Report, job: JobReport<'_>) -> String {
    let causes = report.root_causes(job.name());
    let names: Vec<&str> = causes.iter().map(JobReport::name).take(3).collect();
    if names.is_empty() { "blocked".to_owned() } else { format!("blocked behind {}", names.join(", ")) }
}

fn rerun(record: PhaseRecord<'_>, error: &ErrorText) -> TestRerun {
    let mut rerun = TestRerun::new(kind(error));
    rerun.set_type(record.phase().to_string()).set_message(clean(&reason(Some(error))));
    rerun
}

fn kind(error: &ErrorText) -> NonSuccessKind {
    if error.panicked() || error.class() == ErrorClass::TimedOut {
        NonSuccessKind::Error
    } else {
        NonSuccessKind::Failure
    }
}

/// The phase that ended each try.
fn ends_of_tries(job: JobReport<'_>) -> Vec<PhaseRecord<'_>> {
    let mut ends: Vec<PhaseRecord<'_>> = Vec::new();
    for record in job.phases().into_iter().filter(|record| record.phase() != Phase::Cleanup) {
        match ends.last_mut() {
            Some(last) if last.attempt() == record.attempt() => *last = record,
            _ => ends.push(record),
        }
    }
    ends
}

/// Without what XML cannot hold.
fn clean(text: &str) -> String {
    let held = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|character| if held(character) { character } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::one_job;

    #[test]
    fn what_neither_passed_nor_failed_is_skipped_and_says_why() {
        for &status in Status::ALL {
            let text = junit(&one_job(status, false), "program");
            let says = format!("<skipped message=\"{status}");
            assert_eq!(
                text.contains(&says),
                !status.is_done() && status != Status::Failed,
                "{status}: {text}"
            );
            assert_eq!(text.contains("<failure"), status == Status::Failed, "{status}: {text}");
        }
    }
}
