//! The counters, sleeping and waking of the workers of plain plans. Each closure is executed once for every behaviour that
//! there can be; a deadlock fails it.

use std::cell::Cell;
use std::time::Duration;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use loom::thread;

use crate::exec::counts::{Ended, take};
use crate::exec::sleep::Sleep;

/// How many of several threads found `true`.
fn trues(threads: Vec<thread::JoinHandle<bool>>) -> usize {
    threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
}

/// Exactly one of several workers, each of which has executed so many dependencies of a job, is the last; it sees what the others
/// have written.
fn dependencies_of_a_job(shares: &'static [u32]) {
    loom::model(move || {
        let shared = Arc::new((
            AtomicU32::new(shares.iter().sum()),
            shares.iter().map(|_| AtomicUsize::new(0)).collect::<Vec<_>>(),
        ));
        let worker = |at: usize| {
            let shared = Arc::clone(&shared);
            move || {
                let (left, ends) = &*shared;
                ends[at].store(1, Ordering::Relaxed);
                let is_last = take(left, shares[at]);
                if is_last {
                    assert!(ends.iter().all(|end| end.load(Ordering::Relaxed) == 1));
                }
                is_last
            }
        };
        let threads = (1..shares.len()).map(|at| thread::spawn(worker(at))).collect();
        let here = usize::from(worker(0)());
        assert_eq!(here + trues(threads), 1);
    });
}

/// What the sleepers look for: a counter in the place of the deques.
#[derive(Default)]
struct Desk {
    work: AtomicUsize,
    done: AtomicUsize,
    sleep: Sleep,
}

impl Desk {
    fn offer(&self) {
        self.work.fetch_add(1, Ordering::Relaxed);
        self.sleep.offer();
    }

    fn take(&self) -> bool {
        self.work.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |work| work.checked_sub(1)).is_ok()
    }

    /// As a worker does: takes what there is, and sleeps while there is nothing, until so much was done in all.
    fn work(&self, all: usize) {
        while self.done.load(Ordering::Acquire) < all {
            if self.take() {
                if self.done.fetch_add(1, Ordering::AcqRel) + 1 == all {
                    self.sleep.end();
                }
            } else {
                let is_over = || self.done.load(Ordering::Acquire) == all;
                self.sleep.sleep(|| is_over() || self.work.load(Ordering::Relaxed) > 0, || None);
            }
        }
    }
}

/// Nobody sleeps, and no call is under way: an offer calls nobody, and who goes to sleep then is not called.
fn check_all_are_up(sleep: &Sleep) {
    let was_called = Cell::new(true);
    sleep.offer();
    let alarm = || {
        was_called.set(false);
        Some(Duration::ZERO)
    };
    sleep.sleep(|| false, alarm);
    assert!(!was_called.get(), "a call for nobody");
}

/// As many workers as offers: each takes one, and calls the next if it sees more.
fn calls_reach_sleepers(workers: usize) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        let desk = Arc::new(Desk::default());
        let workers: Vec<_> = (0..workers)
            .map(|_| {
                let desk = Arc::clone(&desk);
                thread::spawn(move || {
                    let is_there_work = || desk.work.load(Ordering::Relaxed) > 0;
                    while !desk.take() {
                        desk.sleep.sleep(is_there_work, || None);
                    }
                    if is_there_work() {
                        desk.sleep.offer();
                    }
                })
            })
            .collect();
        workers.iter().for_each(|_| desk.offer());
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        check_all_are_up(&desk.sleep);
    });
}

checks! {
    fn the_last_of_two_dependencies_sees_both() {
        dependencies_of_a_job(&[1, 1]);
    }

    fn the_last_of_three_dependencies_sees_all() {
        dependencies_of_a_job(&[1, 1, 1]);
    }

    fn one_who_takes_several_at_once_may_be_the_last() {
        dependencies_of_a_job(&[1, 3]);
        dependencies_of_a_job(&[2, 1, 2]);
    }

    /// A worker that sees that all jobs have ended sees what they have written.
    fn the_end_is_seen_with_all_that_came_before() {
        loom::model(|| {
            let shared = Arc::new((Ended::new(1, 4), AtomicUsize::new(0), AtomicUsize::new(0)));
            let worker = |ended: usize| {
                let shared = Arc::clone(&shared);
                move || {
                    let (all, one, two) = &*shared;
                    if ended == 1 { one } else { two }.store(1, Ordering::Relaxed);
                    let is_last = all.add(ended);
                    assert!(!is_last || all.are_all());
                    if all.are_all() {
                        assert_eq!((one.load(Ordering::Relaxed), two.load(Ordering::Relaxed)), (1, 1));
                    }
                    is_last
                }
            };
            let other = thread::spawn(worker(1));
            let here = usize::from(worker(2)());
            assert_eq!(here + trues(vec![other]), 1);
        });
    }

    /// A lost wake-up would leave the sleeper asleep for ever: loom calls that a deadlock.
    fn work_that_is_offered_is_never_slept_through() {
        loom::model(|| {
            let desk = Arc::new(Desk::default());
            let sleeper = {
                let desk = Arc::clone(&desk);
                thread::spawn(move || desk.work(1))
            };
            desk.offer();
            sleeper.join().unwrap();
        });
    }

    fn two_offers_find_two_sleepers_or_one_that_takes_both() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(2);
        model.check(|| {
            let desk = Arc::new(Desk::default());
            let sleepers: Vec<_> = (0..2)
                .map(|_| {
                    let desk = Arc::clone(&desk);
                    thread::spawn(move || desk.work(2))
                })
                .collect();
            desk.offer();
            desk.offer();
            sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
            assert_eq!(desk.done.load(Ordering::Relaxed), 2);
        });
    }

    fn a_call_is_for_one_who_sleeps() {
        calls_reach_sleepers(1);
        calls_reach_sleepers(2);
    }

    /// A retry that is planned while another worker goes to sleep: it sets its alarm by it, or sees it at once.
    fn a_new_retry_is_never_slept_through() {
        loom::model(|| {
            let shared = Arc::new((Sleep::default(), AtomicUsize::new(0)));
            let sleeper = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let (sleep, retries) = &*shared;
                    while retries.load(Ordering::Acquire) == 0 {
                        // an alarm that rings at once, where there is a retry
                        let alarm = || (retries.load(Ordering::Relaxed) > 0).then_some(Duration::ZERO);
                        sleep.sleep(|| false, alarm);
                    }
                })
            };
            shared.1.store(1, Ordering::Release);
            shared.0.set_alarms();
            sleeper.join().unwrap();
        });
    }

    fn the_end_wakes_everybody() {
        loom::model(|| {
            let sleep = Arc::new(Sleep::default());
            let sleeper = {
                let sleep = Arc::clone(&sleep);
                thread::spawn(move || sleep.sleep(|| false, || None))
            };
            sleep.end();
            sleeper.join().unwrap();
            sleep.sleep(|| false, || None); // and nobody falls asleep after it
        });
    }
}
