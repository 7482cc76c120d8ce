//! A journal: every event of a run in a file, as it happens, so that what a run did is known though its process died.
//!
//! `docs/journal.md` tells the form of the file to the byte.

mod crc;
mod frame;
mod record;
mod error;
mod history;
mod read;
mod write;
mod recovery;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use error::JournalError;
pub(crate) use history::{Owed, Spawned};
pub(crate) use recovery::Recovery;
pub use write::JournalSync;
use write::Writer;

use crate::event::{Event, Observer};

/// An observer that writes all that happens in a run to a file, a line for each event.
///
/// Lines are written whole, one write each, before what follows from the event begins: so the file tells what was done
/// though the process is killed at any moment. [`Report::from_journal`](crate::Report::from_journal) reads it, and
/// [`Runner::recover`](crate::Runner::recover) calls the cleanups that a killed run still owes.
///
/// A journal takes one run. The events of a second one are not written; while the first goes on they cannot be told from
/// its own, so nothing more is written then. Whatever goes wrong with the file, the run goes on: what could not be
/// written is left out, and told once by the log, by [`failure`](Journal::failure) and by the report.
///
/// It is a handle: a clone is the same journal.
///
/// ```
/// # use dojobber_core::{Draft, Journal, JobSpec, Runner};
/// # let folder = std::env::temp_dir().join(format!("dojobber-create-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("run.jsonl");
/// # let plan = Draft::<()>::default().compile()?;
/// let journal = Journal::create(&path)?;
/// let runner = Runner::builder().observer(journal.clone()).build();
/// runner.run(&plan, ()).into_result()?;
/// assert!(journal.failure().is_none());
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), dojobber_core::BoxError>(())
/// ```
#[derive(Clone)]
pub struct Journal {
    writer: Arc<Mutex<Writer>>,
}

impl Journal {
    /// Makes the file of a journal. Nothing is written before a run begins.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if the file cannot be made, or if a file is there: then it says whether that is the journal of a run
    /// that never ended, and what to do.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        Ok(Journal { writer: Arc::new(Mutex::new(Writer::create(path.as_ref())?)) })
    }

    /// Whether somebody writes the journal in that file: a run that goes on, or a recovery. Where there are no locks of files
    /// (on Unix there are), it is never known.
    pub fn is_in_use(path: impl AsRef<Path>) -> bool {
        write::is_in_use(path.as_ref())
    }

    /// When the file is also brought to the disk. Default: [`JournalSync::Never`].
    #[must_use]
    pub fn sync(self, sync: JournalSync) -> Self {
        self.lock().set_sync(sync);
        self
    }

    /// The first thing that went wrong with the file, if anything has: then some of the run is missing in it.
    pub fn failure(&self) -> Option<String> {
        self.lock().failure().map(str::to_owned)
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Journal {
    fn on_event(&self, event: &Event) {
        self.lock().take(event);
    }

    fn failure(&self) -> Option<String> {
        Journal::failure(self)
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("path", &self.lock().path()).finish_non_exhaustive()
    }
}
