//! The simulated runner: the order, the time and the faults that it makes up.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dojobber::testkit::{Fault, Faults, Simulation};
use dojobber::{
    CancelToken, Cleanup, Context, Event, Graph, Job, Key, Phase, Plan, Result, Status, StopLevel,
    StopReason, ensure, judge,
};

use crate::support::{Fine, Notes, Trace, runner, untimed};

const SECOND: Duration = Duration::from_secs(1);

/// Two chains and what waits for both; every phase is noted.
fn diamond(notes: &Notes) -> Plan<'_> {
    let done = |name: &'static str| {
        let (first, notes) = (AtomicU32::new(0), notes.clone());
        move |cx: &Context| {
            notes.add(format!("{name}.{}", cx.phase()));
            first.fetch_add(1, Ordering::SeqCst) % 2 == 1
        }
    };
    let run = |name: &'static str| move |_: &Context| notes.add(format!("{name}.run"));
    Graph::new()
        .job("left")
        .check(done("left"))
        .run(run("left"))
        .job("right")
        .check(done("right"))
        .run(run("right"))
        .job("end")
        .after(["left", "right"])
        .check(done("end"))
        .run(run("end"))
        .compile()
        .unwrap()
}

fn told(seed: u64, workers: usize) -> String {
    let notes = Notes::default();
    let run = Simulation::new(seed).workers(workers).run(&diamond(&notes), ());
    assert!(run.success());
    notes.text()
}

#[test]
fn a_seed_is_an_order() {
    let orders: Vec<String> = (0..64).map(|seed| told(seed, 4)).collect();
    assert!((0..64).all(|seed| told(seed, 4) == orders[seed as usize]));
    let different: std::collections::BTreeSet<&String> = orders.iter().collect();
    assert!(different.len() > 10, "{} orders of 20", different.len());
    assert!(different.iter().all(|order| order.ends_with("end.check end.run end.recheck")));
}

#[test]
fn the_same_seed_gives_the_same_trace_to_the_byte() {
    let trace = |seed| {
        let (notes, trace) = (Notes::default(), Trace::default());
        let faults = Faults::none().randomly(0.2, [Fault::Error, Fault::Slow(SECOND), Fault::Lie]);
        let _ = Simulation::new(seed).faults(faults).observer(trace.clone()).run(&diamond(&notes), ());
        format!("{:?}", trace.events())
    };
    for seed in 0..32 {
        assert_eq!(trace(seed), trace(seed));
    }
    assert_ne!(trace(0), trace(1));
}

#[test]
fn one_worker_goes_the_way_of_the_serial_driver() {
    let notes = Notes::default();
    assert!(runner(1).run(&diamond(&notes), ()).success());
    let serial = notes.take();
    for seed in 0..8 {
        assert_eq!(told(seed, 1), serial);
    }
}

#[test]
fn delays_pass_at_once_and_in_exact_order() {
    let notes = Notes::default();
    let not_before = |name: &'static str, at: u64| {
        let notes = notes.clone();
        move |cx: &Context| {
            notes.add(format!("{name}@{}", cx.now().as_secs()));
            cx.now() >= SECOND * at as u32
        }
    };
    let plan = Graph::new()
        .job("hour")
        .tries(2)
        .retry_delay(SECOND * 3600)
        .check_only(not_before("hour", 3600))
        .job("minute")
        .tries(3)
        .retry_delay(SECOND * 60)
        .check_only(not_before("minute", 120))
        .compile()
        .unwrap();
    for workers in [1, 4] {
        let run = Simulation::new(2).workers(workers).run(&plan, ());
        assert!(run.success());
        assert_eq!(run.elapsed().as_secs(), 3600);
        let late = "minute@60 minute@120 hour@3600";
        assert!(notes.take().ends_with(late));
    }
}

#[test]
fn real_and_simulated_runs_report_alike() {
    let key = Key::<u32>::named("number");
    let plan = Graph::new()
        .job(&key)
        .check_only(|_| Ok(7))
        .job("broken")
        .tries(2)
        .retry_delay(Duration::ZERO)
        .check(|_| ensure(false, "never"))
        .cleanup(|_| Ok(()))
        .run(|_| ())
        .job("behind")
        .after("broken")
        .group()
        .compile()
        .unwrap();
    let (real, made_up) = (runner(2).run(&plan, ()), Simulation::new(0).run(&plan, ()));
    assert_eq!(untimed(real.report()), untimed(made_up.report()));
    assert_eq!(made_up.output(&key), Some(&7));
    assert_eq!(made_up.error("broken").unwrap().to_string(), "never");
    let phases = |run: &dojobber::Run| {
        let phases = run.job("broken").unwrap().phases();
        phases.iter().map(|record| (record.attempt(), record.phase(), record.sequence())).collect::<Vec<_>>()
    };
    assert_eq!(phases(&real), phases(&made_up));
}

#[test]
fn options_are_those_of_a_runner() {
    let tries = AtomicU32::new(0);
    let plan = Graph::new()
        .job("job")
        .check(|_| {
            tries.fetch_add(1, Ordering::SeqCst);
            false
        })
        .cleanup(|_| ())
        .run(|_| ())
        .compile()
        .unwrap();
    let dry = Simulation::new(0).dry_run(true).run(&plan, ());
    assert_eq!((dry.status("job"), tries.swap(0, Ordering::SeqCst)), (Some(Status::WouldRun), 1));
    let simulation =
        Simulation::new(0).default_tries(5).default_retry_delay(SECOND * 10).cleanup(Cleanup::ByHand);
    let mut run = simulation.run(&plan, ());
    assert_eq!(run.job("job").unwrap().tries(), 5);
    assert_eq!(run.elapsed().as_secs(), 40);
    let cleanups = |run: &dojobber::Run| {
        run.job("job").unwrap().phases().iter().filter(|record| record.phase() == Phase::Cleanup).count()
    };
    assert_eq!(cleanups(&run), 0);
    assert!(run.cleanup().is_empty());
    assert_eq!(cleanups(&run), 5);
}

/// What each fault makes of a job that would be done after one run: status, tries, calls of check and run.
#[test]
fn faults_do_as_they_say() {
    let check = |phase, fault, expected: (Status, u32, u32, u32)| {
        let (checks, runs) = (AtomicU32::new(0), AtomicU32::new(0));
        let plan = Graph::new()
            .job("job")
            .check(|_| {
                checks.fetch_add(1, Ordering::SeqCst);
                runs.load(Ordering::SeqCst) > 0
            })
            .run(|_| runs.fetch_add(1, Ordering::SeqCst) < 100)
            .compile()
            .unwrap();
        let run = Simulation::new(0).faults(Faults::none().on("job", phase, fault)).run(&plan, ());
        let job = run.job("job").unwrap();
        let calls = (checks.load(Ordering::SeqCst), runs.load(Ordering::SeqCst));
        assert_eq!((job.status(), job.tries(), calls.0, calls.1), expected, "{phase} {fault:?}");
    };
    use Status::{Changed, Satisfied};
    check(Phase::Check, Fault::Error, (Changed, 1, 1, 1));
    check(Phase::Check, Fault::Nothing, (Satisfied, 1, 0, 0));
    check(Phase::Check, Fault::Lie, (Satisfied, 1, 1, 0));
    check(Phase::Run, Fault::Panic, (Changed, 2, 4, 1));
    check(Phase::Run, Fault::ErrorAfter, (Changed, 1, 2, 1));
    check(Phase::Run, Fault::Nothing, (Changed, 2, 4, 1));
    check(Phase::Run, Fault::Slow(SECOND), (Changed, 1, 2, 1));
    check(Phase::Recheck, Fault::Lie, (Changed, 2, 3, 1));
    check(Phase::Run, Fault::Crash, (Changed, 1, 3, 1));
    check(Phase::Recheck, Fault::Crash, (Satisfied, 1, 2, 1));
}

/// A limit that is over is a fact of the clock: what asks for it fails, and what the phase returns decides.
#[test]
fn a_limit_may_be_over() {
    let check = |limit: Option<Duration>, expected: (Status, u32, Option<&str>)| {
        let plan = Graph::new()
            .job("job")
            .tries(2)
            .timeout(limit.unwrap_or(Duration::MAX))
            .run_only(|cx| cx.check_cancelled());
        let plan = plan.compile().unwrap();
        let faults = Faults::none().on("job", Phase::Run, Fault::TimedOut);
        let run = Simulation::new(0).faults(faults).run(&plan, ());
        let job = run.job("job").unwrap();
        let error = job.phases()[0].error().map(|error| error.message().to_owned());
        assert_eq!((job.status(), job.tries(), error.as_deref()), expected);
    };
    check(None, (Status::Changed, 2, Some("injected error")));
    check(Some(SECOND), (Status::Changed, 2, Some("timed out after 1s")));
}

/// The run is stopped at that call, which goes on; what follows does not begin.
#[test]
fn a_run_may_be_stopped_at_any_call() {
    let stopped = |job: &str, phase, level| {
        let plan = Graph::new()
            .each(["one", "two", "three"], |graph, name| {
                let after = match name {
                    "one" => None,
                    "two" => Some("one"),
                    _ => Some("two"),
                };
                graph.job(name).after(after).check(|cx| cx.phase() == Phase::Recheck).run(|_| ())
            })
            .compile()
            .unwrap();
        let trace = Trace::default();
        let faults = Faults::none().on(job, phase, Fault::Stop(level));
        let run = Simulation::new(0).faults(faults).observer(trace.clone()).run(&plan, ());
        assert_eq!(judge(&plan, &trace.events()), Ok(()));
        assert_eq!(run.stop_reason(), Some(StopReason::Cancelled));
        ["one", "two", "three"].map(|name| run.status(name).unwrap())
    };
    use Status::{Cancelled, Changed};
    assert_eq!(stopped("one", Phase::Check, StopLevel::Cancel), [Cancelled; 3]);
    assert_eq!(stopped("two", Phase::Run, StopLevel::Cancel), [Changed, Cancelled, Cancelled]);
    assert_eq!(stopped("two", Phase::Run, StopLevel::Drain), [Changed, Changed, Cancelled]);
    assert_eq!(stopped("two", Phase::Recheck, StopLevel::Kill), [Changed, Changed, Cancelled]);
}

/// A token of one's own stops simulated runs as it does real ones.
#[test]
fn a_token_stops_a_simulation() {
    let plan = Graph::new().job("job").run_only(|_| ()).compile().unwrap();
    let token = CancelToken::new();
    let simulation = Simulation::new(0).cancel_token(&token);
    assert!(simulation.run(&plan, ()).success());
    token.cancel();
    assert_eq!(simulation.run(&plan, ()).status("job"), Some(Status::Cancelled));
}

#[test]
fn a_slow_phase_takes_virtual_time() {
    let plan = Graph::new().job("slow").run_only(|_| ()).compile().unwrap();
    let faults = Faults::none().always("slow", Phase::Run, Fault::Slow(SECOND * 60));
    let run = Simulation::new(0).faults(faults).run(&plan, ());
    assert_eq!(run.job("slow").unwrap().phases()[0].length().as_secs(), 60);
}

#[test]
fn nothing_is_cleaned_up_after_a_crash_but_by_the_next_run() {
    let notes = Notes::default();
    let plan = Graph::new()
        .job("one")
        .cleanup(|_| notes.add("cleanup1"))
        .run_only(|_| notes.add("run1"))
        .job("two")
        .after("one")
        .cleanup(|_| notes.add("cleanup2"))
        .run_only(|_| notes.add("run2"))
        .compile()
        .unwrap();
    let check = |job: &str, phase, expected: &str| {
        let trace = Trace::default();
        let faults = Faults::none().on(job, phase, Fault::Crash);
        let run = Simulation::new(0).faults(faults).observer(trace.clone()).run(&plan, ());
        assert!(run.success());
        assert_eq!(notes.take(), expected);
        let starts = |event: &Event| matches!(event, Event::RunStarted { .. });
        let events = trace.events();
        let last = events.iter().rposition(starts).unwrap();
        assert_eq!(events.iter().filter(|event| starts(event)).count(), 2);
        assert!(events[..last].iter().all(|event| !matches!(event, Event::RunEnded { .. })));
        assert_eq!(judge(&plan, &events[last..]), Ok(()));
    };
    check("one", Phase::Run, "run1 run2 cleanup2 cleanup1");
    check("two", Phase::Run, "run1 run1 run2 cleanup2 cleanup1");
    check("one", Phase::Cleanup, "run1 run2 cleanup2 run1 run2 cleanup2 cleanup1");
}

#[test]
#[should_panic = "a fault is to happen to job `tow`, which is not in the plan"]
fn a_fault_names_a_job_of_the_plan() {
    let plan = Graph::new().job("two").group().compile().unwrap();
    let _ = Simulation::new(0).faults(Faults::none().on("tow", Phase::Run, Fault::Error)).run(&plan, ());
}

/// Its constructor is a step of its own, so another job may come between.
#[test]
fn structs_are_made_checked_and_run_in_steps() {
    struct Counter<'n>(&'n Mutex<Vec<&'static str>>);
    impl Job for Counter<'_> {
        type Output = ();
        fn check(&mut self, _: &Context) -> Result {
            self.0.lock().unwrap().push("check");
            ensure(self.0.lock().unwrap().contains(&"run"), "not yet")
        }
        fn run(&mut self, _: &Context) -> Result {
            self.0.lock().unwrap().push("run");
            Ok(())
        }
        fn cleanup(&mut self, _: &Context) -> Result {
            self.0.lock().unwrap().push("cleanup");
            Ok(())
        }
    }
    let mut between = 0;
    for seed in 0..64 {
        let notes = Mutex::new(Vec::new());
        let plan = Graph::new()
            .job("struct")
            .with_new(|_| {
                notes.lock().unwrap().push("create");
                Ok(Counter(&notes))
            })
            .job("other")
            .run_only(|_| notes.lock().unwrap().push("other"))
            .compile()
            .unwrap();
        assert!(Simulation::new(seed).run(&plan, ()).success());
        drop(plan);
        let mut notes = notes.into_inner().unwrap();
        between += u32::from(notes.windows(2).any(|pair| pair == ["create", "other"]));
        notes.retain(|word| *word != "other");
        assert_eq!(notes, ["create", "check", "run", "check", "cleanup"]);
    }
    assert!(between > 0);
}

#[test]
fn a_constructor_may_be_faulty() {
    let plan = Graph::new().job("fine").with(Fine).compile().unwrap();
    for fault in [Fault::Error, Fault::Panic, Fault::ErrorAfter, Fault::Nothing, Fault::Lie] {
        let faults = Faults::none().on("fine", Phase::Create, fault);
        let run = Simulation::new(0).faults(faults).run(&plan, ());
        let job = run.job("fine").unwrap();
        assert_eq!((job.status(), job.tries()), (Status::Satisfied, 2), "{fault:?}");
    }
}

#[test]
fn the_judge_accepts_simulated_traces_with_retries_that_wait() {
    let plan = Graph::new()
        .each(0..6, |graph, at| {
            graph
                .job(format!("job {at}"))
                .tries(3)
                .retry_delay(Duration::from_millis(at))
                .check(move |cx| cx.attempt() > at as u32 % 3)
                .cleanup(|_| ())
                .run(|_| ())
        })
        .compile()
        .unwrap();
    for seed in 0..200 {
        let trace = Trace::default();
        assert!(Simulation::new(seed).workers(3).observer(trace.clone()).run(&plan, ()).success());
        assert_eq!(judge(&plan, &trace.events()), Ok(()));
    }
}

#[test]
fn a_detached_context_has_what_a_phase_may_ask_for() {
    let cx = Context::detached(Arc::new(5));
    assert_eq!(
        (cx.args(), cx.job(), cx.phase(), cx.attempt(), cx.max_tries().unwrap()),
        (&5, "detached", Phase::Check, 1, 1)
    );
    assert_eq!(cx.now(), Duration::ZERO);
    cx.local().set(Key::new("word"), 'w');
    assert!(cx.local().contains(Key::<char>::new("word")));
    assert!(cx.output(Key::<u32>::new("other")).is_err());
    assert_eq!(cx.in_phase(Phase::Run).phase(), Phase::Run);
}
