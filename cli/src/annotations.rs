//! What failed once more, as the logs of GitHub show it beside the run.

use dojobber::{JobReport, Kind, Report, Status};

use crate::text::reason;

/// GitHub shows no more of a step.
const MOST: usize = 10;

/// A line for each job that failed, the first of them.
pub(crate) fn annotations(report: &Report) -> Vec<String> {
    let failed = report.jobs().filter(|job| job.status() == Status::Failed && job.kind() != Kind::Group);
    failed.take(MOST).map(annotation).collect()
}

/// `::error title=tests failed::`sh run-tests.sh` ended with exit status: 1`
fn annotation(job: JobReport<'_>) -> String {
    let reason = reason(job.error());
    let reason = if reason.is_empty() { "its check says no" } else { &reason };
    format!("::error title={} failed::{}", property(job.name()), data(reason))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dojobber::{Graph, Runner, ensure};

    #[test]
    fn what_failed_is_an_annotation() {
        let graph = Graph::new()
            .job("c:\\a, b")
            .check_only(|_| ensure(false, "100% full\nof it"))
            .job("no")
            .check_only(|_| false)
            .job("fine")
            .check_only(|_| true)
            .job("behind")
            .after("no")
            .run_only(|_| ());
        let run = Runner::builder().default_tries(1).build().run(&graph.compile().unwrap(), ());
        let expected = [
            "::error title=c%3A\\a%2C b failed::100%25 full\\nof it",
            "::error title=no failed::its check says no",
        ];
        assert_eq!(annotations(&run), expected);
        let many = (0..30).fold(Graph::new(), |graph, at| graph.job(format!("{at}")).check_only(|_| false));
        let run = Runner::builder().default_tries(1).build().run(&many.compile().unwrap(), ());
        assert_eq!(annotations(&run).len(), 10);
    }
}
