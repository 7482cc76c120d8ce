//! What a dry run has found, line by line.

use dojobber::{JobReport, Kind, Plan, Report, Status, printable};

use crate::text::{are, columns, counted, listed, reason, shortened};

/// No reason is longer, in characters.
const WIDEST: usize = 120;

/// What would be done, in the order of the plan, and why; what failed, and what that keeps from being looked at.
pub(crate) fn findings<A>(plan: &Plan<'_, A>, report: &Report) -> Vec<String> {
    let graph = plan.graph();
    let jobs: Vec<JobReport<'_>> = plan.order().filter_map(|job| report.job(graph.name(job))).collect();
    let of = |status| jobs.iter().filter(move |job| job.status() == status && job.kind() != Kind::Group);
    let told = jobs.iter().filter(|job| word(job.status()).is_some());
    let row = |job: &JobReport<'_>| {
        let about = job.description().map(|text| printable(text).to_string()).unwrap_or_default();
        let word = word(job.status()).unwrap_or_default();
        [word.to_owned(), job.name().to_owned(), about, shortened(&reason(job.error()), WIDEST)]
    };
    let mut lines = columns(&told.map(row).collect::<Vec<_>>());
    let blocked: Vec<&str> = of(Status::Blocked).map(JobReport::name).collect();
    if !blocked.is_empty() {
        lines.push(format!("blocked {}: {}", blocked.len(), listed(blocked.into_iter())));
    }
    let cleanups = report.cleanup_failures().len();
    debug_assert_eq!(cleanups, 0, "a dry run executes no run, and so no cleanup");
    if lines.is_empty() {
        let satisfied = report.count(Status::Satisfied);
        return vec![format!(
            "Nothing to do: {} {} satisfied.",
            counted(satisfied, "job"),
            if satisfied == 1 { "is" } else { "are" }
        )];
    }
    lines.push(String::new());
    lines.push(total(report));
    lines
}

fn word(status: Status) -> Option<&'static str> {
    match status {
        Status::WouldRun => Some("would"),
        Status::Failed => Some("FAILED"),
        Status::Cancelled => Some("cancelled"),
        _ => None,
    }
}

/// `Plan: 2 would run, 4 blocked. 5 are satisfied. Nothing was changed.`
fn total(report: &Report) -> String {
    let counts = report.counts();
    let parts = [
        (Status::WouldRun, "would run"),
        (Status::Failed, "failed"),
        (Status::Blocked, "blocked"),
        (Status::Cancelled, "cancelled"),
    ];
    let parts = parts.iter().filter(|(status, _)| counts.of(*status) > 0);
    let parts: Vec<String> = parts.map(|(status, word)| format!("{} {word}", counts.of(*status))).collect();
    let satisfied = are(counts.of(Status::Satisfied), "satisfied");
    format!("Plan: {}. {satisfied}. Nothing was changed.", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dojobber::{Graph, Runner, ensure};

    #[track_caller]
    fn check(graph: Graph<'_>, expected: &[&str]) {
        let plan = graph.compile().unwrap();
        let run = Runner::builder().threads(1).dry_run(true).build().run(&plan, ());
        assert_eq!(findings(&plan, &run), expected);
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

    #[test]
    fn nothing_to_do() {
        check(Graph::new().job("sun").check_only(|_| true), &["Nothing to do: 1 job is satisfied."]);
        check(Graph::new(), &["Nothing to do: 0 jobs are satisfied."]);
    }
}
