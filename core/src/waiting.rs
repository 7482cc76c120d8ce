//! Waiting for a future where no worker polls it: in a cleanup, and in a simulation.

use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use crate::cancel::{Bell, StopLevel};
use crate::context::Context;
use crate::error::Result;
use crate::limits::Pending;

/// Waits for a future on this thread, and serves its timers. It is ended by what ends the phase, as any other future is.
///
/// # Panics
///
/// In a simulation, if only something outside of it could wake the future.
pub(crate) fn block_on<A, T>(cx: &Context<A>, future: impl Future<Output = Result<T>>) -> Result<T> {
    // a simulation enters no runtime
    if cx.world().clock.is_virtual() {
        wait_for(cx, future)
    } else {
        let runtime = &cx.world().runtime;
        runtime.hold(|| runtime.enter(|| wait_for(cx, future)))
    }
}

fn wait_for<A, T>(cx: &Context<A>, future: impl Future<Output = Result<T>>) -> Result<T> {
    let (bell, limits) = (Bell::new(), cx.limits());
    let waker = bell.waker();
    let (mut future, mut until) = (pin!(future), None);
    loop {
        let seen = limits.map_or(StopLevel::None, |limits| limits.stop().level());
        limits.iter().for_each(|limits| limits.tell_over());
        if let Poll::Ready(result) = cx.world().timers.serve(&waker, |task| future.as_mut().poll(task)) {
            return result;
        }
        match limits.map_or(Pending::Waits(None), |limits| limits.pending(&mut until)) {
            Pending::Waits(deadline) => sleep(cx, &bell, seen, deadline),
            Pending::Ends(over) => return Err(over.error()),
        }
        if let Some(over) = limits.and_then(|limits| limits.ends_unasked()) {
            return Err(over.error());
        }
    }
}

/// Sleeps until the bell rings, the run is stopped higher than was seen, or it is time.
fn sleep<A>(cx: &Context<A>, bell: &std::sync::Arc<Bell>, seen: StopLevel, deadline: Option<u64>) {
    let listening = cx.limits().map(|limits| limits.stop().listen(seen, bell.waker()));
    if listening.as_ref().is_some_and(Option::is_none) {
        return; // it has been stopped meanwhile
    }
    let (clock, timers) = (&cx.world().clock, &cx.world().timers);
    loop {
        let alarm = timers.first_due().into_iter().chain(deadline).min();
        // a simulation waits for nothing outside
        let until =
            if clock.is_virtual() { Some(Instant::now()) } else { alarm.and_then(|at| clock.instant(at)) };
        if bell.wait_until(until) {
            return;
        }
        match alarm {
            Some(alarm) => _ = clock.pass_until(alarm),
            None => panic!(
                "the {} of job `{}` waits for something that a simulation does not know",
                cx.phase(),
                cx.job()
            ),
        }
        timers.fire(clock.now());
        if deadline.is_some_and(|deadline| deadline <= clock.now()) {
            return;
        }
    }
}
