//! How a process is watched, and what comes of it.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use crate::cancel::StopLevel;
use crate::error::TimedOut;
use crate::limits::{Limits, Over};
use crate::process::capture::{Capture, OutputStream};

/// Reading ends when a process has ended, and nothing came for so long.
pub(super) const QUIET: Duration = Duration::from_millis(100);
/// Reading ends so long after the end of a process, whatever comes.
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// From SIGTERM to SIGKILL, where no run says something else.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// Called with each line that a process writes.
pub(super) type Tell<'a> = Option<&'a mut dyn FnMut(OutputStream, &str)>;

/// How a process is watched.
pub(super) struct Orders<'a> {
    /// The limits of the phase that started it.
    pub(super) limits: Option<&'a Limits>,
    /// The time limit of the command alone.
    pub(super) timeout: Option<Timeout>,
    pub(super) grace: Duration,
    /// Whether it leads a group of its own.
    pub(super) leads: bool,
    /// Whether it may stop because it wants the terminal.
    pub(super) watches_stops: bool,
    pub(super) input: Vec<u8>,
    /// Whether all of its standard output is wanted, and not its start and end alone.
    pub(super) all_stdout: bool,
    /// The same of standard error.
    pub(super) all_stderr: bool,
    pub(super) tell: Tell<'a>,
}

/// A limit of one command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeout {
    /// `None`: never.
    until: Option<Instant>,
    allowed: Duration,
}

impl Timeout {
    /// From now on.
    pub(super) fn start(allowed: Duration) -> Self {
        Timeout { until: Instant::now().checked_add(allowed), allowed }
    }

    fn over(self) -> Option<Over> {
        let is_over = self.until.is_some_and(|until| until <= Instant::now());
        is_over.then(|| Over::TimedOut(TimedOut::new(self.allowed)))
    }
}

impl Orders<'_> {
    pub(super) fn level(&self) -> StopLevel {
        self.limits.map_or(StopLevel::None, Limits::level)
    }

    /// Whether it is to end, and why.
    pub(super) fn over(&self) -> Option<Over> {
        self.limits.and_then(Limits::over).or_else(|| self.timeout?.over())
    }

    /// When it is to end at the latest.
    #[cfg(unix)]
    pub(super) fn deadline(&self) -> Option<Instant> {
        let limit = self.limits.and_then(|limits| limits.clock().instant(limits.deadline()?));
        limit.into_iter().chain(self.timeout.and_then(|timeout| timeout.until)).min()
    }

    pub(super) fn capture_stdout(&self) -> Capture {
        if self.all_stdout { Capture::all() } else { Capture::ends() }
    }

    pub(super) fn capture_stderr(&self) -> Capture {
        if self.all_stderr { Capture::all() } else { Capture::ends() }
    }
}

/// Why a process has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Itself,
    /// We ended it.
    Over(Over),
    /// We ended it, because it had stopped to wait for the terminal.
    WantsTerminal,
}

/// A process that has ended.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) status: ExitStatus,
    pub(super) end: End,
    pub(super) stdout: Capture,
    pub(super) stderr: Capture,
}

impl Ran {
    /// The end of what it said, of standard error first.
    pub(super) fn said(&self) -> String {
        let said = self.stderr.quote();
        if said.is_empty() { self.stdout.quote() } else { said }
    }
}
