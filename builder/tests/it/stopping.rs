//! Runs that are stopped, limited or end at their first failures; errors that say whether another try can help.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use dojobber::{
    Backoff, BoxError, CancelToken, Context, ErrorClass, Event, Graph, Jitter, Job, Plan, Run, RunnerBuilder,
    Status, StopLevel, StopReason, TimedOut, Unmet, judge, permanent, retry_after, unknown,
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

/// The same in phases of other kinds: how many tries there are of two that are allowed.
#[test]
fn errors_say_so_in_every_kind_of_phase() {
    type Say = fn(&'static str) -> BoxError;
    #[derive(Clone)]
    struct Never;
    impl Job for Never {
        type Output = ();
        fn check(&mut self, _: &Context) -> dojobber::Result {
            unreachable!("it is never made")
        }
        fn run(&mut self, _: &Context) -> dojobber::Result {
            unreachable!("it is never made")
        }
    }
    let says: [(Say, u32); 3] =
        [(|text| text.into(), 2), (|text| permanent(text).into(), 1), (|text| unknown(text).into(), 2)];
    for (say, tries) in says {
        let plan = Graph::new()
            .job("run_only")
            .run_only(move |_| Err::<(), _>(say("r")))
            .job("check_only")
            .check_only(move |_| Err::<(), _>(say("c")))
            .job("made")
            .with_new(move |_| Err::<Never, _>(say("n")))
            .job("future")
            .run_only_async(move |_| std::future::ready(Err::<(), _>(say("f"))))
            .job("asks a future")
            .check_only_async(move |_| std::future::ready(Err::<(), _>(say("a"))))
            .job("cleaned up") // it has no meaning there
            .cleanup(move |_| Err::<(), _>(say("u")))
            .run_only(|_| ())
            .compile()
            .unwrap();
        for token in [None, Some(CancelToken::new())] {
            let trace = Trace::default();
            let builder = quick().default_tries(2).cancel_token(token.as_ref()).observer(trace.clone());
            let run = builder.build().run(&plan, ());
            assert_eq!(statuses(&run), "FFFFFC", "{}", run.report());
            let counted: Vec<u32> = run.jobs().map(|job| job.tries()).collect();
            assert_eq!(counted, [tries, tries, tries, tries, tries, 1], "{}", run.report());
            assert_eq!(run.cleanup_failures().len(), 1);
            assert_eq!(judge(&plan, &trace.events()), Ok(()));
        }
    }
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

/// Zero is at once and the longest time is never, wherever a time is said.
#[test]
fn zero_and_for_ever() {
    const NEVER: Duration = Duration::MAX;
    const ZERO: Duration = Duration::ZERO;
    /// A job that asks for its limits, and one that is done in its second try.
    fn two() -> Plan<'static> {
        let graph = Graph::new().job("asks").tries(1).check_only(|cx| cx.check_cancelled());
        graph.job("again").after("asks").check_only(|cx| cx.attempt() == 2).compile().unwrap()
    }
    check(&two(), || quick().default_timeout(ZERO), "FB");
    check(&two(), || quick().default_timeout(NEVER), "SS");
    check(&two(), || quick().run_timeout(ZERO), "CC"); // cancelled
    check(&two(), || quick().run_timeout(NEVER), "SS");
    for time in [ZERO, NEVER] {
        check(&two(), || quick().grace_period(time).cancel_token(&CancelToken::new()), "SS");
        check(&two(), || quick().slow_after(time).run_timeout(LONG), "SS");
    }

    /// A runner that stops when a retry is planned.
    fn stops_at_a_retry() -> RunnerBuilder {
        let token = CancelToken::new();
        let builder = quick().cancel_token(&token);
        builder.on_event(move |event| {
            if let Event::RetryPlanned { .. } = event {
                token.cancel();
            }
        })
    }
    let delayed = |delay: Backoff| {
        let graph = Graph::new().job("a").retry_delay(delay).check_only(|cx| cx.attempt() == 2);
        graph.compile().unwrap()
    };
    let growing = |first| Backoff::exponential(first).max_delay(NEVER);
    for (zero, never) in [(ZERO.into(), NEVER.into()), (growing(ZERO), growing(NEVER))] {
        check(&delayed(zero), quick, "S");
        check(&delayed(never), stops_at_a_retry, "C"); // cancelled
    }
    let asks_for = |pause| {
        let busy = move |cx: &Context| match cx.attempt() {
            1 => Err::<(), BoxError>(retry_after(pause, "busy").into()),
            _ => Ok(()),
        };
        Graph::new().job("a").check_only(busy).compile().unwrap()
    };
    check(&asks_for(ZERO), quick, "S");
    check(&asks_for(NEVER), stops_at_a_retry, "C");
    let within = |time| {
        let graph = Graph::new().job("a").retry_for(time).retry_delay(ZERO);
        graph.check_only(|cx| cx.attempt() == 4).compile().unwrap()
    };
    check(&within(ZERO), quick, "F");
    check(&within(NEVER), quick, "S");

    let sleeps = |time, limit| {
        let graph = Graph::new().job("blocks").tries(1).timeout(limit).check_only(move |cx| cx.sleep(time));
        let waits = graph.job("waits").tries(1).timeout(limit).check_only_async(move |cx| async move {
            cx.sleep_async(time).await;
            Ok(())
        });
        waits.compile().unwrap()
    };
    check(&sleeps(ZERO, NEVER), quick, "SS");
    check(&sleeps(NEVER, MS(2)), quick, "FF");
    check(&sleeps(NEVER, ZERO), quick, "FF");
}

/// What is asked for in each phase, in virtual time: the latest counts, and it is never less than the delay.
#[cfg(feature = "testkit")]
#[test]
fn a_pause_may_be_asked_for_in_every_phase() {
    const S: fn(u64) -> Duration = Duration::from_secs;
    #[track_caller]
    fn check(pauses: [Option<u64>; 3], delay: u64, expected: u64) {
        let [of_check, of_run, of_recheck] = pauses;
        let fails = |pause: Option<u64>| -> dojobber::Result {
            Err(pause.map_or("no".into(), |pause| retry_after(S(pause), "busy").into()))
        };
        let open = || Graph::new().job("a").tries(2).retry_delay(S(delay));
        let begun = |cx: &Context| cx.attempt() == 2;
        let whole = open()
            .check(|cx| match cx.phase() {
                _ if begun(cx) => Ok(()),
                dojobber::Phase::Check => fails(of_check),
                _ => fails(of_recheck),
            })
            .run(|_| fails(of_run));
        let mut plans = vec![whole.compile().unwrap()];
        if of_check.is_none() && of_recheck.is_none() {
            let alone = move |cx: &Context| if begun(cx) { Ok(()) } else { fails(of_run) };
            plans.push(open().run_only(alone).compile().unwrap());
            plans.push(open().check_only(alone).compile().unwrap());
            let future = move |cx: Context| std::future::ready(alone(&cx));
            plans.push(open().run_only_async(future).compile().unwrap());
        }
        for plan in plans {
            let trace = Trace::default();
            let run = dojobber::testkit::Simulation::new(0).observer(trace.clone()).run(&plan, ());
            assert_eq!((run.success(), run.elapsed().as_secs()), (true, expected), "{}", run.report());
            assert_eq!(judge(&plan, &trace.events()), Ok(()));
        }
    }
    check([None, None, None], 5, 5);
    check([Some(60), None, None], 5, 60); // though the run follows
    check([None, Some(60), None], 5, 60);
    check([None, Some(60), None], 90, 90);
    check([None, None, Some(60)], 5, 60);
    check([None, Some(60), Some(30)], 5, 60);
    check([None, Some(30), Some(60)], 5, 60);
    check([Some(90), Some(30), Some(60)], 5, 90);
}

/// In a simulation what is left to chance follows from the seed.
#[cfg(feature = "testkit")]
#[test]
fn jitter_follows_from_the_seed() {
    let elapsed = |jitter, seed| {
        let delay = Backoff::exponential(MS(10_000)).factor(1.0).jitter(jitter);
        let graph = Graph::new().job("a").tries(2).retry_delay(delay).check_only(|cx| cx.attempt() == 2);
        let run = dojobber::testkit::Simulation::new(seed).run(&graph.compile().unwrap(), ());
        assert!(run.success());
        run.elapsed().as_millis()
    };
    for (jitter, least) in [(Jitter::None, 10_000), (Jitter::Equal, 5_000), (Jitter::Full, 0)] {
        let all: Vec<u128> = (0..32).map(|seed| elapsed(jitter, seed)).collect();
        assert_eq!((0..32).map(|seed| elapsed(jitter, seed)).collect::<Vec<_>>(), all);
        assert!(all.iter().all(|time| (least..=10_000).contains(time)), "{all:?}");
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert!(if jitter == Jitter::None { different.len() == 1 } else { different.len() > 20 }, "{all:?}");
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
