//! The formats that pictures are written in.

use std::fmt;
use std::path::{Path, PathBuf};

/// A format of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A drawing that browsers show.
    Svg,
    /// The language of Graphviz.
    #[cfg(feature = "dot")]
    Dot,
}

impl Format {
    /// All that this build knows.
    pub const ALL: &[Format] = &[
        Format::Svg,
        #[cfg(feature = "dot")]
        Format::Dot,
    ];

    /// The format that the extension of a path names, in upper or lower case.
    ///
    /// # Errors
    ///
    /// [`UnknownFormat`], which lists the known ones, if it names none.
    pub fn of(path: &Path) -> Result<Self, UnknownFormat> {
        let extension = path.extension().unwrap_or_default();
        let named = |format: &&Format| extension.eq_ignore_ascii_case(format.extension());
        Format::ALL.iter().find(named).copied().ok_or_else(|| UnknownFormat { path: path.to_owned() })
    }

    /// The usual extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Svg => "svg",
            #[cfg(feature = "dot")]
            Format::Dot => "dot",
        }
    }
}

/// The extension of a file names no format of pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFormat {
    path: PathBuf,
}

impl UnknownFormat {
    /// Where a picture was to be written.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<String> =
            Format::ALL.iter().map(|format| format!(".{}", format.extension())).collect();
        let (path, known) = (self.path.display(), known.join(", "));
        write!(f, "cannot write {path}: its extension names no format of pictures; there are {known}")
    }
}

impl std::error::Error for UnknownFormat {}
