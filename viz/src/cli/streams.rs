//! Standard input and output, and what else is no file beside which there could be others.

use std::error::Error as _;
use std::fs;
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use dojobber_core::WholeWriter;

use super::error::RenderError;
use crate::file::{self, Target, WriteError};

/// Whether a path stands for something beside which there can be no files.
pub(super) fn is_stream(path: &Path) -> bool {
    path == Path::new("-") || !matches!(file::target(path), Target::File(_))
}

/// Opening it by its name would begin anew in a file that the shell appends to.
pub(super) fn is_standard_output(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// A report is never overwritten by its own picture.
pub(super) fn check_input(output: &Path, input: &Path) -> Result<(), RenderError> {
    let input = if input == Path::new("-") { Path::new("/dev/stdin") } else { input };
    if !is_stream(output) && is_same_file(output, input) {
        return Err(RenderError::Overwrites { path: output.to_owned() });
    }
    Ok(())
}

/// All that comes from a stream, also where that does not wait by itself.
pub(super) fn read_to_end(mut stream: impl Read) -> io::Result<Vec<u8>> {
    /// The time between two looks at a stream that has nothing yet.
    const PAUSE: Duration = Duration::from_millis(5);

    let mut bytes = Vec::new();
    loop {
        match stream.read_to_end(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(PAUSE),
            result => return result.map(|_| bytes),
        }
    }
}

pub(super) fn write_to_standard_output(bytes: &[u8]) -> Result<(), RenderError> {
    match WholeWriter::new(io::stdout()).patience(Duration::MAX).write_all(bytes) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(RenderError::StandardOutput { source: error })
        }
        _ => Ok(()),
    }
}

/// Whether it was written to a pipe whose other end has gone.
pub(super) fn is_closed_pipe(error: &WriteError) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|source| source.kind() == io::ErrorKind::BrokenPipe)
}

/// Whether both paths lead to the same file.
fn is_same_file(a: &Path, b: &Path) -> bool {
    let (Ok(a_there), Ok(b_there)) = (fs::metadata(a), fs::metadata(b)) else { return false };
    is_same(&a_there, &b_there)
        || fs::canonicalize(a).is_ok_and(|a| fs::canonicalize(b).is_ok_and(|b| a == b))
}

#[cfg(unix)]
fn is_same(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn one_file_under_two_names_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        ["a", "b"].iter().for_each(|name| fs::write(at(name), "x").unwrap());
        fs::hard_link(at("a"), at("hard")).unwrap();
        symlink("a", at("soft")).unwrap();
        fs::create_dir(at("d")).unwrap();
        for (other, same) in
            [("a", true), ("hard", true), ("soft", true), ("d/../a", true), ("b", false), ("c", false)]
        {
            assert_eq!(is_same_file(&at("a"), &at(other)), same, "{other}");
        }
    }
}
