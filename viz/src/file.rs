//! Files that are whole, or not there.
//!
//! What plain writing keeps is kept, too: the mode and the owner of a file, the links that lead to it, devices and
//! pipes. Access lists and other extended attributes are those of a new file.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dojobber_core::WholeWriter;

use crate::errors::debug_for_people;

/// More links after each other than this are taken for a cycle.
const MOST_LINKS: usize = 40;
/// How many names are tried for the file beside, as earlier processes may have left some behind.
const MOST_NAMES: usize = 100;

/// Writes a file that is there as a whole or not at all: beside the path, and renames it. Pictures are written so.
///
/// It is written in place where a rename would lose something (what is not a file, a file with several names, one that
/// belongs to somebody else), and where there can be no other file or no rename.
///
/// # Errors
///
/// [`WriteError`] if it cannot be written; what was there before is still there then, unless it was written in place.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), WriteError> {
    let written = match target(path) {
        Target::Device => write_device(path, content),
        Target::OpenFile(file) => write_open_file(&file, content),
        Target::File(file) => replace(&file, content),
    };
    written.map_err(|source| WriteError { path: path.to_owned(), source })
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A terminal, a pipe or a device.
    Device,
    /// An open file of a process, by the name that it has for that.
    OpenFile(PathBuf),
    /// A file, which may not be there yet, at the end of all links.
    File(PathBuf),
}

/// Follows the links that a path leads to.
pub(crate) fn target(path: &Path) -> Target {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if is_open_file(&path) {
            return Target::OpenFile(path);
        }
        let Ok(link) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(link);
    }
    match fs::metadata(&path) {
        Ok(there) if !there.is_file() && !there.is_dir() => Target::Device,
        _ => Target::File(path),
    }
}

/// Whether a path names an open file of a process, whatever kind of file that is.
fn is_open_file(path: &Path) -> bool {
    let streams = ["/dev/stdin", "/dev/stdout", "/dev/stderr"];
    streams.iter().any(|stream| path == Path::new(stream))
        || path.starts_with("/dev/fd")
        || (path.starts_with("/proc") && path.parent().is_some_and(|folder| folder.ends_with("fd")))
}

fn write_device(path: &Path, content: &[u8]) -> io::Result<()> {
    write_to(OpenOptions::new().write(true).open(path)?, content)
}

/// Behind what was written there before. The process's own output goes on where it stands: opened anew, a file would be
/// written over from its beginning.
fn write_open_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let own =
        [["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"], ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"]];
    let is_own = |names: [&str; 3]| names.iter().any(|name| path == Path::new(name));
    match own.map(is_own) {
        [true, _] => write_to(WholeWriter::new(io::stdout()).patience(Duration::MAX), content),
        [_, true] => write_to(WholeWriter::new(io::stderr()).patience(Duration::MAX), content),
        _ => write_to(OpenOptions::new().append(true).open(path)?, content),
    }
}

fn write_to(mut stream: impl Write, content: &[u8]) -> io::Result<()> {
    stream.write_all(content)?;
    stream.flush()
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let there = match fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) => {
            // what may not be written must not be replaced either
            drop(OpenOptions::new().write(true).open(path)?);
            Some(there)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if there.as_ref().is_some_and(has_other_names) {
        return write_in_place(path, content);
    }
    let Ok(beside) = Beside::create(path) else { return write_in_place(path, content) };
    if there.is_some_and(|there| beside.become_like(&there).is_err()) {
        drop(beside);
        return write_in_place(path, content);
    }
    beside.write(content)?;
    match beside.rename_to(path) {
        Ok(()) => Ok(()),
        Err(_) => write_in_place(path, content),
    }
}

/// As everybody writes. If it fails, a file that was there before stays, and one that was not does not.
fn write_in_place(path: &Path, content: &[u8]) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(content).inspect_err(|_| {
            let _ = fs::remove_file(path); // nothing better can be done about half of a file
        }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::write(path, content),
        Err(error) => Err(error),
    }
}

/// A new file in the same folder, which is removed unless it becomes what it was made for.
#[derive(Debug)]
struct Beside {
    path: PathBuf,
    file: File,
    is_renamed: bool,
}

impl Beside {
    /// Nobody else has its name, and it is short: that of the file itself may be as long as names can be.
    fn create(path: &Path) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..MOST_NAMES {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = path.with_file_name(format!(".{}-{number}.tmp", process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { path, file, is_renamed: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// Takes on the owner and the mode of the file that it will replace.
    fn become_like(&self, there: &fs::Metadata) -> io::Result<()> {
        take_owner(&self.file, there)?;
        self.file.set_permissions(there.permissions())
    }

    fn write(&self, content: &[u8]) -> io::Result<()> {
        (&self.file).write_all(content)?;
        match self.file.sync_all() {
            // some file systems cannot
            Err(error)
                if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
            {
                Ok(())
            }
            synced => synced,
        }
    }

    fn rename_to(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.is_renamed = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.is_renamed {
            let _ = fs::remove_file(&self.path); // a leftover is no reason to fail
        }
    }
}

#[cfg(unix)]
fn has_other_names(file: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(file) > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn take_owner(file: &File, there: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (there.uid(), there.gid()) {
        return Ok(());
    }
    fchown(file, Some(there.uid()), Some(there.gid()))
}

#[cfg(not(unix))]
fn take_owner(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// A file was not written. What was at its path before is still there, unless it could only be written in place.
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

debug_for_people!(WriteError);

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

#[cfg(test)]
mod tests;
