//! What a journal tells of a run: all of it, and what is left of it when it is torn.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use dojobber::{
    BoxError, CancelToken, Cleanup, Context, DryRun, ErrorClass, Graph, Job, Journal, JournalSync, Key, Kind,
    Phase, Plan, Process, Report, Result, Run, Runner, RunnerBuilder, Status,
};
use tempfile::TempDir;

use crate::support::Notes;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    (folder, path)
}

/// A job that is a struct, and says what is called.
struct Tent<'n>(&'n Notes);

impl Job for Tent<'_> {
    type Output = ();
    fn check(&mut self, _: &Context) -> Result {
        Err("no tent".into())
    }
    fn run(&mut self, _: &Context) -> Result {
        Ok(())
    }
    fn cleanup(&mut self, cx: &Context) -> Result {
        self.0.add(format!("{}.{}", cx.job(), cx.attempt()));
        Ok(())
    }
}

/// Every kind of job, end and error; the cleanups say that they are called.
fn plan(notes: &Notes) -> Plan<'_> {
    let cleanup = move |cx: &Context| {
        notes.add(format!("{}.{}", cx.job(), cx.attempt()));
        cx.job() != "never"
    };
    let inner =
        Graph::new().job("flour").check_only(|_| true).job("yeast").after("flour").cleanup(cleanup).run_only(
            |cx| {
                cx.log(format!("rising\nin {}", cx.job()));
                cx.progress(1, 1);
                cx.command("echo").arg("it grows").stream_output().run()
            },
        );
    let graph = Graph::new()
        .job("base")
        .description("what all need")
        .describe_run(|cx| format!("make {}", cx.job()))
        .cleanup(cleanup)
        .check(|cx| cx.phase() == Phase::Recheck)
        .run(|_| ())
        .job("bread")
        .after("base")
        .nest(inner)
        .job("late")
        .cleanup(cleanup)
        .check(|cx| cx.attempt() == 3 && cx.phase() == Phase::Recheck)
        .run(|_| Err::<(), BoxError>(anyhow::anyhow!("pid 7").context("busy").into()))
        .job("never")
        .after("base")
        .cleanup(cleanup)
        .check(|_| false)
        .run(|_| panic!("smoke"))
        .job("behind")
        .after(["never", "bread"])
        .check_only(|_| true)
        .job("tent")
        .after("bread")
        .with_new(|_| Ok(Tent(notes)));
    graph.compile().unwrap()
}

fn runner(threads: usize) -> RunnerBuilder {
    Runner::builder().threads(threads).default_retry_delay(Duration::ZERO)
}

fn written<'p>(plan: &Plan<'p>, builder: RunnerBuilder, path: &Path) -> Run<'p> {
    builder.observer(Journal::create(path).unwrap()).build().run(plan, ())
}

/// All of a report but its date, which is read from the clock once for each.
fn undated(report: &Report) -> serde_json::Value {
    let mut value = serde_json::to_value(report).unwrap();
    value.as_object_mut().unwrap().remove("started");
    value
}

/// The whole journal of the plan above, with cleanups that are left to be called.
fn torn_plan_journal(threads: usize, cleanup: Cleanup) -> (Vec<u8>, Report) {
    let (_folder, path) = folder();
    let notes = Notes::default();
    let plan = plan(&notes);
    let run = written(&plan, runner(threads).cleanup(cleanup), &path);
    let report = run.report().clone();
    drop(run);
    (fs::read(path).unwrap(), report)
}

#[test]
fn the_journal_of_a_run_says_what_its_report_does() {
    for threads in [1, 2, 4] {
        for (cleanup, dry_run) in [
            (Cleanup::AtEnd, DryRun::Off),
            (Cleanup::AtEnd, DryRun::Checks),
            (Cleanup::AtEnd, DryRun::Through),
            (Cleanup::ByHand, DryRun::Off),
            (Cleanup::OnDrop, DryRun::Off),
        ] {
            let (_folder, path) = folder();
            let notes = Notes::default();
            let plan = plan(&notes);
            let run = written(&plan, runner(threads).cleanup(cleanup).dry_run(dry_run), &path);
            let is_complete = cleanup == Cleanup::AtEnd;
            let read = Report::from_journal(&path).unwrap();
            assert_eq!(read.is_complete(), is_complete, "{cleanup:?}");
            assert!(read.started().is_some());
            if is_complete {
                assert_eq!(undated(&read), undated(run.report()));
            }
            let report = run.into_report();
            let read = Report::from_journal(&path).unwrap();
            if cleanup != Cleanup::ByHand {
                assert_eq!(undated(&read), undated(&report), "{cleanup:?}");
            }
            let saved: Report = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
            assert_eq!((saved.is_complete(), &saved), (read.is_complete(), &read));
        }
    }
}

#[test]
fn a_run_that_is_stopped_says_why() {
    let (_folder, path) = folder();
    let stop = CancelToken::new();
    let token = stop.clone();
    let plan = Graph::new()
        .job("first")
        .run_only(move |_| token.cancel())
        .job("second")
        .after("first")
        .run_only(|_| ())
        .compile()
        .unwrap();
    let run = written(&plan, runner(1).cancel_token(&stop), &path);
    let read = Report::from_journal(&path).unwrap();
    assert_eq!(undated(&read), undated(run.report()));
    assert_eq!(read.stop_reason(), run.stop_reason());
    assert_eq!(read.status("second"), Some(Status::Cancelled));
}

#[test]
fn futures_are_in_the_journal_too() {
    let (_folder, path) = folder();
    let graph = (0..20).fold(Graph::new(), |graph, number: usize| {
        graph.job(number.to_string()).run_only_async(async |cx| {
            cx.sleep_async(Duration::from_millis(1)).await;
            Ok(())
        })
    });
    let plan = graph.compile().unwrap();
    let run = written(&plan, runner(3), &path);
    assert_eq!(undated(&Report::from_journal(&path).unwrap()), undated(run.report()));
}

/// What is known of a torn journal is true of the whole run.
#[track_caller]
fn check_that_it_is_true(torn: &Report, whole: &Report, what: &str) {
    assert_eq!(torn.graph(), whole.graph(), "{what}");
    for (job, truth) in torn.jobs().zip(whole.jobs()) {
        let (status, name) = (job.status(), job.name());
        if status != Status::Cancelled {
            assert_eq!(status, truth.status(), "{what}: {name}");
        }
        let ended = job.phases().into_iter().filter(|phase| !is_cut(phase.error()));
        for phase in ended {
            let same = truth.phases().into_iter().any(|other| {
                (other.phase(), other.attempt(), other.error())
                    == (phase.phase(), phase.attempt(), phase.error())
            });
            assert!(same, "{what}: {name} {} of try {}", phase.phase(), phase.attempt());
        }
    }
}

fn is_cut(error: Option<&dojobber::ErrorText>) -> bool {
    error.is_some_and(|error| {
        error.class() == ErrorClass::Cancelled && error.message().starts_with("did not end")
    })
}

#[test]
fn a_journal_that_is_torn_at_any_byte_is_read() {
    let (bytes, whole) = torn_plan_journal(2, Cleanup::ByHand);
    let head = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    let mut last = 0;
    for length in 0..=bytes.len() {
        let torn = match Report::read_journal(&bytes[..length]) {
            Ok(torn) => torn,
            Err(error) => {
                assert!(length < head, "{length}: {error}");
                assert!(error.to_string().contains("nothing was done"), "{error}");
                continue;
            }
        };
        assert!(length >= head && !torn.is_complete());
        check_that_it_is_true(&torn, &whole, &format!("torn at {length}"));
        let known = torn.jobs().map(|job| job.phases().len()).sum::<usize>();
        assert!(known >= last, "{length}");
        last = known;
    }
}

#[test]
fn a_journal_with_any_byte_changed_is_read_and_says_nothing_wrong() {
    let (bytes, whole) = torn_plan_journal(2, Cleanup::AtEnd);
    let head = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    // that every other byte is found is known of lines
    for at in (0..bytes.len()).step_by(11) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        match Report::read_journal(&changed[..]) {
            Ok(report) => {
                assert!(at > head && !report.is_complete(), "byte {at}");
                check_that_it_is_true(&report, &whole, &format!("byte {at} changed"));
            }
            Err(error) => assert!(at <= head, "byte {at}: {error}"),
        }
    }
}

#[test]
fn lines_that_are_missing_or_stand_elsewhere_do_no_harm() {
    let (bytes, whole) = torn_plan_journal(2, Cleanup::AtEnd);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for at in 1..lines.len() {
        let without = [&lines[..at], &lines[at + 1..]].concat().concat();
        let report = Report::read_journal(&without[..]).unwrap();
        for (job, truth) in report.jobs().zip(whole.jobs()) {
            assert!([Status::Cancelled, truth.status()].contains(&job.status()), "{at}: {}", job.name());
        }
        let mut turned = lines.clone();
        turned[1..].rotate_left(at - 1);
        let _ = Report::read_journal(&turned.concat()[..]).unwrap();
        turned[1..].reverse();
        let _ = Report::read_journal(&turned.concat()[..]).unwrap();
    }
}

/// The runs that a journal tells of, in their order, of jobs that have a cleanup and were not cleaned up.
fn owed(report: &Report) -> Vec<String> {
    let mut runs: Vec<(u64, String)> = Vec::new();
    for job in report.jobs().filter(|job| job.name() != "behind" && job.kind() != Kind::CheckOnly) {
        let phases = job.phases();
        for run in phases.iter().filter_map(|phase| Some((phase.sequence()?, phase.attempt()))) {
            let cleaned = |phase: &&dojobber::PhaseRecord<'_>| {
                (phase.phase(), phase.attempt()) == (Phase::Cleanup, run.1) && !is_cut(phase.error())
            };
            if !phases.iter().any(|phase| cleaned(&phase)) {
                runs.push((run.0, format!("{}.{}", job.name(), run.1)));
            }
        }
    }
    runs.sort_by_key(|(sequence, _)| std::cmp::Reverse(*sequence));
    runs.into_iter().map(|(_, name)| name).collect()
}

/// Else a recovery would end it, though its run was over and had let it go.
#[cfg(unix)]
#[test]
fn a_process_that_is_let_go_after_its_run_is_told() {
    const SERVER: Key<Process> = Key::new("server");
    let (_folder, path) = folder();
    let plan = Graph::new().job(SERVER).run_only(|cx| cx.command("sleep").arg("1000").spawn());
    let plan = plan.compile().unwrap();
    let run = runner(1).observer(Journal::create(&path).unwrap()).build().run(&plan, ());
    let server = run.output(&SERVER).unwrap();
    server.detach();
    let ended = std::process::Command::new("kill").args(["-9", &server.id().to_string()]).status();
    assert!(ended.unwrap().success());
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches("\"process_detached\"").count(), 1, "{text}");
    assert_eq!(undated(&Report::from_journal(&path).unwrap()), undated(run.report()));
    assert!(run.report().observer_failures().is_empty());
}

#[test]
fn recovery_calls_what_is_owed_in_reverse_and_once() {
    for (threads, cleanup) in
        [(1, Cleanup::ByHand), (3, Cleanup::ByHand), (1, Cleanup::AtEnd), (3, Cleanup::AtEnd)]
    {
        let (bytes, _) = torn_plan_journal(threads, cleanup);
        let head = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for length in (head..=bytes.len()).step_by(37).chain([bytes.len()]) {
            let (_folder, path) = folder();
            fs::write(&path, &bytes[..length]).unwrap();
            let expected = owed(&Report::from_journal(&path).unwrap());
            let (notes, what) = (Notes::default(), format!("{threads} {cleanup:?} {length}"));
            let plan = plan(&notes);
            let looked = runner(1).dry_run(true).build().recover(&plan, (), &path).unwrap();
            assert_eq!((looked.owed().len(), looked.called().len()), (expected.len(), 0), "{what}");
            assert_eq!(fs::read(&path).unwrap().len(), length, "{what}: a dry run writes nothing");

            let recovered = runner(1).build().recover(&plan, (), &path).unwrap();
            let complete = cleanup == Cleanup::AtEnd && length == bytes.len();
            assert_eq!(notes.take(), if complete { String::new() } else { expected.join(" ") }, "{what}");
            assert_eq!(recovered.called().len(), expected.len(), "{what}");
            let failed = expected.iter().filter(|name| name.starts_with("never")).count();
            assert_eq!(recovered.failures().len(), failed, "{what}: {recovered}");
            let saved = Report::from_journal(&path).unwrap();
            assert_eq!(&saved, recovered.report(), "{what}");

            let again = runner(1).build().recover(&plan, (), &path).unwrap();
            assert_eq!((notes.take(), again.called().len()), (String::new(), 0), "{what}");
            assert!(again.to_string().starts_with("nothing is owed"), "{again}");
        }
    }
}

#[test]
fn a_cleanup_that_is_owed_has_nothing_but_its_arguments() {
    let (_folder, path) = folder();
    let seen = Mutex::new(Vec::new());
    let plan = Graph::with_args::<u32>()
        .job("first")
        .run_only(|_| Ok(7_u32))
        .job("second")
        .after("first")
        .cleanup(|cx| {
            let error = cx.output(dojobber::Key::<u32>::new("first")).unwrap_err();
            let class = ErrorClass::of(&error);
            seen.lock().unwrap().push((class, *cx.args(), error.to_string()));
            Err::<(), BoxError>(error.into())
        })
        .run_only(|cx| Ok(*cx.output(dojobber::Key::<u32>::new("first"))?))
        .compile()
        .unwrap();
    let journal = Journal::create(&path).unwrap();
    drop(runner(1).cleanup(Cleanup::ByHand).observer(journal).build().run(&plan, 5_u32));
    let recovered = runner(1).build().recover(&plan, 6_u32, &path).unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!((seen[0].0, seen[0].1, seen.len()), (ErrorClass::Gone, 6, 1));
    assert!(seen[0].2.contains("gone with the process that ran it"), "{}", seen[0].2);
    assert_eq!(recovered.failures()[0].job(), "second");
    assert_ne!(recovered.exit_code(), std::process::ExitCode::SUCCESS);
    let cleanup = recovered.report().job("second").unwrap().phases().pop().unwrap();
    assert_eq!((cleanup.phase(), cleanup.error().unwrap().class()), (Phase::Cleanup, ErrorClass::Gone));
}

/// Also where the plan has become another one meanwhile, in which the job has another place.
#[test]
fn what_cleanups_say_in_a_recovery_is_written() {
    let (_folder, path) = folder();
    let server = |graph: Graph<'static>| {
        graph.job("server").cleanup(|cx| {
            cx.log(format!("stopping {}", cx.job()));
            cx.progress(1, 2);
            cx.command("echo").arg("stopped").stream_output().run()
        })
    };
    let before = server(Graph::new()).run_only(|_| ()).compile().unwrap();
    let after = server(Graph::new().job("new").run_only(|_| ())).run_only(|_| ()).compile().unwrap();
    drop(written(&before, runner(1).cleanup(Cleanup::ByHand), &path));
    let recovered = runner(1).build().recover(&after, (), &path).unwrap();
    assert_eq!((recovered.called(), recovered.failures().len()), (&["server".to_owned()][..], 0));
    let read = Report::from_journal(&path).unwrap();
    assert_eq!(recovered.report(), &read);
    let job = read.job("server").unwrap();
    let said: Vec<_> = job.log().iter().map(|line| (line.phase(), line.text())).collect();
    assert_eq!(said, [(Phase::Cleanup, "stopping server")]);
    assert_eq!(job.progress().unwrap().to_string(), "1/2");
    let text = fs::read_to_string(&path).unwrap();
    let (_, recovery) = text.split_once("recovery_started").unwrap();
    assert!(recovery.contains(r#""output_line":{"job":0,"attempt":1,"phase":"cleanup""#), "{recovery}");
    assert_eq!(recovery.matches("phase_started").count(), 1, "{recovery}");
}

#[test]
fn a_constructor_that_fails_is_a_cleanup_that_failed() {
    let (_folder, path) = folder();
    let notes = Notes::default();
    let plan = |fails: bool| {
        let notes = &notes;
        let make = move |_: &Context| if fails { Err("no poles".into()) } else { Ok(Tent(notes)) };
        Graph::new().job("tent").tries(1).with_new(make).compile().unwrap()
    };
    drop(written(&plan(false), runner(1).cleanup(Cleanup::ByHand), &path));
    let recovered = runner(1).build().recover(&plan(true), (), &path).unwrap();
    assert_eq!(recovered.failures()[0].error().to_string(), "no poles");
    assert_eq!(notes.text(), "");
}

#[test]
fn a_job_that_the_plan_lacks_stays_owed() {
    let (_folder, path) = folder();
    let notes = Notes::default();
    let job = |graph: Graph<'static>, name: &'static str| {
        let notes = notes.clone();
        graph.job(name).cleanup(move |cx| notes.add(cx.job())).run_only(|_| ())
    };
    let both = job(job(Graph::new(), "a"), "b").compile().unwrap();
    drop(written(&both, runner(1).cleanup(Cleanup::ByHand), &path));

    let other = job(Graph::new(), "c").compile().unwrap();
    let error = runner(1).build().recover(&other, (), &path).unwrap_err().to_string();
    assert!(
        error.contains("of another plan: it knows jobs such as `a`, `b`, and this plan jobs such as `c`"),
        "{error}"
    );

    let one = job(Graph::new(), "a").compile().unwrap();
    let recovered = runner(1).build().recover(&one, (), &path).unwrap();
    assert_eq!((notes.take().as_str(), recovered.owed().join(" ").as_str()), ("a", "b"));
    assert_eq!(recovered.failures()[0].job(), "b");

    let recovered = runner(1).build().recover(&both, (), &path).unwrap();
    assert_eq!((notes.take().as_str(), recovered.failures().len()), ("b", 0));
}

#[test]
fn a_file_that_is_there_is_refused_and_told_what_it_is() {
    let (_folder, path) = folder();
    let check = |expected: &str| {
        let error = Journal::create(&path).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.path(), Some(&*path));
    };
    fs::write(&path, "a letter").unwrap();
    check("a file is there; remove it");
    fs::remove_file(&path).unwrap();

    let journal = Journal::create(&path).unwrap();
    let plan = Graph::new().job("a").cleanup(|_| ()).run_only(|_| ()).compile().unwrap();
    let runner = runner(1).cleanup(Cleanup::ByHand).observer(journal.clone()).build();
    let mut run = runner.run(&plan, ());
    if cfg!(unix) {
        check("another process is writing it");
        let error = Runner::default().recover(&plan, (), &path).unwrap_err().to_string();
        assert!(error.contains("another process is writing it"), "{error}");
    }
    let bytes = fs::read(&path).unwrap();
    run.cleanup();
    check("the journal of an earlier run is there");
    drop((runner, run, journal));
    fs::write(&path, &bytes).unwrap();
    check("never ended is there, and it owes 1 cleanup; recover it first");
    let _ = Runner::default().recover(&plan, (), &path).unwrap();
    check("the journal of an earlier run is there");
    fs::write(&path, &bytes[..=bytes.iter().position(|byte| *byte == b'\n').unwrap()]).unwrap();
    check("never ended is there; it owes no cleanup");
    let error = Journal::create(path.join("below")).unwrap_err();
    assert!(error.to_string().starts_with("cannot create "), "{error:?}");
    let error = Journal::create(path.parent().unwrap()).unwrap_err();
    assert!(format!("{error:?}").ends_with("is a directory"), "{error:?}");
    let error = Report::from_journal(path.with_extension("gone")).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot read ") && format!("{error:?}").contains("run.gone"),
        "{error:?}"
    );
}

#[test]
fn a_journal_takes_one_run() {
    let (_folder, path) = folder();
    let journal = Journal::create(&path).unwrap();
    let runner = runner(1).observer(journal.clone()).build();
    let plan = Graph::new().job("a").run_only(|_| ()).compile().unwrap();
    let first = runner.run(&plan, ());
    assert_eq!(journal.failure(), None);
    let length = fs::read(&path).unwrap().len();
    let second = runner.run(&plan, ());
    assert!(journal.failure().unwrap().contains("a journal takes one"), "{:?}", journal.failure());
    assert_eq!(second.observer_failures(), [journal.failure().unwrap()]);
    assert!(second.summary().to_string().contains("note       1  the journal "), "{}", second.summary());
    assert!(second.to_string().contains("\nthe journal "), "{second}");
    let saved: Report = serde_json::from_str(&serde_json::to_string(second.report()).unwrap()).unwrap();
    assert_eq!(&saved, second.report());
    assert!(second.success() && first.observer_failures().is_empty());
    assert_eq!(fs::read(&path).unwrap().len(), length);
    assert_eq!(undated(&Report::from_journal(&path).unwrap()), undated(first.report()));
}

#[test]
fn a_second_run_at_the_same_time_ends_the_journal() {
    let (_folder, path) = folder();
    let journal = Journal::create(&path).unwrap();
    let runner = runner(1).observer(journal.clone()).build();
    let inner = Graph::new().job("inner").run_only(|_| ()).compile().unwrap();
    let outer = Graph::new().job("outer").run_only(|_| runner.run(&inner, ()).success()).compile().unwrap();
    assert!(runner.run(&outer, ()).success());
    assert!(journal.failure().unwrap().contains("while the first went on"));
    let report = Report::from_journal(&path).unwrap();
    assert_eq!((report.is_complete(), report.status("outer")), (false, Some(Status::Cancelled)));
}

#[test]
fn the_line_that_is_documented() {
    let (mut bytes, _) = torn_plan_journal(1, Cleanup::ByHand);
    assert!(!Report::read_journal(&bytes[..]).unwrap().is_complete());
    let documented = include_str!("../../../docs/journal.md");
    let line = documented.lines().find(|line| line.starts_with("{\"len\":29,")).unwrap();
    bytes.extend_from_slice(format!("{line}\n").as_bytes());
    assert!(Report::read_journal(&bytes[..]).unwrap().is_complete());
}

#[test]
fn synced_journals_say_the_same() {
    let (_folder, path) = folder();
    let notes = Notes::default();
    let plan = plan(&notes);
    let journal = Journal::create(&path).unwrap().sync(JournalSync::Runs);
    let run = runner(2).observer(journal.clone()).build().run(&plan, ());
    assert_eq!(journal.failure(), None);
    assert_eq!(undated(&Report::from_journal(&path).unwrap()), undated(run.report()));
    assert!(format!("{journal:?}").contains("run.jsonl"));
}

#[test]
fn what_another_version_wrote_is_told() {
    let (bytes, _) = torn_plan_journal(1, Cleanup::AtEnd);
    let (_folder, path) = folder();
    let text = String::from_utf8(bytes).unwrap();
    let changed = text.replacen("\"dojobber_journal\":1", "\"dojobber_journal\":2", 1);
    File::create(&path).unwrap().write_all(changed.as_bytes()).unwrap();
    let error = Report::from_journal(&path).unwrap_err().to_string();
    assert!(error.contains("the first line of") && error.contains("is damaged"), "{error}");
}
