//! The process of a unit: how it is started on this machine, and how it is ended.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// The variable that tells a process which unit it is.
pub(crate) const UNIT: &str = "DOJOBBER_UNIT";

/// The variable that tells a unit which process is its pilot.
pub(crate) const PILOT: &str = "DOJOBBER_PILOT";

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

/// The order in the environment of a process, as far as the system tells that.
pub(crate) fn order_of(pid: u32) -> Option<PathBuf> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    let order = variables.find_map(|bytes| bytes.strip_prefix(UNIT.as_bytes())?.strip_prefix(b"="))?;
    Some(PathBuf::from(OsStr::from_bytes(order)))
}

/// All processes, as far as the system tells them.
pub(crate) fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Kills what a unit has started and left behind: what stands in groups of its own got no signal with it.
pub(crate) fn end_leftovers(order: &Path) {
    for pid in processes().filter(|pid| *pid != std::process::id()) {
        if order_of(pid).is_some_and(|other| other == order)
            && let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw)
        {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Sends a signal to a unit and all that it has started. It may have ended.
pub(crate) fn signal(pid: u32, signal: Signal) {
    if let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, signal);
    }
}
