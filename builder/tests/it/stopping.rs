//! Runs that are stopped, limited or end at their first failures; errors that say whether another try can help.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use dojobber::{
    Backoff, BoxError, CancelToken, Context, ErrorClass, Event, Graph, Plan, Run, RunnerBuilder, Status,
    StopLevel, StopReason, TimedOut, Unmet, judge, permanent, retry_after, unknown,
};

use crate::support::{Notes, Trace, check, quick, statuses};

const MS: fn(u64) -> Duration = Duration::from_millis;
const LONG: Duration = Duration::from_secs(3600);

fn level(token: &CancelToken, level: StopLevel) {
    match level {
        StopLevel::Drain => token.drain(),
        StopLevel::Cancel => token.cancel(),
        _ => token.kill(),
    }
}

const LEVELS: [StopLevel; 3] = [StopLevel::Drain, StopLevel::Cancel, StopLevel::Kill];

#[test]
fn a_token_raised_before_lets_nothing_begin() {
    let called = AtomicUsize::new(0);
    let touch = |_: &Context| _ = called.fetch_add(1, SeqCst);
    let plan = Graph::new()
        .job("a")
        .run_only(touch)
        .job("b")
        .after("a")
        .cleanup(touch)
        .run_only(touch)
        .job("nothing")
        .group()
        .job("all")
        .after(["a", "b"])
        .group()
        .compile()
        .unwrap();
    for stop in LEVELS {
        let token = CancelToken::new();
        level(&token, stop);
        check(&plan, || quick().cancel_token(&token), "CCSC"); // a group without anything before it is done
        let run = quick().cancel_token(&token).build().run(&plan, ());
        assert_eq!(run.stop_reason(), Some(StopReason::Cancelled));
    }
    assert_eq!(called.load(SeqCst), 0);
}

#[test]
fn what_has_begun_goes_on_when_drained_and_is_cut_when_cancelled() {
    // the check stops the run, and fails
    let plan = |token: &'static CancelToken, stop| {
        Graph::new()
            .job("begun")
            .check(move |cx| {
                if cx.phase() == dojobber::Phase::Check {
                    level(token, stop);
                }
                cx.phase() == dojobber::Phase::Recheck
            })
            .run(|_| ())
            .job("behind")
            .after("begun")
            .run_only(|_| ())
            .job("group")
            .after("begun")
            .group()
            .compile()
            .unwrap()
    };
    for (stop, expected) in LEVELS.into_iter().zip(["CCS", "CCC", "CCC"]) {
        let token: &'static CancelToken = Box::leak(Box::default());
        let run = quick().cancel_token(token).build().run(&plan(token, stop), ());
        assert_eq!(statuses(&run), expected, "{stop:?}");
        let begun = run.job("begun").unwrap();
        assert_eq!(begun.phases().len(), if stop == StopLevel::Drain { 3 } else { 1 });
        assert_eq!(run.error("begun").is_some(), stop > StopLevel::Drain, "its error is kept");
        assert_eq!(run.stop_reason(), Some(StopReason::Cancelled));
    }
}

#[test]
fn what_ends_by_itself_counts_as_ever() {
    let check = |tries, passes: bool, expected| {
        let token = CancelToken::new();
        let plan = Graph::new()
            .job("last")
            .tries(tries)
            .run_only(|_| {
                token.cancel();
                passes
            })
            .job("behind")
            .after("last")
            .group()
            .compile()
            .unwrap();
        let run = quick().cancel_token(&token).build().run(&plan, ());
        assert_eq!(statuses(&run), expected, "{tries} {passes}");
    };
    check(1, true, "CS"); // changed
    check(1, false, "FB");
    check(2, true, "CS");
    check(2, false, "CC"); // another try would have followed
}

#[test]
fn a_run_that_is_not_rechecked_is_cut_short_and_cleaned_up() {
    for stop in [StopLevel::Cancel, StopLevel::Kill] {
        let (token, notes) = (CancelToken::new(), Notes::default());
        let plan = Graph::new()
            .job("mount")
            .cleanup(|cx| {
                assert!(!cx.is_cancelled(), "what stopped the run does not stop its cleanups");
                notes.add("unmount");
            })
            .check(|_| false)
            .run(|_| level(&token, stop))
            .compile()
            .unwrap();
        let run = quick().cancel_token(&token).build().run(&plan, ());
        assert_eq!(statuses(&run), "C");
        assert_eq!(run.job("mount").unwrap().status(), Status::Cancelled);
        assert_eq!(notes.take(), "unmount");
    }
}

#[test]
fn a_sleep_is_ended_by_a_stop() {
    let (token, inside) = (CancelToken::new(), Barrier::new(2));
    let plan = Graph::new()
        .job("sleeper")
        .run_only(|cx| {
            inside.wait();
            cx.sleep(LONG)
        })
        .compile()
        .unwrap();
    let run = std::thread::scope(|scope| {
        scope.spawn(|| {
            inside.wait();
            token.cancel();
        });
        quick().threads(1).cancel_token(&token).build().run(&plan, ())
    });
    assert_eq!(statuses(&run), "C");
    let error = run.report().error("sleeper").map(|error| error.class());
    assert_eq!(error, Some(ErrorClass::Cancelled));
}

#[test]
fn a_wait_for_a_retry_is_ended_by_a_stop() {
    let (token, failed) = (CancelToken::new(), Barrier::new(2));
    let plan = Graph::new()
        .job("late")
        .retry_delay(LONG)
        .check_only(|_| {
            failed.wait();
            false
        })
        .compile()
        .unwrap();
    for threads in [1, 2] {
        let token = if threads == 1 { token.clone() } else { CancelToken::new() };
        let trace = Trace::default();
        let run = std::thread::scope(|scope| {
            scope.spawn(|| {
                failed.wait();
                token.cancel();
            });
            quick().threads(threads).cancel_token(&token).observer(trace.clone()).build().run(&plan, ())
        });
        assert_eq!(statuses(&run), "C");
        assert_eq!(judge(&plan, &trace.events()), Ok(()));
    }
}

#[test]
fn a_run_has_its_own_end() {
    let plan = Graph::new()
        .job("hangs")
        .check_only(|cx| cx.sleep(LONG))
        .job("behind")
        .after("hangs")
        .run_only(|_| ())
        .compile()
        .unwrap();
    let run = quick().default_tries(1).run_timeout(MS(5)).build().run(&plan, ());
    assert_eq!((&*statuses(&run), run.stop_reason()), ("CC", Some(StopReason::TimedOut)));
    let run = quick().run_timeout(Duration::ZERO).build().run(&plan, ());
    assert_eq!((&*statuses(&run), run.stop_reason()), ("CC", Some(StopReason::TimedOut)));
    assert_eq!(run.job("hangs").unwrap().tries(), 0);
}

#[test]
fn a_run_that_is_stopped_when_all_is_done_has_no_reason() {
    let token = CancelToken::new();
    let plan = Graph::new().job("a").run_only(|_| ()).compile().unwrap();
    let run = quick().cancel_token(&token).build().run(&plan, ());
    token.cancel();
    assert_eq!((run.stop_reason(), run.success()), (None, true));
}

#[test]
fn a_phase_has_its_limit() {
    let is_late = |error: &(dyn std::error::Error + Send + Sync + 'static)| error.is::<TimedOut>();
    let check = |plan: Plan<'_>, expected: &str| {
        for threads in [1, 3] {
            let trace = Trace::default();
            let builder = quick().threads(threads).default_tries(1).observer(trace.clone());
            let run = builder.build().run(&plan, ());
            assert_eq!(statuses(&run), expected, "{}", run.report());
            assert_eq!(judge(&plan, &trace.events()), Ok(()));
        }
    };
    let sleeps = |cx: &Context| cx.sleep(LONG);
    let open = || Graph::new().job("late").timeout(MS(2));
    check(open().run_only(sleeps).compile().unwrap(), "F");
    check(open().check_only(sleeps).compile().unwrap(), "F");
    // a check that has no time left is a check that failed: the run follows, and then the recheck
    let phase = |cx: &Context| if cx.phase() == dojobber::Phase::Check { cx.sleep(LONG) } else { Ok(()) };
    check(open().check(phase).run(|_| ()).compile().unwrap(), "C");
    check(open().check(phase).run(sleeps).compile().unwrap(), "C");
    // who pays no attention and passes late has passed; what begins after the limit fails at once
    check(open().run_only(|cx| while !cx.is_cancelled() {}).compile().unwrap(), "C");
    let zero = || Graph::new().job("none").timeout(Duration::ZERO);
    check(zero().run_only(|cx| cx.check_cancelled()).compile().unwrap(), "F");
    check(zero().run_only(|_| ()).compile().unwrap(), "C");
    let never = Graph::new().job("ever").timeout(Duration::MAX).run_only(|cx| cx.check_cancelled());
    check(never.compile().unwrap(), "C");

    let plan = open().run_only(sleeps).compile().unwrap();
    let run = quick().default_tries(1).build().run(&plan, ());
    assert!(is_late(run.error("late").unwrap()));
    assert_eq!(run.report().error("late").unwrap().class(), ErrorClass::TimedOut);
    assert_eq!(run.stop_reason(), None, "a limit stops its own phase alone");
}

#[test]
fn the_runner_has_a_limit_for_all_and_a_job_one_of_its_own() {
    let plan = Graph::new()
        .job("default")
        .check_only(|cx| cx.deadline().is_some())
        .job("own")
        .timeout(Duration::MAX)
        .check_only(|cx| cx.deadline().is_none())
        .job("struct")
        .timeout(LONG)
        .cleanup(|cx| assert!(cx.time_left().unwrap() > MS(1)))
        .run_only(|cx| cx.time_left().unwrap() <= LONG)
        .compile()
        .unwrap();
    check(&plan, || quick().default_timeout(LONG), "SSC");
}

#[test]
fn a_run_ends_at_its_first_failures() {
    let jobs = |graph: Graph<'static>, name: usize| graph.job(name.to_string()).run_only(move |_| name < 2);
    let plan = (0..6).fold(Graph::new(), jobs).compile().unwrap();
    let run = |builder: RunnerBuilder| builder.threads(1).default_tries(1).build().run(&plan, ());
    let stopped = run(quick().fail_fast());
    assert_eq!((&*statuses(&stopped), stopped.stop_reason()), ("CCFCCC", Some(StopReason::MaxFailures)));
    let failed = |run: &Run<'_>| run.report().count(Status::Failed);
    assert_eq!(failed(&stopped), 1);
    assert_eq!(failed(&run(quick().max_failures(3))), 3);
    let all = run(quick().max_failures(5));
    assert_eq!((failed(&all), all.stop_reason()), (4, None));
}

#[test]
fn a_stop_is_told_once_a_level() {
    let token = CancelToken::new();
    let trace = Trace::default();
    let plan = Graph::new().job("a").run_only(|_| token.drain()).job("b").run_only(|_| ()).compile().unwrap();
    let _ = quick().threads(1).cancel_token(&token).observer(trace.clone()).build().run(&plan, ());
    let stops: Vec<_> = trace
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::StopRequested { level, reason, .. } => Some((level, reason)),
            _ => None,
        })
        .collect();
    assert_eq!(stops, [(StopLevel::Drain, StopReason::Cancelled)]);
}

#[test]
fn errors_say_whether_another_try_can_help() {
    type Say = fn(&'static str) -> BoxError;
    let plain: Say = |text| text.into();
    let forever: Say = |text| permanent(text).into();
    let blind: Say = |text| unknown(text).into();
    /// What each phase of each try says, and the phases that follow.
    #[track_caller]
    fn check(check: Say, run: Say, recheck: Say, expected: &str) {
        let notes = Notes::default();
        let plan = Graph::new()
            .job("job")
            .check(|cx| {
                notes.add(cx.phase().to_string());
                Err::<(), _>(if cx.phase() == dojobber::Phase::Check { check("c") } else { recheck("r") })
            })
            .run(|cx| {
                notes.add(cx.phase().to_string());
                Err::<(), _>(run("u"))
            })
            .compile()
            .unwrap();
        for token in [None, Some(CancelToken::new())] {
            let trace = Trace::default();
            let builder = quick().default_tries(2).cancel_token(token.as_ref()).observer(trace.clone());
            assert_eq!(statuses(&builder.build().run(&plan, ())), "F");
            assert_eq!(notes.take(), expected);
            assert_eq!(judge(&plan, &trace.events()), Ok(()));
        }
    }
    check(plain, plain, plain, "check run recheck check run recheck");
    check(forever, plain, plain, "check");
    check(blind, plain, plain, "check check");
    check(plain, forever, plain, "check run recheck");
    check(plain, blind, plain, "check run recheck check run recheck");
    check(plain, plain, forever, "check run recheck");
    check(plain, plain, blind, "check run recheck check run recheck");
}

#[test]
fn a_job_is_asked_about_its_errors() {
    let tries = |graph: Graph<'_, ()>| {
        let run = quick().default_tries(4).build().run(&graph.compile().unwrap(), ());
        run.jobs().next().unwrap().tries()
    };
    let not_found = |error: &(dyn std::error::Error + Send + Sync + 'static)| error.to_string() == "404";
    let fails = |text: &'static str| move |_: &Context| Err::<(), BoxError>(text.into());
    assert_eq!(
        tries(Graph::new().job("a").retry_if(move |error| !not_found(error)).run_only(fails("404"))),
        1
    );
    assert_eq!(
        tries(Graph::new().job("a").retry_if(move |error| !not_found(error)).run_only(fails("503"))),
        4
    );
    assert_eq!(tries(Graph::new().job("a").retry_if(|_| panic!("asked")).run_only(fails("503"))), 4);

    // only what says no runs the run
    let runs = |check: fn(&Context) -> dojobber::Result<bool>| {
        let runs = AtomicUsize::new(0);
        let graph = Graph::new().job("a").unknown_if(|error| !error.is::<Unmet>());
        let plan = graph.check(check).run(|_| _ = runs.fetch_add(1, SeqCst)).compile().unwrap();
        let run = quick().default_tries(2).build().run(&plan, ());
        assert!(run.failure());
        runs.load(SeqCst)
    };
    assert_eq!(runs(|_| Ok(false)), 2);
    assert_eq!(runs(|_| dojobber::ensure(false, "not there").map(|()| true)), 2);
    assert_eq!(runs(|_| Err("cannot connect".into())), 0);
    assert_eq!(runs(|_| panic!("lost")), 0);
}

#[test]
fn an_error_may_ask_for_a_pause() {
    let plan = Graph::new()
        .job("busy")
        .tries(2)
        .check_only(|_| Err::<(), BoxError>(retry_after(MS(20), "503").into()))
        .compile()
        .unwrap();
    for token in [None, Some(CancelToken::new())] {
        let run = quick().cancel_token(token.as_ref()).build().run(&plan, ());
        let phases = run.job("busy").unwrap().phases();
        assert!(phases[1].start() - phases[0].end() >= MS(20), "{phases:?}");
    }
}

#[test]
fn tries_may_be_limited_by_time() {
    fn run<'p>(plan: &Plan<'p>) -> Run<'p> {
        quick().build().run(plan, ())
    }
    let open = |time| Graph::new().job("waits").retry_for(time).retry_delay(MS(1));
    let calls = AtomicUsize::new(0);
    let plan = open(LONG).check_only(|_| calls.fetch_add(1, SeqCst) == 6).compile().unwrap();
    assert!(run(&plan).success(), "more tries than the runner's default");
    assert_eq!(calls.load(SeqCst), 7);
    let once = open(Duration::ZERO).check_only(|_| false).compile().unwrap();
    assert_eq!(run(&once).job("waits").unwrap().tries(), 1);
    let three = open(LONG).tries(3).check_only(|_| false).compile().unwrap();
    assert_eq!(run(&three).job("waits").unwrap().tries(), 3);
    let unlimited = open(MS(3)).check_only(|cx| cx.max_tries().is_some()).compile().unwrap();
    assert!(run(&unlimited).failure());
    let zero = Graph::new().job("waits").retry_for(MS(10)).retry_delay(Duration::ZERO).check_only(|_| false);
    assert!(run(&zero.compile().unwrap()).job("waits").unwrap().tries() <= 11, "a delay is 1 ms at least");
}

#[test]
fn delays_may_grow() {
    let delays = Backoff::exponential(MS(2)).factor(3.0).max_delay(MS(9));
    let plan = Graph::new().job("a").tries(4).retry_delay(delays).check_only(|_| false).compile().unwrap();
    let run = quick().build().run(&plan, ());
    let phases = run.job("a").unwrap().phases();
    let pauses: Vec<_> = phases.windows(2).map(|pair| pair[1].start() - pair[0].end()).collect();
    assert!(pauses.iter().zip([2, 6, 9]).all(|(pause, least)| *pause >= MS(least)), "{pauses:?}");
}
