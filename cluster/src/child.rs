//! The process of a unit: how it is started on this machine, and how it is ended.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// The variable that tells a process which unit it is.
pub(crate) const UNIT: &str = "DOJOBBER_UNIT";

/// How long a process has to end after TERM.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// Its command, in a group of its own and without arguments. What it prints goes to the log.
pub(crate) fn command(program: &Path, unit: impl AsRef<OsStr>, log: &Path) -> io::Result<Command> {
    let log = File::options().create(true).append(true).open(log)?;
    let errors = log.try_clone()?;
    let mut command = Command::new(program);
    command.env(UNIT, unit).stdin(Stdio::null()).stdout(log).stderr(errors).process_group(0);
    Ok(command)
}

/// Sends a signal to a unit and all that it has started. It may have ended.
pub(crate) fn signal(pid: u32, signal: Signal) {
    if let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, signal);
    }
}
