//! One try, statuses, retries, order, dry run, observers.

use std::error::Error;
use std::fmt;
use std::panic::panic_any;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dojobber::{
    BoxError, Context, Event, Graph, Job, Key, Kind, Observer, Phase, Report, Result, Run, Runner, Status,
    ensure,
};

use crate::support::{Notes, Trace, runner, untimed};

fn no<T>() -> Result<T> {
    Err("no".into())
}

/// Fails until the `wanted`th phase of this kind, in whichever try.
fn from(wanted: u32) -> impl Fn(&Context) -> Result + Send + Sync {
    let calls = AtomicU32::new(0);
    move |_| ensure(calls.fetch_add(1, Ordering::Relaxed) + 1 >= wanted, "no")
}

/// What was executed of a job: phases, with their errors, and `/` between tries.
fn story(report: &Report, job: &str) -> String {
    let mut text = String::new();
    let mut attempt = 1;
    for record in report.job(job).unwrap().phases().iter() {
        if !text.is_empty() {
            text += if record.attempt() == attempt { ", " } else { " / " };
        }
        attempt = record.attempt();
        text += &record.phase().to_string();
        if let Some(error) = record.error() {
            text += if error.panicked() { ": panicked: " } else { ": " };
            text += error.message();
        }
    }
    text
}

#[track_caller]
fn told(run: &Run<'_>, job: &str, status: Status, expected: &str) {
    assert_eq!((story(run, job).as_str(), run.status(job)), (expected, Some(status)));
}

/// Runs a graph whose job `a` may be tried twice.
#[track_caller]
fn check(graph: Graph<'_>, status: Status, expected: &str) {
    let runner = Runner::builder().threads(1).default_tries(2).default_retry_delay(Duration::ZERO).build();
    told(&runner.run(&graph.compile().unwrap(), ()), "a", status, expected);
}

/// The same, with a single try.
#[track_caller]
fn once(graph: Graph<'_>, status: Status, expected: &str) {
    let runner = Runner::builder().threads(1).default_tries(1).build();
    told(&runner.run(&graph.compile().unwrap(), ()), "a", status, expected);
}

fn a() -> Graph<'static> {
    Graph::new()
}

use Status::{Blocked, Changed, Failed, Satisfied, WouldRun};

#[test]
fn one_try_of_a_job() {
    check(a().job("a").check(|_| true).run(|_| ()), Satisfied, "check");
    check(a().job("a").check(from(2)).run(|_| ()), Changed, "check: no, run, recheck");
    check(a().job("a").check(from(2)).run(|_| no::<()>()), Changed, "check: no, run: no, recheck");
    check(a().job("a").check(from(2)).run(|_| panic!("p")), Changed, "check: no, run: panicked: p, recheck");
    once(a().job("a").check(|_| no::<()>()).run(|_| ()), Failed, "check: no, run, recheck: no");
    once(
        a().job("a").check(|_| panic!("p")).run(|_| ()),
        Failed,
        "check: panicked: p, run, recheck: panicked: p",
    );
}

#[test]
fn one_try_of_the_other_kinds() {
    check(a().job("a").run_only(|_| ()), Changed, "run");
    check(a().job("a").run_only(from(2)), Changed, "run: no / run");
    once(a().job("a").run_only(|_| no::<()>()), Failed, "run: no");
    check(a().job("a").check_only(|_| true), Satisfied, "check");
    check(a().job("a").check_only(from(2)), Satisfied, "check: no / check");
    once(a().job("a").check_only(|_| no::<()>()), Failed, "check: no");
    check(a().job("a").group(), Satisfied, "");
}

#[test]
fn a_run_in_an_earlier_try_has_changed_something() {
    check(a().job("a").check(from(3)).run(|_| ()), Changed, "check: no, run, recheck: no / check");
    check(
        a().job("a").check(from(4)).run(|_| ()),
        Changed,
        "check: no, run, recheck: no / check: no, run, recheck",
    );
    check(
        a().job("a").check(from(5)).run(|_| ()),
        Failed,
        "check: no, run, recheck: no / check: no, run, recheck: no",
    );
}

#[test]
fn what_says_no() {
    let refuses = "run: returned false";
    once(a().job("a").run_only(|_| false), Failed, refuses);
    once(a().job("a").run_only(|_| Ok(false)), Failed, refuses);
    once(a().job("a").check_only(|_| false), Failed, "check: returned false");
    once(a().job("a").check_only(|_| Ok(false)), Failed, "check: returned false");
    once(a().job("a").run_only(|_| Ok(true)), Changed, "run");
    let status =
        |line: &'static str| move |_: &Context| Ok(Command::new("sh").args(["-c", line]).status()?);
    once(a().job("a").run_only(status("exit 0")), Changed, "run");
    once(a().job("a").run_only(status("exit 7")), Failed, "run: the process ended with exit status: 7");
    once(a().job("a").check_only(status("exit 7")), Failed, "check: the process ended with exit status: 7");
    let output =
        |line: &'static str| move |_: &Context| Ok(Command::new("sh").args(["-c", line]).output()?);
    once(a().job("a").run_only(output("echo fine")), Changed, "run");
    once(a().job("a").run_only(output("exit 1")), Failed, "run: the process ended with exit status: 1");
}

#[test]
fn what_a_struct_returns_may_say_no() {
    #[derive(Clone)]
    struct No;
    impl Job for No {
        type Output = bool;
        fn check(&mut self, _: &Context) -> Result<bool> {
            Ok(false)
        }
        fn run(&mut self, _: &Context) -> Result {
            Ok(())
        }
    }
    once(a().job("a").with(No), Failed, "check: returned false, run, recheck: returned false, cleanup");
}

/// Panics with whatever it was given when it is dropped; once, and not while another panic is under way.
#[derive(Clone)]
struct Bomb(Arc<AtomicU32>);

impl Bomb {
    fn new() -> Self {
        Bomb(Arc::default())
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 && !std::thread::panicking() {
            panic!("boom");
        }
    }
}

#[test]
fn panics_keep_their_text() {
    let text = String::from("formatted");
    once(a().job("a").run_only(|_| panic!("plain")), Failed, "run: panicked: plain");
    let plan = Graph::new().job("a").tries(1).run_only(|_| panic!("{text} {}", 1)).compile().unwrap();
    told(&runner(1).run(&plan, ()), "a", Failed, "run: panicked: formatted 1");
    let other = "run: panicked: panicked with a value that is not text";
    once(a().job("a").run_only(|_| panic_any(5)), Failed, other);
    once(a().job("a").run_only(|_| panic_any(Bomb::new())), Failed, other);
    once(a().job("a").check_only(|_| panic!("never a verdict")), Failed, "check: panicked: never a verdict");
}

#[test]
fn panics_in_constructors_and_with_instances() {
    struct Fragile(#[expect(dead_code, reason = "it is there to be dropped")] Bomb);
    impl Job for Fragile {
        type Output = ();
        fn check(&mut self, cx: &Context) -> Result {
            ensure(cx.job() != "a" || cx.attempt() > 5, "no")
        }
        fn run(&mut self, _: &Context) -> Result {
            Ok(())
        }
    }
    once(a().job("a").with_new(|_| -> Result<Fragile> { panic!("p") }), Failed, "create: panicked: p");
    check(a().job("a").with_new(|_| no::<Fragile>()), Failed, "create: no / create: no");
    check(
        a().job("a")
            .with_new(|cx| if cx.attempt() == 1 { no() } else { Ok(Fragile(Bomb(Arc::new(9.into())))) }),
        Failed,
        "create: no / check: no, run, recheck: no, cleanup",
    );
    // the instance of a try whose check passes is dropped by it
    let plan = Graph::new()
        .job("b")
        .tries(2)
        .with_new(|cx| Ok(Fragile(if cx.attempt() == 1 { Bomb::new() } else { Bomb(Arc::new(9.into())) })))
        .compile()
        .unwrap();
    let gone = "the job is gone: it panicked when it was dropped after its check";
    let story = format!("check: panicked: boom, run: {gone}, recheck: {gone} / check / cleanup");
    told(&runner(1).run(&plan, ()), "b", Changed, &story);
    // that of one with a run, by its cleanup
    let run =
        runner(1).run(&a().job("a").tries(1).with_new(|_| Ok(Fragile(Bomb::new()))).compile().unwrap(), ());
    told(&run, "a", Failed, "check: no, run, recheck: no, cleanup: panicked: boom");
}

#[test]
fn panics_in_destructors_of_stored_values() {
    const KEY: Key<Bomb> = Key::new("bomb");
    let bomb = |cx: &Context| cx.local().set(&KEY, Bomb::new());
    once(a().job("a").run_only(bomb), Failed, "run: panicked: boom");
    once(
        a().job("a").check_only(move |cx| {
            bomb(cx);
            true
        }),
        Failed,
        "check: panicked: boom",
    );
    once(
        a().job("a")
            .check(move |cx| {
                bomb(cx);
                true
            })
            .run(|_| ()),
        Failed,
        "check: panicked: boom, run, recheck: panicked: boom",
    );
    once(
        a().job("a").check(|cx| cx.phase() == Phase::Recheck).run(bomb),
        Failed,
        "check: returned false, run, recheck: panicked: boom",
    );
    once(
        a().job("a").cleanup(|_| ()).run_only(bomb),
        Changed,
        "run, cleanup: panicked: boom", // it was kept for the cleanup
    );
    // what is replaced in the shared store is dropped by the phase that replaces it
    let twice = |cx: &Context| {
        cx.shared().set(&KEY, Bomb::new());
        cx.shared().set(&KEY, Bomb(Arc::new(9.into())));
    };
    once(a().job("a").run_only(twice), Failed, "run: panicked: boom");
    // what a run returns beside a check is nobody's
    once(
        a().job("a").check(|cx| cx.phase() == Phase::Recheck).run(|_| Ok(Bomb::new())),
        Changed,
        "check: returned false, run: panicked: boom, recheck",
    );
}

#[test]
fn errors_that_panic() {
    #[derive(Debug)]
    struct Unprintable;
    impl fmt::Display for Unprintable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no words")
        }
    }
    impl Error for Unprintable {}
    let error = "run: panicked: panicked while its error was printed";
    once(a().job("a").run_only(|_| -> Result { Err(Unprintable.into()) }), Failed, error);

    struct Sticky(Bomb);
    impl fmt::Debug for Sticky {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("sticky")
        }
    }
    impl fmt::Display for Sticky {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "sticky {}", self.0.0.load(Ordering::Relaxed))
        }
    }
    impl Error for Sticky {}
    // the error of a run is dropped before the recheck, that of a try before the next
    let sticky = |_: &Context| -> Result { Err(Sticky(Bomb::new()).into()) };
    check(
        a().job("a").check(|_| no::<()>()).run(sticky),
        Failed,
        "check: no, run: sticky 0, recheck: no / check: no, run: sticky 0, recheck: no",
    );
    let plan = a()
        .job("a")
        .run_only(move |cx| if cx.attempt() == 1 { sticky(cx) } else { Ok(()) })
        .compile()
        .unwrap();
    told(&runner(1).run(&plan, ()), "a", Changed, "run: sticky 0 / run");
}

#[test]
fn no_panic_reaches_another_job() {
    for threads in [1, 2, 8] {
        let plan = a()
            .each(0..50, |graph, at| {
                graph.job(format!("{at}")).tries(2).run_only(move |_| assert!(at % 2 == 0, "odd"))
            })
            .compile()
            .unwrap();
        let run = runner(threads).run(&plan, ());
        assert_eq!((run.count(Changed), run.count(Failed)), (25, 25));
        assert_eq!(story(&run, "7"), "run: panicked: odd / run: panicked: odd");
    }
}

#[test]
fn errors_are_kept_and_cleared() {
    let plan = a()
        .job("late")
        .check(from(4))
        .run(|_| no::<()>())
        .job("never")
        .tries(2)
        .check(|cx| Err::<(), _>(format!("try {}", cx.attempt()).into()))
        .run(|_| no::<()>())
        .job("behind")
        .after("never")
        .group()
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    assert!(run.error("late").is_none() && run.report().error("late").is_none());
    let late = run.job("late").unwrap();
    assert_eq!(late.run_error().unwrap().message(), "no"); // beside the success of its recheck
    let never = run.job("never").unwrap();
    assert_eq!((never.error().unwrap().message(), never.run_error().unwrap().message()), ("try 2", "no"));
    assert_eq!(run.error("never").unwrap().to_string(), "try 2");
    assert!(run.error("behind").is_none() && run.error("nowhere").is_none());
    assert_eq!(
        untimed(run.into_result().unwrap_err()),
        "2 jobs: 1 changed, 1 failed\nchanged: late\n`never` failed after 2 tries: try 2\n  its run failed before: no"
    );
}

#[test]
fn an_error_keeps_its_type_and_its_causes() {
    #[derive(Debug)]
    struct Mine(BoxError);
    impl fmt::Display for Mine {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("mine")
        }
    }
    impl Error for Mine {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&*self.0)
        }
    }
    let plan = a()
        .job("a")
        .tries(1)
        .run_only(|_| -> Result { Err(Mine("theirs".into()).into()) })
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    assert!(run.error("a").unwrap().is::<Mine>());
    let text = run.report().error("a").unwrap();
    assert_eq!((format!("{text}"), format!("{text:#}")), ("mine".to_owned(), "mine: theirs".to_owned()));
    assert_eq!(untimed(run.report()), "1 job: 1 failed\n`a` failed after 1 try: mine: theirs");
}

#[test]
fn every_try_starts_from_scratch() {
    #[derive(Clone)]
    struct Counts(u32);
    impl Job for Counts {
        type Output = u32;
        fn check(&mut self, cx: &Context) -> Result<u32> {
            self.0 += 1;
            ensure(cx.attempt() == 2 && cx.phase() == Phase::Recheck, format!("{} checks", self.0))?;
            Ok(self.0)
        }
        fn run(&mut self, _: &Context) -> Result {
            self.0 += 10;
            Ok(())
        }
    }
    let run = runner(1).run(&a().job("a").with(Counts(0)).compile().unwrap(), ());
    told(
        &run,
        "a",
        Changed,
        "check: 1 checks, run, recheck: 12 checks / check: 1 checks, run, recheck, cleanup / cleanup",
    );
    assert_eq!(run.output(Key::<u32>::new("a")), Some(&12));
}

#[test]
fn tries() {
    let check = |graph: Graph<'static>, runner: Runner, expected: u32| {
        assert_eq!(runner.run(&graph.compile().unwrap(), ()).job("a").unwrap().tries(), expected);
    };
    let with = |tries| Runner::builder().default_tries(tries).default_retry_delay(Duration::ZERO).build();
    check(a().job("a").run_only(|_| false), runner(1), 3);
    check(a().job("a").run_only(|_| false), with(7), 7);
    check(a().job("a").tries(2).run_only(|_| false), with(7), 2);
    check(a().job("a").run_only(from(2)), with(7), 2);
    check(a().job("a").group(), with(7), 0);
    check(a().job("z").run_only(|_| false).job("a").after("z").run_only(|_| ()), with(7), 0);
}

/// From the end of one try to the start of the next; asserted from what was planned, not from a clock.
#[test]
fn delays() {
    let trace = Trace::default();
    let runner = Runner::builder()
        .threads(2)
        .default_tries(2)
        .default_retry_delay(Duration::from_millis(2))
        .observer(trace.clone())
        .build();
    let plan = a()
        .job("own")
        .retry_delay(Duration::from_millis(3))
        .run_only(|_| false)
        .job("default")
        .run_only(|_| false)
        .job("none")
        .retry_delay(Duration::ZERO)
        .run_only(|_| false)
        .compile()
        .unwrap();
    assert!(runner.run(&plan, ()).failure());
    let events = trace.events();
    let mut planned = Vec::new();
    for event in &events {
        if let Event::RetryPlanned { job, attempt, at, due, .. } = event {
            let begins = events.iter().find_map(|event| match event {
                Event::PhaseStarted { job: next, attempt: of, at, .. }
                    if next == job && *of == attempt + 1 =>
                {
                    Some(*at)
                }
                _ => None,
            });
            assert!(begins.unwrap() >= *due, "{job}");
            planned.push((job.name(), (*due - *at).as_millis()));
        }
    }
    planned.sort_unstable();
    let least = |name: &str, millis| planned.iter().any(|(job, delay)| *job == name && *delay >= millis);
    assert_eq!(planned.len(), 3);
    assert!(least("own", 3) && least("default", 2) && least("none", 0), "{planned:?}");
}

/// The tries of all jobs, in the order in which one worker executes them.
#[track_caller]
fn order(graph: Graph<'_>, expected: &str) {
    let trace = Trace::default();
    let runner = Runner::builder()
        .threads(1)
        .default_tries(2)
        .default_retry_delay(Duration::ZERO)
        .observer(trace.clone())
        .build();
    drop(runner.run(&graph.compile().unwrap(), ()));
    let begins = |event: &Event| match event {
        Event::PhaseStarted { job, attempt, phase, .. } => match (job.kind(), phase) {
            (Kind::RunOnly, Phase::Run) | (Kind::CheckOnly | Kind::Job, Phase::Check) => {
                Some(format!("{job}{attempt}"))
            }
            _ => None,
        },
        Event::JobEnded { job, status, .. } if job.kind() == Kind::Group && status.is_done() => {
            Some(job.to_string())
        }
        Event::JobEnded { job, status: Blocked, because, .. } => {
            Some(format!("({job} because of {})", because.as_ref().unwrap()))
        }
        _ => None,
    };
    assert_eq!(trace.events().iter().filter_map(begins).collect::<Vec<_>>().join(" "), expected);
}

#[test]
fn the_order_of_one_worker() {
    let done = |_: &Context| true;
    // first in, first out, in order of declaration
    order(a().job("a").run_only(done).job("b").run_only(done).job("c").run_only(done), "a1 b1 c1");
    order(a().job("a").after("b").run_only(done).job("b").run_only(done), "b1 a1");
    // what a finished job has made ready goes behind what was
    order(
        a().job("a")
            .run_only(done)
            .job("x")
            .after("a")
            .run_only(done)
            .job("b")
            .run_only(done)
            .job("y")
            .after("b")
            .run_only(done)
            .job("w")
            .after("a")
            .run_only(done),
        "a1 b1 x1 w1 y1",
    );
    order(
        a().job("top")
            .after(["left", "right"])
            .group()
            .job("right")
            .after("low")
            .run_only(done)
            .job("left")
            .after("low")
            .check(done)
            .run(|_| ())
            .job("low")
            .check_only(done),
        "low1 right1 left1 top",
    );
}

#[test]
fn a_retry_goes_behind_everything_that_is_ready() {
    let never = |_: &Context| false;
    let done = |_: &Context| true;
    order(
        a().job("a").run_only(never).job("b").run_only(done).job("c").after("b").run_only(done),
        "a1 b1 c1 a2",
    );
    order(
        a().job("a").run_only(never).job("b").run_only(never).job("c").run_only(never),
        "a1 b1 c1 a2 b2 c2",
    );
    order(
        a().job("a")
            .run_only(from(2))
            .job("b")
            .run_only(never)
            .job("c")
            .after("a")
            .run_only(done)
            .job("d")
            .after("c")
            .run_only(done),
        "a1 b1 a2 c1 d1 b2",
    );
    // with one job it is at once
    order(a().job("a").tries(4).run_only(never), "a1 a2 a3 a4");
}

#[test]
fn a_blocked_job_is_told_when_the_first_of_its_dependencies_ends() {
    let never = |_: &Context| false;
    order(
        a().job("a")
            .tries(1)
            .run_only(never)
            .job("b")
            .run_only(|_| true)
            .job("c")
            .after(["b", "a"])
            .run_only(|_| true)
            .job("d")
            .after("c")
            .run_only(|_| true),
        "a1 (c because of a) (d because of c) b1",
    );
    order(
        a().job("a")
            .tries(1)
            .run_only(never)
            .job("b")
            .tries(1)
            .run_only(never)
            .job("c")
            .after(["b", "a"])
            .group(),
        "a1 (c because of a) b1",
    );
}

#[test]
fn what_lies_behind_a_failure() {
    let plan = a()
        .job("a")
        .tries(1)
        .run_only(|_| false)
        .job("b")
        .tries(1)
        .run_only(|_| false)
        .job("c")
        .after("a")
        .group()
        .job("d")
        .after(["c", "b"])
        .run_only(|_| ())
        .job("e")
        .group()
        .job("f")
        .after(["e", "d"])
        .group()
        .compile()
        .unwrap();
    for threads in [1, 8] {
        let run = runner(threads).run(&plan, ());
        let causes = |job: &str| run.root_causes(job).iter().map(|job| job.name()).collect::<Vec<_>>();
        assert_eq!(causes("f"), ["a", "b"]);
        assert_eq!(causes("c"), ["a"]);
        assert!(causes("a").is_empty() && causes("e").is_empty() && causes("nowhere").is_empty());
        for (job, status) in [("c", Blocked), ("d", Blocked), ("f", Blocked), ("e", Satisfied), ("a", Failed)]
        {
            assert_eq!(run.status(job), Some(status), "{job}");
        }
        assert_eq!((story(&run, "d"), run.job("d").unwrap().tries()), (String::new(), 0));
        assert_eq!(run.status("nowhere"), None);
    }
}

#[test]
fn how_a_run_has_gone() {
    let check = |graph: Graph<'static>, flags: [bool; 4], code: ExitCode| {
        let run = runner(1).run(&graph.compile().unwrap(), ());
        assert_eq!([run.success(), run.partial_success(), run.failure(), run.changed()], flags);
        assert_eq!(format!("{:?}", run.exit_code()), format!("{code:?}"));
        assert_eq!(run.into_result().is_ok(), flags[0]);
    };
    let (good, bad) = (ExitCode::SUCCESS, ExitCode::FAILURE);
    check(a(), [true, false, false, false], good);
    check(a().job("a").check_only(|_| true), [true, true, false, false], good);
    check(a().job("a").run_only(|_| true), [true, true, false, true], good);
    check(a().job("a").run_only(|_| false), [false, false, true, false], bad);
    check(a().job("a").run_only(|_| true).job("b").run_only(|_| false), [false, true, true, true], bad);
}

/// A job's story and status when nothing is to be done.
#[track_caller]
fn dry(graph: Graph<'_>, status: Status, expected: &str) {
    let runner = Runner::builder().threads(1).dry_run(true).build();
    let run = runner.run(&graph.compile().unwrap(), ());
    told(&run, "a", status, expected);
    assert!(run.dry_run());
}

#[test]
fn dry_runs() {
    #[derive(Clone)]
    struct Struct(bool);
    impl Job for Struct {
        type Output = ();
        fn check(&mut self, _: &Context) -> Result {
            ensure(self.0, "no")
        }
        fn run(&mut self, _: &Context) -> Result {
            panic!("nothing runs")
        }
        fn cleanup(&mut self, _: &Context) -> Result {
            panic!("nothing is cleaned up")
        }
    }
    let run = |_: &Context| -> bool { panic!("nothing runs") };
    dry(a().job("a").check(|_| true).run(run), Satisfied, "check");
    dry(a().job("a").cleanup(run).check(|_| no::<()>()).run(run), WouldRun, "check: no");
    dry(a().job("a").check(|_| panic!("p")).run(run), WouldRun, "check: panicked: p");
    dry(a().job("a").cleanup(run).run_only(run), WouldRun, "");
    dry(a().job("a").check_only(|_| true), Satisfied, "check");
    dry(a().job("a").check_only(|_| no::<()>()), Failed, "check: no");
    dry(a().job("a").with(Struct(true)), Satisfied, "check");
    dry(a().job("a").with(Struct(false)), WouldRun, "check: no");
    dry(a().job("a").with_new(|_| no::<Struct>()), Failed, "create: no");
    dry(a().job("a").group(), Satisfied, "");
    dry(a().job("z").run_only(run).job("a").after("z").check(|_| true).run(run), Blocked, "");
    dry(a().job("z").check_only(|_| false).job("a").after("z").group(), Blocked, "");
    dry(a().job("z").check(|_| true).run(run).job("a").after("z").run_only(run), WouldRun, "");
}

#[test]
fn what_a_dry_run_says_at_its_end() {
    let plan = a().job("due").run_only(|_| ()).job("behind").after("due").group().compile().unwrap();
    let run = Runner::builder().dry_run(true).build().run(&plan, ());
    assert!(run.failure() && !run.changed());
    assert_eq!(untimed(run.report()), "1 job: 1 would run\nwould run: due");
    let causes: Vec<&str> = run.root_causes("behind").iter().map(|job| job.name()).collect();
    assert_eq!(causes, ["due"]);
    assert_eq!(run.job("due").unwrap().tries(), 0);
}

#[test]
fn every_run_is_fresh() {
    let (checks, world) = (AtomicU32::new(0), AtomicU32::new(0));
    let plan = Graph::new()
        .job("a")
        .check(|_| {
            checks.fetch_add(1, Ordering::Relaxed);
            world.load(Ordering::Relaxed) > 0
        })
        .run(|_| world.store(1, Ordering::Relaxed))
        .compile()
        .unwrap();
    let runner = runner(2);
    let (first, second) = (runner.run(&plan, ()), runner.run(&plan, ()));
    assert_eq!((first.status("a"), second.status("a")), (Some(Changed), Some(Satisfied)));
    assert_eq!(checks.load(Ordering::Relaxed), 3);
}

#[test]
fn one_runner_and_one_plan_serve_many_runs_at_once() {
    let plan = Graph::with_args::<u32>()
        .each(0..20, |graph, at| {
            graph.job(format!("{at}")).run_only(move |cx: &Context<u32>| Ok(cx.args() + at))
        })
        .compile()
        .unwrap();
    let runner = runner(4);
    std::thread::scope(|scope| {
        for args in 0..4 {
            let (plan, runner) = (&plan, &runner);
            scope.spawn(move || {
                let run = runner.run(plan, args);
                let outputs: Vec<u32> =
                    plan.names().map(|name| *run.output(Key::named(name)).unwrap()).collect();
                assert_eq!(outputs, (args..args + 20).collect::<Vec<_>>());
            });
        }
    });
}

#[test]
fn the_records_of_a_report() {
    let plan = a()
        .job("a")
        .tries(2)
        .cleanup(|_| ())
        .check(from(3))
        .run(|_| ())
        .job("b")
        .after("a")
        .run_only(|_| ())
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    let mut last = Duration::ZERO;
    let mut sequences = Vec::new();
    for job in run.jobs() {
        for record in job.phases().iter().filter(|record| record.phase() != Phase::Cleanup) {
            assert!(record.start() >= last && record.start() + record.length() <= run.elapsed());
            assert_eq!((record.worker(), record.passed()), (0, record.error().is_none()));
            last = record.start();
            sequences.extend(record.sequence().map(|at| (job.name(), at)));
        }
    }
    assert_eq!(sequences, [("a", 1), ("b", 2)]);
    assert_eq!(story(&run, "a"), "check: no, run, recheck: no / check / cleanup");
}

/// Calls of an observer that panics at the third.
struct Shy(Notes);

impl Observer for Shy {
    fn on_event(&self, _: &Event) {
        self.0.add("x");
        assert!(self.0.text() != "x x x", "too much");
    }
}

#[test]
fn an_observer_that_panics_is_not_called_again_in_that_run() {
    let notes = Notes::default();
    let plan = a().job("a").run_only(|_| ()).job("b").run_only(|_| ()).compile().unwrap();
    let runner = Runner::builder().threads(1).observer(Shy(notes.clone())).build();
    assert!(runner.run(&plan, ()).success());
    assert_eq!(notes.take(), "x x x");
    assert!(runner.run(&plan, ()).success()); // it is asked again in the next
    assert_eq!(notes.take(), "x x x");
}

#[test]
fn observers_of_observers() {
    let traces: [Trace; 3] = Default::default();
    let inner = (None::<Trace>, Arc::new(traces[1].clone()));
    let runner = Runner::builder().threads(1).observer((traces[0].clone(), inner)).build();
    let plan = a().job("a").run_only(|_| ()).compile().unwrap();
    assert!(runner.run(&plan, ()).success());
    let events = traces[0].events();
    assert_eq!(events, traces[1].events());
    assert!(matches!(
        events[..],
        [
            Event::RunStarted { .. },
            Event::PhaseStarted { phase: Phase::Run, sequence: Some(1), .. },
            Event::PhaseEnded { phase: Phase::Run, error: None, .. },
            Event::JobEnded { status: Changed, because: None, .. },
            Event::RunEnded { cleanups_due: 0, .. },
        ]
    ));
    assert_eq!(events[1].job().unwrap().name(), "a");
    assert!(traces[2].events().is_empty());
}

#[test]
fn an_observer_that_is_not_active_is_not_called() {
    struct Asleep(Trace);
    impl Observer for Asleep {
        fn on_event(&self, event: &Event) {
            self.0.on_event(event);
        }
        fn is_active(&self) -> bool {
            false
        }
    }
    let (asleep, awake) = (Trace::default(), Trace::default());
    let plan = a().job("a").run_only(|_| ()).compile().unwrap();
    let pair = (Asleep(asleep.clone()), awake.clone());
    assert!(Runner::builder().observer(pair).build().run(&plan, ()).success());
    assert!(Runner::builder().observer(Asleep(asleep.clone())).build().run(&plan, ()).success());
    assert!(Runner::builder().observer(None::<Trace>).build().run(&plan, ()).success());
    assert_eq!((asleep.events().len(), awake.events().len()), (0, 5));
}

#[test]
fn an_observer_may_be_boxed_and_may_be_missing() {
    let plan = a().job("a").run_only(|_| ()).compile().unwrap();
    let trace = Trace::default();
    let boxed: Box<dyn Observer> = Box::new(trace.clone());
    let observer = (boxed, (Some(trace.clone()), None::<Trace>));
    assert!(Runner::builder().observer(observer).build().run(&plan, ()).success());
    let events = trace.events();
    assert!(!events.is_empty() && events.len().is_multiple_of(2));
    assert!(events.chunks(2).all(|twice| twice[0] == twice[1]), "{events:?}");

    let boxed: Box<dyn Observer> = Box::new(None::<Trace>);
    assert!(!boxed.is_active());
}

#[test]
fn what_a_job_of_an_event_knows() {
    let trace = Trace::default();
    let plan = a().job("a").check_only(|_| true).compile().unwrap();
    drop(Runner::builder().threads(1).observer(trace.clone()).build().run(&plan, ()));
    let job = trace.events().iter().find_map(|event| event.job().cloned()).unwrap();
    assert_eq!((job.name(), job.kind(), job.id().index()), ("a", Kind::CheckOnly, 0));
    assert!(Arc::ptr_eq(job.graph(), plan.graph()));
}
