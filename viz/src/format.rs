//! The formats that pictures are written in.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::errors::debug_for_people;

/// A format of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A drawing that browsers show.
    Svg,
    /// A page for a browser: the drawing, and of a run what happened when.
    Html,
    /// A bitmap.
    #[cfg(feature = "png")]
    Png,
    /// The language of Graphviz.
    #[cfg(feature = "dot")]
    Dot,
    /// A flowchart of Mermaid.
    Mermaid,
    /// A tree in plain text, for logs and terminals.
    Text,
}

impl Format {
    /// All that this build knows.
    pub const ALL: &[Format] = &[
        Format::Svg,
        Format::Html,
        #[cfg(feature = "png")]
        Format::Png,
        #[cfg(feature = "dot")]
        Format::Dot,
        Format::Mermaid,
        Format::Text,
    ];

    /// The extensions of those that are there only with a feature of the same name.
    const OPTIONAL: [&str; 2] = ["png", "dot"];

    /// The format that the extension of a path names, in upper or lower case.
    ///
    /// # Errors
    ///
    /// [`UnknownFormat`], which lists the known ones, if it names none.
    pub fn of(path: &Path) -> Result<Self, UnknownFormat> {
        let extension = path.extension().unwrap_or_default();
        let named = |format: &&Format| extension.eq_ignore_ascii_case(format.extension());
        let what = || UnknownFormat { what: What::Extension(path.to_owned()) };
        Format::ALL.iter().find(named).copied().ok_or_else(what)
    }

    /// The format whose files usually have that extension, in upper or lower case.
    ///
    /// # Errors
    ///
    /// [`UnknownFormat`], which lists the known ones, if there is none.
    pub fn named(name: &str) -> Result<Self, UnknownFormat> {
        let named = |format: &&Format| name.eq_ignore_ascii_case(format.extension());
        let what = || UnknownFormat { what: What::Name(name.to_owned()) };
        Format::ALL.iter().find(named).copied().ok_or_else(what)
    }

    /// The usual extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Svg => "svg",
            Format::Html => "html",
            #[cfg(feature = "png")]
            Format::Png => "png",
            #[cfg(feature = "dot")]
            Format::Dot => "dot",
            Format::Mermaid => "mmd",
            Format::Text => "txt",
        }
    }
}

/// There is no such format of pictures.
#[derive(Clone, PartialEq, Eq)]
pub struct UnknownFormat {
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Name(String),
    /// The extension of this file.
    Extension(PathBuf),
}

debug_for_people!(UnknownFormat);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.extension()).collect();
        let known = known.join(", ");
        let name = match &self.what {
            What::Name(name) => {
                write!(f, "there is no format `{name}` of pictures; there are {known}")?;
                name.as_ref()
            }
            What::Extension(path) => {
                let shown = path.display();
                write!(
                    f,
                    "cannot write {shown}: its extension names no format of pictures; there are {known}"
                )?;
                path.extension().unwrap_or_default()
            }
        };
        let left_out = Format::OPTIONAL.into_iter().find(|feature| name.eq_ignore_ascii_case(feature));
        left_out.map_or(Ok(()), |feature| write!(f, ", and with the feature `{feature}` also that"))
    }
}

impl std::error::Error for UnknownFormat {}
