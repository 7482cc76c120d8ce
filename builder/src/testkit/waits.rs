//! How the async phases of a scripted world wait, and what wakes them.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use dojobber_core::testkit::is_simulated;

use crate::Context;
use crate::testkit::dice::Dice;

/// How the async phases of one job wait before they do their work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waits {
    /// Not at all: they are ready at the first poll.
    Never,
    /// They are pending so often, and wake themselves while they are polled.
    Polls(u32),
    /// The same; each time they wake themselves twice.
    Twice(u32),
    /// So often for that time, by the clock of the run.
    Sleeps(u32, Duration),
    /// So often for a thread of their own. In a simulation, which has no threads, they wake themselves.
    Threads(u32),
    /// Until the code of some other phase is called, wherever; but no longer than that time.
    Others(Duration),
}

impl Waits {
    /// Any of them, for a time in that range.
    pub(super) fn roll(longest: Duration, dice: &mut Dice<'_>) -> Self {
        let time = Duration::from_nanos(dice.below(longest.as_nanos() as usize + 1) as u64);
        let often = 1 + dice.below(3) as u32;
        match dice.below(6) {
            0 => Waits::Never,
            1 => Waits::Polls(often),
            2 => Waits::Twice(often),
            3 => Waits::Sleeps(often, time),
            4 => Waits::Threads(often),
            _ => Waits::Others(time),
        }
    }

    /// Waits like that.
    pub(super) async fn wait(self, cx: &Context, calls: &Calls) {
        match self {
            Waits::Never => {}
            Waits::Polls(often) => pending(often, Waker::wake_by_ref).await,
            Waits::Twice(often) => {
                pending(often, |waker| {
                    let other = waker.clone();
                    waker.wake_by_ref();
                    other.wake();
                })
                .await;
            }
            Waits::Sleeps(often, time) => {
                for _ in 0..often {
                    cx.sleep_async(time).await;
                }
            }
            Waits::Threads(often) => {
                for _ in 0..often {
                    thread().await;
                }
            }
            Waits::Others(time) => calls.next(cx, time).await,
        }
    }
}

/// Is pending so often, and does something with its waker each time.
async fn pending(mut often: u32, wake: impl Fn(&Waker)) {
    poll_fn(|task| {
        if often == 0 {
            return Poll::Ready(());
        }
        often -= 1;
        wake(task.waker());
        Poll::Pending
    })
    .await;
}

/// Waits for a thread that does nothing else.
async fn thread() {
    if is_simulated() {
        return pending(1, Waker::wake_by_ref).await;
    }
    let (done, mut has_begun) = (Arc::new(AtomicBool::new(false)), false);
    poll_fn(|task| {
        if done.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        if !std::mem::replace(&mut has_begun, true) {
            let (done, waker) = (Arc::clone(&done), task.waker().clone());
            // detached: it may outlive the phase, as a waker may
            std::thread::spawn(move || {
                done.store(true, Ordering::Release);
                waker.wake();
            });
        }
        Poll::Pending
    })
    .await;
}

/// Counts the calls of a world, and wakes who waits for the next one.
#[derive(Debug, Default)]
pub(super) struct Calls {
    count: AtomicU64,
    waiting: Mutex<Vec<Waker>>,
}

impl Calls {
    /// One more.
    pub(super) fn add(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *self.lock());
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Waits for one more, but no longer than that.
    async fn next(&self, cx: &Context, longest: Duration) {
        let before = self.count.load(Ordering::SeqCst);
        let mut sleep = pin!(cx.sleep_async(longest));
        poll_fn(|task| {
            self.lock().push(task.waker().clone()); // before the count is read, so that no call is missed
            if self.count.load(Ordering::SeqCst) > before {
                return Poll::Ready(());
            }
            sleep.as_mut().poll(task)
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
