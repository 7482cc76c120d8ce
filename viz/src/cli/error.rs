//! Why a report was not drawn.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use dojobber_core::printable;

use crate::errors::debug_for_people;
use crate::file::WriteError;
use crate::picture::PictureError;

/// A report was not drawn.
#[non_exhaustive]
pub enum RenderError {
    /// It cannot be read.
    Report {
        /// Where it should be; `-` is standard input.
        path: PathBuf,
        /// What is wrong with it, and where.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A picture would take the place of the report itself.
    Overwrites {
        /// The file that was to be written.
        path: PathBuf,
    },
    /// A name was to be collapsed, but no job is nested in it.
    NothingNested {
        /// The name as it was given.
        name: String,
    },
    /// Its picture cannot be drawn or written.
    Picture(PictureError),
    /// Its picture cannot be written to standard output.
    StandardOutput {
        /// Why not.
        source: io::Error,
    },
}

impl From<PictureError> for RenderError {
    fn from(error: PictureError) -> Self {
        RenderError::Picture(error)
    }
}

impl From<WriteError> for RenderError {
    fn from(error: WriteError) -> Self {
        RenderError::Picture(error.into())
    }
}

debug_for_people!(RenderError);

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RenderError::Report { path, .. } if path == Path::new("-") => {
                f.write_str("cannot read the report from standard input")
            }
            RenderError::Report { path, .. } => write!(f, "cannot read the report {}", path.display()),
            RenderError::Overwrites { path } => write!(
                f,
                "{} is the report itself: name another file for its picture with `-o FILE`",
                path.display()
            ),
            RenderError::NothingNested { name } => {
                write!(f, "cannot collapse `{name}`: no jobs were nested under that name")
            }
            RenderError::Picture(error) => error.fmt(f),
            RenderError::StandardOutput { .. } => f.write_str("cannot write to standard output"),
        }
    }
}

impl Error for RenderError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            RenderError::Report { source, .. } => Some(&**source),
            RenderError::Overwrites { .. } | RenderError::NothingNested { .. } => None,
            RenderError::Picture(error) => error.source(),
            RenderError::StandardOutput { source } => Some(source),
        }
    }
}

/// An error and its causes, on one line. What a file says is quoted so that it does nothing to a terminal.
pub fn on_one_line(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let line = causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"));
    printable(&line).to_string()
}
