//! The wakers of pending tries against workers that sleep, against each other, and against the end of the run. A wake-up that
//! is lost leaves a worker asleep for ever: loom calls that a deadlock.

use std::sync::Arc;
use std::task::Waker;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::exec::crew::{Crew, Polled};

/// Checks every order, or those with so many preemptions at most.
fn model(bound: Option<usize>, check: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = bound;
    model.check(check);
}

/// Does something with a waker, on another thread.
fn elsewhere(waker: &Waker, act: impl FnOnce(Waker) + 'static) {
    let waker = waker.clone();
    thread::spawn(move || act(waker));
}

/// Another thread says something, and wakes the try for it.
fn say(said: &Arc<AtomicUsize>, waker: &Waker, wake: fn(Waker)) {
    let said = Arc::clone(said);
    elsewhere(waker, move |waker| {
        said.store(1, Ordering::Release);
        wake(waker);
    });
}

/// A job that is ready as soon as a thread has said so, which wakes it then. The thread is begun at the first poll.
fn told_by_a_thread(has_alarm: bool, wake: fn(Waker)) -> Arc<Crew> {
    let said = Arc::new(AtomicUsize::new(0));
    Crew::new(1, has_alarm, move |_, _, _, polls, waker| {
        if said.load(Ordering::Acquire) > 0 {
            return Polled::Ready;
        }
        if polls == 1 {
            say(&said, waker, wake);
        }
        Polled::Pending
    })
}

fn forsaken(crew: &Crew) -> usize {
    crew.forsaken.load(Ordering::Relaxed)
}

/// One waker, in every order: with a worker that sleeps until it is called, and with one that keeps an alarm besides.
fn one_waker(helpers: usize, bound: Option<usize>, wake: fn(Waker)) {
    for has_alarm in [false, true] {
        model(bound, move || {
            let crew = told_by_a_thread(has_alarm, wake);
            crew.run(helpers);
            assert_eq!(forsaken(&crew), 0);
        });
    }
}

checks! {
    fn a_wake_up_is_never_lost() {
        one_waker(0, None, Waker::wake);
        one_waker(1, Some(3), Waker::wake);
    }

    fn the_second_of_two_wake_ups_is_in_vain() {
        one_waker(0, None, |waker| {
            waker.wake_by_ref();
            waker.wake();
        });
    }

    /// At every poll but the last, the future wakes itself; so it may be woken before it is put aside.
    fn a_future_that_wakes_itself() {
        for helpers in [0, 1] {
            model(None, move || {
                let crew = Crew::new(1, false, |_, _, _, polls, waker| {
                    if polls == 3 {
                        return Polled::Ready;
                    }
                    waker.wake_by_ref();
                    Polled::Pending
                });
                crew.run(helpers);
            });
        }
    }

    fn a_try_ends_that_nobody_can_wake() {
        for has_alarm in [false, true] {
            model(None, move || {
                let crew = Crew::new(1, has_alarm, |_, _, _, polls, waker| {
                    assert_eq!(polls, 1, "it is not polled again");
                    elsewhere(waker, drop);
                    Polled::Pending
                });
                crew.run(0);
                assert_eq!(forsaken(&crew), 1);
            });
        }
        // nobody has ever had a waker
        model(None, || {
            let crew = Crew::new(1, false, |_, _, _, _, _| Polled::Pending);
            crew.run(0);
            assert_eq!(forsaken(&crew), 1);
        });
    }

    /// The wakers of an earlier phase are called and dropped while a later one is pending: neither wakes it for good, nor is
    /// it taken for forsaken.
    fn wakers_of_earlier_phases_ring_in_vain() {
        model(Some(4), || {
            let said = Arc::new(AtomicUsize::new(0));
            let crew = Crew::new(1, false, move |_, _, phase, polls, waker| match phase {
                0 => {
                    elsewhere(waker, |waker| waker.wake_by_ref());
                    Polled::NextPhase
                }
                _ if said.load(Ordering::Acquire) > 0 => Polled::Ready,
                _ => {
                    if polls == 1 {
                        say(&said, waker, Waker::wake);
                    }
                    Polled::Pending
                }
            });
            crew.run(0);
            assert_eq!(forsaken(&crew), 0);
        });
    }

    /// The last waker of a phase is dropped, which goes on meanwhile because its limit is over: the next phase is not taken for
    /// forsaken.
    fn the_last_waker_is_dropped_late() {
        model(Some(3), || {
            let (said, reached) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let seen = Arc::clone(&reached);
            let crew = Crew::new(1, false, move |crew, _, phase, polls, waker| match (phase, polls) {
                (0, 1) => {
                    let hall = Waker::from(Arc::clone(&crew.hall));
                    elsewhere(waker, |waker| {
                        hall.wake(); // something that the model sees: it knows nothing of who holds a waker
                        drop(waker);
                    });
                    Polled::Overdue
                }
                (0, _) => Polled::NextPhase,
                _ if said.load(Ordering::Acquire) > 0 => Polled::Ready,
                _ => {
                    if polls == 1 {
                        reached.store(1, Ordering::Relaxed);
                        say(&said, waker, Waker::wake);
                    }
                    Polled::Pending
                }
            });
            crew.run(0);
            assert!(forsaken(&crew) == 0 || seen.load(Ordering::Relaxed) == 0);
        });
    }

    fn a_waker_outlives_the_run() {
        model(None, || {
            let crew = Crew::new(1, false, |_, _, _, _, waker| {
                elsewhere(waker, Waker::wake);
                Polled::Ready
            });
            crew.run(0);
            assert_eq!(forsaken(&crew), 0);
        });
    }

    /// One of two clones is called, and the other one dropped.
    fn two_wakers_of_one_try() {
        model(Some(3), || {
            let said = Arc::new(AtomicUsize::new(0));
            let crew = Crew::new(1, false, move |_, _, _, polls, waker| {
                if said.load(Ordering::Acquire) > 0 {
                    return Polled::Ready;
                }
                if polls == 1 {
                    elsewhere(waker, drop);
                    say(&said, waker, Waker::wake);
                }
                Polled::Pending
            });
            crew.run(0);
            assert_eq!(forsaken(&crew), 0);
        });
    }

    /// Two jobs, a thread for each; one worker, and two.
    fn two_wakers_of_two_tries() {
        for (helpers, has_alarm, bound) in [(0, false, 3), (0, true, 3), (1, false, 2), (1, true, 2)] {
            model(Some(bound), move || {
                let said: [Arc<AtomicUsize>; 2] = Default::default();
                let crew = Crew::new(2, has_alarm, move |_, job, _, polls, waker| {
                    if said[job.index()].load(Ordering::Acquire) > 0 {
                        return Polled::Ready;
                    }
                    if polls == 1 {
                        say(&said[job.index()], waker, Waker::wake);
                    }
                    Polled::Pending
                });
                crew.run(helpers);
                assert_eq!(forsaken(&crew), 0);
            });
        }
    }

    /// One job waits for what another one tells it, whichever begins first.
    fn a_job_wakes_another() {
        for helpers in [0, 1] {
            model(Some(3), move || {
                let told = loom::sync::Mutex::new((false, None::<Waker>));
                let crew = Crew::new(2, false, move |_, job, _, _, waker| {
                    let mut told = told.lock().unwrap();
                    if job.index() == 1 {
                        told.0 = true;
                        let other = told.1.take();
                        drop(told);
                        other.into_iter().for_each(Waker::wake);
                        return Polled::Ready;
                    }
                    if told.0 {
                        return Polled::Ready;
                    }
                    told.1 = Some(waker.clone());
                    Polled::Pending
                });
                crew.run(helpers);
                assert_eq!(forsaken(&crew), 0);
            });
        }
    }

    /// A stop ends a try whose waker is never called, whatever the workers do when it comes.
    fn a_stop_is_never_slept_through() {
        for (helpers, bound) in [(0, None), (1, Some(3))] {
            for has_alarm in [false, true] {
                model(bound, move || {
                    let kept = loom::sync::Mutex::new(None::<Waker>);
                    let crew = Crew::new(1, has_alarm, move |_, _, _, _, waker| {
                        *kept.lock().unwrap() = Some(waker.clone());
                        Polled::Pending
                    });
                    let stopper = Arc::clone(&crew);
                    thread::spawn(move || {
                        stopper.is_stopped.store(true, Ordering::Release);
                        Waker::from(Arc::clone(&stopper.hall)).wake();
                    });
                    crew.run(helpers);
                    assert_eq!(forsaken(&crew), 0);
                });
            }
        }
    }
}
