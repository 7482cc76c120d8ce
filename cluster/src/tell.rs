//! What the coordinator and its units say to people.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// Where a coordinator says what it does. Default: standard error.
pub(crate) struct Voice {
    out: Mutex<Box<dyn Write + Send>>,
}

impl Voice {
    pub(crate) fn set(&self, out: impl Write + Send + 'static) {
        *self.out.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(out);
    }

    /// Writes a line at once, so that nothing can stand within it. It is tried, and no more.
    pub(crate) fn tell(&self, line: fmt::Arguments<'_>) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = out.write_all(format!("cluster: {line}\n").as_bytes());
    }
}

impl Default for Voice {
    fn default() -> Self {
        Voice { out: Mutex::new(Box::new(io::stderr())) }
    }
}

/// `1 unit is`, `2 units are`.
pub(crate) fn units_are(count: usize) -> String {
    format!("{count} {}", if count == 1 { "unit is" } else { "units are" })
}

/// Writes a line to standard error. That may be a file on a full disk, or a pipe that nobody reads: it is tried, and no
/// more.
pub(crate) fn tell(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}
