//! What is told at the end of a run: line by line, and as a table.

use std::time::Duration;

use serde_json::json;

use dojobber::{BoxError, Graph, Plan, Report, Runner, Status, cells, ensure};

use crate::support::untimed;

fn report(graph: Graph<'_>) -> Report {
    run(&graph.compile().unwrap(), false)
}

fn run(plan: &Plan<'_>, dry_run: bool) -> Report {
    let runner = Runner::builder().threads(1).default_tries(1).default_retry_delay(Duration::ZERO);
    runner.dry_run(dry_run).build().run(plan, ()).into_report()
}

fn no<T>(text: &str) -> Result<T, BoxError> {
    Err(text.into())
}

/// The lines that follow the first, which has the counts.
#[track_caller]
fn check_text(graph: Graph<'_>, expected: &[&str]) {
    let text = untimed(report(graph));
    assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), expected);
}

/// The rows of the table: all but the empty line and the last one.
#[track_caller]
fn check_rows(report: &Report, expected: &[&str]) {
    let text = untimed(report.summary());
    let (rows, last) = text.rsplit_once("\n\n").unwrap_or(("", &text));
    assert_eq!(rows.lines().collect::<Vec<_>>(), expected);
    assert!(last.contains(" job") && !last.contains('\n'), "{last}");
}

/// `a`, and that many jobs behind it.
fn behind_a(graph: Graph<'_>, count: usize) -> Graph<'_> {
    let graph = graph.job("a").run_only(|_| no::<()>("no"));
    (0..count).fold(graph, |graph, at| graph.job(format!("b{at}")).after("a").run_only(|_| ()))
}

#[test]
fn the_last_line_has_counts_and_time() {
    let last = |graph: Graph<'_>| untimed(report(graph).summary()).lines().next_back().unwrap().to_owned();
    assert_eq!(last(Graph::new()), "0 jobs");
    assert_eq!(last(Graph::new().job("a").group()), "0 jobs");
    assert_eq!(last(Graph::new().job("a").check_only(|_| true)), "1 job: all satisfied");
    assert_eq!(last(Graph::new().job("a").run_only(|_| ())), "1 job: 1 changed");
    assert_eq!(
        last(behind_a(Graph::new().job("z").check_only(|_| true), 3)),
        "5 jobs: 1 satisfied, 1 failed, 3 blocked"
    );
    let saved = r#"{"dojobber_report": 1, "dry_run": false, "elapsed_ns": 250000000000, "jobs": [
        {"name": "a", "kind": "check_only", "after": [], "status": "satisfied", "phases": []}]}"#;
    let report: Report = serde_json::from_str(saved).unwrap();
    assert_eq!(report.summary().to_string(), "1 job in 4m10s: all satisfied");
    assert_eq!(report.to_string(), "1 job in 4m10s: all satisfied");
}

/// The run's at its first line, a job's where it has failed.
#[test]
fn a_duration_is_told_once() {
    let phase = |attempt: u32, start: u64| {
        format!(
            r#"{{"attempt": {attempt}, "phase": "check", "worker": 0, "start_ns": {start}, "length_ns": 1500000000, "error": {{"message": "no route"}}}}"#
        )
    };
    let job = |name: &str, after: &str, status: &str, phases: &str| {
        format!(
            r#"{{"name": "{name}", "kind": "check_only", "after": [{after}], "status": "{status}", "phases": [{phases}]}}"#
        )
    };
    let report = |jobs: &[String]| -> Report {
        let jobs = jobs.join(", ");
        serde_json::from_str(&format!(
            r#"{{"dojobber_report": 1, "dry_run": false, "elapsed_ns": 7000000000, "jobs": [{jobs}]}}"#
        ))
        .unwrap()
    };
    let twice = [phase(1, 0), phase(2, 4_000_000_000)].join(", ");
    let behind = job("b", "0", "blocked", "");
    let one = report(&[job("a", "", "failed", &twice), behind.clone()]);
    let lines =
        "2 jobs in 7.0s: 1 failed, 1 blocked\n`a` failed after 2 tries in 5.5s: no route\nb: blocked by a";
    assert_eq!(one.to_string(), lines);
    let rows = "FAILED     1  a: no route, after 2 tries in 5.5s\nblocked    1  b (behind a)\n\n\
                2 jobs in 7.0s: 1 failed, 1 blocked";
    assert_eq!(one.summary().to_string(), rows);
    // equal errors of several, and a run that says nothing else
    let two = report(&[job("a", "", "failed", &phase(1, 0)), behind, job("c", "", "failed", &twice)]);
    let fine = report(&[job("a", "", "satisfied", "")]);
    for text in [&two, &fine].map(|report| [report.to_string(), report.summary().to_string()]).concat() {
        assert_eq!(text.matches("7.0s").count(), 1, "{text}");
        assert!(text.lines().all(|line| line.matches("5s").count() <= 1), "{text}");
    }
}

/// What is as it should be is counted alone; of all else there are the names, also if it is a status without a text of its own.
#[test]
fn a_job_is_named_whatever_its_status() {
    for dry_run in [false, true] {
        for &status in Status::ALL {
            let report: Report = serde_json::from_value(json!({
                "dojobber_report": 2, "dry_run": dry_run, "elapsed_ns": 1, "nests": [], "jobs": [
                    { "name": "it", "kind": "check_only", "after": [2], "status": status, "phases": [] },
                    { "name": "behind", "kind": "check_only", "after": [0], "status": "blocked", "phases": [] },
                    { "name": "failed", "kind": "check_only", "after": [], "status": "failed", "phases": [] },
                ],
            }))
            .unwrap();
            for text in [report.to_string(), report.summary().to_string()] {
                let words: Vec<&str> = text.split([' ', ',', ':', '`', '\n', ')']).collect();
                assert_eq!(words.contains(&"it"), status != Status::Satisfied, "{status}: {text}");
            }
            let causes: Vec<&str> = report.root_causes("behind").iter().map(|job| job.name()).collect();
            let expected: &[&str] = match status {
                Status::Satisfied | Status::Changed | Status::Cancelled => &[],
                Status::Blocked => &["failed"],
                _ => &["it"],
            };
            assert_eq!(causes, expected, "{status}");
        }
    }
}

#[test]
fn what_has_changed_is_named() {
    let many =
        |count| (0..count).fold(Graph::new(), |graph, at| graph.job(format!("job {at}")).run_only(|_| ()));
    check_text(many(2), &["changed: job 0, job 1"]);
    check_text(
        many(11),
        &["changed: job 0, job 1, job 2, job 3, job 4, job 5, job 6, job 7, job 8, job 9 and 1 more"],
    );
    check_rows(&report(many(1)), &["changed    1  job 0"]);
    check_rows(
        &report(many(297)),
        &[
            "changed  297  job 0, job 1, job 2, job 3, job 4, job 5, job 6, job 7, job 8, job 9 .. and 287 more",
        ],
    );
    let long =
        (0..300).fold(Graph::new(), |graph, at| graph.job(format!("host{at:03}/configure")).run_only(|_| ()));
    check_rows(
        &report(long),
        &[
            "changed  300  host000/configure, host001/configure, host002/configure, host003/configure .. and 296 more",
        ],
    );
}

#[test]
fn blocked_jobs_are_told_by_what_blocks_them() {
    check_text(behind_a(Graph::new(), 2), &["`a` failed after 1 try: no", "b0, b1: blocked by a"]);
    check_text(
        behind_a(Graph::new(), 12),
        &["`a` failed after 1 try: no", "b0, b1, b2, b3, b4, b5, b6, b7, b8, b9 and 2 more: blocked by a"],
    );
    let rows = ["FAILED     1  a: no, after", "blocked    2  b0, b1 (behind a)"];
    check_rows(&report(behind_a(Graph::new(), 2)), &rows);
}

/// Each is told once, and of two causes the first.
#[test]
fn a_job_behind_two_failures_is_told_once() {
    let graph = behind_a(Graph::new(), 1).job("z").check_only(|_| no::<()>("never"));
    let graph = graph.job("both").after(["z", "a"]).run_only(|_| ()).job("late").after("z").run_only(|_| ());
    let graph = graph.job("last").after(["late", "both"]).run_only(|_| ()).job("end").after("last").group();
    check_text(
        graph,
        &[
            "`a` failed after 1 try: no",
            "`z` failed after 1 try: never",
            "b0, both, last: blocked by a",
            "late: blocked by z",
        ],
    );
}

#[test]
fn jobs_in_nests_are_told_by_what_blocks_the_nest() {
    let inner = Graph::new().job("x").run_only(|_| ()).job("y").after("x").run_only(|_| ());
    let graph = behind_a(Graph::new(), 0)
        .job("nest")
        .after("a")
        .nest(inner)
        .job("end")
        .after("nest")
        .run_only(|_| ());
    check_text(graph, &["`a` failed after 1 try: no", "nest/x, nest/y, end: blocked by a"]);
}

#[test]
fn equal_failures_stand_together() {
    let hosts = |text: fn(usize) -> &'static str| {
        (0..3).fold(Graph::new(), move |graph, at| {
            graph.job(format!("host {at}")).tries(5).check_only(move |_| no::<()>(text(at)))
        })
    };
    check_text(hosts(|_| "hung up"), &["host 0, host 1, host 2 failed after 5 tries each: hung up"]);
    check_rows(
        &report(hosts(|_| "hung up")),
        &["FAILED     3  hung up (check, 5 tries each)", "              host 0, host 1, host 2"],
    );
    let two = |at| if at == 1 { "no route" } else { "hung up" };
    check_text(
        hosts(two),
        &["host 0, host 2 failed after 5 tries each: hung up", "`host 1` failed after 5 tries: no route"],
    );
    let phases = Graph::new().job("a").check_only(|_| no::<()>("no")).job("b").run_only(|_| no::<()>("no"));
    check_rows(&report(phases), &["FAILED     1  a: no, after", "FAILED     1  b: no, after"]);
}

#[test]
fn a_false_is_no_reason() {
    let plain = || Graph::new().job("a").check_only(|_| false);
    check_text(plain(), &["`a` failed after 1 try"]);
    check_rows(&report(plain()), &["FAILED     1  a, after"]);
    check_text(plain().job("b").check_only(|_| false), &["a, b failed after 1 try each"]);
    check_rows(&report(plain().job("b").check_only(|_| false)), &["FAILED     2  a, b (check)"]);
    let run = Graph::new().job("a").check(|_| false).run(|_| no::<()>("busy"));
    check_text(run, &["`a` failed after 1 try", "  its run failed before: busy"]);
}

#[test]
fn a_reason_that_is_long_loses_its_middle() {
    let long: &'static str =
        Box::leak(format!("cannot write {}disk full", "and write ".repeat(300)).into_boxed_str());
    let failed = report(Graph::new().job("a").run_only(move |_| no::<()>(long)));
    let (text, rows) = (untimed(&failed), untimed(failed.summary()));
    for text in [text, rows] {
        assert!(text.contains("cannot write and") && text.contains("write disk full"), "{text}");
    }
    for width in [0, 40, 80, 200] {
        let text = failed.summary().width(width).to_string();
        assert!(text.lines().all(|line| line.chars().count() <= width.max(40)), "{text}");
        assert!(text.contains("full"), "{text}");
    }
}

/// Long names and reasons of all kinds of letters; lines are measured as a terminal shows them.
#[test]
fn no_line_is_wider_than_it_may_be() {
    for word in ["job", "日本語のジョブ", "cafe\u{301}", "👩\u{200d}🚀", "\u{2764}\u{fe0f}"] {
        let name = |what: &str, at: usize| format!("{what} {} {at}", word.repeat(9));
        let text: &'static str =
            Box::leak(format!("cannot {} full\n{}", word.repeat(40), word.repeat(60)).into());
        let graph = (0..4).fold(Graph::new(), |graph, at| {
            graph
                .job(name("changed", at))
                .cleanup(move |_| no::<()>(text))
                .run_only(|_| ())
                .job(name("failed", at))
                .run_only(move |_| ensure(false, if at == 0 { "each its own" } else { text }))
                .job(name("behind", at))
                .after(name("failed", at))
                .run_only(|_| ())
        });
        let report = report(graph);
        for width in 40..150 {
            let text = report.summary().width(width).to_string();
            let (rows, _) = text.rsplit_once("\n\n").unwrap();
            assert!(rows.lines().all(|line| cells(line) <= width), "{width}:\n{text}");
            let is_full = |line: &str| cells(line) + 4 >= width;
            assert!(width > 120 || rows.lines().any(is_full), "{width}:\n{text}");
            assert!(rows.contains("changed    4  ") && rows.contains("FAILED     3  "), "{text}");
        }
    }
}

#[test]
fn other_lines_of_a_reason_stand_below() {
    let three = report(Graph::new().job("a").run_only(|_| no::<()>("broken\n  left: 1\r\n right: 2\n")));
    assert_eq!(
        untimed(&three).lines().skip(1).collect::<Vec<_>>(),
        ["`a` failed after 1 try: broken", "  |   left: 1", "  |  right: 2"],
    );
    check_rows(
        &three,
        &["FAILED     1  a: broken, after", "              |   left: 1", "              |  right: 2"],
    );
    let lines: &'static str =
        Box::leak((0..99).map(|at| format!("line {at}\n")).collect::<String>().into_boxed_str());
    let many = report(Graph::new().job("a").run_only(move |_| no::<()>(lines)));
    let text = untimed(&many);
    assert_eq!(text.lines().count(), 1 + 1 + 1 + 19);
    assert!(
        text.contains("line 0\n  | .. 79 lines ..\n  | line 80\n") && text.ends_with("line 98"),
        "{text}"
    );
    let rows = untimed(many.summary());
    assert!(
        rows.contains("line 0, after\n              | line 89\n") && rows.contains("| line 98\n\n"),
        "{rows}"
    );
}

#[test]
fn a_dry_run_tells_what_is_due() {
    let graph = Graph::new()
        .job("due")
        .check(|_| no::<()>("not there"))
        .run(|_| ())
        .job("then")
        .after("due")
        .run_only(|_| ());
    let plan = graph.job("now").run_only(|_| ()).compile().unwrap();
    let report = run(&plan, true);
    assert_eq!(untimed(&report), "3 jobs: 1 blocked, 2 would run\nwould run: due, now\nthen: blocked by due");
    check_rows(&report, &["would run  2  due, now", "blocked    1  then (behind due)"]);
}

#[test]
fn cleanups_that_failed_are_told() {
    let graph = Graph::new().job("mount").cleanup(|_| no::<()>("/mnt is busy")).run_only(|_| ());
    let report = report(graph.job("b").cleanup(|_| false).run_only(|_| ()));
    check_rows(&report, &["changed    2  mount, b", "cleanup    1  b", "cleanup    1  mount: /mnt is busy"]);
}

/// As a run is saved whose middle was cut short: one job while it ran, one before it began.
#[test]
fn cancelled_jobs_are_told_by_how_far_they_were() {
    let cancelled = |name: &str, begun: bool| {
        let phase = r#"{"attempt": 1, "phase": "check", "worker": 0, "start_ns": 0, "length_ns": 1, "error": {"message": "x"}}"#;
        let phases = if begun { phase } else { "" };
        format!(
            r#"{{"name": "{name}", "kind": "check_only", "after": [], "status": "cancelled", "phases": [{phases}]}}"#
        )
    };
    let report = |jobs: &[String]| -> Report {
        let jobs = jobs.join(", ");
        let saved =
            format!(r#"{{"dojobber_report": 1, "dry_run": false, "elapsed_ns": 1, "jobs": [{jobs}]}}"#);
        serde_json::from_str(&saved).unwrap()
    };
    let few =
        report(&[cancelled("answers", true), cancelled("registered", false), cancelled("smoke", false)]);
    check_rows(&few, &["cancelled  3  answers (while it ran); registered, smoke (not begun)"]);
    check_rows(&report(&[cancelled("late", false)]), &["cancelled  1  late (not begun)"]);
    let both = report(&[cancelled("a", true), cancelled("b", true)]);
    check_rows(&both, &["cancelled  2  a, b (while they ran)"]);
    let many: Vec<String> = (0..179).map(|at| cancelled(&format!("job {at}"), at < 60)).collect();
    check_rows(&report(&many), &["cancelled 179  60 while they ran, 119 not begun"]);
    assert_eq!(few.counts().of(Status::Cancelled), 3);

    let stopped = |reason: &str| {
        let job = cancelled("late", false);
        let saved = format!(
            r#"{{"dojobber_report": 2, "dry_run": false, "elapsed_ns": 5000000000, "stop_reason": {reason}, "jobs": [{job}],
                "nests": []}}"#
        );
        let report: Report = serde_json::from_str(&saved).unwrap();
        report.to_string().lines().next().unwrap().to_owned()
    };
    assert_eq!(stopped("null"), "1 job in 5.0s: 1 cancelled");
    assert_eq!(stopped(r#"{"signal": 15}"#), "1 job in 5.0s: 1 cancelled; stopped: SIGTERM");
    assert_eq!(stopped(r#"{"signal": 10}"#), "1 job in 5.0s: 1 cancelled; stopped: signal 10");
    assert_eq!(stopped(r#""timed_out""#), "1 job in 5.0s: 1 cancelled; stopped: its time was over");
    assert_eq!(stopped(r#""cancelled""#), "1 job in 5.0s: 1 cancelled; stopped: it was cancelled");
    assert_eq!(stopped(r#""max_failures""#), "1 job in 5.0s: 1 cancelled; stopped: too many jobs had failed");
}

/// The exit code of a dry run of a plan, and of a real one.
#[track_caller]
fn check_code(graph: Graph<'_>, dry: u8, real: u8) {
    let plan = graph.compile().unwrap();
    let code = |report: &Report| format!("{:?}", report.detailed_exit_code());
    let expected = |code: u8| format!("{:?}", std::process::ExitCode::from(code));
    assert_eq!(code(&run(&plan, true)), expected(dry), "dry");
    assert_eq!(code(&run(&plan, false)), expected(real), "real");
}

#[test]
fn the_exit_code_tells_due_from_broken() {
    let phase = |cx: &dojobber::Context| ensure(cx.phase() == dojobber::Phase::Recheck, "not yet");
    check_code(Graph::new(), 0, 0);
    check_code(Graph::new().job("fine").check_only(|_| true), 0, 0);
    check_code(Graph::new().job("due").check(phase).run(|_| ()), 2, 0);
    check_code(Graph::new().job("due").run_only(|_| ()).job("then").after("due").group(), 2, 0);
    check_code(Graph::new().job("broken").check_only(|_| false), 1, 1);
    check_code(Graph::new().job("broken").check_only(|_| false).job("due").run_only(|_| ()), 1, 1);
    check_code(
        Graph::new().job("broken").check_only(|_| false).job("then").after("broken").run_only(|_| ()),
        1,
        1,
    );
    check_code(Graph::new().job("a").cleanup(|_| false).run_only(|_| ()), 2, 1);
}

#[test]
fn a_job_has_times() {
    let phase = |attempt: u32, start: u64, length: u64| {
        format!(
            r#"{{"attempt": {attempt}, "phase": "check", "worker": 0, "start_ns": {start}, "length_ns": {length}, "error": {{"message": "x"}}}}"#
        )
    };
    let phases = [phase(1, 100, 10), phase(2, 200, 20), phase(3, 330, 5)].join(", ");
    let saved = format!(
        r#"{{"dojobber_report": 1, "dry_run": false, "elapsed_ns": 1000, "jobs": [
        {{"name": "a", "kind": "check_only", "after": [], "status": "failed", "phases": [{phases}]}},
        {{"name": "b", "kind": "run_only", "after": [], "status": "changed", "phases": [
            {{"attempt": 1, "phase": "run", "worker": 0, "start_ns": 40, "length_ns": 2, "sequence": 1}},
            {{"attempt": 1, "phase": "cleanup", "worker": 0, "start_ns": 900, "length_ns": 50}}]}},
        {{"name": "c", "kind": "group", "after": [], "status": "satisfied", "phases": []}}]}}"#
    );
    let report: Report = serde_json::from_str(&saved).unwrap();
    let times = |name| {
        let job = report.job(name).unwrap();
        (job.elapsed().as_nanos(), job.waited().as_nanos(), job.changed())
    };
    assert_eq!(times("a"), (235, 200, false));
    assert_eq!(times("b"), (2, 0, true));
    assert_eq!(times("c"), (0, 0, false));
}
