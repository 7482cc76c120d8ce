//! Reports: saved and read back, refused when they do not fit together, asked for causes, and printed.

use std::fmt;
use std::time::{Duration, SystemTime};

use dojobber::{
    BoxError, Cleanup, Context, Ending, Graph, Job, JobReport, Kind, Phase, Plan, Report, Result, Runner,
    Status,
};

use crate::support::untimed;

/// An error with a cause that has a cause.
#[derive(Debug)]
struct Layered(u8);

impl fmt::Display for Layered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            ["no power", "the fuse\nis blown", "`toaster` \"shorted\" \u{1F525}"][usize::from(self.0)],
        )
    }
}

impl std::error::Error for Layered {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        static CAUSES: [Layered; 2] = [Layered(1), Layered(2)];
        CAUSES.get(usize::from(self.0)).map(|cause| cause as _)
    }
}

struct Toaster;

impl Job for Toaster {
    type Output = ();
    fn check(&mut self, _: &Context) -> Result {
        Err("cold".into())
    }
    fn run(&mut self, _: &Context) -> Result {
        panic!("smoke")
    }
    fn cleanup(&mut self, _: &Context) -> Result {
        Err(Layered(1).into())
    }
}

/// Jobs of every kind, with every fate.
fn kitchen() -> Plan<'static> {
    Graph::new()
        .job("mains")
        .description("what everything\nhangs on")
        .check_only(|_| true)
        .job("kettle")
        .after("mains")
        .cleanup(|_| panic!("spilled"))
        .check(|cx| cx.attempt() > 1)
        .run(|_| false)
        .job("fridge")
        .after("mains")
        .tries(2)
        .check_only(|_| Err::<(), _>(Layered(0).into()))
        .job("bread")
        .tries(1)
        .with_new(|_| Err::<Toaster, BoxError>("sold out".into()))
        .job("toast")
        .tries(2)
        .with_new(|_| Ok(Toaster))
        .job("radio")
        .after("kettle")
        .run_only(|_| ())
        .job("song")
        .after("radio")
        .tries(1)
        .run_only(|_| -> () { std::panic::panic_any(7) })
        .job("breakfast")
        .after(["kettle", "toast", "fridge"])
        .group()
        .job("drinks")
        .after("kettle")
        .description("")
        .group()
        .compile()
        .unwrap()
}

#[track_caller]
fn check_round_trip(report: &Report) {
    let text = serde_json::to_string(report).unwrap();
    let read: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(&read, report);
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    assert_eq!(read.to_string(), report.to_string());

    let pretty = serde_json::to_vec_pretty(report).unwrap();
    assert_eq!(&serde_json::from_reader::<_, Report>(&*pretty).unwrap(), report);
    let value = serde_json::to_value(report).unwrap();
    assert_eq!(&serde_json::from_value::<Report>(value).unwrap(), report);
}

#[test]
fn json_and_back_is_the_identity() {
    check_round_trip(Graph::new().compile().unwrap().run(()).report());
    let plan = kitchen();
    for threads in [1, 2, 8] {
        for dry_run in [false, true] {
            let runner = Runner::builder().threads(threads).dry_run(dry_run).cleanup(Cleanup::ByHand);
            let mut run = runner.default_retry_delay(Duration::ZERO).build().run(&plan, ());
            check_round_trip(run.report());
            let late = run.cleanup();
            assert_eq!(late.len(), if dry_run { 0 } else { 3 });
            check_round_trip(run.report());
        }
    }
}

/// A report as it is saved, by hand: what a version has written once, it must read for ever.
const SAVED: &str = r#"{
"dojobber_report": 2,
"dry_run": false, "started": "2026-11-25T10:47:14.123456789Z", "host": "box",
"elapsed_ns": 900,
"jobs": [
    {"name": "base", "kind": "group", "after": [], "status": "satisfied", "phases": []},
    {"name": "disk", "kind": "check_only", "description": "room for logs", "after": [0],
        "status": "satisfied", "phases": [
        {"attempt": 1, "phase": "check", "worker": 0, "start_ns": 10, "length_ns": 5}
    ]},
    {"name": "user", "kind": "job", "after": [0, 1], "status": "changed", "phases": [
        {"attempt": 1, "phase": "check", "worker": 0, "start_ns": 20, "length_ns": 1,
            "error": {"message": "returned false", "returned_false": true}},
        {"attempt": 1, "phase": "run", "worker": 0, "start_ns": 21, "length_ns": 100, "sequence": 1},
        {"attempt": 1, "phase": "recheck", "worker": 0, "start_ns": 121, "length_ns": 2},
        {"attempt": 1, "phase": "cleanup", "worker": 0, "start_ns": 800, "length_ns": 100,
            "error": {"message": "still logged in", "causes": ["busy", "pid 7"]}}
    ]},
    {"name": "greet", "kind": "run_only", "after": [2], "status": "failed", "phases": [
        {"attempt": 1, "phase": "run", "worker": 1, "start_ns": 130, "length_ns": 0, "sequence": 2,
            "error": {"message": "hoarse"}},
        {"attempt": 2, "phase": "run", "worker": 0, "start_ns": 140, "length_ns": 9, "sequence": 3,
            "error": {"message": "lost for words", "panicked": true}}
    ]},
    {"name": "end", "kind": "group", "after": [3], "status": "blocked", "phases": []}
],
"nests": []}"#;

#[test]
fn a_saved_report_is_read() {
    let report: Report = serde_json::from_str(SAVED).unwrap();
    check_round_trip(&report);
    let again = serde_json::to_value(&report).unwrap();
    assert_eq!(again, serde_json::from_str::<serde_json::Value>(SAVED).unwrap());

    let statuses: Vec<_> =
        report.jobs().map(|job| (job.name(), job.kind(), job.status(), job.tries())).collect();
    let expected = [
        ("base", Kind::Group, Status::Satisfied, 0),
        ("disk", Kind::CheckOnly, Status::Satisfied, 1),
        ("user", Kind::Job, Status::Changed, 1),
        ("greet", Kind::RunOnly, Status::Failed, 2),
        ("end", Kind::Group, Status::Blocked, 0),
    ];
    assert_eq!(statuses, expected);
    assert_eq!(report.elapsed(), Duration::from_nanos(900));
    let moment = SystemTime::UNIX_EPOCH + Duration::new(1_795_603_634, 123_456_789);
    assert_eq!((report.started(), report.host()), (Some(moment), Some("box")));
    let endings: Vec<_> = report.job("user").unwrap().phases().iter().map(|phase| phase.ending()).collect();
    assert!(matches!(
        endings[..],
        [Ending::ReturnedFalse, Ending::Passed, Ending::Passed, Ending::Failed(_)]
    ));
    assert!(!report.dry_run() && report.partial_success() && report.failure() && report.changed());
    assert_eq!(report.job("disk").unwrap().description(), Some("room for logs"));
    assert_eq!(
        report.error("greet").map(|error| (error.message(), error.panicked())),
        Some(("lost for words", true))
    );
    assert_eq!(report.error("user"), None);

    let user = report.job("user").unwrap();
    let after: Vec<_> = report.graph().after(user.id()).iter().map(|on| report.graph().name(*on)).collect();
    assert_eq!(after, ["base", "disk"]);
    let run = &user.phases()[1];
    assert_eq!((run.phase(), run.sequence(), run.passed()), (Phase::Run, Some(1), true));
    assert_eq!((run.start(), run.length()), (Duration::from_nanos(21), Duration::from_nanos(100)));
    let causes: Vec<_> =
        report.cleanup_failures().iter().map(|(job, of)| (job.name(), of.error().unwrap())).collect();
    assert_eq!(causes.len(), 1);
    assert_eq!((causes[0].0, causes[0].1.causes()), ("user", &["busy".to_owned(), "pid 7".to_owned()][..]));
}

/// `SAVED` with `part` changed to `other` is refused, for that reason and there.
#[track_caller]
fn check_refused(part: &str, other: &str, reason: &str) {
    assert_eq!(SAVED.matches(part).count(), 1, "{part}");
    let error = serde_json::from_str::<Report>(&SAVED.replace(part, other)).unwrap_err();
    assert_eq!(error.to_string(), reason);
}

/// The same, where a reason is that two things do not fit together.
#[track_caller]
fn check_unfit(part: &str, other: &str, reason: &str) {
    check_refused(part, other, &format!("the report does not fit together: job {reason}"));
}

/// A report of the first version, which knew no nests.
#[test]
fn a_report_of_the_first_version_is_read() {
    let added = [
        (" \"started\": \"2026-11-25T10:47:14.123456789Z\", \"host\": \"box\",", ""),
        (",\n\"nests\": []", ""),
        (", \"returned_false\": true", ""),
        ("\"dojobber_report\": 2", "\"dojobber_report\": 1"),
    ];
    let first = added.iter().fold(SAVED.to_owned(), |text, (part, before)| text.replace(part, before));
    let first: Report = serde_json::from_str(&first).unwrap();
    let now: Report = serde_json::from_str(SAVED).unwrap();
    assert_eq!((first.started(), first.host()), (None, None));
    assert_eq!((first.graph(), first.elapsed()), (now.graph(), now.elapsed()));
    for (one, other) in first.jobs().zip(now.jobs()) {
        assert_eq!((one.status(), one.phases()), (other.status(), other.phases()));
    }
}

/// `base`, and `disk` to `greet` in a nest that `end` ends and that waits for `base`; `user` and `greet` in a nest
/// inside of it.
const NESTS: &str = "[{\"name\": \"end\", \"first\": 1, \"jobs\": 3, \"after\": [0]},
    {\"name\": \"inner\", \"first\": 2, \"jobs\": 2, \"after\": []}]";

#[test]
fn nests_are_read() {
    let report: Report =
        serde_json::from_str(&SAVED.replace("\"nests\": []", &format!("\"nests\": {NESTS}"))).unwrap();
    check_round_trip(&report);
    let graph = report.graph();
    let nests =
        graph.nests().map(|nest| (nest.name(), nest.parent().map(|nest| nest.name()), nest.jobs().len()));
    assert_eq!(nests.collect::<Vec<_>>(), [("end", None, 3), ("inner", Some("end"), 2)]);
    let nest_of = |name| graph.nest_of(graph.find(name).unwrap()).map(|nest| nest.name());
    assert_eq!(["base", "disk", "user", "end"].map(nest_of), [None, Some("end"), Some("inner"), None]);
    assert_eq!(graph.find_nest("end").unwrap().job(), graph.find("end"));
    assert_eq!(graph.find_nest("inner").unwrap().job(), None);
}

#[test]
fn nests_that_do_not_fit_are_refused() {
    let check = |part: &str, other: &str, reason: &str| {
        assert_eq!(NESTS.matches(part).count(), 1, "{part}");
        let nests = NESTS.replace(part, other);
        check_unfit("\"nests\": []", &format!("\"nests\": {nests}"), reason);
    };
    check("\"jobs\": 2", "\"jobs\": 0", "\"inner\" is a nest of 0 jobs from job 2 on, but there are 5");
    check("\"jobs\": 2", "\"jobs\": 4", "\"inner\" is a nest of 4 jobs from job 2 on, but there are 5");
    check(
        "\"first\": 2",
        "\"first\": 4294967295",
        "\"inner\" is a nest of 2 jobs from job 4294967295 on, but there are 5",
    );
    let beside = "\"inner\" is a nest that is neither inside of another nor beside it";
    check("\"jobs\": 2", "\"jobs\": 3", beside); // it would end behind the nest that it begins in
    check("\"first\": 2", "\"first\": 0", beside); // the outer one comes first
    let twice = "is the name of a nest and of something else";
    check("\"name\": \"inner\"", "\"name\": \"end\"", &format!("\"end\" {twice}"));
    check("\"name\": \"inner\"", "\"name\": \"user\"", &format!("\"user\" {twice}")); // a job in it
    check("\"name\": \"end\"", "\"name\": \"base\"", &format!("\"base\" {twice}"));
    check("[0]", "[5]", "\"end\" is after job 5, but there are 5, counted from 0");
    check("[0]", "[0, 0]", "\"end\" is after job 0 twice");
    check("[0]", "[2]", "\"disk\" depends on jobs that depend on each other in a cycle");
}

#[test]
fn what_is_no_report_is_refused() {
    let refused = |text: &str| serde_json::from_str::<Report>(text).unwrap_err().to_string();
    assert_eq!(refused(""), "EOF while parsing a value at line 1 column 0");
    assert_eq!(refused("<svg>"), "expected value at line 1 column 1");
    assert_eq!(refused("{}"), "missing field `dojobber_report` at line 1 column 2");
    assert_eq!(refused("7"), "invalid type: integer `7`, expected a report at line 1 column 1");
    for end in 0..SAVED.len() {
        let error = serde_json::from_str::<Report>(&SAVED[..end]).unwrap_err();
        assert!(error.is_eof(), "cut after {end} bytes: {error}");
    }
    check_refused("[]}\n]", "[]}\n]]", "expected `,` or `}` at line 26 column 2");
}

#[test]
fn another_version_is_refused_for_that_and_not_for_what_it_holds() {
    let reason = "a report of version 3; this program reads versions 1 to 2 at line 2 column 20";
    check_refused("\"dojobber_report\": 2,\n", "\"dojobber_report\": 3,\n\"pools\": [],\n", reason);
    let reason = "a report of version 0; this program reads versions 1 to 2 at line 2 column 20";
    check_refused("\"dojobber_report\": 2", "\"dojobber_report\": 0", reason);
    let reason = "invalid type: string \"1\", expected u32 at line 2 column 22";
    check_refused("\"dojobber_report\": 2", "\"dojobber_report\": \"1\"", reason);
}

#[test]
fn unknown_and_missing_fields_are_refused() {
    check_refused(
        "\"dry_run\"",
        "\"dryrun\"",
        "unknown field `dryrun`, expected one of `dojobber_report`, `dry_run`, `goes_through`, `stop_reason`, `started`, `host`, `incomplete`, `observer_failures`, `elapsed_ns`, `jobs`, \
         `nests`, `nodes` at line 3 column 8",
    );
    check_refused("\"elapsed_ns\": 900,\n", "", "missing field `elapsed_ns` at line 26 column 12");
    check_refused(
        "\"description\"",
        "\"color\"",
        "unknown field `color`, expected one of `name`, `kind`, `description`, `after`, `status`, `description_of_run`, `phases`, \
         `log`, `log_left_out`, `progress` at line 7 column 50",
    );
    check_refused(
        "\"length_ns\": 5}",
        "\"length_ns\": 5, \"pool\": 1}",
        "unknown field `pool`, expected one of `attempt`, `phase`, `worker`, `start_ns`, `length_ns`, `sequence`, \
         `error` at line 9 column 92",
    );
    check_refused(
        "{\"message\": \"hoarse\"}",
        "{\"message\": \"hoarse\", \"code\": 1}",
        "unknown field `code`, expected one of `message`, `causes`, `panicked`, `class`, `returned_false` \
         at line 21 column 49",
    );
    check_refused(
        "\"satisfied\", \"phases\": []",
        "\"fine\", \"phases\": []",
        "unknown variant `fine`, expected one of `satisfied`, `changed`, `failed`, `blocked`, `would_run`, \
         `cancelled` at line 6 column 67",
    );
    check_refused(
        "\"run_only\"",
        "\"run-only\"",
        "unknown variant `run-only`, expected one of `job`, `run_only`, `check_only`, `group` at line 19 column 40",
    );
    check_refused(
        "\"worker\": 1",
        "\"worker\": 70000",
        "invalid value: integer `70000`, expected u16 at line 20 column 54",
    );
}

#[test]
fn when_and_where_must_be_readable() {
    let fits = "the report does not fit together:";
    let moment = "2026-11-25T10:47:14.123456789Z";
    check_refused(
        moment,
        "yesterday",
        &format!("{fits} \"yesterday\" is no moment, such as 2026-11-25T10:47:14.5Z"),
    );
    check_refused("\"box\"", "\"\\u001b[2J\"", &format!("{fits} \"\\u{{1b}}[2J\" is no name of a machine"));
    check_refused("\"box\"", "\"\"", &format!("{fits} \"\" is no name of a machine"));
    check_refused("\"box\"", "7", "invalid type: integer `7`, expected a string at line 3 column 72");
}

#[test]
fn ids_that_do_not_fit_are_refused() {
    check_unfit("[3]", "[5]", "\"end\" is after job 5, but there are 5, counted from 0");
    check_unfit("[0, 1]", "[1, 1]", "\"user\" is after job 1 twice");
    check_unfit("\"name\": \"greet\"", "\"name\": \"disk\"", "\"disk\" stands in it twice");
    check_unfit("[2]", "[3]", "\"greet\" depends on jobs that depend on each other in a cycle");
    check_unfit("[0, 1]", "[1, 3]", "\"user\" depends on jobs that depend on each other in a cycle");
    check_refused("[3]", "[-1]", "invalid value: integer `-1`, expected u32 at line 25 column 49");
}

#[test]
fn phases_that_no_run_has_executed_are_refused() {
    check_unfit(
        "\"length_ns\": 9,",
        "\"length_ns\": 761,",
        "\"greet\" has a run of try 2 that ends after the run",
    );
    let far = format!("\"length_ns\": {},", u64::MAX);
    check_unfit("\"length_ns\": 9,", &far, "\"greet\" has a run of try 2 that ends after the run");
    check_unfit("900", "899", "\"user\" has a cleanup of try 1 that ends after the run");
    let for_ever = SAVED.replace("900", &u64::MAX.to_string()).replace("\"length_ns\": 9,", &far);
    let error = serde_json::from_str::<Report>(&for_ever.replace("\"start_ns\": 140", "\"start_ns\": 0"));
    let reason = "the report does not fit together: job \"greet\" has a run of try 2 that ends after more than four years";
    assert_eq!(error.unwrap_err().to_string(), reason);

    let check = "{\"attempt\": 1, \"phase\": \"check\", \"worker\": 0, \"start_ns\": 10,";
    let as_run = check.replace("\"check\"", "\"run\"");
    check_unfit(check, &as_run, "\"disk\" has a run of try 1, which such a job cannot have");
    check_unfit(
        "\"kind\": \"run_only\"",
        "\"kind\": \"group\"",
        "\"greet\" has a run of try 1, which such a job cannot have",
    );
    check_unfit(
        "\"kind\": \"check_only\"",
        "\"kind\": \"run_only\"",
        "\"disk\" has a check of try 1, which such a job cannot have",
    );
    check_unfit(
        check,
        &check.replace("\"attempt\": 1", "\"attempt\": 0"),
        "\"disk\" has a check of try 0, which such a job cannot have",
    );

    check_unfit("\"attempt\": 2", "\"attempt\": 1", "\"greet\" has a run of try 1 out of order");
    check_unfit("\"recheck\"", "\"check\"", "\"user\" has a check of try 1 out of order");
    let recheck =
        "{\"attempt\": 1, \"phase\": \"recheck\", \"worker\": 0, \"start_ns\": 121, \"length_ns\": 2}";
    let cleanup = recheck.replace("\"recheck\"", "\"cleanup\"");
    check_unfit(recheck, &format!("{cleanup}, {recheck}"), "\"user\" has a recheck of try 1 out of order");

    check_unfit(
        ", \"sequence\": 3",
        "",
        "\"greet\" has a run of try 2 and a sequence number that do not fit",
    );
    check_unfit(
        "\"sequence\": 3",
        "\"sequence\": 0",
        "\"greet\" has a run of try 2 and a sequence number that do not fit",
    );
    let numbered = recheck.replace("\"length_ns\": 2}", "\"length_ns\": 2, \"sequence\": 4}");
    check_unfit(recheck, &numbered, "\"user\" has a recheck of try 1 and a sequence number that do not fit");
    check_unfit("\"failed\"", "\"blocked\"", "\"greet\" was blocked, but has phases");
}

#[track_caller]
fn check_causes(report: &Report, name: &str, expected: &[&str]) {
    let causes: Vec<&str> = report.root_causes(name).iter().map(JobReport::name).collect();
    assert_eq!(causes, expected, "{name}");
}

#[test]
fn root_causes_are_the_jobs_above_that_failed() {
    let plan = Graph::new()
        .job("late")
        .after(["middle", "other"])
        .group()
        .job("middle")
        .after(["early", "good"])
        .run_only(|_| ())
        .job("other")
        .run_only(|_| false)
        .job("early")
        .after("good")
        .check(|_| false)
        .run(|_| ())
        .job("good")
        .check_only(|_| true)
        .job("behind early")
        .after(["early", "good"])
        .group()
        .job("last")
        .after(["late", "behind early"])
        .group()
        .compile()
        .unwrap();
    for (dry_run, threads) in [(false, 1), (false, 2), (true, 1), (true, 2)] {
        let runner = Runner::builder().dry_run(dry_run).threads(threads).default_retry_delay(Duration::ZERO);
        let run = runner.build().run(&plan, ());
        let read: Report = serde_json::from_value(serde_json::to_value(run.report()).unwrap()).unwrap();
        for report in [run.report(), &read] {
            check_causes(report, "late", &["other", "early"]);
            check_causes(report, "middle", &["early"]);
            check_causes(report, "behind early", &["early"]);
            check_causes(report, "last", &["other", "early"]);
            check_causes(report, "early", &[]);
            check_causes(report, "good", &[]);
            check_causes(report, "nobody", &[]);
        }
    }
}

#[track_caller]
fn check_printed(report: &Report, expected: &[&str]) {
    assert_eq!(untimed(report), expected.join("\n"));
}

#[test]
fn a_report_prints_as_a_summary() {
    check_printed(Graph::new().compile().unwrap().run(()).report(), &["0 jobs"]);
    let one = Graph::new().job("one").group().compile().unwrap();
    check_printed(one.run(()).report(), &["0 jobs"]);

    let runner = || Runner::builder().threads(1).default_retry_delay(Duration::ZERO);
    let plan = kitchen();
    check_printed(
        runner().build().run(&plan, ()).report(),
        &[
            "7 jobs: 1 satisfied, 2 changed, 4 failed",
            "changed: kettle, radio",
            "`fridge` failed after 2 tries: no power: the fuse",
            "  | is blown: `toaster` \"shorted\" \u{1F525}",
            "`bread` failed after 1 try: sold out",
            "`toast` failed after 2 tries: cold",
            "  its run failed before: panicked: smoke",
            "`song` failed after 1 try: panicked: panicked with a value that is not text",
            "cleanup of `toast` failed: the fuse",
            "  | is blown: `toaster` \"shorted\" \u{1F525}",
            "cleanup of `kettle` failed: panicked: spilled",
            "cleanup of `toast` failed: the fuse",
            "  | is blown: `toaster` \"shorted\" \u{1F525}",
        ],
    );
    check_printed(
        runner().dry_run(true).build().run(&plan, ()).report(),
        &[
            "7 jobs: 1 satisfied, 2 failed, 2 blocked, 2 would run",
            "would run: kettle, toast",
            "`fridge` failed after 1 try: no power: the fuse",
            "  | is blown: `toaster` \"shorted\" \u{1F525}",
            "`bread` failed after 1 try: sold out",
            "radio, song: blocked by kettle",
        ],
    );
    let failed = plan.select("bread").unwrap().run(()).into_result().unwrap_err();
    assert_eq!(untimed(&failed), "1 job: 1 failed\n`bread` failed after 1 try: sold out");
    check_printed(failed.report(), &["1 job: 1 failed", "`bread` failed after 1 try: sold out"]);
    check_printed(&failed.into_report(), &["1 job: 1 failed", "`bread` failed after 1 try: sold out"]);
    check_printed(
        &serde_json::from_str(SAVED).unwrap(),
        &[
            "3 jobs: 1 satisfied, 1 changed, 1 failed",
            "changed: user",
            "`greet` failed after 2 tries: panicked: lost for words",
            "cleanup of `user` failed: still logged in: busy: pid 7",
        ],
    );
}
