//! Async phases in the test kit: what it finds in them, how time passes, what faults do to phases that wait.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Poll, Waker};
use std::time::Duration;

use dojobber::testkit::{
    Disk, Fault, Faults, Simulation, Table, check_convergent, interruption, try_explore,
};
use dojobber::{BoxError, CancelToken, ErrorClass, Graph, Phase, Plan, Status, StopLevel, ensure, judge};

use crate::kit::{check, on_a_disk};
use crate::support::{Trace, quick, statuses, within};

const S: fn(u64) -> Duration = Duration::from_secs;
const MS: fn(u64) -> Duration = Duration::from_millis;
const LONG: Duration = Duration::from_secs(3600);

/// What was uploaded before the wait is taken for all of it when the process dies there.
#[test]
fn an_upload_that_is_cut_where_it_waits() {
    check("upload", "after a crash in `upload`.run at its interruption point 1", |bug| {
        check_convergent(
            1,
            on_a_disk(move |disk| {
                let file = if bug { "object" } else { "object.part" };
                Graph::new().job("upload").check_async(async |_| disk.exists("object")).run_async(
                    move |cx| async move {
                        disk.write(file, "first");
                        cx.sleep_async(S(1)).await;
                        disk.append(file, " second");
                        if !bug {
                            disk.rename(file, "object");
                        }
                    },
                )
            }),
        )
    });
}

/// Each of two jobs reads a number, waits, and writes one more: one update is lost if the other goes on meanwhile.
#[test]
fn an_update_that_is_lost_over_a_wait() {
    check("add 0", "it makes a difference", |bug| {
        try_explore(50, move |simulation: &Simulation| {
            let sum = Mutex::new(0);
            let plan = Graph::new()
                .each(0..2, |graph, at| {
                    let sum = &sum;
                    let after = (at > 0 && !bug).then(|| format!("add {}", at - 1));
                    graph.job(format!("add {at}")).after(after).run_only_async(move |cx| async move {
                        let before = *sum.lock().unwrap();
                        interruption();
                        cx.sleep_async(S(1)).await;
                        *sum.lock().unwrap() = before + 1;
                    })
                })
                .compile()
                .unwrap();
            let _ = simulation.run(&plan, ());
            *sum.lock().unwrap()
        })
    });
}

/// An error in a phase that waits, which its next try does not expect.
#[test]
fn a_lease_that_is_not_given_back() {
    check("deploy", "after a panic in `deploy`.run at its interruption point", |bug| {
        dojobber::testkit::check_absorbs(1, move |simulation: &Simulation| {
            let (disk, leases) = (Disk::new(), Table::new("leases"));
            let graph = || {
                Graph::new().job("deploy").check_async(async |_| disk.exists("deployed")).run_async(
                    async |cx| {
                        ensure(leases.insert("lease", cx.attempt()).is_none() || !bug, "it is leased")?;
                        cx.sleep_async(S(5)).await;
                        disk.write("deployed", "");
                        leases.remove(&"lease");
                        Ok(())
                    },
                )
            };
            let _ = simulation.run_anew(graph, ());
            disk.files()
        })
    });
}

/// What a simulated run of one async job comes to, and how long that takes in virtual time.
#[track_caller]
fn simulated(plan: &Plan<'_>, status: Status, class: Option<ErrorClass>, elapsed: Duration) {
    let trace = Trace::default();
    let run = Simulation::new(0).observer(trace.clone()).run(plan, ());
    let job = run.jobs().next().unwrap();
    assert_eq!((job.status(), job.error().map(|error| error.class())), (status, class), "{}", run.report());
    assert_eq!(run.elapsed().as_millis(), elapsed.as_millis());
    assert_eq!(judge(plan, &trace.events()), Ok(()));
}

#[test]
fn time_passes_for_a_future_as_it_would() {
    let plan = |graph: Graph<'static>| graph.compile().unwrap();
    let job = || Graph::new().job("a").tries(1);
    simulated(
        &plan(job().run_only_async(async |cx| cx.sleep_async(S(3)).await)),
        Status::Changed,
        None,
        S(3),
    );
    // its limit comes first
    let late = job().timeout(S(2)).run_only_async(async |cx| cx.sleep_async(S(3)).await);
    simulated(&plan(late), Status::Failed, Some(ErrorClass::TimedOut), S(2));
    // of two sleeps the shorter one
    let either = job().run_only_async(async |cx| {
        let (mut long, mut short) = (pin!(cx.sleep_async(LONG)), pin!(cx.sleep_async(S(1))));
        poll_fn(|task| match (long.as_mut().poll(task), short.as_mut().poll(task)) {
            (Poll::Pending, Poll::Pending) => Poll::Pending,
            (long, _) => Poll::Ready(long.is_pending()),
        })
        .await
    });
    simulated(&plan(either), Status::Changed, None, S(1));
    // one that asks is told, and has the grace period
    let told = job().timeout(S(2)).run_only_async(async |cx| {
        cx.cancelled().await;
        cx.sleep_async(S(1)).await;
        Err::<(), BoxError>("tidied up".into())
    });
    simulated(&plan(told), Status::Failed, Some(ErrorClass::Plain), S(3));
    let slow = job().timeout(S(2)).run_only_async(async |cx| {
        cx.cancelled().await;
        cx.sleep_async(LONG).await;
    });
    simulated(&plan(slow), Status::Failed, Some(ErrorClass::TimedOut), S(12));
}

#[test]
fn what_a_simulation_does_not_know_is_named() {
    let plan =
        Graph::new().job("a").tries(1).check_only_async(async |_| std::future::pending::<bool>().await);
    let run = Simulation::new(0).run(&plan.compile().unwrap(), ());
    let error = run.report().error("a").unwrap().message().to_owned();
    assert_eq!(error, "the check of job `a` waits for something that a simulation does not know");
}

/// A stop ends a phase where it waits, in a simulation as on threads.
#[test]
fn a_stop_ends_what_waits() {
    for (level, expected) in
        [(StopLevel::Drain, "CC tidy"), (StopLevel::Cancel, "CC"), (StopLevel::Kill, "CC")]
    {
        let begun = AtomicUsize::new(0);
        let plan = || {
            Graph::new()
                .job("waits")
                .run_only_async(async |cx| {
                    begun.fetch_add(1, SeqCst);
                    cx.sleep_async(MS(1)).await;
                    begun.fetch_add(1, SeqCst);
                })
                .job("behind")
                .after("waits")
                .run_only(|_| ())
                .compile()
                .unwrap()
        };
        let faults = Faults::none().on("waits", Phase::Run, Fault::Stop(level));
        let plan = plan();
        let simulated = Simulation::new(0).faults(faults.clone()).run(&plan, ());
        let went = |run: &dojobber::Run<'_>| {
            let tidy = if begun.swap(0, SeqCst) == 2 { " tidy" } else { "" };
            (statuses(run) + tidy, run.status("waits"))
        };
        let came_to = went(&simulated);
        assert_eq!(came_to.0, expected, "{level:?}");
        for threads in [1, 2, 8] {
            let real = faults.run_on(&quick().threads(threads).build(), 0, &plan, ());
            assert_eq!(went(&real), came_to, "{level:?}, {threads} threads");
        }
    }
}

/// With faults, too, a phase that waits holds no worker: here the only one tells it what it waits for.
#[test]
fn faults_happen_to_phases_that_wait() {
    let (told, waiting) = (AtomicUsize::new(0), Mutex::new(None::<Waker>));
    let plan = || {
        Graph::new()
            .job("waits")
            .tries(1)
            .run_only_async(async |_| {
                poll_fn(|task| {
                    *waiting.lock().unwrap() = Some(task.waker().clone());
                    if told.load(SeqCst) > 0 { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
                interruption();
                told.fetch_add(1, SeqCst);
            })
            .job("tells")
            .tries(1)
            .run_only(|_| {
                told.fetch_add(1, SeqCst);
                let waker = waiting.lock().unwrap().take();
                waker.into_iter().for_each(Waker::wake);
            })
            .compile()
            .unwrap()
    };
    let check = |faults: Faults, expected: &str| {
        for threads in [1, 2, 8] {
            let plan = plan();
            let runner = quick().threads(threads).build();
            let run = within("a job waits for another one", || faults.run_on(&runner, 0, &plan, ()));
            let error = run.report().error("waits").map_or("none", |error| error.message());
            assert_eq!(format!("{error}, {}", told.swap(0, SeqCst)), expected, "{threads} threads");
        }
    };
    let on_it = |fault| Faults::none().on("waits", Phase::Run, fault);
    check(Faults::none(), "none, 2");
    check(on_it(Fault::ErrorAfter), "injected error, after the work was done, 2");
    check(on_it(Fault::Lie), "injected lie: it did work, 2");
    check(on_it(Fault::Error), "injected error, 1");
    check(on_it(Fault::Panic), "injected panic, 1");
    check(on_it(Fault::Nothing), "none, 1");
    // the point comes after the wait, in another poll than the one that began
    let at_a_point = Faults::none().on_interruption("waits", Phase::Run, 1, Fault::Panic);
    check(at_a_point, "injected panic, 1");
}

#[test]
fn an_async_cleanup_has_its_limit() {
    let plan = || {
        let graph = Graph::new().job("a").timeout(MS(5)).cleanup_async(async |cx| cx.sleep_async(LONG).await);
        graph.run_only(|_| ()).compile().unwrap()
    };
    let classes = |run: &dojobber::Run<'_>| -> Vec<ErrorClass> {
        run.cleanup_failures().into_iter().map(|(_, record)| record.error().unwrap().class()).collect()
    };
    let plan = plan();
    let run = within("an async cleanup", || quick().build().run(&plan, ()));
    assert_eq!((statuses(&run), classes(&run)), ("C".to_owned(), vec![ErrorClass::TimedOut]));
    assert_eq!(classes(&Simulation::new(0).run(&plan, ())), [ErrorClass::TimedOut]);
}

/// What stopped the run does not end a cleanup; a level above it does.
#[test]
fn an_async_cleanup_is_ended_by_a_stop_of_its_own() {
    let token = CancelToken::new();
    let seen = Mutex::new(BTreeMap::new());
    let plan = Graph::new()
        .each(["first", "second"], |graph, name| {
            let (token, seen) = (&token, &seen);
            graph
                .job(name)
                .cleanup_async(move |cx| async move {
                    cx.sleep_async(MS(1)).await; // the run is cancelled, and this goes on
                    seen.lock().unwrap().insert(name, "waited");
                    token.kill();
                    cx.sleep_async(LONG).await;
                })
                .run_only(|_| ())
        })
        .job("stop")
        .after(["first", "second"])
        .run_only(|_| token.cancel())
        .compile()
        .unwrap();
    let run = within("async cleanups", || quick().cancel_token(&token).build().run(&plan, ()));
    assert_eq!(run.cleanup_failures().len(), 2, "{}", run.report());
    assert_eq!(
        *seen.lock().unwrap(),
        BTreeMap::from([("second", "waited")]),
        "the other one was cut at once"
    );
}
