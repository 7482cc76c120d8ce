//! Why a journal cannot be made or read, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::debug_for_people;
use crate::journal::record::VERSION;

/// A journal cannot be made or read. It prints what to do about it, with `{}` and `{:?}` alike.
pub struct JournalError {
    path: Option<PathBuf>,
    why: Why,
}

pub(super) enum Why {
    Io {
        doing: &'static str,
        source: io::Error,
    },
    /// A file is there already.
    Exists(There),
    /// It is being written.
    InUse,
    Empty,
    NotAJournal,
    /// Its first line is.
    Damaged,
    Version(u32),
    /// What it says does not fit together.
    Unfit(String),
    /// It has nothing in common with the plan that is to be recovered.
    OtherPlan {
        journal: String,
        plan: String,
    },
}

/// What a file is that stands where a journal is to be made.
pub(super) enum There {
    /// Something else, or a journal that cannot be read.
    Other,
    /// A journal of a run that has ended, cleanups included.
    Ended,
    /// A journal of a run that did not end; that many cleanups are owed.
    Torn {
        owed: usize,
    },
    InUse,
}

impl JournalError {
    pub(super) fn new(path: Option<&Path>, why: Why) -> Self {
        JournalError { path: path.map(Path::to_owned), why }
    }

    pub(super) fn at(self, path: &Path) -> Self {
        JournalError { path: Some(path.to_owned()), ..self }
    }

    /// The file that it is about; `None` where a journal was read from elsewhere.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = match &self.path {
            Some(path) => path.display().to_string(),
            None => "the journal".to_owned(),
        };
        match &self.why {
            Why::Io { doing, .. } => write!(f, "cannot {doing} {file}"),
            Why::Exists(There::Other) => {
                write!(
                    f,
                    "cannot write a journal to {file}: a file is there; remove it, or take another name"
                )
            }
            Why::Exists(There::Ended) => write!(
                f,
                "cannot write a journal to {file}: the journal of an earlier run is there; remove it, or take another name"
            ),
            Why::Exists(There::Torn { owed: 0 }) => write!(
                f,
                "cannot write a journal to {file}: the journal of a run that never ended is there; it owes no cleanup, \
                 so remove it, or take another name"
            ),
            Why::Exists(There::Torn { owed }) => {
                let cleanups = if *owed == 1 { "1 cleanup" } else { &format!("{owed} cleanups") };
                write!(
                    f,
                    "cannot write a journal to {file}: the journal of a run that never ended is there, and it owes \
                     {cleanups}; recover it first, then remove it, or take another name"
                )
            }
            Why::Exists(There::InUse) | Why::InUse => {
                write!(f, "cannot use {file}: another process is writing it; wait until it has ended")
            }
            Why::Empty => {
                write!(f, "{file} is empty: the process ended before its run began, so nothing was done")
            }
            Why::NotAJournal => write!(f, "{file} is not a journal of dojobber"),
            Why::Damaged => write!(
                f,
                "the first line of {file} is damaged: without it nothing can be known of the run; look by hand for what \
                 it may have left"
            ),
            Why::Version(version) => write!(
                f,
                "{file} is a journal of version {version}, and this program reads version {VERSION}: use the program \
                 that wrote it"
            ),
            Why::Unfit(why) => write!(f, "{file} does not fit together: {why}"),
            Why::OtherPlan { journal, plan } => write!(
                f,
                "{file} is the journal of another plan: it knows jobs such as {journal}, and this plan jobs such as \
                 {plan}; use the program that wrote it"
            ),
        }
    }
}

debug_for_people!(JournalError);

impl Error for JournalError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.why {
            Why::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
