//! What the code of jobs does in simulated runs, one entry after the other.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::faults::Access;
use crate::graph::JobId;
use crate::words::Phase;

/// A phase that is executed, or would be: all of it, or what follows after one of its interruption points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Step {
    pub(crate) job: JobId,
    pub(crate) attempt: u32,
    pub(crate) phase: Phase,
    /// 0: it begins; n: it goes on behind its nth interruption point.
    pub(crate) part: u32,
}

/// A step, and in which of several simulated runs it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) run: usize,
    pub(crate) step: Step,
}

/// A call that has read or written something that others may use, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Touch {
    pub(crate) call: Call,
    pub(crate) thing: Arc<str>,
    pub(crate) access: Access,
}

/// Keeps what happens in one simulated run after the other.
#[derive(Default)]
pub(crate) struct Recorder {
    records: Mutex<Records>,
}

/// What is kept.
#[derive(Default)]
pub(crate) struct Records {
    /// In order.
    pub(crate) calls: Vec<Call>,
    /// In order.
    pub(crate) touches: Vec<Touch>,
    /// How many runs have begun.
    pub(crate) runs: usize,
    /// Virtual time of the runs that are over, in nanoseconds.
    elapsed: u64,
    on_exit: Vec<Hook>,
}

/// What the system does when the process dies.
pub(crate) type Hook = Box<dyn FnOnce() + Send>;

impl Recorder {
    /// The number of the run that begins, from 0.
    pub(crate) fn begin_run(&self) -> usize {
        let mut records = self.lock();
        records.runs += 1;
        records.runs - 1
    }

    /// A run that took that long, in nanoseconds, is over.
    pub(crate) fn end_run(&self, elapsed: u64) {
        let mut records = self.lock();
        records.elapsed = records.elapsed.saturating_add(elapsed);
    }

    /// Virtual time of the runs that are over, in nanoseconds.
    pub(crate) fn elapsed(&self) -> u64 {
        self.lock().elapsed
    }

    /// How many calls there were so far.
    pub(crate) fn calls(&self) -> usize {
        self.lock().calls.len()
    }

    /// The so manieth call, from 1.
    pub(crate) fn call(&self, number: usize) -> Option<Call> {
        self.lock().calls.get(number.checked_sub(1)?).copied()
    }

    /// Adds a call. Returns how many there are now.
    pub(crate) fn push(&self, call: Call) -> usize {
        let mut records = self.lock();
        records.calls.push(call);
        records.calls.len()
    }

    pub(crate) fn touch(&self, touch: Touch) {
        self.lock().touches.push(touch);
    }

    pub(crate) fn on_exit(&self, hook: Hook) {
        self.lock().on_exit.push(hook);
    }

    /// The process is over: calls the hooks, the last one first.
    pub(crate) fn exit(&self) {
        let hooks = std::mem::take(&mut self.lock().on_exit);
        hooks.into_iter().rev().for_each(|hook| hook());
    }

    /// All that was kept.
    pub(crate) fn take(&self) -> Records {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("calls", &self.calls()).finish_non_exhaustive()
    }
}
