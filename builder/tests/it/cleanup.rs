//! When cleanups are called, in which order, and what becomes of their failures.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use dojobber::{Cleanup, Context, Event, Graph, Job, Key, Phase, Plan, Result, Run, Runner, Status, ensure};

use crate::support::{Notes, Trace, untimed};

fn runner(cleanup: Cleanup, threads: usize) -> Runner {
    Runner::builder()
        .threads(threads)
        .default_tries(2)
        .default_retry_delay(Duration::ZERO)
        .cleanup(cleanup)
        .build()
}

/// Three jobs in a row, which note their runs and their cleanups.
fn chain(notes: &Notes) -> Plan<'_> {
    let note = |what: &'static str| move |cx: &Context| notes.add(format!("{what} {}", cx.job()));
    Graph::new()
        .each([("a", None), ("b", Some("a")), ("c", Some("b"))], |graph, (name, after)| {
            graph.job(name).after(after).cleanup(note("-")).run_only(note("+"))
        })
        .compile()
        .unwrap()
}

fn code(run: &Run<'_>) -> bool {
    format!("{:?}", run.exit_code()) == format!("{:?}", ExitCode::SUCCESS)
}

#[test]
fn at_end() {
    let notes = Notes::default();
    let plan = chain(&notes);
    let mut run = Runner::builder().threads(1).build().run(&plan, ());
    assert_eq!(notes.text(), "+ a + b + c - c - b - a");
    assert!(run.cleanup().is_empty());
    drop(run);
    assert_eq!(notes.text(), "+ a + b + c - c - b - a"); // each once
}

#[test]
fn on_drop() {
    let notes = Notes::default();
    let plan = chain(&notes);
    let run = runner(Cleanup::OnDrop, 1).run(&plan, ());
    assert_eq!(notes.take(), "+ a + b + c");
    drop(run);
    assert_eq!(notes.take(), "- c - b - a");

    let mut run = runner(Cleanup::OnDrop, 1).run(&plan, ());
    assert!(run.cleanup().is_empty());
    assert_eq!(notes.take(), "+ a + b + c - c - b - a");
    drop(run);
    assert_eq!(notes.take(), "");

    let run = runner(Cleanup::OnDrop, 1).run(&plan, ());
    let report = run.into_report();
    assert_eq!(notes.take(), "+ a + b + c - c - b - a");
    assert_eq!(report.job("a").unwrap().phases().iter().last().unwrap().phase(), Phase::Cleanup);
}

#[test]
fn on_drop_while_a_test_panics() {
    let notes = Notes::default();
    let plan = chain(&notes);
    let test = || {
        let _run = runner(Cleanup::OnDrop, 2).run(&plan, ());
        panic!("the test fails");
    };
    assert!(catch_unwind(AssertUnwindSafe(test)).is_err());
    assert_eq!(notes.text(), "+ a + b + c - c - b - a");
}

#[test]
fn by_hand() {
    let notes = Notes::default();
    let plan = chain(&notes);
    let mut run = runner(Cleanup::ByHand, 1).run(&plan, ());
    assert_eq!(notes.take(), "+ a + b + c");
    assert!(run.cleanup().is_empty());
    assert_eq!(notes.take(), "- c - b - a");
    assert!(run.cleanup().is_empty());
    drop(run);
    assert_eq!(notes.take(), "");

    drop(runner(Cleanup::ByHand, 1).run(&plan, ()));
    assert_eq!(notes.take(), "+ a + b + c"); // those that were due are not called
}

#[test]
fn on_drop_follows_a_failed_run() {
    let notes = Notes::default();
    let plan = Graph::new()
        .job("a")
        .cleanup(|_| {
            notes.add("-");
            no()
        })
        .run_only(|_| false)
        .compile()
        .unwrap();
    let failed = runner(Cleanup::OnDrop, 1).run(&plan, ()).into_result().unwrap_err();
    assert_eq!(notes.text(), "- -"); // once for each try
    assert_eq!(
        untimed(failed),
        "1 job: 1 failed\n`a` failed after 2 tries\n\
         cleanup of `a` failed: no\ncleanup of `a` failed: no"
    );
}

fn no() -> Result {
    Err("no".into())
}

#[test]
fn who_is_cleaned_up() {
    let notes = Notes::default();
    let note = |cx: &Context| notes.add(format!("{}{}", cx.job(), cx.attempt()));
    let plan = Graph::new()
        .job("satisfied")
        .cleanup(note)
        .check(|_| true)
        .run(|_| ())
        .job("changed")
        .after("satisfied")
        .cleanup(note)
        .check(|cx| cx.phase() == Phase::Recheck)
        .run(|_| no())
        .job("later")
        .after("changed")
        .cleanup(note)
        .check(|cx| cx.attempt() == 2)
        .run(|_| ())
        .job("failed")
        .after("later")
        .cleanup(note)
        .run_only(|_| no())
        .job("panicked")
        .after("later")
        .cleanup(note)
        .run_only(|_| panic!("p"))
        .job("blocked")
        .after("failed")
        .cleanup(note)
        .run_only(|_| ())
        .job("without")
        .after("later")
        .run_only(|_| ())
        .compile()
        .unwrap();
    drop(runner(Cleanup::AtEnd, 1).run(&plan, ()));
    assert_eq!(notes.text(), "panicked2 failed2 panicked1 failed1 later1 changed1");
}

#[test]
fn with_what_its_try_has_left() {
    const LEFT: Key<String> = Key::new("left");
    let notes = Notes::default();
    let plan = Graph::with_args::<String>()
        .job("a")
        .cleanup(|cx: &Context<String>| {
            let (local, shared) = (cx.local().require(&LEFT)?, cx.shared().require(&LEFT)?);
            notes.add(format!("{}:{}:{local}:{shared}", cx.args(), cx.phase()));
            Ok(())
        })
        .run_only(|cx| {
            cx.local().set(&LEFT, format!("try {}", cx.attempt()));
            cx.shared().update(&LEFT, |text| *text += "+");
            cx.attempt() == 2
        })
        .compile()
        .unwrap();
    for mode in [Cleanup::AtEnd, Cleanup::OnDrop] {
        drop(runner(mode, 1).run(&plan, "args".to_owned()));
        assert_eq!(notes.take(), "args:cleanup:try 2:++ args:cleanup:try 1:++");
    }
}

#[test]
fn a_struct_is_cleaned_up_with_its_instance() {
    struct Mount {
        path: String,
        notes: Notes,
    }
    impl Job for Mount {
        type Output = ();
        fn check(&mut self, cx: &Context) -> Result {
            ensure(cx.attempt() == 2 && !self.path.is_empty(), "not mounted")
        }
        fn run(&mut self, cx: &Context) -> Result {
            self.path = format!("mount {}", cx.attempt());
            Ok(())
        }
        fn cleanup(&mut self, _: &Context) -> Result {
            self.notes.add(format!("-{}", self.path));
            Ok(())
        }
    }
    impl Drop for Mount {
        fn drop(&mut self) {
            self.notes.add("dropped");
        }
    }
    let notes = Notes::default();
    let make = |_: &Context| Ok(Mount { path: String::new(), notes: notes.clone() });
    let plan = Graph::new().job("a").with_new(make).compile().unwrap();
    assert!(runner(Cleanup::AtEnd, 1).run(&plan, ()).success());
    assert_eq!(notes.take(), "-mount 2 dropped -mount 1 dropped");
    drop(runner(Cleanup::ByHand, 1).run(&plan, ()));
    assert_eq!(notes.take(), "dropped dropped");
}

#[test]
fn exactly_the_reverse_of_the_runs() {
    for threads in [1, 2, 8] {
        let trace = Trace::default();
        let runner = Runner::builder().threads(threads).observer(trace.clone()).build();
        let plan = Graph::new()
            .each(0..100, |graph, at| {
                let after = (at >= 10).then(|| format!("j{}", at / 2));
                graph.job(format!("j{at}")).after(after).cleanup(|_| ()).run_only(|_| ())
            })
            .compile()
            .unwrap();
        let run = runner.run(&plan, ());
        let cleaned: Vec<String> = trace
            .events()
            .iter()
            .filter_map(|event| match event {
                Event::PhaseStarted { job, phase: Phase::Cleanup, worker, .. } => {
                    assert_eq!(*worker, 0); // one at a time
                    Some(job.to_string())
                }
                _ => None,
            })
            .collect();
        let mut runs: Vec<(u64, String)> = run
            .jobs()
            .map(|job| {
                (job.phases().iter().find_map(|record| record.sequence()).unwrap(), job.name().to_owned())
            })
            .collect();
        runs.sort_unstable();
        assert!(runs.iter().map(|(at, _)| *at).eq(1..=100));
        assert!(cleaned.iter().eq(runs.iter().rev().map(|(_, name)| name)), "{threads} threads");
    }
}

#[test]
fn a_cleanup_that_fails_stops_no_other() {
    let notes = Notes::default();
    let plan = Graph::new()
        .job("a")
        .cleanup(|_| notes.add("a"))
        .run_only(|_| ())
        .job("b")
        .after("a")
        .cleanup(|_| -> () { panic!("p") })
        .run_only(|_| ())
        .job("c")
        .after("b")
        .cleanup(|_| no())
        .run_only(|_| ())
        .job("d")
        .after("c")
        .cleanup(|_| false)
        .run_only(|_| ())
        .compile()
        .unwrap();
    let run = runner(Cleanup::AtEnd, 1).run(&plan, ());
    assert_eq!(notes.take(), "a");
    assert!(run.success() && !code(&run));
    assert!(run.jobs().all(|job| job.status() == Status::Changed && job.error().is_none()));
    assert_eq!(
        untimed(run.report()),
        "4 jobs: 4 changed\nchanged: a, b, c, d\ncleanup of `d` failed\n\
         cleanup of `c` failed: no\ncleanup of `b` failed: panicked: p"
    );

    let mut run = runner(Cleanup::ByHand, 1).run(&plan, ());
    assert!(code(&run)); // nothing has failed yet
    let failures: Vec<String> = run
        .cleanup()
        .iter()
        .map(|failure| {
            let text = format!("cleanup of `{}` failed: {}", failure.job(), failure.error());
            assert_eq!((failure.to_string(), format!("{failure:?}")), (text.clone(), text));
            assert!(std::error::Error::source(failure).is_none(), "the cause is told already");
            format!("{}: {}", failure.job(), failure.error())
        })
        .collect();
    assert_eq!(failures, ["d: returned false", "c: no", "b: p"]);
    assert!(run.success() && !code(&run));
    assert_eq!(run.cleanup_failures().len(), 3);
    assert_eq!(run.job("a").unwrap().phases().iter().last().unwrap().phase(), Phase::Cleanup);
}

/// What `into_result` says of a run whose job is done and whose cleanup fails, or does not.
#[track_caller]
fn check_result(cleanup: Cleanup, job_passes: bool, cleanup_passes: bool, expected: Option<&[&str]>) {
    let graph = Graph::new().job("mount").cleanup(move |_| ensure(cleanup_passes, "/mnt is busy"));
    let run = runner(cleanup, 1).run(&graph.run_only(move |_| job_passes).compile().unwrap(), ());
    let text = run.into_result().err().map(|failed| {
        assert_eq!(format!("{failed:?}"), failed.to_string());
        failed.to_string()
    });
    let Some(expected) = expected else { return assert_eq!(text, None) };
    let text = text.expect("something has failed");
    for part in expected {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_cleanup_that_has_failed_is_an_error_of_the_run() {
    let cleanup_failed = "cleanup of `mount` failed: /mnt is busy";
    let both: &[&str] = &["`mount` failed after 2 tries", cleanup_failed];
    let job_alone: &[&str] = &["`mount` failed after 2 tries"];
    check_result(Cleanup::AtEnd, true, true, None);
    check_result(Cleanup::AtEnd, true, false, Some(&[cleanup_failed]));
    check_result(Cleanup::AtEnd, false, true, Some(job_alone));
    check_result(Cleanup::AtEnd, false, false, Some(both));
    check_result(Cleanup::OnDrop, true, false, None); // not yet
    check_result(Cleanup::OnDrop, false, false, Some(both));
    check_result(Cleanup::ByHand, true, false, None); // never called
    check_result(Cleanup::ByHand, false, false, Some(job_alone));

    let plan = Graph::new().job("a").cleanup(|_| false).run_only(|_| ()).compile().unwrap();
    let mut run = runner(Cleanup::ByHand, 1).run(&plan, ());
    assert_eq!(run.cleanup().len(), 1);
    assert!(run.into_result().unwrap_err().to_string().contains("cleanup of `a` failed"));
}

#[test]
fn what_an_observer_sees_of_late_cleanups() {
    let check = |cleanup: Cleanup, expected: &str| {
        let trace = Trace::default();
        let runner = Runner::builder().threads(1).cleanup(cleanup).observer(trace.clone()).build();
        let plan = Graph::new().job("a").cleanup(|_| false).run_only(|_| ()).compile().unwrap();
        drop(runner.run(&plan, ()));
        let words: Vec<String> = trace
            .events()
            .iter()
            .filter_map(|event| match event {
                Event::PhaseEnded { phase: Phase::Cleanup, error: None, .. } => panic!("it has failed"),
                Event::PhaseEnded { phase, .. } => Some(phase.to_string()),
                Event::RunEnded { cleanups_due, .. } => Some(format!("end({cleanups_due})")),
                Event::CleanupEnded { .. } => Some("cleaned".to_owned()),
                _ => None,
            })
            .collect();
        assert_eq!(words.join(" "), expected);
    };
    check(Cleanup::AtEnd, "run cleanup end(0)");
    check(Cleanup::OnDrop, "run end(1) cleanup cleaned");
    check(Cleanup::ByHand, "run end(1)");
}

/// A struct job need not be `Sync`, and a run that holds some still travels.
#[test]
fn a_run_with_cleanups_due_travels() {
    struct Own(std::cell::Cell<u32>, &'static Mutex<u32>);
    impl Job for Own {
        type Output = ();
        fn check(&mut self, cx: &Context) -> Result {
            ensure(cx.phase() == Phase::Recheck, "no")
        }
        fn run(&mut self, _: &Context) -> Result {
            self.0.set(5);
            Ok(())
        }
        fn cleanup(&mut self, _: &Context) -> Result {
            *self.1.lock().unwrap() += self.0.get();
            Ok(())
        }
    }
    static SUM: Mutex<u32> = Mutex::new(0);
    let plan = Graph::new().job("a").with_new(|_| Ok(Own(0.into(), &SUM))).compile().unwrap();
    let run = runner(Cleanup::OnDrop, 1).run(&plan, ());
    std::thread::scope(|scope| scope.spawn(|| drop(run)).join().unwrap());
    assert_eq!(*SUM.lock().unwrap(), 5);
}
