//! The lock of a spool: it has one coordinator at a time.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::error::ClusterError;
use crate::spool::{host, now_ms};

/// Takes the lock, and writes down who has it. It is let go with the file, also when the process is killed.
pub(crate) fn lock(root: &Path) -> Result<File, ClusterError> {
    let path = root.join("lock");
    let spool = |error| ClusterError::Spool(path.clone(), error);
    fs::create_dir_all(root).map_err(|error| ClusterError::Spool(root.to_owned(), no_folder(error)))?;
    let mut file =
        File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(spool)?;
    if let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
        if error != rustix::io::Errno::WOULDBLOCK {
            return Err(spool(error.into()));
        }
        let mut by = String::new();
        let _ = file.read_to_string(&mut by);
        return Err(ClusterError::Locked(by.trim().to_owned()));
    }
    file.set_len(0).map_err(spool)?;
    writeln!(file, "process {} on {}, since {} ms", std::process::id(), host(), now_ms()).map_err(spool)?;
    Ok(file)
}

/// Something else may be there under the name of a folder.
fn no_folder(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::AlreadyExists { ErrorKind::NotADirectory.into() } else { error }
}
