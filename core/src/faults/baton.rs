//! Which of two may move: the driver of a simulation, or the code of a phase on a thread of its own.
//!
//! Invariants:
//!
//! 1. One of the two moves, and the other one waits: so a simulation stays a single course of events.
//! 2. Code that is not at its end gets the baton back in the end, be it to unwind: no thread waits for ever.

use std::cell::RefCell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What the driver and one phase hand to each other.
#[derive(Debug, Default)]
pub(crate) struct Baton {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct State {
    held_by_code: bool,
    is_over: bool,
    is_abandoned: bool,
}

thread_local! {
    /// The baton of the phase that this thread executes next.
    static BATON: RefCell<Option<Arc<Baton>>> = const { RefCell::new(None) };
}

impl Baton {
    /// Takes the baton of the phase that this thread is about to execute; there is none if the phase goes straight.
    pub(super) fn take() -> Option<Arc<Baton>> {
        BATON.with_borrow_mut(Option::take)
    }

    /// For the driver: lets the code go on until it pauses, or comes to its end. Returns whether it has come there.
    pub(crate) fn resume(&self) -> bool {
        let mut state = self.lock();
        if !state.is_over {
            state.held_by_code = true;
            self.moved.notify_all();
            state = self.wait(state, |state| state.held_by_code);
        }
        state.is_over
    }

    /// For the driver: the code is to unwind at its next interruption point, and never to be resumed again.
    pub(crate) fn abandon(&self) {
        self.lock().is_abandoned = true;
        while !self.resume() {}
    }

    /// For the code: waits until it is resumed. Returns whether it is to go on.
    pub(super) fn pause(&self) -> bool {
        let mut state = self.lock();
        state.held_by_code = false;
        self.moved.notify_all();
        !self.wait(state, |state| !state.held_by_code).is_abandoned
    }

    /// For the thread of the code: executes it when the driver resumes it for the first time.
    pub(crate) fn execute(self: &Arc<Self>, code: impl FnOnce()) {
        struct Over<'b>(&'b Baton);
        impl Drop for Over<'_> {
            fn drop(&mut self) {
                let mut state = self.0.lock();
                (state.held_by_code, state.is_over) = (false, true);
                self.0.moved.notify_all();
            }
        }
        drop(self.wait(self.lock(), |state| !state.held_by_code));
        let _over = Over(self);
        BATON.set(Some(Arc::clone(self)));
        code();
    }

    fn wait<'b>(
        &'b self,
        state: MutexGuard<'b, State>,
        still: impl Fn(&State) -> bool,
    ) -> MutexGuard<'b, State> {
        let waited = self.moved.wait_while(state, |state| still(state));
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
