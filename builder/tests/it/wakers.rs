//! Wakers that are called at every odd moment, and never.

use std::future::poll_fn;
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use dojobber::{Cleanup, ErrorClass, Graph, Plan, Runner};

use crate::support::{Trace, check, pending_times, quick};

const MS: fn(u64) -> Duration = Duration::from_millis;

/// Several jobs, each of which is pending three times.
fn pending_jobs<'a>(act: impl Fn(&Waker) + Clone + Send + Sync + 'a) -> Plan<'a> {
    let job = |graph: Graph<'a>, at: usize| {
        let act = act.clone();
        graph.job(at.to_string()).run_only_async(move |_| pending_times(3, act.clone()))
    };
    (0..4).fold(Graph::new(), job).compile().unwrap()
}

#[test]
fn during_the_poll() {
    check(&pending_jobs(Waker::wake_by_ref), quick, "CCCC");
}

#[test]
fn twice() {
    let twice = |waker: &Waker| {
        waker.wake_by_ref();
        waker.wake_by_ref();
    };
    check(&pending_jobs(twice), quick, "CCCC");
}

#[test]
fn twice_when_it_is_pending() {
    let later = |waker: &Waker| {
        let waker = waker.clone();
        drop(std::thread::spawn(move || {
            waker.wake_by_ref();
            waker.wake();
        }));
    };
    check(&pending_jobs(later), quick, "CCCC");
}

#[test]
fn by_a_plain_thread() {
    let by_a_thread = |waker: &Waker| {
        let waker = waker.clone();
        drop(std::thread::spawn(move || waker.wake()));
    };
    check(&pending_jobs(by_a_thread), quick, "CCCC");
}

#[test]
fn from_eight_threads_at_once() {
    let from_all = |waker: &Waker| {
        let start = Arc::new(Barrier::new(8));
        for _ in 0..8 {
            let (waker, start) = (waker.clone(), Arc::clone(&start));
            drop(std::thread::spawn(move || {
                start.wait();
                waker.wake();
            }));
        }
    };
    check(&pending_jobs(from_all), quick, "CCCC");
}

#[test]
fn after_the_try_and_for_an_older_one() {
    let kept = Mutex::new(Vec::<Waker>::new());
    let plan = Graph::new()
        .job("fails twice")
        .tries(3)
        .run_only_async(async |cx| {
            pending_times(2, |waker| {
                let mut kept = kept.lock().unwrap();
                kept.push(waker.clone());
                kept.iter().for_each(Waker::wake_by_ref); // those of older tries, too
            })
            .await;
            cx.attempt() == 3
        })
        .job("wakes it when it is over")
        .after("fails twice")
        .run_only_async(async |_| kept.lock().unwrap().iter().for_each(Waker::wake_by_ref))
        .compile()
        .unwrap();
    check(&plan, quick, "CC");
}

#[test]
fn an_older_try_wakes_nobody_else() {
    let kept = Mutex::new(Vec::<Waker>::new());
    let plan = Graph::new()
        .job("a")
        .tries(2)
        .timeout(MS(30))
        .run_only_async(async |cx| {
            let mut polls = 0;
            poll_fn(|task| {
                polls += 1;
                let mut kept = kept.lock().unwrap();
                if cx.attempt() == 1 {
                    kept.push(task.waker().clone());
                    return Poll::Ready(());
                }
                kept.drain(..).for_each(Waker::wake);
                std::mem::forget(task.waker().clone());
                Poll::Pending
            })
            .await;
            cx.attempt() == 2
        })
        .compile()
        .unwrap();
    let run = quick().build().run(&plan, ());
    let error = run.report().error("a").unwrap();
    assert_eq!(error.class(), ErrorClass::TimedOut, "it was woken by nobody: {error}");
}

#[test]
fn after_the_run() {
    let kept = Mutex::new(Vec::<Waker>::new());
    {
        let keep = |waker: &Waker| {
            kept.lock().unwrap().push(waker.clone());
            waker.wake_by_ref();
        };
        check(&pending_jobs(keep), quick, "CCCC");
    }
    let kept = kept.into_inner().unwrap();
    kept.iter().for_each(Waker::wake_by_ref);
    kept.into_iter().for_each(Waker::wake);
}

/// A context may outlive its run, as in a thread that nobody has waited for: what it says then is lost, and so is what its
/// commands write.
#[test]
fn a_context_says_nothing_after_the_run() {
    for cleanup in [Cleanup::AtEnd, Cleanup::ByHand, Cleanup::OnDrop] {
        let kept = Mutex::new(None);
        let plan = Graph::new()
            .job("a")
            .cleanup(|cx| cx.log("cleaned up"))
            .run_only_async(|cx| {
                cx.log("in time");
                *kept.lock().unwrap() = Some(cx);
                std::future::ready(())
            })
            .compile()
            .unwrap();
        let trace = Trace::default();
        let mut run = Runner::builder().cleanup(cleanup).observer(trace.clone()).build().run(&plan, ());
        let lines = if cleanup == Cleanup::AtEnd { 2 } else { 1 };
        assert_eq!(run.job("a").unwrap().log().len(), lines);
        let run = if cleanup == Cleanup::OnDrop {
            drop(run);
            None
        } else {
            assert!(run.cleanup().is_empty());
            Some(run)
        };
        let before = trace.events().len();
        let cx = kept.lock().unwrap().take().unwrap();
        cx.log("too late");
        cx.progress(1, 1);
        if cfg!(unix) {
            cx.command("echo").arg("too late").stream_output().run().unwrap();
        }
        assert_eq!(trace.events().len(), before, "{cleanup:?}");
        drop(run);
    }
}

#[test]
fn dropped_unused() {
    let plan = Graph::new()
        .job("at once")
        .tries(1)
        .run_only_async(async |_| pending_times(1, |_| ()).await)
        .job("later")
        .tries(1)
        .run_only_async(async |_| {
            pending_times(1, |waker| {
                let waker = waker.clone();
                drop(std::thread::spawn(move || drop(waker)));
            })
            .await;
        })
        .compile()
        .unwrap();
    check(&plan, quick, "FF");
    for job in quick().build().run(&plan, ()).jobs() {
        let error = job.error().unwrap().message();
        assert!(error.contains("nobody can wake it any more"), "{error}");
    }
}

#[test]
fn leaked() {
    let plan = Graph::new()
        .job("waits for its limit")
        .tries(1)
        .timeout(MS(5))
        .run_only_async(async |_| pending_times(99, |waker| std::mem::forget(waker.clone())).await)
        .compile()
        .unwrap();
    check(&plan, quick, "F");
    let run = quick().build().run(&plan, ());
    assert_eq!(run.jobs().next().unwrap().error().unwrap().class(), ErrorClass::TimedOut);
}
