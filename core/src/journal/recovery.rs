//! The journal of a run whose process is gone, while its owed cleanups are called.

use std::borrow::Cow;
use std::path::Path;

use crate::error::ErrorText;
use crate::graph::{JobGraph, JobId};
use crate::journal::error::{JournalError, Why};
use crate::journal::history::{History, Owed, Spawned};
use crate::journal::record::{Record, digest};
use crate::journal::write::Writer;
use crate::report::Report;
use crate::words::Phase;

/// What is known of the run, and the file to which is added what is done about it.
pub(crate) struct Recovery {
    writer: Writer,
    history: History,
    has_begun: bool,
}

impl Recovery {
    pub(crate) fn begin(path: &Path) -> Result<Self, JournalError> {
        let (writer, contents) = Writer::resume(path)?;
        Ok(Recovery { writer, history: contents.history, has_begun: false })
    }

    /// Whether the run was one of this plan, as far as names tell: some of its jobs are there.
    pub(crate) fn check_plan(&self, graph: &JobGraph) -> Result<(), JournalError> {
        let head = self.history.head();
        let names = || head.jobs.iter().map(|job| job.name());
        if head.plan_digest == digest(graph) || names().any(|name| graph.find(name).is_some()) {
            return Ok(());
        }
        let some =
            |names: Vec<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let journal = some(names().take(3).collect());
        let plan = some(graph.ids().take(3).map(|job| graph.name(job)).collect());
        Err(JournalError::new(Some(self.writer.path()), Why::OtherPlan { journal, plan }))
    }

    /// The cleanups that are owed, in the order in which they are to be called.
    pub(crate) fn owed(&self) -> Vec<Owed> {
        self.history.owed()
    }

    /// The processes that the run has left, the last one first.
    pub(crate) fn processes(&self) -> Vec<Spawned> {
        self.history.processes()
    }

    /// The name of a job of the run.
    pub(crate) fn name(&self, job: JobId) -> &str {
        self.history.head().jobs[job.index()].name()
    }

    /// The last time that is known of the run.
    pub(crate) fn last(&self) -> u64 {
        self.history.last()
    }

    /// A cleanup is about to be called.
    pub(crate) fn cleanup_begins(&mut self, owed: Owed, at: u64) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.note(Record::recovery(at));
        }
        self.note(started(owed, at));
    }

    pub(crate) fn cleanup_ended(&mut self, owed: Owed, at: u64, error: Option<&ErrorText>) {
        self.note(ended(owed, at, error));
        self.writer.bring_to_disk();
    }

    /// A cleanup cannot be called here. The report says so; in the journal it is owed as before.
    pub(crate) fn cleanup_is_missing(&mut self, owed: Owed, at: u64, error: &ErrorText) {
        self.history.take(started(owed, at));
        self.history.take(ended(owed, at, Some(error)));
    }

    /// Nothing is owed any more.
    pub(crate) fn all_ended(&mut self, at: u64) {
        self.note(Record::CleanupEnded { at_ns: at });
        self.writer.bring_to_disk();
    }

    /// The report with all that was done, and what went wrong with the file.
    pub(crate) fn finish(self) -> Result<(Report, Option<String>), JournalError> {
        let report = self.history.into_report().map_err(|why| Why::Unfit(why.to_string()));
        let report = report.map_err(|why| JournalError::new(Some(self.writer.path()), why))?;
        Ok((report, self.writer.failure().map(str::to_owned)))
    }

    fn note(&mut self, record: Record<'_>) {
        self.writer.write(&record);
        self.history.take(record);
    }
}

fn started(owed: Owed, at: u64) -> Record<'static> {
    let Owed { job, attempt, .. } = owed;
    let phase = Phase::Cleanup;
    Record::PhaseStarted { job: job.0, attempt, phase, worker: 0, at_ns: at, sequence: None }
}

fn ended(owed: Owed, at: u64, error: Option<&ErrorText>) -> Record<'_> {
    let Owed { job, attempt, .. } = owed;
    let (phase, error) = (Phase::Cleanup, error.map(Cow::Borrowed));
    Record::PhaseEnded { job: job.0, attempt, phase, worker: 0, at_ns: at, error }
}
