//! The journal of a run whose process is gone, while its owed cleanups are called.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::ErrorText;
use crate::event::{Event, Observer};
use crate::graph::{JobGraph, JobId};
use crate::journal::error::{JournalError, Why};
use crate::journal::history::{History, Owed, Spawned};
use crate::journal::record::{Record, digest};
use crate::journal::write::Writer;
use crate::report::Report;
use crate::words::Phase;

/// What is known of the run, and the file to which is added what is done about it. As an observer it adds what cleanups say
/// while they are called.
pub(crate) struct Recovery(Mutex<State>);

struct State {
    writer: Writer,
    history: History,
    has_begun: bool,
    /// The cleanup that is being called.
    called: Option<Owed>,
}

impl Recovery {
    pub(crate) fn begin(path: &Path) -> Result<Self, JournalError> {
        let (writer, contents) = Writer::resume(path)?;
        let history = contents.history;
        Ok(Recovery(Mutex::new(State { writer, history, has_begun: false, called: None })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the run was one of this plan, as far as names tell: some of its jobs are there.
    pub(crate) fn check_plan(&self, graph: &JobGraph) -> Result<(), JournalError> {
        let state = self.lock();
        let head = state.history.head();
        let names = || head.jobs.iter().map(|job| job.name());
        if head.plan_digest == digest(graph) || names().any(|name| graph.find(name).is_some()) {
            return Ok(());
        }
        let some =
            |names: Vec<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let journal = some(names().take(3).collect());
        let plan = some(graph.ids().take(3).map(|job| graph.name(job)).collect());
        Err(JournalError::new(Some(state.writer.path()), Why::OtherPlan { journal, plan }))
    }

    /// The cleanups that are owed, in the order in which they are to be called.
    pub(crate) fn owed(&self) -> Vec<Owed> {
        self.lock().history.owed()
    }

    /// The processes that the run has left, the last one first.
    pub(crate) fn processes(&self) -> Vec<Spawned> {
        self.lock().history.processes()
    }

    /// The name of a job of the run.
    pub(crate) fn name(&self, job: JobId) -> String {
        self.lock().history.head().jobs[job.index()].name().to_owned()
    }

    /// The last time that is known of the run.
    pub(crate) fn last(&self) -> u64 {
        self.lock().history.last()
    }

    /// A cleanup is about to be called.
    pub(crate) fn cleanup_begins(&self, owed: Owed, at: u64) {
        let mut state = self.lock();
        if !std::mem::replace(&mut state.has_begun, true) {
            state.note(Record::recovery(at));
        }
        state.note(started(owed, at));
        state.called = Some(owed);
    }

    pub(crate) fn cleanup_ended(&self, owed: Owed, at: u64, error: Option<&ErrorText>) {
        let mut state = self.lock();
        state.called = None;
        state.note(ended(owed, at, error));
        state.writer.bring_to_disk();
    }

    /// A cleanup cannot be called here. The report says so; in the journal it is owed as before.
    pub(crate) fn cleanup_is_missing(&self, owed: Owed, at: u64, error: &ErrorText) {
        let mut state = self.lock();
        state.history.take(started(owed, at));
        state.history.take(ended(owed, at, Some(error)));
    }

    /// Nothing is owed any more.
    pub(crate) fn all_ended(&self, at: u64) {
        let mut state = self.lock();
        state.note(Record::CleanupEnded { at_ns: at });
        state.writer.bring_to_disk();
    }

    /// The report with all that was done, and what went wrong with the file.
    pub(crate) fn finish(&self) -> Result<(Report, Option<String>), JournalError> {
        let mut state = self.lock();
        let report = state.history.take_report().map_err(|why| Why::Unfit(why.to_string()));
        let report = report.map_err(|why| JournalError::new(Some(state.writer.path()), why))?;
        Ok((report, state.writer.failure().map(str::to_owned)))
    }
}

/// What begins and ends is noted by whoever calls the cleanups; here is what happens meanwhile. Jobs have other places in this
/// plan than in the journal.
impl Observer for Recovery {
    fn on_event(&self, event: &Event) {
        let mut state = self.lock();
        if let Some(record) = state.called.and_then(|owed| Record::of(event)?.said_by(owed.job)) {
            state.note(record);
        }
    }
}

impl State {
    fn note(&mut self, record: Record<'_>) {
        self.writer.write(&record);
        self.history.take(record);
    }
}

fn started(owed: Owed, at: u64) -> Record<'static> {
    let Owed { job, attempt, .. } = owed;
    let phase = Phase::Cleanup;
    Record::PhaseStarted { job: job.0, attempt, phase, worker: 0, at_ns: at, sequence: None, node: None }
}

fn ended(owed: Owed, at: u64, error: Option<&ErrorText>) -> Record<'_> {
    let Owed { job, attempt, .. } = owed;
    let (phase, error) = (Phase::Cleanup, error.map(Cow::Borrowed));
    Record::PhaseEnded { job: job.0, attempt, phase, worker: 0, at_ns: at, error }
}
