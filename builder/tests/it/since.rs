//! What is different from an earlier report.

use dojobber::Report;

/// A report of check_onlys: name, status, and how long each took, in milliseconds.
fn report(jobs: &[(&str, &str, u64)]) -> Report {
    let jobs: Vec<String> = jobs
        .iter()
        .map(|(name, status, millis)| {
            let error = if *status == "failed" { r#", "error": {"message": "no"}"# } else { "" };
            let length = millis * 1_000_000;
            let phase = format!(
                r#"{{"attempt": 1, "phase": "check", "worker": 0, "start_ns": 0, "length_ns": {length}{error}}}"#
            );
            let (kind, phases) = match *status {
                "group" => ("group", String::new()),
                "blocked" => ("check_only", String::new()),
                _ => ("check_only", phase),
            };
            let status = if *status == "group" { "satisfied" } else { status };
            format!(r#"{{"name": "{name}", "kind": "{kind}", "after": [], "status": "{status}", "phases": [{phases}]}}"#)
        })
        .collect();
    let jobs = jobs.join(", ");
    serde_json::from_str(&format!(
        r#"{{"dojobber_report": 2, "dry_run": false, "elapsed_ns": 900000000000, "jobs": [{jobs}], "nests": []}}"#
    ))
    .unwrap()
}

#[track_caller]
fn check(before: &[(&str, &str, u64)], now: &[(&str, &str, u64)], expected: &[&str]) {
    let (before, now) = (report(before), report(now));
    let since = now.since(&before);
    assert_eq!(since.to_string().lines().collect::<Vec<_>>(), expected);
    assert_eq!(since.is_empty(), expected.is_empty());
}

#[test]
fn failures_come_stay_and_go() {
    let fine = ("a", "satisfied", 1);
    let failed = ("a", "failed", 1);
    check(&[fine], &[fine], &[]);
    check(&[fine], &[failed], &["newly failing: a"]);
    check(&[failed], &[failed], &["still failing: a"]);
    check(&[failed], &[fine], &["mended: a"]);
    check(&[failed], &[("a", "changed", 1)], &["mended: a"]);
    check(&[("a", "blocked", 0)], &[failed], &["newly failing: a"]);
    check(&[failed], &[("a", "blocked", 0)], &[]); // nobody knows
    check(&[fine], &[("a", "blocked", 0)], &[]);
}

#[test]
fn jobs_come_and_go() {
    check(&[], &[("a", "satisfied", 1)], &["added: a"]);
    check(&[("a", "failed", 1)], &[], &["gone: a"]);
    check(&[], &[("a", "failed", 1)], &["newly failing: a", "added: a"]);
    check(&[("a", "satisfied", 1)], &[("b", "satisfied", 1)], &["added: b", "gone: a"]);
    check(&[("g", "group", 0)], &[], &[]);
    let many: Vec<String> = (0..13).map(|at| format!("j{at}")).collect();
    let many: Vec<(&str, &str, u64)> = many.iter().map(|name| (name.as_str(), "failed", 1)).collect();
    let ten = "j0, j1, j2, j3, j4, j5, j6, j7, j8, j9 and 3 more";
    check(&many, &many, &[&format!("still failing: {ten}")]);
}

#[test]
fn jobs_get_slower() {
    let took = |millis| [("a", "satisfied", millis)];
    check(&took(1000), &took(1500), &["slower: a (1.5s, was 1.0s)"]);
    check(&took(1000), &took(1499), &[]); // less than half as long again
    check(&took(10), &took(110), &["slower: a (0.1s, was 10ms)"]);
    check(&took(10), &took(109), &[]); // less than 100 ms
    check(&took(1500), &took(1000), &[]);
    check(&[("a", "satisfied", 10)], &[("a", "changed", 9000)], &[]); // it did something else
    check(&[("a", "failed", 10)], &[("a", "satisfied", 9000)], &["mended: a"]);
}

#[test]
fn a_report_of_another_version_may_be_the_earlier_one() {
    let saved = include_str!("../reports/v1-movie.json");
    let movie: Report = serde_json::from_str(saved).unwrap();
    assert!(movie.since(&movie).to_string().starts_with("still failing: "));
    assert_eq!(movie.since(&movie).still_failing().len(), 2);
    assert_eq!(movie.since(&movie).slower().len() + movie.since(&movie).added().len(), 0);
}

/// Jobs are the same by name, wherever they stand.
#[test]
fn the_order_does_not_matter() {
    let names = ["a", "b", "c", "d", "e"];
    let jobs = |status: &'static str, order: &[usize]| -> Vec<(&str, &str, u64)> {
        order.iter().map(|at| (names[*at], status, 1)).collect()
    };
    let before = jobs("satisfied", &[0, 1, 2, 3, 4]);
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [1, 0, 3, 2, 4], [4, 0, 1, 2, 3], [2, 2, 2, 2, 2]] {
        let mut kept = order.to_vec();
        kept.dedup();
        let expected: Vec<String> = match kept[..] {
            [_] => vec!["gone: a, b, d, e".to_owned()],
            _ => vec![],
        };
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&before, &jobs("satisfied", &kept), &expected);
    }
    let failed = jobs("failed", &[3, 1]);
    check(&before, &failed, &["newly failing: d, b", "gone: a, c, e"]);
    let added = [("new", "satisfied", 1), before[0], before[1], ("newer", "satisfied", 1), before[4]];
    check(&before, &added, &["added: new, newer", "gone: c, d"]);
    // what was a job is a group now: it is not gone
    check(&[("a", "satisfied", 1)], &[("a", "group", 0)], &[]);
}
