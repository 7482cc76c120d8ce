//! One phase that was executed.

use std::time::Duration;

use crate::error::{ErrorText, RETURNED_FALSE};
use crate::words::Phase;

/// How a phase ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending<'a> {
    /// It passed.
    Passed,
    /// It said no without a reason: `false` or `Ok(false)`.
    ReturnedFalse,
    /// It failed, or panicked, with this error.
    Failed(&'a ErrorText),
}

impl<'a> Ending<'a> {
    /// What it failed with; of a `false` the text `returned false`.
    pub fn error(self) -> Option<&'a ErrorText> {
        match self {
            Ending::Passed => None,
            Ending::ReturnedFalse => Some(&RETURNED_FALSE),
            Ending::Failed(error) => Some(error),
        }
    }
}

/// One phase that was executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhaseRecord<'a> {
    pub(super) attempt: u32,
    pub(super) phase: Phase,
    pub(super) worker: u16,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) sequence: u32,
    pub(super) ending: Ending<'a>,
    pub(super) node: Option<&'a str>,
}

impl<'a> PhaseRecord<'a> {
    /// Which try it belongs to, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Which step it was.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The worker that executed it; 0 is the thread that called `run`.
    pub fn worker(&self) -> usize {
        self.worker.into()
    }

    /// The machine that executed it, if that was another than the run's.
    pub fn node(&self) -> Option<&'a str> {
        self.node
    }

    /// When it began: the time since the run did, in whole nanoseconds.
    pub fn start(&self) -> Duration {
        Duration::from_nanos(self.start)
    }

    /// When it ended: the time since the run began, in whole nanoseconds.
    pub fn end(&self) -> Duration {
        Duration::from_nanos(self.end)
    }

    /// How long it took, in whole nanoseconds.
    pub fn length(&self) -> Duration {
        Duration::from_nanos(self.end - self.start)
    }

    /// How it ended.
    pub fn ending(&self) -> Ending<'a> {
        self.ending
    }

    /// Whether it passed.
    pub fn passed(&self) -> bool {
        self.ending == Ending::Passed
    }

    /// What it failed with; of a `false` the text `returned false`.
    pub fn error(&self) -> Option<&'a ErrorText> {
        self.ending.error()
    }

    /// The place of a run, from 1, in the order in which the runs of all jobs began; `None` for other phases. Cleanups
    /// are called in the reverse of it.
    pub fn sequence(&self) -> Option<u64> {
        (self.sequence > 0).then_some(self.sequence.into())
    }
}
