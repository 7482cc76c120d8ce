//! The process of a unit: how it is started on this machine, and how it is ended.

use std::env;
use std::ffi::{OsStr, OsString};
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

/// The variable that tells a unit which process is its pilot: `PID ORDER`. All that the unit starts has it from there, too,
/// units of other programs included, and those have another order.
const PILOT: &str = "DOJOBBER_PILOT";

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

/// Tells the unit with this order that this process is its pilot.
pub(crate) fn set_pilot(command: &mut Command, order: &Path) {
    let mut text = OsString::from(format!("{} ", std::process::id()));
    text.push(order);
    command.env(PILOT, text);
}

/// The pilot that has started this process for a unit.
pub(crate) fn own_pilot() -> Option<u32> {
    pilot_of(&env::var_os(UNIT)?, &env::var_os(PILOT)?)
}

fn pilot_of(order: &OsStr, text: &OsStr) -> Option<u32> {
    let pid = text.as_bytes().strip_suffix(order.as_bytes())?.strip_suffix(b" ")?;
    std::str::from_utf8(pid).ok()?.parse().ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pilot_is_that_of_its_own_units_alone() {
        let mut command = Command::new("unit");
        set_pilot(&mut command, Path::new("/spool/a/order/b0.0"));
        let (_, text) = command.get_envs().next().unwrap();
        let of = |order: &str| pilot_of(OsStr::new(order), text.unwrap());
        assert_eq!(of("/spool/a/order/b0.0"), Some(std::process::id()));
        for order in ["/spool/b/order/b0.0", "/spool/a/order/b0.00", "a/order/b0.0", "0", ""] {
            assert_eq!(of(order), None, "{order}");
        }
    }
}
