//! Files that are whole, or not there.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes beside the path and renames, so that nobody ever finds half of a file there.
///
/// What is not a file (a terminal, a pipe) is written to directly.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<(), WriteError> {
    let error = |source| WriteError { path: path.to_owned(), source };
    let target = match fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err(error(io::ErrorKind::IsADirectory.into())),
        Ok(there) if !there.is_file() => return fs::write(path, content).map_err(error),
        Ok(_) => fs::canonicalize(path).map_err(error)?,
        Err(_) => path.to_owned(),
    };
    let beside = beside(&target);
    let written = write_new(&beside, content).and_then(|()| fs::rename(&beside, &target));
    written.map_err(|source| {
        let _ = fs::remove_file(&beside); // it may never have come to be
        error(source)
    })
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    path.with_file_name(name)
}

/// A file was not written; what was at its path before is still there.
#[derive(Debug)]
pub struct WriteError {
    path: PathBuf,
    source: io::Error,
}

impl WriteError {
    /// Where it was to be written.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write {}", self.path.display())
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
