//! The call of an async phase, which goes on from poll to poll.

use std::task::{Poll, Waker};

use crate::context::Place;
use crate::error::{BoxError, Result};
use crate::exec::live::Live;
use crate::exec::spans::PhaseSpan;
#[cfg(feature = "testkit")]
use crate::faults::FaultyCall;
use crate::job::{Called, Later};
use crate::timers::LazyTimers;
use crate::unwind;
use crate::verdict::Value;

/// Calls the code of a phase, and polls its future if it is one. `Err`: that waits.
///
/// The future and its result stand outside of what catches a panic: so what is dropped while that unwinds is nothing of the
/// user's that might panic, too.
pub(super) fn call_and_poll<'env>(
    timers: &LazyTimers,
    waker: &Waker,
    call: impl FnOnce() -> Called<'env>,
) -> Result<Result<Value>, Later<'env>> {
    let (mut later, mut polled) = (None, Poll::Pending);
    let caught = unwind::catch(|| {
        match call() {
            Called::Returned(result) => polled = Poll::Ready(result),
            Called::Later(future) => {
                polled = timers.serve(waker, |task| later.insert(future).poll(task));
                if polled.is_ready() {
                    drop(later.take());
                }
            }
        }
        Ok(())
    });
    match (caught, polled, later) {
        (Ok(()), Poll::Ready(result), _) => Ok(result),
        (Ok(()), Poll::Pending, later) => Err(later.expect("what is pending is there")),
        (Err(panic), polled, later) => Ok(panicked(panic, polled, later)),
    }
}

/// What a phase comes to that has panicked: in the call that makes its future, in a poll, or in its destructor.
#[cold]
fn panicked(panic: BoxError, polled: Poll<Result<Value>>, later: Option<Later<'_>>) -> Result<Value> {
    let _ = unwind::discard(later);
    match polled {
        Poll::Ready(Err(error)) => {
            let _ = unwind::discard(panic);
            Err(error)
        }
        polled => {
            let _ = unwind::discard(polled);
            Err(panic)
        }
    }
}

/// Polls a future once. What is returned is what the phase has come to.
pub(super) fn poll(timers: &LazyTimers, waker: &Waker, future: &mut Later<'_>) -> Poll<Result<Value>> {
    unwind::catch(|| Ok(timers.serve(waker, |task| future.poll(task))))
        .unwrap_or_else(|panic| Poll::Ready(Err(panic)))
}

/// What a phase comes to whose future is dropped after that result. A panic in its destructor is the phase's.
pub(super) fn dropped(future: Later<'_>, result: Result<Value>) -> Result<Value> {
    match (unwind::discard(future), result) {
        (Err(panic), Ok(value)) => {
            let _ = unwind::discard(value);
            Err(panic)
        }
        (_, result) => result,
    }
}

/// What stands around the code of one async phase: its span, and the faults of the test kit.
pub(super) struct AsyncCall {
    span: PhaseSpan,
    #[cfg(feature = "testkit")]
    faulty: Option<FaultyCall>,
}

#[cfg(not(feature = "testkit"))]
impl AsyncCall {
    #[inline]
    pub(super) fn begin<A>(live: &Live<'_, A>, place: Place) -> Self {
        AsyncCall { span: live.spans.phase(live.graph(), place) }
    }

    /// What the phase comes to without its code, if that is not called.
    #[inline]
    pub(super) fn instead(&self) -> Option<Result<Value>> {
        None
    }

    /// Calls the code, or polls what it has returned.
    #[inline]
    pub(super) fn enter<T>(&mut self, code: impl FnOnce() -> T) -> T {
        self.span.enter(code)
    }

    /// What the phase comes to when its code has come to that.
    #[inline]
    pub(super) fn end<A>(self, live: &Live<'_, A>, result: Result<Value>) -> Result<Value> {
        live.spans.phase_ended(self.span, &result);
        result
    }
}

#[cfg(feature = "testkit")]
impl AsyncCall {
    pub(super) fn begin<A>(live: &Live<'_, A>, place: Place) -> Self {
        AsyncCall { span: live.spans.phase(live.graph(), place), faulty: live.begin_call(place) }
    }

    /// What the phase comes to without its code, if that is not called.
    pub(super) fn instead(&self) -> Option<Result<Value>> {
        self.faulty.as_ref()?.instead(&mut Some(None))
    }

    /// Calls the code, or polls what it has returned.
    pub(super) fn enter<T>(&mut self, code: impl FnOnce() -> T) -> T {
        let AsyncCall { span, faulty } = self;
        span.enter(|| match faulty {
            Some(faulty) => faulty.enter(code),
            None => code(),
        })
    }

    /// What the phase comes to when its code has come to that.
    pub(super) fn end<A>(self, live: &Live<'_, A>, result: Result<Value>) -> Result<Value> {
        let result = match self.faulty {
            Some(faulty) => faulty.end(result, Some(None)),
            None => result,
        };
        live.spans.phase_ended(self.span, &result);
        result
    }
}
