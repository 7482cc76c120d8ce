//! All that the outside sees of a run while it happens.

use std::sync::Arc;
use std::time::Duration;

use crate::cancel::StopLevel;
use crate::error::ErrorText;
use crate::graph::{JobGraph, JobId, JobRef};
use crate::options::RunOptions;
use crate::pool::Slots;
use crate::process::OutputStream;
use crate::said::Progress;
use crate::words::{Phase, Status, StopReason};

/// Something that happened in a run. A trace is the events in the order in which they arrived.
///
/// `worker` is the worker that did it: 0 is the thread that called `run`. `at` is the time since the run began.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The first of all.
    #[non_exhaustive]
    RunStarted {
        /// The graph of the plan that is run.
        graph: Arc<JobGraph>,
        /// How it is run; `threads` is never 0 here.
        options: RunOptions,
        /// How long each job is expected to take, if that is known [from an earlier
        /// run](crate::RunnerBuilder::timings): of jobs that are ready, those begin first from which the way to the end of
        /// the run is longest. `None`: they begin as they have become ready.
        expected: Option<Arc<[Duration]>>,
        /// The jobs that have a cleanup, in order of declaration.
        with_cleanup: Arc<[JobId]>,
        /// The slots of pools that jobs use, in order of declaration. What a job uses of one pool adds up. Asynchronous jobs
        /// also use one of [`max_in_flight`](RunOptions::max_in_flight), which is not among these.
        uses: Arc<[(JobId, Slots)]>,
    },
    /// A phase begins.
    #[non_exhaustive]
    PhaseStarted {
        /// The job that it belongs to.
        job: JobRef,
        /// Which try, from 1.
        attempt: u32,
        /// Which step. A constructor is told only when it fails.
        phase: Phase,
        /// The worker that did it; 0 is the thread that called `run`.
        worker: usize,
        /// Time since the run began.
        at: Duration,
        /// The place of a run, from 1, in the order in which the runs of all jobs begin; `None` for other phases.
        sequence: Option<u64>,
        /// The machine that executes it; `None`: this one.
        node: Option<Arc<str>>,
    },
    /// A job has said what its run does, or would do: told in the check that asks for the run, or before a run without
    /// one; once a job.
    #[non_exhaustive]
    RunDescribed {
        /// The job that it belongs to.
        job: JobRef,
        /// Which try, from 1.
        attempt: u32,
        /// What it says.
        text: String,
        /// The worker that asked; 0 is the thread that called `run`.
        worker: usize,
        /// Time since the run began.
        at: Duration,
    },
    /// A phase has ended.
    #[non_exhaustive]
    PhaseEnded {
        /// The job that it belongs to.
        job: JobRef,
        /// Which try, from 1.
        attempt: u32,
        /// Which step.
        phase: Phase,
        /// The worker that did it; 0 is the thread that called `run`.
        worker: usize,
        /// Time since the run began.
        at: Duration,
        /// What it failed with.
        error: Option<ErrorText>,
    },
    /// A try is handed over to be executed elsewhere, or a whole nest: then this names the first of its jobs.
    #[non_exhaustive]
    TrySent {
        /// The job.
        job: JobRef,
        /// Which try, from 1.
        attempt: u32,
        /// The worker that did it; 0 is the thread that called `run`. The phases that follow are told of other workers,
        /// one for each place on another machine.
        worker: usize,
        /// Time since the run began.
        at: Duration,
    },
    /// A process has written a line, whose command says `.stream_output()`.
    #[non_exhaustive]
    OutputLine {
        /// The job whose phase started it.
        job: JobRef,
        /// Which try, from 1.
        attempt: u32,
        /// The phase that started it, and waits for it.
        phase: Phase,
        /// Where it was written to.
        stream: OutputStream,
        /// The line without its end. What is not UTF-8 is replaced, and a line of more than 64 KiB comes in pieces.
        line: String,
        /// Time since the run began.
        at: Duration,
    },
    /// A process was started that outlives its phase, by [`Command::spawn`](crate::Command::spawn).
    #[non_exhaustive]
    ProcessSpawned {
        /// The job whose phase started it.
        job: JobRef,
        /// Which try, from 1.
        attempt: u32,
        /// The phase that started it.
        phase: Phase,
        /// The number of the process.
        process: u32,
        /// Time since the run began.
        at: Duration,
    },
    /// A process is to outlive its run, too: [`Process::detach`](crate::Process::detach).
    #[non_exhaustive]
    ProcessDetached {
        /// The job whose phase started it.
        job: JobRef,
        /// The try that started it, from 1.
        attempt: u32,
        /// The number of the process.
        process: u32,
        /// Time since the run began.
        at: Duration,
    },
    /// A phase has said something with [`Context::log`](crate::Context::log).
    #[non_exhaustive]
    LogLine {
        /// The job that it belongs to.
        job: JobRef,
        /// Which try, from 1.
        attempt: u32,
        /// Which step.
        phase: Phase,
        /// What was said; it may have line breaks. Its middle is left out if it was longer than 1,000 characters.
        text: String,
        /// Time since the run began.
        at: Duration,
    },
    /// A phase has said how far it is, with [`Context::progress`](crate::Context::progress): the first time, at the end, and
    /// ten times a second at most in between.
    #[non_exhaustive]
    Progress {
        /// The job that it belongs to.
        job: JobRef,
        /// Which try, from 1.
        attempt: u32,
        /// Which step.
        phase: Phase,
        /// How far it is.
        progress: Progress,
        /// Time since the run began.
        at: Duration,
    },
    /// A phase takes longer than [`slow_after`](RunOptions::slow_after). It is told again each time that the time has
    /// doubled, by a thread of its own, before the end of that phase is told. A simulation tells none.
    #[non_exhaustive]
    PhaseSlow {
        /// The job that it belongs to.
        job: JobRef,
        /// Which try, from 1.
        attempt: u32,
        /// Which step; of a constructor nothing else is told, unless it fails.
        phase: Phase,
        /// The worker that began it; 0 is the thread that called `run`.
        worker: usize,
        /// Time since the run began.
        at: Duration,
        /// How long it has taken so far.
        running: Duration,
    },
    /// A try has failed, and another one will follow.
    #[non_exhaustive]
    RetryPlanned {
        /// The job that it belongs to.
        job: JobRef,
        /// The try that failed.
        attempt: u32,
        /// The worker that did it; 0 is the thread that called `run`.
        worker: usize,
        /// Time since the run began.
        at: Duration,
        /// When the next try may begin.
        due: Duration,
        /// How many tries the job may use; `None` if they are limited by time alone.
        max_tries: Option<u32>,
        /// The longest pause that errors of this try have asked for with [`retry_after`](crate::retry_after).
        pause: Option<Duration>,
    },
    /// A job has ended for good.
    #[non_exhaustive]
    JobEnded {
        /// The job.
        job: JobRef,
        /// How the job ended.
        status: Status,
        /// The dependency of a blocked job that ended first without being done.
        because: Option<JobRef>,
        /// The worker that did it; 0 is the thread that called `run`.
        worker: usize,
        /// Time since the run began.
        at: Duration,
    },
    /// The run is stopped, or is stopped harder than before. Told by the first worker that sees it. Each of the others may
    /// begin one phase that it had chosen before, and no more.
    #[non_exhaustive]
    StopRequested {
        /// How much of the run is stopped.
        level: StopLevel,
        /// Why it was stopped first.
        reason: StopReason,
        /// The worker that has seen it; 0 is the thread that called `run`.
        worker: usize,
        /// Time since the run began.
        at: Duration,
    },
    /// The last of all, but for cleanups that are called later.
    #[non_exhaustive]
    RunEnded {
        /// Time since the run began.
        at: Duration,
        /// How many cleanups are still due, because they were put off.
        cleanups_due: usize,
    },
    /// Cleanups that had been put off have all been called.
    #[non_exhaustive]
    CleanupEnded {
        /// Time since the run began.
        at: Duration,
    },
}

impl Event {
    /// The job that this happened to, if it is about one.
    pub fn job(&self) -> Option<&JobRef> {
        match self {
            Event::PhaseStarted { job, .. }
            | Event::RunDescribed { job, .. }
            | Event::PhaseEnded { job, .. }
            | Event::OutputLine { job, .. }
            | Event::ProcessSpawned { job, .. }
            | Event::ProcessDetached { job, .. }
            | Event::LogLine { job, .. }
            | Event::Progress { job, .. }
            | Event::PhaseSlow { job, .. }
            | Event::TrySent { job, .. }
            | Event::RetryPlanned { job, .. }
            | Event::JobEnded { job, .. } => Some(job),
            Event::RunStarted { .. }
            | Event::StopRequested { .. }
            | Event::RunEnded { .. }
            | Event::CleanupEnded { .. } => None,
        }
    }
}

/// Watches runs. One observer may watch several at once, from several threads.
///
/// It is called on the thread that did the thing, before anything that follows from it begins; events of
/// unrelated jobs may overlap. One that panics is not called again in that run.
///
/// ```
/// use dojobber_core::{Event, Observer};
/// use std::sync::Mutex;
///
/// #[derive(Default)]
/// struct Trace(Mutex<Vec<Event>>);
///
/// impl Observer for Trace {
///     fn on_event(&self, event: &Event) {
///         self.0.lock().unwrap().push(event.clone());
///     }
/// }
/// ```
pub trait Observer: Send + Sync {
    /// Something has happened.
    fn on_event(&self, event: &Event);

    /// Whether to call it at all: asked when a run starts, and by a pair for each event. Without an active observer
    /// no event is built.
    fn is_active(&self) -> bool {
        true
    }

    /// What it could not do, as a sentence for people: asked when a run has ended, and kept in the report as one of its
    /// [`observer_failures`](crate::Report::observer_failures). Default: nothing.
    fn failure(&self) -> Option<String> {
        None
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn on_event(&self, event: &Event) {
        (**self).on_event(event);
    }
    fn is_active(&self) -> bool {
        (**self).is_active()
    }
    fn failure(&self) -> Option<String> {
        (**self).failure()
    }
}

impl<O: Observer + ?Sized> Observer for Box<O> {
    fn on_event(&self, event: &Event) {
        (**self).on_event(event);
    }
    fn is_active(&self) -> bool {
        (**self).is_active()
    }
    fn failure(&self) -> Option<String> {
        (**self).failure()
    }
}

/// Active if it holds an active one.
impl<O: Observer> Observer for Option<O> {
    fn on_event(&self, event: &Event) {
        if let Some(observer) = self {
            observer.on_event(event);
        }
    }
    fn is_active(&self) -> bool {
        self.as_ref().is_some_and(Observer::is_active)
    }
    fn failure(&self) -> Option<String> {
        self.as_ref()?.failure()
    }
}

/// Active if either is; each gets only what it is active for.
impl<O: Observer, P: Observer> Observer for (O, P) {
    fn on_event(&self, event: &Event) {
        if self.0.is_active() {
            self.0.on_event(event);
        }
        if self.1.is_active() {
            self.1.on_event(event);
        }
    }
    fn is_active(&self) -> bool {
        self.0.is_active() || self.1.is_active()
    }
    fn failure(&self) -> Option<String> {
        self.0.failure().or_else(|| self.1.failure())
    }
}
