//! A process that several threads look at, until one ends it.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::cancel::{CancelToken, StopLevel};
#[cfg(unix)]
use crate::process::{
    bell::{PipeBell, left},
    exit::Exit,
    group::Target,
};

/// A process that leads a group. It is reaped by [`reap`](Self::reap) alone, so that its number stays that of its group
/// for as long as somebody may be left in that.
pub(super) struct Handle {
    id: u32,
    state: Mutex<State>,
    #[cfg(unix)]
    target: Target,
    #[cfg(unix)]
    exit: Exit,
}

struct State {
    child: Child,
    /// How it ended; known once it was reaped.
    status: Option<ExitStatus>,
}

impl Handle {
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
impl Handle {
    pub(super) fn new(mut child: Child) -> io::Result<Self> {
        let target = Target::of(&child, true);
        match Exit::of(&child, false) {
            Ok(exit) => {
                let id = child.id();
                Ok(Handle { id, target, exit, state: Mutex::new(State { child, status: None }) })
            }
            Err(error) => {
                target.kill();
                target.forget();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    pub(super) fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        use std::os::unix::process::ExitStatusExt;
        let state = self.lock();
        if state.status.is_some() {
            return Ok(state.status);
        }
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let found = waitid(WaitId::Pid(Pid::from_child(&state.child)), look)?;
        Ok(found.and_then(|found| match (found.exit_status(), found.terminating_signal()) {
            (Some(code), _) => Some(ExitStatus::from_raw((code & 0xff) << 8)),
            (None, Some(signal)) => Some(ExitStatus::from_raw(signal)),
            (None, None) => None,
        }))
    }

    pub(super) fn terminate(&self) {
        if self.lock().status.is_none() {
            self.target.terminate();
        }
    }

    pub(super) fn kill(&self) {
        if self.lock().status.is_none() {
            self.target.kill();
        }
    }

    /// Until it has ended, or until then, or until the token is so high. Says whether it has ended.
    pub(super) fn sleep_until(
        &self,
        until: Option<Instant>,
        token: Option<&CancelToken>,
        level: StopLevel,
    ) -> io::Result<bool> {
        use rustix::event::{PollFd, PollFlags, poll};
        let mut bell = token.map(PipeBell::new).transpose()?;
        loop {
            let exit = PollFd::from_borrowed_fd(self.exit.fd(), PollFlags::IN);
            let mut fds = vec![exit];
            fds.extend(bell.as_ref().map(|bell| PollFd::from_borrowed_fd(bell.fd(), PollFlags::IN)));
            let is_high = token.is_some_and(|token| token.level() >= level);
            let timeout = if is_high { Some(left(Instant::now())) } else { until.map(left) };
            match poll(&mut fds, timeout.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if !fds[0].revents().is_empty() {
                return Ok(true);
            }
            if is_high || until.is_some_and(|until| until <= Instant::now()) {
                return Ok(false);
            }
            if fds.get(1).is_some_and(|bell| !bell.revents().is_empty()) {
                drop(fds);
                bell.iter_mut().for_each(PipeBell::hear);
            }
        }
    }

    /// Ends what is left of its group once the process has ended, and lets go of its number.
    pub(super) fn reap(&self) -> io::Result<ExitStatus> {
        let mut state = self.lock();
        if let Some(status) = state.status {
            return Ok(status);
        }
        self.target.kill_rest();
        self.target.forget();
        let status = state.child.wait()?;
        state.status = Some(status);
        Ok(status)
    }

    pub(super) fn detach(&self) {
        self.target.forget();
    }
}

#[cfg(not(unix))]
impl Handle {
    pub(super) fn new(child: Child) -> io::Result<Self> {
        Ok(Handle { id: child.id(), state: Mutex::new(State { child, status: None }) })
    }

    pub(super) fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        let mut state = self.lock();
        if state.status.is_none() {
            state.status = state.child.try_wait()?;
        }
        Ok(state.status)
    }

    /// Nothing can ask it here.
    pub(super) fn terminate(&self) {
        self.kill();
    }

    pub(super) fn kill(&self) {
        let mut state = self.lock();
        if state.status.is_none() {
            let _ = state.child.kill();
        }
    }

    /// Until it has ended, or until then, or until the token is so high. Says whether it has ended.
    pub(super) fn sleep_until(
        &self,
        until: Option<Instant>,
        token: Option<&CancelToken>,
        level: StopLevel,
    ) -> io::Result<bool> {
        loop {
            if self.try_wait()?.is_some() {
                return Ok(true);
            }
            let is_high = token.is_some_and(|token| token.level() >= level);
            if is_high || until.is_some_and(|until| until <= Instant::now()) {
                return Ok(false);
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    pub(super) fn reap(&self) -> io::Result<ExitStatus> {
        let mut state = self.lock();
        let status = state.child.wait()?;
        state.status = Some(status);
        Ok(status)
    }

    pub(super) fn detach(&self) {}
}
