//! What is away is ended, because the run is stopped.

use std::fs;
use std::sync::atomic::Ordering;

use dojobber::Lost;

use crate::engine::State;
use crate::spool::UnitKind;
use crate::tell::units_are;
use crate::watcher::desk::{Current, Watcher, lost};

impl Watcher {
    pub(super) fn is_to_stop(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst)
    }

    /// Ends all that is away, by one survey. Cleanups that follow are units as ever.
    pub(super) fn cancel_all(&self, current: &Current) {
        let mut state = self.state();
        let is_cleanup = |unit: &crate::books::Unit| unit.name.kind == UnitKind::Cleanup;
        let (kept, queue): (Vec<_>, Vec<_>) = state.books.queue.drain(..).partition(is_cleanup);
        state.books.queue.extend(kept);
        let tags: Vec<_> = state.books.flying.keys().cloned().collect();
        drop(state);
        for unit in queue {
            unit.done.tell(lost(Lost::cancelled("the run was stopped before it began")));
        }
        if tags.is_empty() {
            return;
        }
        let tickets: Vec<String> = match self.engine.survey(&current.folder.spot()) {
            Ok(seen) => {
                let alive = seen.into_iter().filter(|seen| !matches!(seen.state, State::Over { .. }));
                alive.map(|seen| seen.ticket).collect()
            }
            Err(_) => self.state().books.flying.values().filter_map(|flying| flying.ticket.clone()).collect(),
        };
        self.voice.tell(format_args!("the run is stopped, {} ended", units_are(tickets.len())));
        for tag in &tags {
            let _ = fs::remove_file(current.folder.order(tag)); // what is still on its way finds nothing to do
        }
        self.end(&current.folder, &tickets);
        for tag in &tags {
            let landed = self.state().books.land(tag);
            if let Some(flying) = landed {
                self.tell_lost(current, flying.unit, tag, Lost::cancelled("the run was stopped"));
            }
        }
    }
}
