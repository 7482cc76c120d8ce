//! What has taken the longest, of a run that took long.

use std::cmp::Reverse;
use std::time::Duration;

use dojobber::{JobReport, Kind, Report, brief};

/// A run that took longer says at its end what was the slowest.
const LONG: Duration = Duration::from_secs(10);
/// What is shorter has not kept anybody waiting.
const SHORTEST: Duration = Duration::from_secs(1);
const MOST: usize = 3;

/// `slowest: tests 72s, upload 1.7s`: the jobs that took the longest, delays between their tries included.
pub(crate) fn slowest(report: &Report) -> Option<String> {
    (report.elapsed() >= LONG).then(|| told(report)).flatten()
}

fn told(report: &Report) -> Option<String> {
    let is_long = |job: &JobReport<'_>| job.kind() != Kind::Group && job.elapsed() >= SHORTEST;
    let mut jobs: Vec<JobReport<'_>> = report.jobs().filter(is_long).collect();
    jobs.sort_by_key(|job| Reverse(job.elapsed()));
    let told = jobs.iter().take(MOST).map(|job| format!("{} {}", job.name(), brief(job.elapsed())));
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("slowest: {}", told.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dojobber::Graph;
    use serde_json::{Value, json};

    /// A run of jobs that each take so many milliseconds.
    #[track_caller]
    fn check(jobs: &[(&str, u64)], expected: Option<&str>) {
        let graph = Graph::new().each(jobs, |graph, (name, _)| graph.job(name).run_only(|_| ()));
        let mut saved: Value = serde_json::to_value(graph.compile().unwrap().run(()).report()).unwrap();
        saved["elapsed_ns"] = json!(jobs.iter().map(|(_, millis)| millis * 1_000_000).sum::<u64>());
        for (job, (_, millis)) in saved["jobs"].as_array_mut().unwrap().iter_mut().zip(jobs) {
            (job["phases"][0]["start_ns"], job["phases"][0]["length_ns"]) =
                (json!(0), json!(millis * 1_000_000));
        }
        let report: Report = serde_json::from_value(saved).unwrap();
        assert_eq!(slowest(&report).as_deref(), expected);
    }

    #[test]
    fn of_long_runs_the_slowest_are_told() {
        check(&[("a", 9_000), ("b", 900)], None);
        check(
            &[("archive", 400), ("upload", 1_700), ("tests", 72_000)],
            Some("slowest: tests 72s, upload 1.7s"),
        );
        check(
            &[("a", 5_000), ("b", 5_000), ("c", 6_000), ("d", 4_000)],
            Some("slowest: c 6.0s, a 5.0s, b 5.0s"),
        );
        check(&[], None);
    }
}
