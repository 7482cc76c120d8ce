//! From records to a report.
//!
//! A journal may be torn, and in the worst case have holes: so nothing relies on records that must have come before. What
//! does not fit to what is known already is left out.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use crate::error::{ErrorClass, ErrorText};
use crate::graph::JobId;
use crate::journal::record::{Head, Record};
use crate::process::{Known, Spot};
use crate::report::{DID_NOT_END, Report, SavedJob, SavedPhase, SavedReport, SavedUnfit};
use crate::said::{Progress, Sayings};
use crate::text::name_fault;
use crate::words::{Phase, Status, StopReason};

/// What is known of a run, record by record.
pub(super) struct History {
    head: Head,
    jobs: Vec<JobHistory>,
    /// The last time that was told.
    last: u64,
    last_sequence: u64,
    stop_reason: Option<StopReason>,
    run_ended: bool,
    /// Nothing is owed, whatever else is known.
    all_cleaned_up: bool,
    /// Some line could not be read.
    damaged: bool,
    /// Processes that outlive their phase, and were not let go.
    processes: Vec<Spawned>,
    /// What jobs have said, as much of it as reports keep.
    sayings: Sayings,
    /// The machines that workers stand for.
    nodes: BTreeMap<u16, Arc<str>>,
}

#[derive(Default)]
struct JobHistory {
    phases: Vec<SavedPhase>,
    /// Whether the last of these has begun and not ended.
    is_open: bool,
    /// What it has said of its run.
    description_of_run: Option<Box<str>>,
    status: Option<Status>,
}

/// A cleanup that was to be called and was not, or did not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) job: JobId,
    pub(crate) attempt: u32,
    pub(crate) sequence: u32,
}

/// A process that a try has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spawned {
    pub(crate) job: JobId,
    pub(crate) attempt: u32,
    pub(crate) process: Known,
}

impl History {
    pub(super) fn new(head: Head) -> Self {
        let jobs = head.jobs.iter().map(|_| JobHistory::default()).collect();
        History {
            head,
            jobs,
            last: 0,
            last_sequence: 0,
            stop_reason: None,
            run_ended: false,
            all_cleaned_up: false,
            damaged: false,
            processes: Vec::new(),
            sayings: Sayings::default(),
            nodes: BTreeMap::new(),
        }
    }

    pub(super) fn note_damage(&mut self) {
        self.damaged = true;
    }

    pub(super) fn take(&mut self, record: Record<'_>) {
        match record {
            Record::PhaseStarted { job, attempt, phase, worker, at_ns, sequence, node } => {
                self.note_time(at_ns);
                let sequence = self.sequence(phase, sequence);
                let started = phase_of(attempt, phase, worker, at_ns, sequence);
                if let Some(node) = node.filter(|node| name_fault(node).is_none()) {
                    self.nodes.entry(started.worker).or_insert_with(|| (*node).into());
                }
                self.begin(job, started);
            }
            Record::PhaseEnded { job, attempt, phase, worker, at_ns, error } => {
                self.note_time(at_ns);
                self.end(job, phase_of(attempt, phase, worker, at_ns, None), error.map(Cow::into_owned));
            }
            Record::RunDescribed { job, text, at_ns, .. } => {
                self.note_time(at_ns);
                if let Some(job) = self.jobs.get_mut(job as usize) {
                    job.description_of_run = Some(text.into());
                }
            }
            Record::JobEnded { job, status, at_ns, .. } => {
                self.note_time(at_ns);
                if let Some(job) = self.jobs.get_mut(job as usize) {
                    // a job that was blocked has no phases
                    job.status = (status != Status::Blocked || job.phases.is_empty()).then_some(status);
                }
            }
            Record::StopRequested { reason, at_ns, .. } => {
                self.note_time(at_ns);
                self.stop_reason = self.stop_reason.or(Some(reason));
            }
            Record::RunEnded { at_ns, cleanups_due } => {
                self.note_time(at_ns);
                self.run_ended = true;
                self.all_cleaned_up = cleanups_due == 0;
            }
            Record::CleanupEnded { at_ns } => {
                self.note_time(at_ns);
                self.all_cleaned_up = true;
            }
            Record::ProcessSpawned { job, attempt, process, birth, at_ns, .. } => {
                self.note_time(at_ns);
                if let Some(birth) = birth.filter(|_| (job as usize) < self.jobs.len()) {
                    let process = Known { id: process, birth };
                    self.processes.push(Spawned { job: JobId(job), attempt, process });
                }
            }
            Record::ProcessDetached { job, attempt, process, at_ns } => {
                if !self.run_ended {
                    self.note_time(at_ns);
                }
                let is_it = |spawned: &Spawned| {
                    (spawned.job.0, spawned.attempt, spawned.process.id) == (job, attempt, process)
                };
                self.processes.retain(|spawned| !is_it(spawned));
            }
            Record::LogLine { job, attempt, phase, at_ns, text } => {
                self.note_time(at_ns);
                if let Some(spot) = self.spot(job, attempt, phase) {
                    self.sayings.log(spot, at_ns, &text);
                }
            }
            Record::Progress { job, attempt, phase, at_ns, done, total } => {
                self.note_time(at_ns);
                if let Some(spot) = self.spot(job, attempt, phase) {
                    self.sayings.progress(spot, at_ns, Progress { done, total });
                }
            }
            Record::OutputLine { at_ns, .. }
            | Record::TrySent { at_ns, .. }
            | Record::PhaseSlow { at_ns, .. }
            | Record::RetryPlanned { at_ns, .. }
            | Record::RecoveryStarted { at_ns, .. } => self.note_time(at_ns),
        }
    }

    /// Where something was said, if that can be.
    fn spot(&self, job: u32, attempt: u32, phase: Phase) -> Option<Spot> {
        let may = self.head.jobs.get(job as usize)?.kind.may_have(phase) && attempt > 0;
        may.then_some(Spot { job: JobId(job), attempt, phase })
    }

    fn note_time(&mut self, at: u64) {
        self.last = self.last.max(at);
    }

    /// The place of a run among all. One that is missing is taken as the next.
    fn sequence(&mut self, phase: Phase, told: Option<u64>) -> Option<u32> {
        let sequence = (phase == Phase::Run).then(|| told.unwrap_or(self.last_sequence + 1))?;
        self.last_sequence = self.last_sequence.max(sequence);
        Some(u32::try_from(sequence).unwrap_or(u32::MAX).max(1))
    }

    fn begin(&mut self, job: u32, started: SavedPhase) {
        let Some((job, kind)) = self.jobs.get_mut(job as usize).zip(self.head.jobs.get(job as usize)) else {
            return;
        };
        if !kind.kind.may_have(started.phase) || started.attempt == 0 {
            return;
        }
        let fits = match started.phase {
            // one that did not end is called again
            Phase::Cleanup => {
                job.close(started.start_ns);
                job.phases.retain(|phase| !(phase.is_same(&started) && phase.did_not_end()));
                true
            }
            _ => job.phases.last().is_none_or(|last| last.is_before(&started)),
        };
        if fits {
            job.close(started.start_ns);
            job.phases.push(started);
            job.is_open = true;
        }
    }

    fn end(&mut self, job: u32, mut ended: SavedPhase, error: Option<ErrorText>) {
        let is_open = self.jobs.get(job as usize).is_some_and(|job| job.has_open(&ended));
        if !is_open {
            ended.sequence = self.sequence(ended.phase, None);
            self.begin(job, ended.clone()); // its start is missing
        }
        let Some(job) = self.jobs.get_mut(job as usize).filter(|job| job.has_open(&ended)) else { return };
        if let Some(last) = job.phases.last_mut() {
            last.worker = ended.worker; // a future may end on another one than it began on
            last.length_ns = ended.start_ns.saturating_sub(last.start_ns);
            last.error = error;
            job.is_open = false;
        }
    }

    /// The cleanups that were not called, or did not end, in the order in which they are to be called.
    pub(super) fn owed(&self) -> Vec<Owed> {
        if self.all_cleaned_up {
            return Vec::new();
        }
        let mut owed = Vec::new();
        for at in self.head.with_cleanup.iter().filter(|at| (**at as usize) < self.jobs.len()) {
            let job = &self.jobs[*at as usize];
            let cleaned = |attempt: u32| {
                let last = job.phases.len().wrapping_sub(1);
                let is_open = |place: usize| job.is_open && place == last;
                job.phases.iter().enumerate().any(|(place, phase)| {
                    (phase.phase, phase.attempt) == (Phase::Cleanup, attempt)
                        && !is_open(place)
                        && !phase.did_not_end()
                })
            };
            for run in job.phases.iter().filter(|phase| phase.phase == Phase::Run) {
                if !cleaned(run.attempt) {
                    let sequence = run.sequence.unwrap_or(0);
                    owed.push(Owed { job: JobId(*at), attempt: run.attempt, sequence });
                }
            }
        }
        owed.sort_by_key(|owed| Reverse(owed.sequence));
        owed
    }

    /// The processes that tries have left and that still go on, the last one first. None while the process that ran it does:
    /// they are its own then.
    pub(super) fn processes(&self) -> Vec<Spawned> {
        let runner = self.head.process_birth.clone().map(|birth| Known { id: self.head.process, birth });
        if runner.is_some_and(|runner| runner.is_alive()) {
            return Vec::new();
        }
        self.processes.iter().rev().filter(|spawned| spawned.process.is_alive()).cloned().collect()
    }

    /// Whether the run has ended with all its cleanups, and nothing of it is missing.
    pub(super) fn is_complete(&self) -> bool {
        self.run_ended && self.all_cleaned_up && !self.damaged
    }

    /// The last time that was told.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// The report of all that is known, which is known here no more. What has begun and not ended did so at the last time
    /// that was told.
    pub(super) fn take_report(&mut self) -> Result<Report, SavedUnfit> {
        let is_complete = self.is_complete();
        self.jobs.iter_mut().for_each(|job| job.close(self.last));
        let (jobs, histories) = (mem::take(&mut self.head.jobs), mem::take(&mut self.jobs));
        let jobs = jobs.into_iter().zip(histories).map(|(job, history)| {
            let status = history.status.unwrap_or(Status::Cancelled);
            SavedJob::of_journal(job, status, history.description_of_run, history.phases)
        });
        let said = self.sayings.kept();
        let mut report = SavedReport::of_journal(
            self.head.dry_run,
            self.stop_reason,
            !is_complete,
            (self.head.started.take(), self.head.host.take()),
            self.last,
            jobs,
            mem::take(&mut self.head.nests),
        )
        .restore()?;
        report.keep_said(said);
        report.say_nodes(mem::take(&mut self.nodes).into_iter().collect());
        Ok(report)
    }
}

impl JobHistory {
    fn has_open(&self, phase: &SavedPhase) -> bool {
        self.is_open && self.phases.last().is_some_and(|last| last.is_same(phase))
    }

    /// Ends what has begun.
    fn close(&mut self, at: u64) {
        if let Some(last) = self.phases.last_mut().filter(|_| self.is_open) {
            last.length_ns = at.saturating_sub(last.start_ns);
            last.error = Some(did_not_end());
        }
        self.is_open = false;
    }
}

fn phase_of(attempt: u32, phase: Phase, worker: usize, at: u64, sequence: Option<u32>) -> SavedPhase {
    let worker = u16::try_from(worker).unwrap_or(u16::MAX);
    SavedPhase { attempt, phase, worker, start_ns: at, length_ns: 0, sequence, error: None }
}

fn did_not_end() -> ErrorText {
    ErrorText::of_text(DID_NOT_END, ErrorClass::Cancelled)
}

impl SavedPhase {
    fn is_same(&self, other: &SavedPhase) -> bool {
        (self.attempt, self.phase) == (other.attempt, other.phase)
    }

    fn is_before(&self, other: &SavedPhase) -> bool {
        self.phase != Phase::Cleanup && (self.attempt, self.phase) < (other.attempt, other.phase)
    }

    fn did_not_end(&self) -> bool {
        self.error
            .as_ref()
            .is_some_and(|error| error.class() == ErrorClass::Cancelled && error.message() == DID_NOT_END)
    }
}
