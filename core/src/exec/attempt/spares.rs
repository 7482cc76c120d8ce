//! What the async phases of one worker use one after the other: to make each anew would be an allocation.

use std::sync::Arc;

use crate::exec::flights::Ringer;
use crate::store::Store;
use crate::unwind;

#[derive(Default)]
pub(in crate::exec) struct Spares {
    /// Its ring is in nobody else's hands.
    pub(in crate::exec) ringer: Option<Ringer>,
    /// Empty, and in nobody else's hands.
    local: Option<Arc<Store>>,
}

impl Spares {
    /// An empty local store.
    pub(super) fn local(&mut self) -> Arc<Store> {
        self.local.take().unwrap_or_default()
    }

    pub(in crate::exec) fn keep_ringer(&mut self, ringer: Ringer) {
        if ringer.is_free() {
            self.ringer = Some(ringer);
        }
    }

    /// The local store of a try that has ended, if it was not put aside.
    pub(super) fn keep_local(&mut self, local: Option<Arc<Store>>) {
        let Some(mut local) = local else { return };
        if Arc::get_mut(&mut local).is_some_and(Store::is_empty) {
            self.local = Some(local);
        } else {
            let _ = unwind::discard(local);
        }
    }
}
