//! What the coordinator and its units say to people.

use std::fmt;
use std::io::Write as _;

/// Writes a line to standard error. That may be a file on a full disk, or a pipe that nobody reads: it is tried, and no
/// more.
pub(crate) fn tell(line: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
