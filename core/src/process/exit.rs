//! The end of a process as something that `poll` waits for.

use std::io::{self, PipeReader, Read, Write};
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;
use std::os::fd::{AsFd, BorrowedFd};
use std::process::Child;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

/// Becomes readable when a process has ended, and leaves it to be reaped.
#[derive(Debug)]
pub(super) enum Exit {
    #[cfg(target_os = "linux")]
    PidFd(OwnedFd),
    /// A thread waits, and hangs up. It says before if the process has stopped because it wants the terminal.
    Thread(PipeReader),
}

/// What has happened to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    Ended,
    WantsTerminal,
}

impl Exit {
    /// `stops`: also watch for one that stops because it wants the terminal, which only a thread can.
    pub(super) fn of(child: &Child, stops: bool) -> io::Result<Self> {
        let pid = Pid::from_child(child);
        #[cfg(target_os = "linux")]
        if !stops && let Ok(fd) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) {
            return Ok(Exit::PidFd(fd));
        }
        let (hears, says) = io::pipe()?;
        let thread = std::thread::Builder::new().name("dojobber-wait".into());
        thread.spawn(move || wait(pid, stops, says))?;
        Ok(Exit::Thread(hears))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        match self {
            #[cfg(target_os = "linux")]
            Exit::PidFd(fd) => fd.as_fd(),
            Exit::Thread(hears) => hears.as_fd(),
        }
    }

    /// Reads what has become of the process; to be called once it is readable.
    pub(super) fn news(&mut self) -> News {
        match self {
            #[cfg(target_os = "linux")]
            Exit::PidFd(_) => News::Ended,
            Exit::Thread(hears) => match hears.read(&mut [0]) {
                Ok(1) => News::WantsTerminal,
                _ => News::Ended,
            },
        }
    }
}

/// Until it has ended; `says` is closed then.
fn wait(pid: Pid, stops: bool, mut says: io::PipeWriter) {
    let mut events = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    if stops {
        events |= WaitIdOptions::STOPPED;
    }
    loop {
        match waitid(WaitId::Pid(pid), events) {
            Err(Errno::INTR) => {}
            Ok(Some(status)) if status.stopped() => {
                let signal = status.stopping_signal();
                if [Signal::TTIN, Signal::TTOU].map(|wants| Some(wants.as_raw())).contains(&signal) {
                    let _ = says.write_all(&[1]);
                }
                // this stop was seen, the next one is news
                let _ = waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG);
            }
            _ => return,
        }
    }
}
