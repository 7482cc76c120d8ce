//! How a runner is built: defaults, calls that come twice, options of a command line, observers, stacks.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dojobber::{Cleanup, Console, DryRun, Event, Graph, RunOptions, Runner, RunnerBuilder, Status};

use crate::support::{Notes, Trace};

#[test]
fn the_defaults() {
    let options = Runner::default().options();
    assert_eq!((options.default_tries, options.default_retry_delay), (3, Duration::from_secs(1)));
    assert_eq!((options.dry_run, options.cleanup), (DryRun::Off, Cleanup::AtEnd));
    assert_eq!(options.threads, std::thread::available_parallelism().unwrap().get());
    assert_eq!(options.stack_size, 8 << 20);
    assert_eq!(Runner::builder().build().options(), options);
    assert_eq!(Runner::builder().options(RunOptions::default()).build().options(), options);
}

/// What a runner holds after `set`, where it differs from the defaults.
#[track_caller]
fn check(set: impl FnOnce(RunnerBuilder) -> RunnerBuilder, differ: impl FnOnce(&mut RunOptions)) {
    let mut expected = Runner::default().options();
    differ(&mut expected);
    assert_eq!(set(Runner::builder()).build().options(), expected);
}

#[test]
fn the_last_call_wins() {
    check(|new| new.threads(3).threads(5), |options| options.threads = 5);
    check(|new| new.threads(70_000), |options| options.threads = 65_535);
    check(|new| new.dry_run(true).dry_run(false), |_| ());
    check(|new| new.default_tries(9).default_tries(1), |options| options.default_tries = 1);
    check(
        |new| new.cleanup(Cleanup::ByHand).cleanup(Cleanup::OnDrop),
        |options| {
            options.cleanup = Cleanup::OnDrop;
        },
    );
    check(|new| new.stack_size(1 << 20).stack_size(2 << 20), |options| options.stack_size = 2 << 20);
    let zero = Duration::ZERO;
    check(
        |new| new.default_retry_delay(Duration::MAX).default_retry_delay(zero),
        |options| options.default_retry_delay = zero,
    );
    let five = RunOptions::builder().threads(5).default_tries(7).dry_run(true).build();
    check(
        |new| new.threads(3).cleanup(Cleanup::ByHand).options(five).threads(4),
        |options| (options.threads, options.default_tries, options.dry_run) = (4, 7, DryRun::Checks),
    );
}

#[test]
fn values_may_be_missing() {
    check(|new| new.threads(Some(3)), |options| options.threads = 3);
    check(|new| new.threads(Some(3)).threads(None), |_| ());
    check(|new| new.default_tries(Some(8)), |options| options.default_tries = 8);
    check(|new| new.default_tries(8).default_tries(None), |_| ());
    check(|new| new.default_retry_delay(Duration::ZERO).default_retry_delay(None), |_| ());
    check(|new| new.cleanup(Cleanup::ByHand).cleanup(None), |_| ());
    check(|new| new.stack_size(1).stack_size(None), |_| ());
    for (dry_run, expected) in [(Some(true), DryRun::Checks), (Some(false), DryRun::Off), (None, DryRun::Off)]
    {
        check(|new| new.dry_run(dry_run), |options| options.dry_run = expected);
    }
    check(|new| new.dry_run(Some(DryRun::Checks)), |options| options.dry_run = DryRun::Checks);
}

#[test]
fn a_builder_may_be_kept_and_changed() {
    let mut builder = Runner::builder().threads(2);
    for verbose in [false, true] {
        if verbose {
            builder = builder.observer(Console::debug()).default_tries(1);
        }
    }
    let same = builder.clone();
    assert_eq!(builder.build().options(), same.build().options());
    assert_eq!(
        format!("{:?}", Runner::builder().observer(Console::debug())),
        format!("RunnerBuilder {{ options: {:?}, observers: 1, cancel_token: None }}", RunOptions::default()),
    );
}

#[test]
fn a_job_must_be_allowed_a_try() {
    let text = |refused: fn()| *catch_unwind(refused).unwrap_err().downcast::<&str>().unwrap();
    let mut none = RunOptions::default();
    none.default_tries = 0;
    let expected = "default_tries(0): a job needs at least 1 try";
    assert_eq!(text(|| drop(Runner::builder().default_tries(0))), expected);
    assert_eq!(text(|| drop(Runner::builder().default_tries(Some(0)))), expected);
    assert_eq!(text(|| drop(RunOptions::builder().default_tries(0))), expected);
    let refused = catch_unwind(move || drop(Runner::builder().options(none))).unwrap_err();
    assert_eq!(*refused.downcast::<&str>().unwrap(), expected);
    let expected = "max_failures(0): a run ends at its first failure at the earliest";
    assert_eq!(text(|| drop(Runner::builder().max_failures(0))), expected);
    let none = RunOptions::builder().max_failures(0).build();
    let refused = catch_unwind(move || drop(Runner::builder().options(none))).unwrap_err();
    assert_eq!(*refused.downcast::<&str>().unwrap(), expected);
}

/// One job that is satisfied: a start, a phase of two events, an end, and the run's end.
fn watched(builder: RunnerBuilder) {
    let plan = Graph::new().job("sun").check_only(|_| true).compile().unwrap();
    assert!(builder.threads(1).build().run(&plan, ()).success());
}

#[test]
fn observers_add_up() {
    let (first, second, notes) = (Trace::default(), Trace::default(), Notes::default());
    let (one, other) = (notes.clone(), notes.clone());
    watched(
        Runner::builder()
            .observer(first.clone())
            .on_event(move |event| one.add(if event.job().is_some() { "job" } else { "run" }))
            .observer(None::<Trace>)
            .observer(Some(second.clone()))
            .on_event(move |_| other.add("-")),
    );
    assert_eq!(first.events().len(), 5);
    assert_eq!(first.events(), second.events());
    assert_eq!(notes.text(), "run - job - job - job - run -");
}

#[test]
fn an_observer_that_panics_takes_no_other_with_it() {
    let (trace, calls) = (Trace::default(), Notes::default());
    let counted = calls.clone();
    let nervous = move |_: &Event| {
        counted.add("x");
        assert!(counted.text().len() < 3, "that is enough");
    };
    watched(Runner::builder().on_event(nervous).observer(trace.clone()));
    assert_eq!((calls.text().as_str(), trace.events().len()), ("x x", 5));
}

#[test]
fn the_first_event_carries_the_options() {
    let trace = Trace::default();
    let options = RunOptions::builder().default_tries(4).stack_size(1 << 20).build();
    watched(Runner::builder().options(options).observer(trace.clone()));
    let Some(Event::RunStarted { options: told, .. }) = trace.events().first().cloned() else { panic!() };
    assert_eq!((told.default_tries, told.stack_size, told.threads), (4, 1 << 20, 1));
}

#[cfg(feature = "testkit")]
#[test]
fn a_simulation_takes_the_same_options() {
    use dojobber::testkit::Simulation;

    let trace = Trace::default();
    let plan = Graph::new().job("sun").check(|_| false).run(|_| ()).compile().unwrap();
    let options = RunOptions::builder().dry_run(true).default_tries(4).build();
    let run = Simulation::new(1).options(options).observer(trace.clone()).run(&plan, ());
    assert_eq!(run.status("sun"), Some(Status::WouldRun));
    let Some(Event::RunStarted { options: told, .. }) = trace.events().first().cloned() else { panic!() };
    assert_eq!(told, RunOptions::builder().threads(16).dry_run(true).default_tries(4).build());
}

/// Needs about `kib` KiB of stack.
#[inline(never)]
fn deep(kib: usize) -> usize {
    let pad = std::hint::black_box([kib as u8; 1024]);
    if kib == 0 { 0 } else { deep(kib - 1) + usize::from(pad[7] > 1) }
}

/// How many jobs of `jobs` have needed `kib` KiB of a helper's stack. (The caller's is the test's, and is small.)
fn deep_on_helpers(runner: &Runner, jobs: usize, kib: usize) -> usize {
    let deep_ones = AtomicUsize::new(0);
    let meet = std::sync::Barrier::new(4);
    let graph = (0..jobs).fold(Graph::new(), |graph, at| {
        graph.job(format!("{at}")).run_only(|_| {
            meet.wait(); // each worker has one of them
            let helper = std::thread::current().name().is_some_and(|name| name.starts_with("dojobber-"));
            if helper {
                std::hint::black_box(deep(kib));
                deep_ones.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    assert!(runner.run(&graph.compile().unwrap(), ()).success());
    deep_ones.load(Ordering::Relaxed)
}

#[test]
fn helpers_have_as_much_stack_as_a_main_thread() {
    let runner = Runner::builder().threads(4).build();
    assert_eq!(deep_on_helpers(&runner, 4, 3 << 10), 3);
}

#[test]
fn helpers_have_the_stack_that_they_are_given() {
    let runner = Runner::builder().threads(4).stack_size(64 << 20).build();
    assert_eq!(deep_on_helpers(&runner, 8, 24 << 10), 6);
    let small = Runner::builder().threads(4).stack_size(256 << 10).build();
    assert_eq!(deep_on_helpers(&small, 4, 16), 3);
}

/// The threads end, too, which takes some of it.
#[test]
fn a_stack_is_never_too_small_to_begin_and_to_end() {
    for bytes in [0, 1, 1 << 10, 16 << 10, 64 << 10] {
        let runner = Runner::builder().threads(4).stack_size(bytes).build();
        assert_eq!(deep_on_helpers(&runner, 4, 16), 3, "{bytes} bytes");
        let plan = Graph::new().each(["a", "b"], |graph, name| graph.job(name).run_only_async(async |_| ()));
        let slow = plan.job("slow").run_only(|cx| cx.sleep(Duration::from_millis(1)));
        assert!(runner.run(&slow.compile().unwrap(), ()).success());
    }
}

#[test]
fn par_iter_inside_a_job_has_that_stack_too() {
    use rayon::prelude::*;

    let runner = Runner::builder().threads(2).build();
    let meet = std::sync::Barrier::new(2);
    let on_a_helper = AtomicUsize::new(0);
    let body = |_: &dojobber::Context| {
        meet.wait(); // one of the two has the caller, the other one the helper
        if std::thread::current().name().is_some_and(|name| name.starts_with("dojobber-")) {
            (0..8).into_par_iter().for_each(|_| _ = std::hint::black_box(deep(3 << 10)));
            on_a_helper.fetch_add(1, Ordering::Relaxed);
        }
    };
    let plan = Graph::new().job("here").run_only(body).job("there").run_only(body).compile().unwrap();
    assert!(runner.run(&plan, ()).success());
    assert_eq!(on_a_helper.load(Ordering::Relaxed), 1);
}
