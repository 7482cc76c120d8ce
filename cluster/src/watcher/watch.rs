//! The threads of a run.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::books::Books;
use crate::watcher::desk::{Current, Inherited, State, Watcher};

impl Watcher {
    /// Does `work`, while the units that it begins are brought there and back.
    pub(crate) fn watch<T>(&self, current: Current, inherited: Inherited, work: impl FnOnce() -> T) -> T {
        let current = Arc::new(current);
        self.is_stopped.store(false, Ordering::SeqCst);
        let books = Books::new(inherited.orphans, inherited.next_batch);
        *self.state() = State { run: Some(Arc::clone(&current)), books, ..State::default() };
        std::thread::scope(|scope| {
            scope.spawn(|| self.submit_all(&current));
            scope.spawn(|| self.collect_all(&current));
            scope.spawn(|| self.survey_all(&current));
            let _ending = Ending(self);
            work()
        })
    }
}

/// Ends the threads when the run is over, also if it panics.
struct Ending<'w>(&'w Watcher);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_over = true;
        state.run = None;
        drop(state);
        self.0.bell.notify_all();
    }
}
