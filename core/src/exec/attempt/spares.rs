//! What the async phases of one worker use one after the other: to make each anew would be an allocation.

use std::sync::Arc;

use crate::context::Context;
use crate::exec::flights::Ringer;
use crate::store::Store;

#[derive(Default)]
pub(in crate::exec) struct Spares {
    /// Its ring is in nobody else's hands.
    pub(in crate::exec) ringer: Option<Ringer>,
    /// Nobody else's, and empty.
    local: Option<Arc<Store>>,
}

impl Spares {
    /// Takes the local store of a try that is put aside, unless it is as good as any other: the worker's next try gets another
    /// one.
    pub(super) fn take_local<A>(&mut self, cx: &mut Context<A>) -> Option<Arc<Store>> {
        let is_needed = !cx.has_fresh_local();
        is_needed.then(|| cx.swap_local(self.local.take().unwrap_or_default()))
    }

    /// Gives a try its local store back.
    pub(super) fn put_local_back<A>(&mut self, cx: &mut Context<A>, local: Option<Arc<Store>>) {
        self.local = local.map(|local| cx.swap_local(local)).or(self.local.take());
    }

    pub(in crate::exec) fn keep_ringer(&mut self, ringer: Ringer) {
        if ringer.is_free() {
            self.ringer = Some(ringer);
        }
    }
}
