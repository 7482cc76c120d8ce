//! The few words that everything else is said in.

mod counts;

use std::fmt;

pub use counts::Counts;

/// Declares an enum, the list of its variants, and the text of each: one list, so that none can be missing from it.
macro_rules! words {
    ($(#[$about:meta])* pub enum $Name:ident {
        $($(#[$meaning:meta])* $Variant:ident => $word:literal,)*
    }) => {
        $(#[$about])*
        #[non_exhaustive]
        pub enum $Name {
            $($(#[$meaning])* $Variant,)*
        }

        impl $Name {
            /// Each of them once, in the order of their declaration.
            pub const ALL: &'static [$Name] = &[$($Name::$Variant),*];

            /// What it prints.
            pub fn word(self) -> &'static str {
                match self { $($Name::$Variant => $word,)* }
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a job is made of.
    ///
    /// ```
    /// use dojobber_core::{Kind, Phase};
    ///
    /// for kind in Kind::ALL {
    ///     let phases: Vec<_> = Phase::ALL.iter().filter(|phase| kind.may_have(**phase)).collect();
    ///     println!("a {kind} has {phases:?} and begins with {:?}", kind.first_phase());
    /// }
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
    pub enum Kind {
        /// A check; where it fails, a run and a recheck.
        Job => "job",
        /// A run, every time.
        RunOnly => "run_only",
        /// A check; nothing can repair it but time.
        CheckOnly => "check_only",
        /// A name for the jobs that it depends on; it does nothing itself.
        Group => "group",
    }
}

impl Kind {
    /// The phase that begins each try of such a job, behind the constructor if it has one. A group has none.
    pub fn first_phase(self) -> Option<Phase> {
        match self {
            Kind::Job | Kind::CheckOnly => Some(Phase::Check),
            Kind::RunOnly => Some(Phase::Run),
            Kind::Group => None,
        }
    }

    /// Whether a run may execute that phase of such a job. [`Phase::Create`] is told of any job that was to be executed
    /// elsewhere, and could not be begun there.
    pub fn may_have(self, phase: Phase) -> bool {
        match self {
            Kind::Job => true,
            Kind::RunOnly => matches!(phase, Phase::Create | Phase::Run | Phase::Cleanup),
            Kind::CheckOnly => matches!(phase, Phase::Create | Phase::Check),
            Kind::Group => false,
        }
    }
}

words! {
    /// A step of one try, or the cleanup after it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
    pub enum Phase {
        /// The constructor of a struct job. Recorded only when it fails.
        Create => "create",
        /// Does the desired state hold?
        Check => "check",
        /// Do something about it.
        Run => "run",
        /// The check again, after the run: it decides.
        Recheck => "recheck",
        /// Undo what only the run needed, after all jobs have ended.
        Cleanup => "cleanup",
    }
}

words! {
    /// How a job ended.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
    pub enum Status {
        /// Done, and no run of this job was executed.
        Satisfied => "satisfied",
        /// Done, after one or more runs of this job, in whichever try.
        Changed => "changed",
        /// Every allowed try failed.
        Failed => "failed",
        /// Something that it depends on ended without being done.
        Blocked => "blocked",
        /// Dry run only: a run is due.
        WouldRun => "would run",
        /// The run was stopped before the job ended.
        Cancelled => "cancelled",
    }
}

impl Status {
    /// Whether what depends on a job that ended so may begin.
    pub fn is_done(self) -> bool {
        matches!(self, Status::Satisfied | Status::Changed)
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
    /// The same, and on behind jobs that would run as if they were done: so it is known what comes then.
    ///
    /// Behind a job that would run nothing fails: what fails there would run, too, and its error is kept. What passes
    /// there is satisfied as things stand; once the run before it has changed something it may not be. Both say so with
    /// [`JobReport::behind`](crate::JobReport::behind). Checks are called in states that they would not meet in a run,
    /// and must change nothing there: opening a database, for example, may create it.
    Through,
}

impl DryRun {
    /// Whether this is a dry run at all.
    #[inline]
    pub fn is_on(self) -> bool {
        self != DryRun::Off
    }

    /// Whether what depends on a job that ended so may begin.
    #[inline]
    pub(crate) fn goes_on_behind(self, status: Status) -> bool {
        status.is_done() || self == DryRun::Through && status == Status::WouldRun
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

/// When cleanups are called. Each is called at most once in all, and none if the process ends before.
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
    /// As the end of a sentence: `the run was stopped: ..`. The signals that [`on_signals`](crate::CancelToken) takes have
    /// their names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopReason::Cancelled => f.pad("it was cancelled"),
            StopReason::Signal(1) => f.pad("SIGHUP"),
            StopReason::Signal(2) => f.pad("SIGINT"),
            StopReason::Signal(15) => f.pad("SIGTERM"),
            StopReason::Signal(signal) => f.pad(&format!("signal {signal}")),
            StopReason::TimedOut => f.pad("its time was over"),
            StopReason::MaxFailures => f.pad("too many jobs had failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phases_of_a_kind() {
        let phases = |kind: Kind| -> String {
            let has = |phase: &&Phase| kind.may_have(**phase);
            Phase::ALL.iter().filter(has).map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let expected = ["create check run recheck cleanup", "create run cleanup", "create check", ""];
        for (&kind, expected) in Kind::ALL.iter().zip(expected) {
            assert_eq!(phases(kind), expected, "{kind}");
            assert!(kind.first_phase().is_none_or(|first| kind.may_have(first)), "{kind}");
            assert_eq!(kind.first_phase().is_none(), expected.is_empty(), "{kind}");
        }
    }

    #[test]
    fn no_two_have_the_same_word() {
        let words = Kind::ALL.iter().map(ToString::to_string);
        let words = words.chain(Phase::ALL.iter().map(ToString::to_string));
        let all: Vec<String> = words.chain(Status::ALL.iter().map(ToString::to_string)).collect();
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len(), "{all:?}");
    }
}
