//! The few words that everything else is said in.

use std::fmt;

/// What a job is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Kind {
    /// A check; where it fails, a run and a recheck.
    Job,
    /// A run, every time.
    RunOnly,
    /// A check; nothing can repair it but time.
    CheckOnly,
    /// Nothing: a name for what it depends on.
    Group,
}

/// A step of one try, or the cleanup after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Phase {
    /// The constructor of a struct job. Recorded only when it fails.
    Create,
    /// Is the wished-for state there?
    Check,
    /// Do something about it.
    Run,
    /// The check again, after the run: it decides.
    Recheck,
    /// Undo what only the run needed, after all jobs have ended.
    Cleanup,
}

impl fmt::Display for Phase {
    /// As in the lines of a console: `check`, `run`, ..
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Phase::Create => "create",
            Phase::Check => "check",
            Phase::Run => "run",
            Phase::Recheck => "recheck",
            Phase::Cleanup => "cleanup",
        })
    }
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Status {
    /// Done, and no run of this job was executed.
    Satisfied,
    /// Done, after one or more runs of this job, in whichever try.
    Changed,
    /// Every allowed try failed.
    Failed,
    /// Something that it depends on ended without being done.
    Blocked,
    /// Dry run only: a run is due.
    WouldRun,
}

impl Status {
    /// Whether what depends on a job that ended so may begin.
    pub fn is_done(self) -> bool {
        matches!(self, Status::Satisfied | Status::Changed)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Status::Satisfied => "satisfied",
            Status::Changed => "changed",
            Status::Failed => "failed",
            Status::Blocked => "blocked",
            Status::WouldRun => "would run",
        })
    }
}

/// Whether a run changes anything, or looks only.
///
/// Made from a `bool` or an `Option` where options are set: `true` is [`Checks`](DryRun::Checks), and what is missing
/// is [`Off`](DryRun::Off).
///
/// ```
/// use dojobber_core::DryRun;
///
/// assert_eq!((DryRun::from(true), DryRun::from(false)), (DryRun::Checks, DryRun::Off));
/// assert_eq!(DryRun::from(None::<bool>), DryRun::default());
/// assert!(DryRun::Checks.is_on() && !DryRun::Off.is_on());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DryRun {
    /// A run: it changes what its jobs find.
    #[default]
    Off,
    /// The first check of each job, once, and nothing else: DoJobber's `no_act`. What is behind a job that would run
    /// is blocked.
    Checks,
}

impl DryRun {
    /// Whether this is a dry run at all.
    #[inline]
    pub fn is_on(self) -> bool {
        self != DryRun::Off
    }
}

impl From<bool> for DryRun {
    fn from(on: bool) -> Self {
        if on { DryRun::Checks } else { DryRun::Off }
    }
}

impl<D: Into<DryRun>> From<Option<D>> for DryRun {
    fn from(said: Option<D>) -> Self {
        said.map_or(DryRun::Off, Into::into)
    }
}

/// When cleanups are called. Each is called at most once in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Cleanup {
    /// Before [`Runner::run`](crate::Runner::run) returns.
    #[default]
    AtEnd,
    /// When the [`Run`](crate::Run) is dropped, also while a test panics.
    OnDrop,
    /// Only by [`Run::cleanup`](crate::Run::cleanup). A `Run` dropped with cleanups still due calls none of them.
    ByHand,
}

/// Why a run was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum StopReason {
    /// Somebody raised a [`CancelToken`](crate::CancelToken) of it.
    Cancelled,
    /// The process got a signal of this number.
    Signal(i32),
    /// The time that the run may take was over.
    TimedOut,
    /// As many jobs had failed as may.
    MaxFailures,
}

impl fmt::Display for StopReason {
    /// As the end of a sentence: `the run was stopped: ..`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopReason::Cancelled => f.pad("it was cancelled"),
            StopReason::Signal(signal) => f.pad(&format!("signal {signal}")),
            StopReason::TimedOut => f.pad("its time was over"),
            StopReason::MaxFailures => f.pad("too many jobs had failed"),
        }
    }
}
