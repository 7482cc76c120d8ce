//! What a token tells, to whom, and when.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use super::{CancelToken, StopLevel};
use crate::cancel::bell::Bell;
use crate::words::StopReason;

use StopLevel::{Cancel, Drain, Kill, None as Nothing};

#[derive(Default)]
struct Calls(AtomicUsize);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Calls {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[track_caller]
fn check(raised: &[StopLevel], level: StopLevel, calls: usize) {
    let (token, counter) = (CancelToken::new(), Arc::new(Calls::default()));
    let child = CancelToken::child_of(&[&token]);
    let grandchild = CancelToken::child_of(&[&CancelToken::new(), &child]);
    let listening = grandchild.listen(Nothing, Waker::from(Arc::clone(&counter))).unwrap();
    for to in raised {
        token.raise(*to, StopReason::Signal(*to as i32));
    }
    let first = raised.iter().find(|level| **level > Nothing).map(|level| StopReason::Signal(*level as i32));
    for token in [&token, &child, &grandchild] {
        assert_eq!((token.level(), token.is_cancelled()), (level, level >= Cancel));
        assert_eq!(token.reason(), first);
    }
    assert_eq!(counter.count(), calls);
    drop(listening);
    token.kill();
    assert_eq!(counter.count(), calls, "who has left is not called");
}

#[test]
fn a_level_only_rises_and_each_rise_is_told_once() {
    check(&[], Nothing, 0);
    check(&[Nothing], Nothing, 0);
    check(&[Drain], Drain, 1);
    check(&[Drain, Drain], Drain, 1);
    check(&[Cancel, Drain], Cancel, 1);
    check(&[Drain, Cancel, Kill, Cancel], Kill, 3);
    check(&[Kill, Cancel], Kill, 1);
}

#[test]
fn the_public_methods_are_the_levels() {
    let token = CancelToken::new();
    let levels =
        [CancelToken::drain, CancelToken::cancel, CancelToken::kill, CancelToken::drain].map(|raise| {
            raise(&token.clone());
            token.level()
        });
    assert_eq!(levels, [Drain, Cancel, Kill, Kill]);
    assert_eq!(format!("{token:?}"), "CancelToken { level: Kill, reason: Some(Cancelled) }");
}

#[test]
fn a_child_raises_nobody_and_begins_as_high_as_its_parents() {
    let (high, low) = (CancelToken::new(), CancelToken::new());
    high.raise(Cancel, StopReason::Signal(2));
    low.drain();
    let child = CancelToken::child_of(&[&low, &high]);
    assert_eq!((child.level(), child.reason()), (Cancel, Some(StopReason::Cancelled)), "low was told first");
    child.kill();
    assert_eq!((high.level(), low.level()), (Cancel, Drain));
}

#[test]
fn who_listens_to_an_older_level_is_refused() {
    let token = CancelToken::new();
    token.drain();
    assert!(token.listen(Nothing, Waker::noop().clone()).is_none());
    assert!(token.listen(Drain, Waker::noop().clone()).is_some());
}

#[test]
fn nothing_is_left_of_children_and_listeners() {
    let token = CancelToken::new();
    let (child, listening) = (CancelToken::child_of(&[&token]), token.listen(Nothing, Waker::noop().clone()));
    assert_eq!(token.inner.lock().listeners.len(), 2);
    drop((child, listening));
    assert_eq!(token.inner.lock().listeners.len(), 0);
    assert_eq!(Arc::strong_count(&token.inner), 1);
}

#[test]
fn a_future_is_ready_from_cancel_on() {
    let (token, counter) = (CancelToken::new(), Arc::new(Calls::default()));
    let waker = Waker::from(Arc::clone(&counter));
    let mut future = std::pin::pin!(token.cancelled());
    let mut poll = || future.as_mut().poll(&mut Context::from_waker(&waker));
    assert_eq!(poll(), Poll::Pending);
    token.drain();
    assert_eq!((poll(), counter.count()), (Poll::Pending, 1));
    token.cancel();
    assert_eq!((poll(), counter.count()), (Poll::Ready(()), 2));
}

/// A waker that uses the token as it is called, cloned and dropped.
struct Meddles(CancelToken);

impl Wake for Meddles {
    fn wake(self: Arc<Self>) {
        self.0.kill();
        drop(self.0.listen(Kill, Waker::noop().clone()));
    }
}

impl Drop for Meddles {
    fn drop(&mut self) {
        self.0.kill();
        assert_eq!(self.0.reason(), Some(StopReason::Cancelled));
    }
}

#[test]
fn no_lock_is_held_while_somebody_is_called_or_dropped() {
    let token = CancelToken::new();
    let listening = token.listen(Nothing, Waker::from(Arc::new(Meddles(token.clone()))));
    token.drain();
    assert_eq!(token.level(), Kill);
    drop(listening);

    let token = CancelToken::new();
    drop(token.listen(Nothing, Waker::from(Arc::new(Meddles(token.clone())))));
    assert_eq!(token.level(), Kill, "by the waker that was dropped");
    assert!(token.listen(Nothing, Waker::from(Arc::new(Meddles(token.clone())))).is_none());
}

#[test]
fn one_of_many_threads_raises_it() {
    for _ in 0..200 {
        let (token, counter, barrier) = (CancelToken::new(), Arc::new(Calls::default()), Barrier::new(3));
        let child = CancelToken::child_of(&[&token]);
        let _listening = child.listen(Nothing, Waker::from(Arc::clone(&counter)));
        std::thread::scope(|scope| {
            for level in [Drain, Cancel, Kill] {
                let (token, barrier) = (&token, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    token.raise(level, StopReason::Signal(level as i32));
                });
            }
        });
        assert_eq!((child.level(), child.reason()), (Kill, token.reason()));
        assert!((1..=3).contains(&counter.count()));
    }
}

#[test]
fn a_sleeper_is_woken_whenever_it_is_raised() {
    for _ in 0..50 {
        let token = CancelToken::new();
        let other = token.clone();
        let thread = std::thread::spawn(move || other.cancel());
        let bell = Bell::new();
        if let Some(_listening) = token.listen(Nothing, bell.waker()) {
            assert!(bell.wait_until(None));
        }
        assert!(token.is_cancelled());
        thread.join().unwrap();
    }
    assert!(!Bell::new().wait_until(Some(Instant::now())), "nobody rang");
}

#[test]
fn a_moment_may_raise_it() {
    let (first, second, never) = (CancelToken::new(), CancelToken::new(), CancelToken::new());
    let now = Instant::now();
    never.cancel_at(now + Duration::from_secs(86400));
    second.cancel_at(now + Duration::from_millis(20));
    first.cancel_at(now);
    let bell = Bell::new();
    for token in [&first, &second] {
        if let Some(_listening) = token.listen(Nothing, bell.waker()) {
            assert!(bell.wait_until(None));
        }
        assert_eq!((token.level(), token.reason()), (Cancel, Some(StopReason::TimedOut)));
    }
    assert_eq!(never.level(), Nothing);
}

#[test]
fn a_use_lasts_as_long_as_its_guard() {
    let token = CancelToken::new();
    let (one, two) = (token.in_use(), token.clone().in_use());
    drop(one);
    assert_eq!(token.inner.users.load(Ordering::SeqCst), 1);
    drop(two);
    assert_eq!(token.inner.users.load(Ordering::SeqCst), 0);
}
