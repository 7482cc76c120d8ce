//! Spans of a run, its jobs and their phases, around the code of the user: what a job logs stands inside its phase.
//!
//! Field names are those of OpenTelemetry's conventions for CI/CD where there are some. Nothing of this is there without
//! the feature `tracing`, and nothing is done where nobody listens to spans when the run begins.

#[cfg(feature = "tracing")]
mod listened;

#[cfg(feature = "tracing")]
use listened::{OpenSpan, RunSpans};

use crate::context::Place;
use crate::error::Result;
use crate::graph::{JobGraph, JobId};
use crate::report::Report;
use crate::words::{DryRun, Status};

/// The spans of one run.
pub(crate) struct Spans {
    #[cfg(feature = "tracing")]
    listened: Option<Box<RunSpans>>,
}

#[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "nobody can listen"))]
impl Spans {
    pub(super) fn begin(jobs: usize, dry_run: DryRun) -> Self {
        Spans {
            #[cfg(feature = "tracing")]
            listened: RunSpans::begin(jobs, dry_run),
        }
    }

    /// Whether somebody listens.
    #[inline]
    pub(super) fn are_listened_to(&self) -> bool {
        #[cfg(feature = "tracing")]
        return self.listened.is_some();
        #[cfg(not(feature = "tracing"))]
        false
    }

    /// A phase begins.
    #[inline]
    pub(super) fn phase(&self, graph: &JobGraph, place: Place) -> PhaseSpan {
        PhaseSpan {
            #[cfg(feature = "tracing")]
            open: self.listened.as_ref().map(|spans| Box::new(spans.phase(graph, place))),
        }
    }

    /// A phase has ended.
    #[inline]
    pub(super) fn phase_ended<T>(&self, span: PhaseSpan, result: &Result<T>) {
        #[cfg(feature = "tracing")]
        if let Some((spans, open)) = self.listened.as_ref().zip(span.open) {
            spans.phase_ended(*open, result.as_ref().err().map(|error| &**error));
        }
    }

    #[inline]
    pub(super) fn job_ended(&self, job: JobId, status: Status) {
        #[cfg(feature = "tracing")]
        if let Some(spans) = &self.listened {
            spans.job_ended(job, status);
        }
    }

    /// The run has ended, but for cleanups that may be due.
    pub(crate) fn run_ended(&self, report: &Report, cleanups_due: usize) {
        #[cfg(feature = "tracing")]
        if let Some(spans) = &self.listened {
            spans.run_ended(report, cleanups_due);
        }
    }
}

/// The span of one phase, which may be entered several times: for a future at each poll.
pub(super) struct PhaseSpan {
    #[cfg(feature = "tracing")]
    open: Option<Box<OpenSpan>>,
}

impl PhaseSpan {
    #[inline]
    pub(super) fn enter<T>(&self, code: impl FnOnce() -> T) -> T {
        #[cfg(feature = "tracing")]
        if let Some(open) = &self.open {
            return open.enter(code);
        }
        code()
    }
}
