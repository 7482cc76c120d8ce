//! Signals to a process, or to all of its group.

use std::collections::BTreeSet;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// What is told to end: a process, or its whole group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The group that a process of ours leads.
    Group(Pid),
    /// A process that stands in our own group.
    Process(Pid),
}

impl Target {
    /// `leads`: it was started as the leader of a group.
    pub(super) fn of(child: &Child, leads: bool) -> Self {
        let pid = Pid::from_child(child);
        if leads {
            #[cfg(feature = "signals")]
            crate::cancel::before_exit(kill_all);
            lock().insert(pid.as_raw_pid());
            Target::Group(pid)
        } else {
            Target::Process(pid)
        }
    }

    /// Asks it to end. One that is stopped goes on, to hear that.
    pub(super) fn terminate(self) {
        self.send(Signal::TERM);
        self.send(Signal::CONT);
    }

    /// Ends it.
    pub(super) fn kill(self) {
        self.send(Signal::KILL);
    }

    /// Kills those that are left of a group. Its leader must not have been reaped: until then the number is its own.
    pub(super) fn kill_rest(self) {
        if let Target::Group(_) = self {
            self.kill();
        }
    }

    /// Its number is about to become somebody else's.
    pub(super) fn forget(self) {
        if let Target::Group(pid) = self {
            lock().remove(&pid.as_raw_pid());
        }
    }

    /// Sends a signal. It is no error if no process is left to receive it.
    fn send(self, signal: Signal) {
        let _ = match self {
            Target::Group(pid) => kill_process_group(pid, signal),
            Target::Process(pid) => kill_process(pid, signal),
        };
    }
}

/// Leaders of groups that have not been reaped, for the moment in which the process ends at once.
static LEADERS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// Kills all groups that were started and have not ended.
#[cfg(feature = "signals")]
fn kill_all() {
    for pid in lock().iter().copied().filter_map(Pid::from_raw) {
        Target::Group(pid).kill();
    }
}

fn lock() -> MutexGuard<'static, BTreeSet<i32>> {
    LEADERS.lock().unwrap_or_else(PoisonError::into_inner)
}
