//! What a dry run has found, line by line.

use std::collections::{HashSet, VecDeque};

use dojobber::{DryRun, ErrorClass, JobId, JobReport, Kind, Plan, Report, Status, one_line};

use crate::text::{are, columns, counted, listed, reason};

/// No reason takes more cells of a terminal.
const WIDEST: usize = 120;

/// What would be done, what then, and what only may be, in the order of the plan, and why; what failed, and what that keeps
/// from being looked at. At most a line a job, of at most `width` cells where that is known.
pub(crate) fn findings<A>(plan: &Plan<'_, A>, report: &Report, width: Option<usize>) -> Vec<String> {
    let graph = plan.graph();
    let jobs = plan.order().filter_map(|job| report.job(graph.name(job)));
    let jobs: Vec<JobReport<'_>> = jobs.filter(|job| job.kind() != Kind::Group).collect();
    let row = |job: &JobReport<'_>| {
        Some([word(*job)?.to_owned(), job.name().to_owned(), about(*job), why(report, *job)])
    };
    let mut lines = columns(&jobs.iter().filter_map(row).collect::<Vec<_>>(), width);
    lines.extend(blocked(report, &jobs));
    let cleanups = report.cleanup_failures().len();
    debug_assert_eq!(cleanups, 0, "a dry run executes no run, and so no cleanup");
    if lines.is_empty() {
        let satisfied = report.count(Status::Satisfied);
        let are = if satisfied == 1 { "is" } else { "are" };
        return vec![format!("Nothing to do: {} {are} satisfied.", counted(satisfied, "job"))];
    }
    lines.push(String::new());
    lines.push(total(report));
    lines
}

fn word(job: JobReport<'_>) -> Option<&'static str> {
    match (job.status(), job.behind()) {
        (Status::WouldRun, false) => Some("would"),
        (Status::WouldRun, true) => Some("then"),
        (Status::Satisfied, true) => Some("maybe"),
        (Status::Failed, _) if job.error().is_some_and(|error| error.class() == ErrorClass::Unknown) => {
            Some("unknown")
        }
        (Status::Failed, _) => Some("FAILED"),
        (Status::Satisfied | Status::Changed | Status::Blocked, _) => None,
        (status, _) => Some(status.word()),
    }
}

fn about(job: JobReport<'_>) -> String {
    let text = job.description_of_run().or(job.description());
    text.map(|text| one_line(text, WIDEST)).unwrap_or_default()
}

/// What its check says; where that says nothing, or only what is not there yet, what comes before it.
fn why(report: &Report, job: JobReport<'_>) -> String {
    let error = job.error().filter(|error| error.class() != ErrorClass::NotYet);
    let reason = one_line(&reason(error), WIDEST);
    match before(report, job).filter(|_| job.behind()) {
        Some(before) if job.status() == Status::Satisfied => format!("as it should be now; after {before}"),
        Some(before) if reason.is_empty() => format!("after {before}"),
        _ => reason,
    }
}

/// The nearest job that would run and that this one depends on, the last of several; groups are none.
fn before<'a>(report: &'a Report, job: JobReport<'_>) -> Option<&'a str> {
    let graph = report.graph();
    let after = |job: JobId| graph.after(job).iter().rev().copied().collect::<Vec<JobId>>();
    let mut next = VecDeque::from(after(job.id()));
    let mut seen = HashSet::new();
    while let Some(id) = next.pop_front() {
        let on = report.job(graph.name(id)).filter(|_| seen.insert(id));
        match on.map(|on| (on.status(), on.behind())) {
            Some((Status::WouldRun, _)) => return Some(graph.name(id)),
            Some((_, true)) => next.extend(after(id)),
            _ => {}
        }
    }
    None
}

/// `blocked 9: commit, tag, tests, archive .. and 5 more (behind clean)`
fn blocked(report: &Report, jobs: &[JobReport<'_>]) -> Option<String> {
    let blocked: Vec<&str> =
        jobs.iter().filter(|job| job.status() == Status::Blocked).map(JobReport::name).collect();
    let failed = jobs.iter().filter(|job| job.status() == Status::Failed).map(JobReport::name);
    let failed: Vec<&str> = failed.collect();
    let count = blocked.len();
    let behind = match failed[..] {
        [one] if report.dry_run_mode() == DryRun::Through => format!(" (behind {one})"),
        _ => String::new(),
    };
    (count > 0).then(|| format!("blocked {count}: {}{behind}", listed(blocked.into_iter())))
}

/// `Plan: 2 would run, then 4, maybe 1. 4 are satisfied. Nothing was changed.`
fn total(report: &Report) -> String {
    let (counts, behind) = (report.counts(), report.counts_behind());
    let known = |status| counts.of(status) - behind.of(status);
    let (would, then) = (known(Status::WouldRun), behind.of(Status::WouldRun));
    let maybe = behind.of(Status::Satisfied);
    let parts = [
        (would, format!("{would} would run")),
        (then, format!("then {then}")),
        (maybe, format!("maybe {maybe}")),
    ];
    let rest = counts.iter().filter(|(status, _)| !matches!(status, Status::Satisfied | Status::WouldRun));
    let rest = rest.map(|(status, count)| (count, format!("{count} {status}")));
    let parts = parts.into_iter().chain(rest).filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(_, part)| part).collect();
    let satisfied = are(known(Status::Satisfied), "satisfied");
    format!("Plan: {}. {satisfied}. Nothing was changed.", parts.join(", "))
}

#[cfg(test)]
mod foretold;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::one_job;
    use dojobber::{Graph, Key, Runner, ensure, unknown};

    #[track_caller]
    fn check_as(dry_run: DryRun, graph: Graph<'_>, expected: &[&str]) {
        let plan = graph.compile().unwrap();
        let run = Runner::builder().threads(1).dry_run(dry_run).build().run(&plan, ());
        assert_eq!(findings(&plan, &run, None), expected);
    }

    #[track_caller]
    fn check(graph: Graph<'_>, expected: &[&str]) {
        check_as(DryRun::Checks, graph, expected);
    }

    #[track_caller]
    fn check_through(graph: Graph<'_>, expected: &[&str]) {
        check_as(DryRun::Through, graph, expected);
    }

    const FILES: Key<Vec<String>> = Key::new("files");

    #[test]
    fn what_comes_then_and_what_may_be() {
        let graph = Graph::new()
            .job("tests")
            .description("run the tests")
            .check(|_| ensure(false, "this commit was not tested"))
            .run(|_| ())
            .job(FILES)
            .after("tests")
            .check(|_| Err::<Vec<String>, _>("there is no archive".into()))
            .run(|_| ())
            .job("group")
            .after(FILES)
            .group()
            .job("checksum")
            .after("group")
            .description("write sums")
            .describe_run(|_| "write SHA256SUMS")
            .run_only(|_| ())
            .job("tag")
            .after("group")
            .check(|cx| Ok(cx.output(FILES)?.is_empty()))
            .run(|_| ())
            .job("upload")
            .after(("checksum", "tag"))
            .description("upload all")
            .check(|_| true)
            .run(|_| ())
            .job("disk")
            .check_only(|_| true)
            .job("all")
            .after("upload")
            .group();
        let expected = [
            "would  tests     run the tests     this commit was not tested",
            "then   files                       there is no archive",
            "then   checksum  write SHA256SUMS  after files",
            "then   tag                         after files",
            "maybe  upload    upload all        as it should be now; after tag",
            "",
            "Plan: 1 would run, then 3, maybe 1. 1 is satisfied. Nothing was changed.",
        ];
        check_through(graph, &expected);
    }

    #[test]
    fn what_cannot_be_known() {
        let graph = Graph::new()
            .job("upload")
            .description("upload all")
            .check(|_| Err::<(), _>(unknown("cannot look: connection refused").into()))
            .run(|_| ())
            .job("verify")
            .after("upload")
            .check_only(|_| true);
        let expected = [
            "unknown  upload  upload all  cannot look: connection refused",
            "blocked 1: verify (behind upload)",
            "",
            "Plan: 1 failed, 1 blocked. 0 are satisfied. Nothing was changed.",
        ];
        check_through(graph, &expected);
    }

    #[test]
    fn what_would_be_done_and_why() {
        let graph = Graph::new()
            .job("tag")
            .after("tests")
            .run_only(|_| ())
            .job("tests")
            .description("run the tests")
            .check(|_| ensure(false, "this commit was not tested"))
            .run(|_| ())
            .job("archive")
            .check(|_| false)
            .run(|_| ())
            .job("disk")
            .check_only(|_| true)
            .job("all")
            .after("tag")
            .group();
        let expected = [
            "would  tests    run the tests  this commit was not tested",
            "would  archive",
            "blocked 1: tag",
            "",
            "Plan: 2 would run, 1 blocked. 1 is satisfied. Nothing was changed.",
        ];
        check(graph, &expected);
    }

    #[test]
    fn what_cannot_work() {
        let graph = Graph::new()
            .job("clean")
            .check_only(|_| ensure(false, "there are\nuncommitted changes"))
            .job("upload")
            .after("clean")
            .run_only(|_| ());
        let expected = [
            "FAILED  clean  there are\\nuncommitted changes",
            "blocked 1: upload",
            "",
            "Plan: 1 failed, 1 blocked. 0 are satisfied. Nothing was changed.",
        ];
        check(graph, &expected);
    }

    /// Jobs that are done are counted alone, and blocked ones stand in a line of their own.
    #[test]
    fn a_job_is_named_whatever_its_status() {
        let plan = Graph::new().job("it").check_only(|_| true).compile().unwrap();
        for &status in Status::ALL {
            let lines = findings(&plan, &one_job(status, true), None);
            let is_named = lines[0].ends_with(" it");
            assert_eq!(is_named, !status.is_done(), "{status}: {lines:?}");
        }
    }

    #[test]
    fn nothing_to_do() {
        check(Graph::new().job("sun").check_only(|_| true), &["Nothing to do: 1 job is satisfied."]);
        check(Graph::new(), &["Nothing to do: 0 jobs are satisfied."]);
    }
}
