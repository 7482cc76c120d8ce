//! Reports in the formats of serde, and files that earlier versions have written.

use std::fs;
use std::path::Path;
use std::time::Duration;

use dojobber::{BoxError, Cleanup, DryRun, Graph, Plan, Report, Runner, Status, ensure, permanent};

/// All that a report can hold: every kind, nests, descriptions, errors with causes, panics, `false`, classes, tries,
/// cleanups, two workers.
fn everything() -> Plan<'static> {
    let inner = Graph::new().job("flour").check_only(|_| true).job("yeast").after("flour").run_only(|_| ());
    let dough =
        Graph::new().job("dough").after("base").nest(inner).job("oven").after("dough").run_only(|_| ());
    Graph::new()
        .job("base")
        .description("what all need")
        .group()
        .job("no")
        .describe_run(|_| "say\nyes")
        .cleanup(|_| false)
        .check(|_| false)
        .run(|_| false)
        .job("late")
        .check(|cx| ensure(cx.attempt() > 1, "not yet"))
        .run(|cx| {
            (0..25).for_each(|line| cx.log(line));
            cx.progress(7, 9);
            Err::<(), BoxError>(anyhow::anyhow!("pid 7").context("busy").into())
        })
        .job("never")
        .check(|_| Err::<(), _>(permanent("of the wrong size").into()))
        .run(|_| panic!("smoke"))
        .job("bread")
        .after("base")
        .nest(dough)
        .job("ünï 日本語")
        .after(["never", "bread"])
        .check_only(|_| true)
        .compile()
        .unwrap()
}

fn samples() -> Vec<Report> {
    let runner =
        |threads| Runner::builder().threads(threads).default_tries(2).default_retry_delay(Duration::ZERO);
    let mut samples = vec![Graph::new().compile().unwrap().run(()).into_report()];
    for threads in [1, 4] {
        for cleanup in [Cleanup::AtEnd, Cleanup::ByHand] {
            samples.push(runner(threads).cleanup(cleanup).build().run(&everything(), ()).into_report());
        }
        for dry_run in [DryRun::Checks, DryRun::Through] {
            samples.push(runner(threads).dry_run(dry_run).build().run(&everything(), ()).into_report());
        }
    }
    #[cfg(feature = "testkit")]
    samples.push(dojobber::testkit::Simulation::new(7).run(&everything(), ()).into_report()); // no date, no host
    samples
}

/// Each sample is written and read, and is what it was.
#[track_caller]
fn check(write: impl Fn(&Report) -> Vec<u8>, read: impl Fn(&[u8]) -> Result<Report, String>) {
    for sample in samples() {
        let bytes = write(&sample);
        let again = read(&bytes).unwrap();
        assert_eq!(again, sample);
        assert_eq!(write(&again), bytes);
        assert!(read(&bytes[..bytes.len() - 1]).is_err(), "a byte is missing");
    }
}

#[test]
fn json() {
    check(
        |report| serde_json::to_vec(report).unwrap(),
        |bytes| serde_json::from_slice(bytes).map_err(|error| error.to_string()),
    );
}

#[test]
fn message_pack_by_place() {
    check(
        |report| rmp_serde::to_vec(report).unwrap(),
        |bytes| rmp_serde::from_slice(bytes).map_err(|error| error.to_string()),
    );
}

#[test]
fn message_pack_by_name() {
    check(
        |report| rmp_serde::to_vec_named(report).unwrap(),
        |bytes| rmp_serde::from_slice(bytes).map_err(|error| error.to_string()),
    );
}

#[test]
fn cbor() {
    let write = |report: &Report| {
        let mut bytes = Vec::new();
        ciborium::into_writer(report, &mut bytes).unwrap();
        bytes
    };
    check(write, |bytes| ciborium::from_reader(bytes).map_err(|error| error.to_string()));
}

#[test]
fn postcard() {
    check(
        |report| postcard::to_stdvec(report).unwrap(),
        |bytes| postcard::from_bytes(bytes).map_err(|error| error.to_string()),
    );
}

/// From format to format, and back: nothing is lost on the way.
#[test]
fn one_after_another() {
    for sample in samples() {
        let first: Report = postcard::from_bytes(&postcard::to_stdvec(&sample).unwrap()).unwrap();
        let second: Report = rmp_serde::from_slice(&rmp_serde::to_vec(&first).unwrap()).unwrap();
        let third: Report = serde_json::from_value(serde_json::to_value(&second).unwrap()).unwrap();
        assert_eq!(third, sample);
    }
}

/// What is left out in JSON is written in formats that know fields by their place alone.
#[test]
fn people_are_spared_what_is_missing() {
    let plan = Graph::new().job("a").check_only(|_| true).compile().unwrap();
    let text = serde_json::to_string(plan.run(()).report()).unwrap();
    for left_out in ["null", "description", "sequence", "error", "causes"] {
        assert!(!text.contains(left_out), "{text}");
    }
}

fn saved(name: &str) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports").join(name);
    let text = fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The counts of all jobs of a file, and their names, which a later version must read alike.
#[track_caller]
fn check_saved(name: &str, counts: &str, tries: &[(&str, Status, u32)]) {
    let report = saved(name);
    assert_eq!(report.counts().to_string(), counts);
    assert_eq!((report.started(), report.host()), (None, None));
    for (job, status, tries) in tries {
        let job = report.job(*job).unwrap();
        assert_eq!((job.status(), job.tries()), (*status, *tries), "{}", job.name());
    }
    let again = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&again).unwrap(), report);
}

#[test]
fn reports_of_version_1_are_read() {
    use Status::{Blocked, Changed, Failed, Satisfied, WouldRun};

    check_saved("v1-empty.json", "", &[]);
    let kitchen = [
        ("disk", Satisfied, 1),
        ("late", Changed, 3),
        ("/etc/hosts", Failed, 2),
        ("made", Failed, 2),
        ("dough/yeast", Changed, 1),
        ("end", Blocked, 0),
    ];
    check_saved("v1-kitchen.json", "2 satisfied, 4 changed, 4 failed", &kitchen);
    let dry =
        [("disk", Satisfied, 1), ("late", WouldRun, 1), ("dough/yeast", WouldRun, 0), ("made", Failed, 1)];
    check_saved("v1-kitchen-dry.json", "2 satisfied, 1 failed, 2 blocked, 5 would run", &dry);
    let movie = [("TurnOnTV", Failed, 3), ("StartMovie", Blocked, 0), ("Popcorn", Changed, 5)];
    check_saved("v1-movie.json", "4 satisfied, 8 changed, 2 failed, 2 blocked", &movie);
}

#[test]
fn a_false_of_version_1_is_what_it_was() {
    let report = saved("v1-kitchen.json");
    let no = report.job("no").unwrap();
    assert!(no.error().unwrap().is_returned_false());
    assert!(no.phases().iter().all(|phase| phase.ending() == dojobber::Ending::ReturnedFalse));
    let toast = report.job("toast").unwrap();
    assert!(toast.run_error().unwrap().panicked() && !toast.error().unwrap().is_returned_false());
}

/// An error whose text is that of a `false` is an error all the same.
#[test]
fn a_text_is_no_false() {
    let plan = Graph::new().job("a").check_only(|_| Err::<(), _>("returned false".into()));
    let plan = plan.job("b").check_only(|_| false).compile().unwrap();
    let report = Runner::builder().default_tries(1).build().run(&plan, ()).into_report();
    let read: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    for report in [&report, &read] {
        let is_false = |job| report.error(job).unwrap().is_returned_false();
        assert_eq!((is_false("a"), is_false("b")), (false, true));
        assert_eq!(report.error("a").unwrap().message(), report.error("b").unwrap().message());
    }
}

/// The machine's clock and name are those of the run.
#[test]
fn a_run_has_a_date_and_a_host() {
    let before = std::time::SystemTime::now();
    let report = Graph::new().job("a").group().compile().unwrap().run(()).into_report();
    let started = report.started().unwrap();
    let drift = Duration::from_secs(60); // the clock may be set meanwhile
    assert!(started + drift >= before && started <= std::time::SystemTime::now() + drift);
    if cfg!(unix) {
        assert!(!report.host().unwrap().is_empty());
    }
}
