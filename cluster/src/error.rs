//! Why a run on a cluster does not begin.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a run on a cluster does not begin. It prints alike with `{}` and `{:?}`.
#[non_exhaustive]
pub enum ClusterError {
    /// Another coordinator uses the spool: what it has written of itself.
    Locked(String),
    /// The spool cannot be used.
    Spool(PathBuf, io::Error),
    /// The spool has a run of another version of this library that has not ended.
    OtherVersion {
        /// The folder of that run.
        folder: PathBuf,
        /// Its version.
        version: u32,
    },
    /// The spool has a run that has not ended, and this one is a dry run, which would end its units.
    Unfinished {
        /// The folder of that run.
        folder: PathBuf,
    },
    /// `Cluster::run` was called before in this program.
    SecondRun,
    /// The runner puts cleanups off, and some jobs are placed.
    CleanupsPutOff,
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClusterError::Locked(by) => write!(f, "another coordinator uses this spool: {by}"),
            ClusterError::Spool(path, error) => {
                write!(f, "the spool {} cannot be used: {error}", path.display())
            }
            ClusterError::OtherVersion { folder, version } => write!(
                f,
                "{} is a run of version {version} that has not ended: finish it with that program, or remove the folder",
                folder.display()
            ),
            ClusterError::Unfinished { folder } => write!(
                f,
                "{} is a run that has not ended, and a dry run would end its units: finish it first, or let the dry run be here",
                folder.display()
            ),
            ClusterError::SecondRun => write!(
                f,
                "a program has one `cluster.run`: a unit starts the program anew, and takes the first that it comes to; put \
                 both graphs into one, or into two programs"
            ),
            ClusterError::CleanupsPutOff => write!(
                f,
                "cleanups of placed jobs are called before the run returns: let the runner have `Cleanup::AtEnd`"
            ),
        }
    }
}

impl fmt::Debug for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ClusterError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        None // the error of the system is told already
    }
}
