//! The call of an async phase, which goes on from poll to poll.

use std::task::{Context, Poll, Waker};

use crate::context::Place;
use crate::error::Result;
use crate::exec::live::Live;
use crate::exec::spans::PhaseSpan;
#[cfg(feature = "testkit")]
use crate::faults::FaultyCall;
use crate::job::Later;
use crate::unwind;
use crate::verdict::Value;

/// Polls a future once. What is returned is what the phase has come to.
pub(super) fn poll(future: &mut Later<'_>, waker: &Waker) -> Poll<Result<Value>> {
    let mut poll = || future.as_mut().poll(&mut Context::from_waker(waker));
    unwind::catch(|| Ok(poll())).unwrap_or_else(|panic| Poll::Ready(Err(panic)))
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
