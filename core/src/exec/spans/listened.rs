//! The spans of a run that somebody listens to.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::dispatcher::{self, Dispatch};
use tracing::{Level, Span, field::Empty, info_span, level_enabled};

use crate::context::Place;
use crate::error::{ErrorClass, ErrorText, shown};
use crate::graph::{JobGraph, JobId};
use crate::report::Report;
use crate::unwind;
use crate::words::{DryRun, Phase, Status, StopReason};

pub(super) struct RunSpans {
    /// The subscriber of the thread that began the run: one that listens on that thread alone hears of the others, too.
    dispatch: Dispatch,
    /// Until the run has ended.
    run: Mutex<Span>,
    jobs: Mutex<HashMap<JobId, JobSpan>>,
}

/// A job that has begun and not ended.
struct JobSpan {
    span: Span,
    error: Option<ErrorText>,
}

pub(super) struct OpenSpan {
    span: Span,
    dispatch: Dispatch,
    place: Place,
}

impl OpenSpan {
    pub(super) fn enter<T>(&self, code: impl FnOnce() -> T) -> T {
        dispatcher::with_default(&self.dispatch, || self.span.in_scope(code))
    }
}

impl RunSpans {
    /// `None` if nobody listens.
    pub(super) fn begin(jobs: usize, dry_run: DryRun) -> Option<Box<Self>> {
        if !level_enabled!(Level::INFO) {
            return None;
        }
        let run = info_span!(
            target: "dojobber",
            "run",
            dojobber.jobs = jobs,
            dojobber.dry_run = dry_run.is_on(),
            dojobber.changed = Empty,
            dojobber.failed = Empty,
            cicd.pipeline.result = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        );
        let spans = || RunSpans {
            dispatch: dispatcher::get_default(Clone::clone),
            run: Mutex::new(run.clone()),
            jobs: Mutex::default(),
        };
        (!run.is_disabled()).then(|| Box::new(spans()))
    }

    pub(super) fn phase(&self, graph: &JobGraph, place: Place) -> OpenSpan {
        let Place { job, phase, attempt, .. } = place;
        let name = graph.name(job);
        let span = dispatcher::with_default(&self.dispatch, || {
            info_span!(
                target: "dojobber",
                parent: &self.parent(graph, place),
                "phase",
                otel.name = format_args!("{phase} {name}"),
                dojobber.job = name,
                dojobber.phase = %phase,
                dojobber.attempt = attempt,
                dojobber.passed = Empty,
                "error.type" = Empty,
                otel.status_code = Empty,
                otel.status_description = Empty,
            )
        });
        OpenSpan { span, dispatch: self.dispatch.clone(), place }
    }

    /// The span of the job. A cleanup comes when that has ended, so it stands in the run.
    fn parent(&self, graph: &JobGraph, place: Place) -> Span {
        let run = lock(&self.run).clone();
        if place.phase == Phase::Cleanup {
            return run;
        }
        let mut jobs = lock(&self.jobs);
        let job = jobs.entry(place.job).or_insert_with(|| {
            let name = graph.name(place.job);
            let span = info_span!(
                target: "dojobber",
                parent: &run,
                "job",
                otel.name = name,
                cicd.pipeline.task.name = name,
                dojobber.kind = %graph.kind(place.job),
                dojobber.status = Empty,
                cicd.pipeline.task.run.result = Empty,
                "error.type" = Empty,
                otel.status_code = Empty,
                otel.status_description = Empty,
            );
            JobSpan { span, error: None }
        });
        job.span.clone()
    }

    /// A check that says no is no error of its own: a run follows, or the job's end tells.
    pub(super) fn phase_ended(&self, open: OpenSpan, error: Option<&(dyn Error + Send + Sync + 'static)>) {
        let OpenSpan { span, place, .. } = open;
        span.record("dojobber.passed", error.is_none());
        let Some(error) = error else { return };
        let text = unwind::catch(|| Ok(ErrorText::heard(shown(error)).0));
        let text = text.unwrap_or_else(|_| ErrorText::unprintable());
        if place.phase == Phase::Check {
            span.record("error.type", kind_of(&text));
            span.record("otel.status_description", format_args!("{text:#}").to_string());
        } else {
            record_error(&span, &text);
        }
        if let Some(job) = lock(&self.jobs).get_mut(&place.job) {
            job.error = Some(text);
        }
    }

    pub(super) fn job_ended(&self, job: JobId, status: Status) {
        let Some(JobSpan { span, error }) = lock(&self.jobs).remove(&job) else { return };
        let error = error.filter(|_| status == Status::Failed);
        let timed_out = error.as_ref().is_some_and(|error| error.class() == ErrorClass::TimedOut);
        span.record("dojobber.status", status.word());
        span.record(
            "cicd.pipeline.task.run.result",
            match status {
                Status::Satisfied | Status::Changed => "success",
                Status::Failed if timed_out => "timeout",
                Status::Failed => "failure",
                Status::Cancelled => "cancellation",
                Status::Blocked | Status::WouldRun => "skip",
            },
        );
        if let Some(error) = error {
            record_error(&span, &error);
        }
    }

    pub(super) fn run_ended(&self, report: &Report, cleanups_due: usize) {
        let counts = report.counts();
        let mut run = lock(&self.run);
        run.record("dojobber.changed", counts.of(Status::Changed));
        run.record("dojobber.failed", counts.of(Status::Failed));
        let stopped = report.stop_reason().filter(|_| !report.success());
        run.record(
            "cicd.pipeline.result",
            match stopped {
                None if report.success() || report.dry_run() && counts.of(Status::Failed) == 0 => "success",
                None => "failure",
                Some(StopReason::TimedOut) => "timeout",
                Some(StopReason::MaxFailures) => "failure",
                Some(_) => "cancellation",
            },
        );
        if counts.of(Status::Failed) > 0 {
            run.record("error.type", "_OTHER");
            run.record("otel.status_code", "ERROR");
            run.record("otel.status_description", counts.to_string());
        }
        if cleanups_due == 0 {
            *run = Span::none(); // else it lasts as long as the run is kept
        }
    }
}

fn record_error(span: &Span, error: &ErrorText) {
    span.record("error.type", kind_of(error));
    span.record("otel.status_code", "ERROR");
    span.record("otel.status_description", format_args!("{error:#}").to_string());
}

/// A few kinds, as the conventions want it.
fn kind_of(error: &ErrorText) -> &'static str {
    match error.class() {
        _ if error.panicked() => "panic",
        ErrorClass::TimedOut => "timeout",
        ErrorClass::Cancelled => "cancelled",
        ErrorClass::Permanent => "permanent",
        ErrorClass::Unknown => "unknown",
        _ => "_OTHER",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
