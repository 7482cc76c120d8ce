//! Values whose destructors panic: putting a run away never does, and no two of them end the process.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dojobber::{BoxError, Cleanup, Context, Event, Graph, Job, Key, Plan, Result, Run, Runner};

/// How many bombs have been dropped in a test.
#[derive(Clone, Default)]
struct Dropped(Arc<AtomicUsize>);

impl Dropped {
    fn bomb(&self) -> Bomb {
        Bomb(self.clone())
    }

    fn error(&self) -> BoxError {
        Boom(self.bomb()).into()
    }
}

struct Bomb(Dropped);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        panic!("dropped");
    }
}

struct Boom(#[expect(dead_code, reason = "it is there to be dropped")] Bomb);

impl fmt::Debug for Boom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("boom")
    }
}

impl fmt::Display for Boom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("boom")
    }
}

impl std::error::Error for Boom {}

type PutAway = fn(Run<'_, Args>);

const WAYS: [(&str, PutAway); 4] = [
    ("drop", |run| drop(run)),
    ("into_result", |run| drop(run.into_result())),
    ("into_report", |run| drop(run.into_report())),
    ("cleanup", |mut run| run.cleanup().into_iter().for_each(|error| _ = catch(|| drop(error)))),
];

type Args = Option<Bomb>;

fn catch(f: impl FnOnce()) -> std::thread::Result<()> {
    catch_unwind(AssertUnwindSafe(f))
}

/// Runs what `make` returns, in every mode and on one thread and on two, and puts the run away in every way. Each bomb
/// must be dropped, and no panic may be seen. `bombs` are those of one run.
#[track_caller]
fn check<'env>(bombs: usize, make: impl Fn(&Dropped) -> (Graph<'env, Args>, Args)) {
    for cleanup in [Cleanup::AtEnd, Cleanup::OnDrop, Cleanup::ByHand] {
        for threads in [1, 2] {
            for (way, put_away) in WAYS {
                let dropped = Dropped::default();
                let (graph, args) = make(&dropped);
                let runner = Runner::builder().threads(threads).cleanup(cleanup).default_tries(1).build();
                let run = {
                    let plan: Plan<'_, Args> = graph.compile().unwrap();
                    runner.run(&plan, args) // the run is the last to hold the plan
                };
                let case = format!("{cleanup:?}, {threads} threads, {way}");
                assert!(catch(|| put_away(run)).is_ok(), "{case}");
                assert_eq!(dropped.0.load(Ordering::SeqCst), bombs, "{case}");
            }
        }
    }
}

fn graph<'env>() -> Graph<'env, Args> {
    Graph::with_args()
}

#[test]
fn outputs() {
    let (a, b, c) = (Key::<Bomb>::new("a"), Key::<Bomb>::new("b"), Key::<(Bomb, u8)>::new("c"));
    check(3, |dropped| {
        let [one, two, three] = [dropped.clone(), dropped.clone(), dropped.clone()];
        let graph =
            graph().job(&a).run_only(move |_| Ok(one.bomb())).job(&b).run_only(move |_| Ok(two.bomb()));
        (graph.job(&c).check_only(move |_| Ok((three.bomb(), 1))), None)
    });
}

#[test]
fn errors() {
    check(3, |dropped| {
        let fail = |dropped: &Dropped| {
            let dropped = dropped.clone();
            move |_: &Context<Args>| Err::<(), _>(dropped.error())
        };
        let graph = graph().job("a").run_only(fail(dropped)).job("b").check_only(fail(dropped));
        let inner = fail(dropped);
        let once = move |cx: &Context<Args>| {
            if cx.phase() == dojobber::Phase::Check { Err("no".into()) } else { inner(cx) }
        };
        (graph.job("c").check(once).run(|_| ()), None)
    });
}

#[test]
fn stores_and_arguments() {
    check(4, |dropped| {
        let (one, other) = (Key::<Bomb>::new("bomb"), Key::<(Bomb, u8)>::new("bomb"));
        let made = dropped.clone();
        let fill = move |cx: &Context<Args>| {
            cx.shared().set(&one, made.bomb());
            cx.shared().set(&other, (made.bomb(), 1));
            cx.shared().set(Key::new("another"), made.bomb());
        };
        (graph().job("a").run_only(fill), Some(dropped.bomb()))
    });
}

/// Two in one local store, which is dropped at the end of its try, or waits for the cleanup.
#[test]
fn local_stores() {
    for cleans_up in [false, true] {
        check(2, |dropped| {
            let made = dropped.clone();
            let fill = move |cx: &Context<Args>| {
                cx.local().set(Key::new("one"), made.bomb());
                cx.local().set(Key::new("other"), made.bomb());
            };
            let job = graph().job("a");
            let job = if cleans_up { job.cleanup(|_| ()) } else { job };
            (job.run_only(fill), None)
        });
    }
}

/// A struct with a bomb, which waits for its cleanup beside a local store with another.
struct Armed(Bomb);

impl Job<Args> for Armed {
    type Output = ();
    fn check(&mut self, cx: &Context<Args>) -> Result {
        if cx.phase() == dojobber::Phase::Recheck { Ok(()) } else { Err("not yet".into()) }
    }
    fn run(&mut self, cx: &Context<Args>) -> Result {
        cx.local().set(Key::new("bomb"), self.0.0.bomb());
        Ok(())
    }
}

#[test]
fn instances() {
    check(4, |dropped| {
        let [one, other] = [dropped.clone(), dropped.clone()];
        let graph = graph().job("a").with_new(move |_| Ok(Armed(one.bomb())));
        (graph.job("b").with_new(move |_| Ok(Armed(other.bomb()))), None)
    });
}

#[test]
fn what_closures_hold() {
    check(3, |dropped| {
        let [one, two, three] = [dropped.bomb(), dropped.bomb(), dropped.bomb()];
        let use_it = |bomb: &Bomb| assert!(Arc::strong_count(&bomb.0.0) > 0);
        let graph = graph().job("a").run_only(move |_| use_it(&one)).job("b").run_only(move |_| use_it(&two));
        (graph.job("c").cleanup(move |_| use_it(&three)).run_only(|_| ()), None)
    });
}

/// By hand, they are handed out; else nobody gets them.
#[test]
fn failures_of_cleanups() {
    for cleanup in [Cleanup::AtEnd, Cleanup::OnDrop, Cleanup::ByHand] {
        for (way, put_away) in WAYS {
            let dropped = Dropped::default();
            let [one, other] = [dropped.clone(), dropped.clone()];
            let plan = graph()
                .job("a")
                .cleanup(move |_| Err::<(), _>(one.error()))
                .run_only(|_| ())
                .job("b")
                .cleanup(move |_| Err::<(), _>(other.error()))
                .run_only(|_| ())
                .compile()
                .unwrap();
            let run = catch_unwind(AssertUnwindSafe(|| {
                Runner::builder().threads(1).cleanup(cleanup).build().run(&plan, None)
            }));
            let case = format!("{cleanup:?}, {way}");
            assert!(catch(|| put_away(run.expect("a run returns"))).is_ok(), "{case}");
            let called = if cleanup == Cleanup::ByHand && way != "cleanup" { 0 } else { 2 };
            assert_eq!(dropped.0.load(Ordering::SeqCst), called, "{case}");
        }
    }
}

#[test]
fn observers() {
    let dropped = Dropped::default();
    let watch = |bomb: Bomb| move |_: &Event| assert!(Arc::strong_count(&bomb.0.0) > 0);
    let plan = Graph::new().job("a").group().compile().unwrap();
    let builder = Runner::builder().on_event(watch(dropped.bomb())).on_event(watch(dropped.bomb()));
    let runner = builder.build();
    let run = runner.run(&plan, ());
    // the runner is the user's own, and has two bombs; the run is then the last to hold them
    assert!(catch(|| drop(runner)).is_ok());
    assert!(catch(|| drop(run)).is_ok());
    assert_eq!(dropped.0.load(Ordering::SeqCst), 2);
}

/// A test that panics drops its run while it unwinds.
#[test]
fn while_a_test_panics() {
    let dropped = Dropped::default();
    let key = Key::<Bomb>::new("a");
    let plan = Graph::new().job(&key).run_only(|_| Ok(dropped.bomb())).compile().unwrap();
    let panic = catch(|| {
        let _run = plan.run(());
        panic!("a test");
    });
    assert_eq!(*panic.unwrap_err().downcast::<&str>().unwrap(), "a test");
    assert_eq!(dropped.0.load(Ordering::SeqCst), 1);
}

/// Two values in the local store of a try whose phases are async.
#[test]
fn local_stores_of_async_phases() {
    for cleans_up in [false, true] {
        check(2, |dropped| {
            let made = dropped.clone();
            let fill = move |cx: Context<Args>| {
                cx.local().set(Key::new("one"), made.bomb());
                cx.local().set(Key::new("other"), made.bomb());
                async { Ok(()) }
            };
            let job = graph().job("a");
            let job = if cleans_up { job.cleanup(|_| ()) } else { job };
            (job.run_only_async(fill), None)
        });
    }
}

/// A simulated process that is killed leaves errors, outputs and stores behind.
#[cfg(feature = "testkit")]
#[test]
fn what_a_killed_process_leaves() {
    use dojobber::testkit::{Fault, Faults, Simulation};

    let dropped = Dropped::default();
    let key = Key::<Bomb>::new("a");
    let fail = |_: &Context| Err::<(), _>(dropped.error());
    let fill = |cx: &Context| {
        cx.shared().set(Key::new("one"), dropped.bomb());
        cx.shared().set(Key::new("other"), dropped.bomb());
    };
    let graph = Graph::new().job(&key).run_only(|_| Ok(dropped.bomb())).job("b").run_only(fail);
    let graph = graph.job("c").run_only(fail).job("d").after(&key).cleanup(|_| ()).run_only(fill);
    let plan = graph.job("last").after("d").run_only(|_| ()).compile().unwrap();
    let faults = Faults::none().on("last", dojobber::Phase::Run, Fault::Crash);
    let run = catch(|| drop(Simulation::new(3).default_tries(1).faults(faults).run(&plan, ())));
    assert!(run.is_ok());
    assert_eq!(dropped.0.load(Ordering::SeqCst), 2 * 5, "of two processes");
}

/// A store of the user's own still tells that a value panicked, once.
#[test]
fn a_store_of_the_users_own() {
    let dropped = Dropped::default();
    let store = dojobber::Store::default();
    store.set(Key::new("one"), dropped.bomb());
    store.set(Key::new("other"), dropped.bomb());
    assert_eq!(*catch(|| drop(store)).unwrap_err().downcast::<String>().unwrap(), "dropped");
    assert_eq!(dropped.0.load(Ordering::SeqCst), 2);
}
