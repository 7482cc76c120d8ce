//! A try whose phase is a future that waits: put aside, it holds no worker.

use std::sync::{Arc, Weak};

use crate::clock::Stamp;
use crate::error::BoxError;
use crate::exec::attempt::async_call::AsyncCall;
use crate::exec::attempt::failure::Notes;
use crate::exec::attempt::instance::Held;
use crate::exec::hall::Ring;
use crate::exec::tries::Try;
use crate::job::Later;
use crate::limits::{Limits, Over, Pending};
use crate::store::Store;
use crate::words::Phase;

/// A phase that goes on, and the rest of its try.
pub(in crate::exec) struct Flight<'r, 'env, A> {
    pub(in crate::exec) attempt: Try,
    pub(super) phase: Phase,
    pub(super) held: Held<'r, 'env, A>,
    pub(super) start: Stamp,
    pub(super) error: Option<BoxError>,
    pub(super) notes: Notes,
    /// Its local store; `None` if neither its future nor anybody else has anything to do with it.
    pub(super) local: Option<Arc<Store>>,
    pub(super) limits: Option<Arc<Limits>>,
    pub(super) future: Later<'env>,
    pub(super) call: AsyncCall,
    /// What its wakers ring; gone when nobody can wake it any more.
    pub(in crate::exec) ring: Weak<Ring>,
    /// Until when it may end by itself although it is over, in nanoseconds since the run began.
    until: Option<u64>,
}

impl<'r, 'env, A> Flight<'r, 'env, A> {
    #[expect(clippy::too_many_arguments, reason = "the fields of one value")]
    pub(super) fn new(
        attempt: Try,
        phase: Phase,
        held: Held<'r, 'env, A>,
        start: Stamp,
        (error, notes): (Option<BoxError>, Notes),
        local: Option<Arc<Store>>,
        limits: Option<Arc<Limits>>,
        (call, future): (AsyncCall, Later<'env>),
    ) -> Self {
        Flight {
            attempt,
            phase,
            held,
            start,
            error,
            notes,
            local,
            limits,
            future,
            call,
            ring: Weak::new(),
            until: None,
        }
    }

    /// What ends it without another poll: a stop, unless it has asked to be told.
    pub(in crate::exec) fn ends_unasked(&self) -> Option<Over> {
        self.limits.as_ref()?.ends_unasked()
    }

    /// Before a poll: tells those who asked that a limit is over.
    pub(in crate::exec) fn tell_over(&self) {
        self.limits.iter().for_each(|limits| limits.tell_over());
    }

    /// After a poll that came to nothing.
    pub(in crate::exec) fn pending(&mut self) -> Pending {
        let Some(limits) = &self.limits else { return Pending::Waits(None) };
        limits.pending(&mut self.until)
    }
}
