//! What is left when a run is over: plain data.

mod display;
#[cfg(feature = "serde")]
mod saved;

use std::sync::Arc;
use std::time::Duration;

use crate::error::{ErrorText, RETURNED_FALSE};
use crate::graph::{JobGraph, JobId};
use crate::key::JobName;
use crate::words::{Kind, Phase, Status};

/// Everything that happened in one run, and the graph that it happened to.
///
/// It prints as a summary: the counts, then every job that failed, with its error and that of its run. With the
/// feature `serde` it can be saved and read back; one that does not fit together is refused when read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    graph: Arc<JobGraph>,
    dry_run: bool,
    elapsed: u64,
    statuses: Vec<Status>,
    /// The records of job `j` stand at `row_ends[j - 1]..row_ends[j]`: in order of time, cleanups last.
    row_ends: Vec<u32>,
    records: Vec<PhaseRecord>,
}

/// One phase that was executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseRecord {
    pub(crate) start: u64,
    pub(crate) length: u64,
    /// None of a failure: the phase returned `false`, which is not worth an allocation.
    pub(crate) error: Option<Box<ErrorText>>,
    /// From 1; 0 where the phase is not a run.
    pub(crate) sequence: u64,
    pub(crate) attempt: u32,
    pub(crate) worker: u16,
    pub(crate) phase: Phase,
    pub(crate) passed: bool,
}

impl PhaseRecord {
    /// Which try it belongs to, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Which step it was.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Who executed it: 0 is the thread that called `run`.
    pub fn worker(&self) -> usize {
        self.worker.into()
    }

    /// When it began, since the run did.
    pub fn start(&self) -> Duration {
        Duration::from_nanos(self.start)
    }

    /// How long it took.
    pub fn length(&self) -> Duration {
        Duration::from_nanos(self.length)
    }

    /// Whether it passed.
    pub fn passed(&self) -> bool {
        self.passed
    }

    /// What it failed with.
    pub fn error(&self) -> Option<&ErrorText> {
        (!self.passed).then(|| self.error.as_deref().unwrap_or(&RETURNED_FALSE))
    }

    /// Of a run: its place, from 1, in the order in which the runs of all jobs began. Cleanups follow it backwards.
    pub fn sequence(&self) -> Option<u64> {
        (self.sequence > 0).then_some(self.sequence)
    }

    pub(crate) fn end(&self) -> u64 {
        self.start + self.length
    }
}

impl Report {
    /// `statuses` has one for each job; `records` come in order of time for each job.
    pub(crate) fn new(
        graph: Arc<JobGraph>,
        dry_run: bool,
        elapsed: u64,
        statuses: Vec<Status>,
        records: Vec<(JobId, PhaseRecord)>,
    ) -> Self {
        debug_assert_eq!(statuses.len(), graph.len());
        let (row_ends, records) = rows(graph.len(), records);
        Report { graph, dry_run, elapsed, statuses, row_ends, records }
    }

    /// Adds what happened after the report was made: cleanups.
    pub(crate) fn append(&mut self, more: Vec<(JobId, PhaseRecord)>) {
        self.elapsed = more.iter().map(|(_, record)| record.end()).fold(self.elapsed, u64::max);
        let mut all: Vec<(JobId, PhaseRecord)> = Vec::with_capacity(self.records.len() + more.len());
        let mut old = std::mem::take(&mut self.records).into_iter();
        let mut taken = 0;
        for (at, end) in self.row_ends.iter().enumerate() {
            let row = *end - std::mem::replace(&mut taken, *end);
            all.extend(old.by_ref().take(row as usize).map(|record| (JobId::new(at), record)));
        }
        all.extend(more);
        (self.row_ends, self.records) = rows(self.graph.len(), all);
    }

    /// The graph that was run.
    pub fn graph(&self) -> &Arc<JobGraph> {
        &self.graph
    }

    /// Whether this was a dry run: nothing but first checks.
    pub fn dry_run(&self) -> bool {
        self.dry_run
    }

    /// How long the run took, cleanups included.
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.elapsed)
    }

    /// All jobs, in order of declaration.
    pub fn jobs(&self) -> impl ExactSizeIterator<Item = JobReport<'_>> + DoubleEndedIterator {
        self.graph.ids().map(|id| JobReport { report: self, id })
    }

    /// What happened to the job of that name.
    pub fn job<M>(&self, name: impl JobName<M>) -> Option<JobReport<'_>> {
        Some(JobReport { report: self, id: self.graph.find(name)? })
    }

    /// How the job of that name ended.
    pub fn status<M>(&self, name: impl JobName<M>) -> Option<Status> {
        self.job(name).map(|job| job.status())
    }

    /// What the last try of the job of that name failed with; `None` also if it was done.
    pub fn error<M>(&self, name: impl JobName<M>) -> Option<&ErrorText> {
        self.job(name)?.error()
    }

    /// How many jobs ended so.
    pub fn count(&self, status: Status) -> usize {
        self.statuses.iter().filter(|other| **other == status).count()
    }

    /// Whether every job is done. An empty plan succeeds.
    pub fn success(&self) -> bool {
        self.statuses.iter().all(|status| status.is_done())
    }

    /// Whether at least one job is done.
    pub fn partial_success(&self) -> bool {
        self.statuses.iter().any(|status| status.is_done())
    }

    /// Whether some job is not done.
    pub fn failure(&self) -> bool {
        !self.success()
    }

    /// Whether a run changed something: some job is done, and was not so at first.
    pub fn changed(&self) -> bool {
        self.statuses.contains(&Status::Changed)
    }

    /// Every cleanup that failed, in the order in which they were called.
    pub fn cleanup_failures(&self) -> Vec<(JobReport<'_>, &PhaseRecord)> {
        let mut failures: Vec<_> = self
            .jobs()
            .flat_map(|job| job.phases().iter().map(move |record| (job, record)))
            .filter(|(_, record)| record.phase == Phase::Cleanup && !record.passed)
            .collect();
        failures.sort_by_key(|(_, record)| record.start);
        failures
    }

    /// The failed jobs, or those that would run, that a blocked job waits for in the end; in order of declaration.
    ///
    /// Of a job that is not blocked there are none. The graph is walked on demand.
    pub fn root_causes<M>(&self, name: impl JobName<M>) -> Vec<JobReport<'_>> {
        let Some(job) = self.graph.find(name) else { return Vec::new() };
        let blocked = |job: JobId| self.statuses[job.index()] == Status::Blocked;
        let upwards = |graph, job| if blocked(job) { JobGraph::after(graph, job) } else { &[] };
        let reached = self.graph.reach([job], upwards);
        reached
            .into_iter()
            .filter(|cause| *cause != job)
            .map(|id| JobReport { report: self, id })
            .filter(|cause| matches!(cause.status(), Status::Failed | Status::WouldRun))
            .collect()
    }

    fn row(&self, job: JobId) -> &[PhaseRecord] {
        let start = if job.0 == 0 { 0 } else { self.row_ends[job.index() - 1] };
        &self.records[start as usize..self.row_ends[job.index()] as usize]
    }
}

/// Sorts records by job, in linear time; those of one job stay in their order.
fn rows(jobs: usize, records: Vec<(JobId, PhaseRecord)>) -> (Vec<u32>, Vec<PhaseRecord>) {
    let mut ends = vec![0_u32; jobs];
    records.iter().for_each(|(job, _)| ends[job.index()] += 1);
    let mut total = 0;
    for end in &mut ends {
        total += *end;
        *end = total;
    }
    if records.is_sorted_by_key(|(job, _)| *job) {
        return (ends, records.into_iter().map(|(_, record)| record).collect());
    }
    let mut free: Vec<u32> = std::iter::once(0).chain(ends.iter().copied()).collect();
    let mut sorted: Vec<Option<PhaseRecord>> = Vec::new();
    sorted.resize_with(records.len(), || None);
    for (job, record) in records {
        let place = &mut free[job.index()];
        sorted[*place as usize] = Some(record);
        *place += 1;
    }
    (ends, sorted.into_iter().flatten().collect())
}

/// What happened to one job: a view into its [`Report`].
#[derive(Debug, Clone, Copy)]
pub struct JobReport<'a> {
    report: &'a Report,
    id: JobId,
}

impl<'a> JobReport<'a> {
    /// Its place in the graph.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        self.report.graph.name(self.id)
    }

    /// What its author says about it, if anything.
    pub fn description(&self) -> Option<&'a str> {
        self.report.graph.description(self.id)
    }

    /// What kind of job it is.
    pub fn kind(&self) -> Kind {
        self.report.graph.kind(self.id)
    }

    /// How it ended.
    pub fn status(&self) -> Status {
        self.report.statuses[self.id.index()]
    }

    /// How many tries it used. None if it was blocked, is a group, or is a run_only in a dry run.
    pub fn tries(&self) -> u32 {
        self.last().map_or(0, |record| record.attempt)
    }

    /// What its last try failed with; `None` if it was done.
    pub fn error(&self) -> Option<&'a ErrorText> {
        if self.status().is_done() { None } else { self.last()?.error() }
    }

    /// What the run of its last try failed with, whatever the recheck said. A run_only has no other error.
    pub fn run_error(&self) -> Option<&'a ErrorText> {
        let last = self.tries();
        let runs = |record: &&PhaseRecord| record.phase == Phase::Run && record.attempt == last;
        self.phases().iter().rfind(runs)?.error()
    }

    /// Every phase that was executed, in order of time.
    pub fn phases(&self) -> &'a [PhaseRecord] {
        self.report.row(self.id)
    }

    /// The phase that ended the last try.
    fn last(&self) -> Option<&'a PhaseRecord> {
        self.phases().iter().rfind(|record| record.phase != Phase::Cleanup)
    }
}
