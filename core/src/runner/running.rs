//! A run that an async program waits for.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::cancel::CancelToken;
use crate::run::Run;

/// A run on a thread of its own, from [`Runner::run_async`](crate::Runner::run_async): a future that is ready when the run
/// is over.
///
/// Dropping it [kills](CancelToken::kill) the run, which then ends on its thread, cleanups included.
#[must_use = "a run whose future is dropped is killed"]
pub struct Running<A: 'static = ()> {
    shared: Arc<Shared<A>>,
    stop: CancelToken,
}

/// What the leading thread and the future share.
pub(super) struct Shared<A: 'static> {
    state: Mutex<State<A>>,
}

enum State<A: 'static> {
    GoesOn(Option<Waker>),
    Over(Box<Run<'static, A>>),
    /// The run was handed out, or its thread is gone.
    Gone,
}

impl<A> Shared<A> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Shared { state: Mutex::new(State::GoesOn(None)) })
    }

    pub(super) fn finish(&self, run: Run<'static, A>) {
        let before = std::mem::replace(&mut *self.lock(), State::Over(Box::new(run)));
        if let State::GoesOn(Some(waker)) = before {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A> Running<A> {
    pub(super) fn new(shared: Arc<Shared<A>>, stop: CancelToken) -> Self {
        Running { shared, stop }
    }
}

impl<A> Future for Running<A> {
    type Output = Run<'static, A>;

    /// # Panics
    ///
    /// If it was ready before.
    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Run<'static, A>> {
        let mut state = self.shared.lock();
        match std::mem::replace(&mut *state, State::Gone) {
            State::Over(run) => Poll::Ready(*run),
            State::GoesOn(_) => {
                *state = State::GoesOn(Some(task.waker().clone()));
                Poll::Pending
            }
            State::Gone => panic!("a run is handed out once"),
        }
    }
}

impl<A> Drop for Running<A> {
    fn drop(&mut self) {
        self.stop.kill();
    }
}

impl<A> fmt::Debug for Running<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_over = matches!(*self.shared.lock(), State::Over(_));
        f.debug_struct("Running").field("is_over", &is_over).finish_non_exhaustive()
    }
}
