//! Jobs whose phases are futures.

use std::future::{poll_fn, ready};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use dojobber::{
    AsyncJob, BoxError, CancelToken, Context, ErrorClass, Graph, Job, Key, Pool, Result, RunnerBuilder,
    Status, StopReason, ensure, judge,
};

use crate::support::{Notes, Trace, check, pending_times, quick, statuses};

const MS: fn(u64) -> Duration = Duration::from_millis;
const LONG: Duration = Duration::from_secs(3600);

#[test]
fn phases_may_be_futures_or_not() {
    const SIZE: Key<usize> = Key::new("size");
    let done = AtomicUsize::new(0);
    let plan = || {
        done.store(0, SeqCst);
        Graph::new()
            .job(SIZE)
            .check_only_async(async |cx| {
                cx.sleep_async(MS(1)).await;
                Ok(7)
            })
            .job("both")
            .after(SIZE)
            .check_async(async |cx| Ok(done.load(SeqCst) == *cx.output(&SIZE)?))
            .run_async(async |cx| {
                cx.sleep_async(MS(1)).await;
                done.store(*cx.output(&SIZE)?, SeqCst);
                Ok(())
            })
            .job("blocking run")
            .after("both")
            .check_async(async |_| done.load(SeqCst) == 8)
            .run(|_| done.store(8, SeqCst))
            .job("blocking check")
            .after("blocking run")
            .check(|_| done.load(SeqCst) == 9)
            .run_async(async |_| done.store(9, SeqCst))
            .job("run alone")
            .after("blocking check")
            .run_only_async(async |_| ready(()).await)
            .compile()
            .unwrap()
    };
    for threads in [1, 2, 5] {
        let plan = plan();
        let run = quick().threads(threads).build().run(&plan, ());
        assert_eq!(statuses(&run), "SCCCC", "{}", run.report());
        assert_eq!(run.output(SIZE), Some(&7));
        let again = quick().threads(threads).build().run(&plan, ());
        assert_eq!(statuses(&again), "SCCCC", "each undoes what the others want");
    }
}

#[test]
fn what_waits_holds_no_worker() {
    let begun = AtomicUsize::new(0);
    let mut graph = Graph::new();
    for at in 0..200 {
        let begun = &begun;
        graph = graph.job(at.to_string()).run_only_async(async |cx| {
            begun.fetch_add(1, SeqCst);
            while begun.load(SeqCst) < 200 {
                cx.sleep_async(MS(1)).await; // for all others, on the same thread
            }
        });
    }
    assert!(quick().threads(1).build().run(&graph.compile().unwrap(), ()).success());
}

#[test]
fn so_many_are_in_flight() {
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let pool = Pool::new("pool", 3);
    let plan = |uses: Option<&Pool>| {
        let mut graph = Graph::new();
        for at in 0..20 {
            let (now, most) = (&now, &most);
            graph = graph.job(at.to_string()).uses(uses).run_only_async(async |cx| {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                cx.sleep_async(MS(1)).await;
                now.fetch_sub(1, SeqCst);
            });
        }
        graph.compile().unwrap()
    };
    let at_most = |builder: RunnerBuilder, uses| {
        most.store(0, SeqCst);
        assert!(builder.threads(2).build().run(&plan(uses), ()).success());
        most.load(SeqCst)
    };
    assert_eq!(at_most(quick().max_in_flight(4), None), 4);
    assert_eq!(at_most(quick().max_in_flight(1), None), 1);
    assert_eq!(at_most(quick(), Some(&pool)), 3);
    assert_eq!(at_most(quick().max_in_flight(2), Some(&pool)), 2);
}

#[test]
fn a_panic_of_a_future_is_the_phases() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let plan = Graph::new()
        .job("in a poll")
        .tries(1)
        .run_only_async(async |cx| {
            cx.sleep_async(MS(1)).await;
            panic!("polled");
        })
        .job("in the closure")
        .tries(1)
        .run_only_async(|_| {
            assert!(std::hint::black_box(false), "called");
            ready(())
        })
        .job("in a destructor")
        .tries(1)
        .timeout(MS(1))
        .run_only_async(async |_| {
            let _bomb = Bomb;
            let (_keeps, waits) = std::sync::mpsc::channel::<()>();
            pending_times(1, |waker| std::mem::forget(waker.clone())).await;
            drop(waits);
        })
        .compile()
        .unwrap();
    check(&plan, quick, "FFF");
    let run = quick().build().run(&plan, ());
    assert_eq!(run.report().error("in a poll").unwrap().message(), "polled");
    assert_eq!(run.report().error("in the closure").unwrap().message(), "called");
}

#[test]
fn a_future_has_its_limit() {
    let notes = Notes::default();
    let plan = Graph::new()
        .job("dropped")
        .tries(1)
        .timeout(MS(2))
        .run_only_async(async |cx| {
            cx.sleep_async(LONG).await;
        })
        .job("ends itself")
        .tries(1)
        .timeout(MS(2))
        .run_only_async(async |cx| {
            cx.cancelled().await;
            notes.add("told");
            Err::<(), BoxError>("I have tidied up".into())
        })
        .job("ready in time")
        .timeout(LONG)
        .run_only_async(async |cx| cx.sleep_async(MS(1)).await)
        .compile()
        .unwrap();
    check(&plan, quick, "FFC");
    let run = quick().build().run(&plan, ());
    assert_eq!(run.report().error("dropped").unwrap().class(), ErrorClass::TimedOut);
    assert_eq!(run.report().error("ends itself").unwrap().message(), "I have tidied up");
    assert_eq!(notes.take(), "told told told told told");
}

#[test]
fn a_stop_drops_futures_unless_they_ask_to_be_told() {
    #[derive(Clone, Copy, PartialEq)]
    enum Asks {
        Never,
        AndEnds,
        AndGoesOn,
    }
    /// What stops a run in which a job waits for ever, and how the job ends.
    #[track_caller]
    fn check(stop: fn(&CancelToken), asks: Asks, grace: Duration, expected: &str) {
        for threads in [1, 2] {
            let (token, inside, notes) = (CancelToken::new(), Barrier::new(2), Notes::default());
            let plan = Graph::new()
                .job("waits")
                .cleanup(|_| notes.add("cleaned up"))
                .run_only_async(async |cx| {
                    let cancelled = (asks != Asks::Never).then(|| cx.cancelled());
                    inside.wait();
                    if let Some(cancelled) = cancelled {
                        cancelled.await;
                    }
                    if asks == Asks::AndEnds {
                        return notes.add("told");
                    }
                    cx.sleep_async(LONG).await;
                })
                .job("behind")
                .after("waits")
                .run_only(|_| ())
                .compile()
                .unwrap();
            let trace = Trace::default();
            let builder = quick().threads(threads).cancel_token(&token).grace_period(grace);
            let run = std::thread::scope(|scope| {
                scope.spawn(|| {
                    inside.wait();
                    stop(&token);
                });
                builder.observer(trace.clone()).build().run(&plan, ())
            });
            assert_eq!(judge(&plan, &trace.events()), Ok(()));
            assert_eq!(run.stop_reason(), Some(StopReason::Cancelled));
            assert_eq!(format!("{} {}", statuses(&run), notes.take()), expected, "{}", run.report());
        }
    }
    check(CancelToken::cancel, Asks::Never, LONG, "CC cleaned up");
    check(CancelToken::cancel, Asks::AndEnds, LONG, "CC told cleaned up");
    check(CancelToken::cancel, Asks::AndGoesOn, MS(5), "CC cleaned up"); // so long, and no longer
    check(CancelToken::cancel, Asks::AndGoesOn, Duration::ZERO, "CC cleaned up");
    check(CancelToken::kill, Asks::Never, LONG, "CC cleaned up");
    check(CancelToken::kill, Asks::AndGoesOn, LONG, "CC cleaned up"); // there is no grace
}

#[test]
fn what_has_begun_goes_on_when_drained() {
    let token = CancelToken::new();
    let plan = Graph::new()
        .job("begun")
        .check_async(async |cx| {
            token.drain();
            cx.sleep_async(MS(1)).await;
            cx.phase() == dojobber::Phase::Recheck
        })
        .run_async(async |cx| cx.sleep_async(MS(1)).await)
        .job("behind")
        .after("begun")
        .run_only_async(async |_| ())
        .compile()
        .unwrap();
    let run = quick().cancel_token(&token).build().run(&plan, ());
    assert_eq!(run.status("begun"), Some(Status::Changed));
    assert_eq!(run.status("behind"), Some(Status::Cancelled));
}

#[test]
fn a_try_has_one_local_store_and_a_cleanup_sees_it() {
    const COUNT: Key<u32> = Key::new("count");
    let seen = Mutex::new(Vec::new());
    let plan = Graph::new()
        .job("a")
        .tries(2)
        .cleanup_async(async |cx| {
            cx.sleep_async(MS(1)).await;
            seen.lock().unwrap().push((cx.attempt(), cx.local().get(COUNT).map(|count| *count)));
        })
        .check_async(async |cx| {
            cx.local().update(COUNT, |count| *count += 1);
            cx.attempt() == 2 && cx.phase() == dojobber::Phase::Recheck
        })
        .run(|cx| cx.local().update(COUNT, |count| *count += 10))
        .compile()
        .unwrap();
    check(&plan, quick, "C");
    assert_eq!(*seen.lock().unwrap(), [(2, Some(12)), (1, Some(12))].repeat(4));
}

/// A struct that counts what was called on it, and does in its run what `way` says.
#[derive(Clone)]
struct Counting<'a> {
    way: Way<'a>,
    calls: u32,
    notes: &'a Notes,
}

#[derive(Clone, Copy)]
enum Way<'a> {
    Passes,
    Panics,
    WaitsForEver,
    Stops(&'a CancelToken),
}

impl<A: Send + Sync> AsyncJob<A> for Counting<'_> {
    type Output = u32;

    async fn check(&mut self, cx: &Context<A>) -> Result<u32> {
        self.calls += 1;
        cx.sleep_async(MS(1)).await;
        ensure(self.calls > 2, "not yet")?;
        Ok(self.calls)
    }

    async fn run(&mut self, cx: &Context<A>) -> Result {
        self.calls += 10;
        cx.sleep_async(MS(1)).await;
        match self.way {
            Way::Passes => return Ok(()),
            Way::Panics => panic!("while it borrows its struct"),
            Way::Stops(token) => token.cancel(),
            Way::WaitsForEver => {}
        }
        cx.sleep_async(LONG).await;
        Ok(())
    }

    async fn cleanup(&mut self, cx: &Context<A>) -> Result {
        cx.sleep_async(MS(1)).await;
        self.notes.add(format!("{} calls", self.calls));
        Ok(())
    }
}

#[test]
fn a_struct_may_have_futures_as_phases() {
    const CALLS: Key<u32> = Key::new("calls");
    let notes = Notes::default();
    for way in [Way::Passes, Way::Panics, Way::WaitsForEver] {
        let job = Counting { way, calls: 0, notes: &notes };
        let plan = Graph::new().job(CALLS).timeout(MS(50)).with(job).compile().unwrap();
        check(&plan, quick, "C");
        assert_eq!(notes.take(), ["12 calls"; 4].join(" "), "the struct survives its run, however that ends");
        let run = quick().build().run(&plan, ());
        assert_eq!(run.output(CALLS), Some(&12));
        assert_eq!(notes.take(), "12 calls");
    }
}

#[test]
fn a_struct_survives_a_stop() {
    let (notes, token) = (Notes::default(), CancelToken::new());
    let job = Counting { way: Way::Stops(&token), calls: 0, notes: &notes };
    let plan = Graph::new().job("waits").with_new(|_| Ok(job.clone())).compile().unwrap();
    let run = quick().cancel_token(&token).build().run(&plan, ());
    assert_eq!(run.status("waits"), Some(Status::Cancelled));
    assert_eq!(notes.take(), "11 calls");
}

#[test]
fn structs_of_both_kinds_are_jobs() {
    #[derive(Clone)]
    struct Blocks;
    impl<A> Job<A> for Blocks {
        type Output = ();
        fn check(&mut self, _: &Context<A>) -> Result {
            Ok(())
        }
        fn run(&mut self, _: &Context<A>) -> Result {
            Ok(())
        }
    }
    #[derive(Clone)]
    struct Waits;
    impl AsyncJob<u8> for Waits {
        type Output = u8;
        async fn check(&mut self, cx: &Context<u8>) -> Result<u8> {
            Ok(*cx.args())
        }
        async fn run(&mut self, _: &Context<u8>) -> Result {
            Ok(())
        }
    }
    const SEVEN: Key<u8> = Key::new("seven");
    let plan = Graph::with_args::<u8>()
        .job("a")
        .with(Blocks)
        .job(SEVEN)
        .with(Waits)
        .job("c")
        .after(SEVEN)
        .with_new(|cx| if *cx.output(SEVEN)? == 7 { Ok(Waits) } else { Err("no".into()) })
        .job("d")
        .tries(1)
        .with_new(|_| if std::hint::black_box(true) { Err("no struct".into()) } else { Ok(Waits) })
        .compile()
        .unwrap();
    let run = quick().build().run(&plan, 7);
    assert_eq!(statuses(&run), "SSSF");
    assert_eq!(run.report().error("d").unwrap().message(), "no struct");
}

#[test]
fn a_future_waits_for_another_job() {
    let (sender, receiver) =
        (Mutex::new(None::<Arc<Mutex<Option<Waker>>>>), Arc::<Mutex<Option<Waker>>>::default());
    *sender.lock().unwrap() = Some(Arc::clone(&receiver));
    let told = AtomicUsize::new(0);
    let plan = Graph::new()
        .job("waits")
        .run_only_async(async |_| {
            poll_fn(|task| {
                if told.load(SeqCst) > 0 {
                    return Poll::Ready(());
                }
                *receiver.lock().unwrap() = Some(task.waker().clone());
                Poll::Pending
            })
            .await;
        })
        .job("tells")
        .run_only_async(async |_| {
            told.fetch_add(1, SeqCst);
            let waker = receiver.lock().unwrap().take();
            waker.into_iter().for_each(Waker::wake);
        })
        .compile()
        .unwrap();
    check(&plan, quick, "CC");
}
