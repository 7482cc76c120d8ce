//! What stands in a journal: one record for each event, and before them a head that says what was run.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::cancel::StopLevel;
use crate::clock::nanos;
use crate::error::ErrorText;
use crate::event::Event;
use crate::graph::{JobGraph, JobId, JobRef};
use crate::host;
use crate::options::RunOptions;
use crate::process::{OutputStream, birth};
use crate::report::{SavedGraphJob, SavedNest, date};
use crate::words::{Cleanup, DryRun, Phase, Status, StopReason};

/// The form of a journal that this version of the library writes and reads.
pub(super) const VERSION: u32 = 1;

/// The first record, and no other: what is run, when and where.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    /// First, so that another version is told for that.
    pub(super) dojobber_journal: u32,
    /// Stands for the graph that follows: runs of the same graph have the same.
    pub(super) plan_digest: String,
    pub(super) process: u32,
    /// When that began, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) process_birth: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) started: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
    pub(super) dry_run: DryRun,
    pub(super) cleanup: Cleanup,
    pub(super) threads: usize,
    pub(super) jobs: Vec<SavedGraphJob>,
    pub(super) nests: Vec<SavedNest>,
    /// How long each job is expected to take, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expected_ns: Option<Vec<u64>>,
    /// The places of the jobs that have a cleanup.
    pub(super) with_cleanup: Vec<u32>,
}

impl Head {
    pub(super) fn of(
        graph: &JobGraph,
        options: &RunOptions,
        expected: Option<&[Duration]>,
        with_cleanup: &[JobId],
    ) -> Self {
        Head {
            dojobber_journal: VERSION,
            plan_digest: digest(graph),
            process: std::process::id(),
            process_birth: birth(std::process::id()),
            started: date::to_text(SystemTime::now()),
            host: host::name().map(str::to_owned),
            dry_run: options.dry_run,
            cleanup: options.cleanup,
            threads: options.threads,
            jobs: SavedGraphJob::all_of(graph),
            nests: SavedNest::all_of(graph),
            expected_ns: expected.map(|expected| expected.iter().copied().map(nanos).collect()),
            with_cleanup: with_cleanup.iter().map(|job| job.0).collect(),
        }
    }
}

/// 64 bits of what a graph is, as 16 digits: the FNV-1a hash of names, kinds and dependencies. Descriptions are no part.
pub(super) fn digest(graph: &JobGraph) -> String {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    for job in graph.ids() {
        hash.text(graph.name(job));
        hash.number(graph.kind(job) as u32);
        graph.own_after(job).iter().for_each(|on| hash.number(on.0));
        hash.number(u32::MAX);
    }
    for nest in graph.nests() {
        hash.text(nest.name());
        let mut jobs = nest.jobs();
        hash.number(jobs.len() as u32);
        hash.number(jobs.next().map_or(0, |job| job.0));
        nest.after().iter().for_each(|on| hash.number(on.0));
        hash.number(u32::MAX);
    }
    format!("{:016x}", hash.0)
}

struct Fnv(u64);

impl Fnv {
    fn text(&mut self, text: &str) {
        self.number(text.len() as u32);
        self.bytes(text.as_bytes());
    }

    fn number(&mut self, number: u32) {
        self.bytes(&number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// What follows the head. Jobs are places in its list; times are whole nanoseconds since the run began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record<'a> {
    PhaseStarted {
        job: u32,
        attempt: u32,
        phase: Phase,
        worker: usize,
        at_ns: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<Cow<'a, str>>,
    },
    RunDescribed {
        job: u32,
        attempt: u32,
        worker: usize,
        at_ns: u64,
        text: Cow<'a, str>,
    },
    PhaseEnded {
        job: u32,
        attempt: u32,
        phase: Phase,
        worker: usize,
        at_ns: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Cow<'a, ErrorText>>,
    },
    TrySent {
        job: u32,
        attempt: u32,
        worker: usize,
        at_ns: u64,
    },
    OutputLine {
        job: u32,
        attempt: u32,
        phase: Phase,
        stream: OutputStream,
        at_ns: u64,
        line: Cow<'a, str>,
    },
    ProcessSpawned {
        job: u32,
        attempt: u32,
        phase: Phase,
        process: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        birth: Option<String>,
        at_ns: u64,
    },
    ProcessDetached {
        job: u32,
        attempt: u32,
        process: u32,
        at_ns: u64,
    },
    LogLine {
        job: u32,
        attempt: u32,
        phase: Phase,
        at_ns: u64,
        text: Cow<'a, str>,
    },
    Progress {
        job: u32,
        attempt: u32,
        phase: Phase,
        at_ns: u64,
        done: u64,
        total: u64,
    },
    PhaseSlow {
        job: u32,
        attempt: u32,
        phase: Phase,
        worker: usize,
        at_ns: u64,
        running_ns: u64,
    },
    RetryPlanned {
        job: u32,
        attempt: u32,
        worker: usize,
        at_ns: u64,
        due_ns: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_tries: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pause_ns: Option<u64>,
    },
    JobEnded {
        job: u32,
        status: Status,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<u32>,
        worker: usize,
        at_ns: u64,
    },
    StopRequested {
        level: StopLevel,
        reason: StopReason,
        worker: usize,
        at_ns: u64,
    },
    RunEnded {
        at_ns: u64,
        cleanups_due: usize,
    },
    CleanupEnded {
        at_ns: u64,
    },
    /// Cleanups that were owed are being called, by another process.
    RecoveryStarted {
        process: u32,
        at_ns: u64,
    },
}

impl<'a> Record<'a> {
    /// What an event becomes: every kind has a record, but for the first of a run, whose record is the head.
    pub(super) fn of(event: &'a Event) -> Option<Self> {
        let place = |job: &JobRef| job.id().0;
        Some(match event {
            Event::RunStarted { .. } => return None,
            Event::PhaseStarted { job, attempt, phase, worker, at, sequence, node } => Record::PhaseStarted {
                job: place(job),
                attempt: *attempt,
                phase: *phase,
                worker: *worker,
                at_ns: nanos(*at),
                sequence: *sequence,
                node: node.as_deref().map(Cow::Borrowed),
            },
            Event::RunDescribed { job, attempt, text, worker, at } => Record::RunDescribed {
                job: place(job),
                attempt: *attempt,
                worker: *worker,
                at_ns: nanos(*at),
                text: text.into(),
            },
            Event::PhaseEnded { job, attempt, phase, worker, at, error } => Record::PhaseEnded {
                job: place(job),
                attempt: *attempt,
                phase: *phase,
                worker: *worker,
                at_ns: nanos(*at),
                error: error.as_ref().map(Cow::Borrowed),
            },
            Event::TrySent { job, attempt, worker, at } => {
                Record::TrySent { job: place(job), attempt: *attempt, worker: *worker, at_ns: nanos(*at) }
            }
            Event::OutputLine { job, attempt, phase, stream, line, at } => Record::OutputLine {
                job: place(job),
                attempt: *attempt,
                phase: *phase,
                stream: *stream,
                at_ns: nanos(*at),
                line: line.into(),
            },
            Event::ProcessSpawned { job, attempt, phase, process, at } => Record::ProcessSpawned {
                job: place(job),
                attempt: *attempt,
                phase: *phase,
                process: *process,
                birth: birth(*process),
                at_ns: nanos(*at),
            },
            Event::ProcessDetached { job, attempt, process, at } => Record::ProcessDetached {
                job: place(job),
                attempt: *attempt,
                process: *process,
                at_ns: nanos(*at),
            },
            Event::LogLine { job, attempt, phase, text, at } => Record::LogLine {
                job: place(job),
                attempt: *attempt,
                phase: *phase,
                at_ns: nanos(*at),
                text: text.into(),
            },
            Event::Progress { job, attempt, phase, progress, at } => Record::Progress {
                job: place(job),
                attempt: *attempt,
                phase: *phase,
                at_ns: nanos(*at),
                done: progress.done,
                total: progress.total,
            },
            Event::PhaseSlow { job, attempt, phase, worker, at, running } => Record::PhaseSlow {
                job: place(job),
                attempt: *attempt,
                phase: *phase,
                worker: *worker,
                at_ns: nanos(*at),
                running_ns: nanos(*running),
            },
            Event::RetryPlanned { job, attempt, worker, at, due, max_tries, pause } => Record::RetryPlanned {
                job: place(job),
                attempt: *attempt,
                worker: *worker,
                at_ns: nanos(*at),
                due_ns: nanos(*due),
                max_tries: *max_tries,
                pause_ns: pause.map(nanos),
            },
            Event::JobEnded { job, status, because, worker, at } => Record::JobEnded {
                job: place(job),
                status: *status,
                because: because.as_ref().map(place),
                worker: *worker,
                at_ns: nanos(*at),
            },
            Event::StopRequested { level, reason, worker, at } => {
                Record::StopRequested { level: *level, reason: *reason, worker: *worker, at_ns: nanos(*at) }
            }
            Event::RunEnded { at, cleanups_due } => {
                Record::RunEnded { at_ns: nanos(*at), cleanups_due: *cleanups_due }
            }
            Event::CleanupEnded { at } => Record::CleanupEnded { at_ns: nanos(*at) },
        })
    }

    /// The same of the job at another place, if it tells what a phase does while it goes on.
    pub(super) fn said_by(mut self, place: JobId) -> Option<Self> {
        match &mut self {
            Record::OutputLine { job, .. }
            | Record::ProcessSpawned { job, .. }
            | Record::ProcessDetached { job, .. }
            | Record::LogLine { job, .. }
            | Record::Progress { job, .. }
            | Record::PhaseSlow { job, .. } => *job = place.0,
            _ => return None,
        }
        Some(self)
    }

    pub(super) fn recovery(at: u64) -> Self {
        Record::RecoveryStarted { process: std::process::id(), at_ns: at }
    }
}
