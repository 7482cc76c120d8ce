//! The journal of a run, which is made when the run begins: a program may ask for a runner and run nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use dojobber::{Event, Journal, Observer};

/// An observer that makes its journal at the first event.
pub(crate) struct LateJournal {
    path: PathBuf,
    journal: OnceLock<Result<Journal, String>>,
}

impl LateJournal {
    pub(crate) fn new(path: &Path) -> Self {
        LateJournal { path: path.to_owned(), journal: OnceLock::new() }
    }
}

impl Observer for LateJournal {
    fn on_event(&self, event: &Event) {
        let make = || Journal::create(&self.path).map_err(|error| format!("{error:?}"));
        if let Ok(journal) = self.journal.get_or_init(make) {
            journal.on_event(event);
        }
    }

    fn failure(&self) -> Option<String> {
        match self.journal.get()? {
            Ok(journal) => journal.failure(),
            Err(text) => Some(text.clone()),
        }
    }
}

/// Whether a journal can be made there; nothing is left of the try.
pub(crate) fn check(path: &Path) -> Result<(), String> {
    let journal = Journal::create(path).map_err(|error| format!("{error:?}"))?;
    drop(journal);
    fs::remove_file(path).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
