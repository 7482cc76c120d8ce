//! The command line of `dojobber-render`, for programs that offer the same.

use std::error::Error;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use dojobber_core::Report;

use crate::format::Format;
use crate::picture::{Picture, PictureError};

/// What to draw, and where to.
#[derive(Debug, Clone, Args)]
pub struct RenderArgs {
    /// A saved report: the JSON of a run's `report()`
    #[arg(value_name = "RUN.json")]
    pub report: PathBuf,
    /// Where to write to.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Where to write a picture to.
#[derive(Debug, Clone, Default, Args)]
pub struct OutputArgs {
    /// Where to write; the format follows the extension. May be given several times [default: beside the report]
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

impl RenderArgs {
    /// Draws the report and returns what was written.
    ///
    /// Nothing is written unless the report can be read and every file has a known format.
    ///
    /// # Errors
    ///
    /// [`RenderError`], which says which file it is about and what is wrong with it.
    pub fn render(&self) -> Result<Vec<PathBuf>, RenderError> {
        let report = read_report(&self.report)?;
        self.output.write(&Picture::from_report(&report), &self.report)
    }
}

impl OutputArgs {
    /// Writes the picture to every file; without any, to one of the same name as `beside` and in each format.
    ///
    /// # Errors
    ///
    /// [`RenderError`] for the first file that cannot be written. Unknown formats are found before anything is.
    pub fn write(&self, picture: &Picture, beside: &Path) -> Result<Vec<PathBuf>, RenderError> {
        let files = if self.files.is_empty() {
            Format::ALL.iter().map(|format| beside.with_extension(format.extension())).collect()
        } else {
            self.files.clone()
        };
        for file in &files {
            Format::of(file).map_err(PictureError::from)?;
        }
        for file in &files {
            picture.write(file)?;
        }
        Ok(files)
    }
}

/// Reads a report that was saved as JSON.
///
/// # Errors
///
/// [`RenderError`] if it cannot be read, is not JSON, is of another version or does not fit together; it says where.
pub fn read_report(path: &Path) -> Result<Report, RenderError> {
    let error = |source| RenderError::Report { path: path.to_owned(), source };
    let text = fs::read(path).map_err(|source| error(source.into()))?;
    serde_json::from_slice(&text).map_err(|source| error(source.into()))
}

/// A report was not drawn.
#[derive(Debug)]
#[non_exhaustive]
pub enum RenderError {
    /// It cannot be read.
    Report {
        /// Where it should be.
        path: PathBuf,
        /// What is wrong with it, and where.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Its picture cannot be written.
    Picture(PictureError),
}

impl From<PictureError> for RenderError {
    fn from(error: PictureError) -> Self {
        RenderError::Picture(error)
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RenderError::Report { path, .. } => write!(f, "cannot read the report {}", path.display()),
            RenderError::Picture(error) => error.fmt(f),
        }
    }
}

impl Error for RenderError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            RenderError::Report { source, .. } => Some(&**source),
            RenderError::Picture(error) => error.source(),
        }
    }
}

/// An error and its causes, on one line.
pub fn on_one_line(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
