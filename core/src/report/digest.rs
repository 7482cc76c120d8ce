//! What there is to tell of a report: equal failures together, blocked jobs by what blocks them.

use std::collections::HashMap;

use crate::error::ErrorText;
use crate::graph::JobId;
use crate::report::{JobReport, Report};
use crate::words::{Kind, Phase, Status};

/// Jobs that failed alike, in order of declaration.
pub(super) struct Failure<'a> {
    pub(super) jobs: Vec<JobReport<'a>>,
    /// What the last try of each failed with. `None` for a plain `false`, which gives no reason.
    pub(super) reason: Option<&'a ErrorText>,
    /// What the run of that try failed with, where a recheck decided.
    pub(super) before: Option<&'a ErrorText>,
    /// The phase that ended the last try.
    pub(super) phase: Phase,
    pub(super) tries: u32,
}

/// Jobs that were blocked, and the job that has kept them from beginning.
pub(super) struct Blocked<'a> {
    pub(super) cause: JobReport<'a>,
    pub(super) jobs: Vec<JobReport<'a>>,
}

/// Jobs of which little more than their names is told.
pub(super) struct List<'a> {
    /// How they ended.
    pub(super) status: Status,
    /// What stands before their names.
    pub(super) word: &'static str,
    pub(super) jobs: Vec<JobReport<'a>>,
}

/// The jobs that have changed, are due, or ended in a way that has no text of its own, by how they ended. Only lists that
/// are not empty.
pub(super) fn lists(report: &Report) -> Vec<List<'_>> {
    let of = |status: &Status| match *status {
        Status::Satisfied => Vec::new(),                // as it should be
        Status::Failed | Status::Blocked => Vec::new(), // with reasons: `failures` and `blocked`
        Status::WouldRun if report.dry_run() => due(report),
        status => vec![List { status, word: status.word(), jobs: ended(report, status) }],
    };
    Status::ALL.iter().flat_map(of).filter(|list| !list.jobs.is_empty()).collect()
}

/// The jobs that ended so, in order of declaration. Groups are no news.
fn ended(report: &Report, status: Status) -> Vec<JobReport<'_>> {
    report.jobs().filter(|job| job.status() == status && is_told(job)).collect()
}

/// What a dry run has found that is due: what is certain, what comes behind that, and what may come.
fn due(report: &Report) -> Vec<List<'_>> {
    let lists = [
        ("would run", Status::WouldRun, false),
        ("then", Status::WouldRun, true),
        ("maybe", Status::Satisfied, true),
    ];
    let list = |(word, status, behind)| {
        let mut jobs = ended(report, status);
        jobs.retain(|job| job.behind() == behind);
        List { status, word, jobs }
    };
    lists.into_iter().map(list).collect()
}

/// Failed jobs, those together that failed alike; in the order of the first of each.
pub(super) fn failures(report: &Report) -> Vec<Failure<'_>> {
    let mut failures: Vec<Failure<'_>> = Vec::new();
    let mut known = HashMap::new();
    for job in ended(report, Status::Failed) {
        let failure = Failure::of(job);
        let next = failures.len();
        let at = *known.entry(failure.likeness()).or_insert(next);
        match failures.get_mut(at) {
            Some(alike) => alike.jobs.push(job),
            None => failures.push(failure),
        }
    }
    failures
}

impl<'a> Failure<'a> {
    fn of(job: JobReport<'a>) -> Self {
        let before = if job.kind() == Kind::Job { reason(job.run_error()) } else { None };
        let phase = job.last().map_or(Phase::Check, |last| last.phase());
        Failure { jobs: vec![job], reason: reason(job.error()), before, phase, tries: job.tries() }
    }

    /// What is equal of those that are told together.
    fn likeness(&self) -> (Option<String>, Option<String>, Phase, u32) {
        let text = |error: Option<&ErrorText>| error.map(|error| format!("{}{error:#}", error.panicked()));
        (text(self.reason), text(self.before), self.phase, self.tries)
    }
}

fn reason(error: Option<&ErrorText>) -> Option<&ErrorText> {
    error.filter(|error| !error.is_returned_false())
}

/// Blocked jobs by the first of the failed jobs above them; in a dry run, by the first job that would run if none has
/// failed; else by the first that is not done for another reason. Each job is told once, and the graph is walked once.
pub(super) fn blocked(report: &Report) -> Vec<Blocked<'_>> {
    let mut seen = vec![false; report.graph.nodes()];
    let mut found = Vec::new();
    let blocks = |status: &&Status| !status.is_done() && **status != Status::Blocked;
    for &status in Status::ALL.iter().filter(blocks) {
        for cause in report.jobs().filter(|job| job.status() == status) {
            let jobs = behind(report, cause.id(), &mut seen);
            if !jobs.is_empty() {
                found.push(Blocked { cause, jobs });
            }
        }
    }
    found
}

/// The blocked jobs behind one that is not done, as far as none was seen.
fn behind<'a>(report: &'a Report, cause: JobId, seen: &mut [bool]) -> Vec<JobReport<'a>> {
    let graph = &report.graph;
    let mut reached = vec![cause];
    let mut at = 0;
    while let Some(node) = reached.get(at).copied() {
        at += 1;
        for next in graph.before_nodes(node) {
            let goes_on = graph.is_start(*next) || report.status_of(*next) == Status::Blocked;
            if goes_on && !std::mem::replace(&mut seen[next.index()], true) {
                reached.push(*next);
            }
        }
    }
    let mut jobs: Vec<JobId> = reached.into_iter().skip(1).filter(|node| !graph.is_start(*node)).collect();
    jobs.sort_unstable();
    jobs.into_iter().map(|id| JobReport { report, id }).filter(is_told).collect()
}

fn is_told(job: &JobReport<'_>) -> bool {
    job.kind() != Kind::Group
}
