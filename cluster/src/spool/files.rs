//! What stands in the files of a spool.

use std::path::PathBuf;
use std::time::Duration;

use dojobber::{
    ErrorText, JobId, LogLine, Lost, Phase, PhaseDone, Progress, SaidThere, Status, UnitProgress,
};
use serde::{Deserialize, Serialize};

use crate::spool::unit_name::{UnitKind, UnitName};

/// The version of all files. A run of another one is not touched.
pub(crate) const VERSION: u32 = 1;

/// What is known of a whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunFile {
    pub(crate) dojobber_run: u32,
    pub(crate) digest: String,
    pub(crate) build: String,
    pub(crate) args: Vec<String>,
    pub(crate) cwd: PathBuf,
    pub(crate) host: String,
    pub(crate) pid: u32,
    pub(crate) began_ms: u64,
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// A value as JSON: in the file that tells of it, or in one of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Value {
    Text(String),
    /// Its name in the folder of values.
    File(String),
}

/// What a unit is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) dojobber_order: u32,
    pub(crate) name: String,
    pub(crate) jobs: Vec<u32>,
    pub(crate) is_nest: bool,
    pub(crate) is_cleanup: bool,
    pub(crate) attempt: u32,
    pub(crate) dry_run: bool,
    pub(crate) digest: String,
    pub(crate) cwd: PathBuf,
    /// The boot of the coordinator's machine, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) boot: Option<String>,
    pub(crate) inputs: Vec<(u32, Value)>,
}

impl Order {
    pub(crate) fn unit(&self) -> UnitName {
        let kind = match (self.is_nest, self.is_cleanup) {
            (true, _) => UnitKind::Nest,
            (_, true) => UnitKind::Cleanup,
            _ => UnitKind::Try,
        };
        UnitName { job: self.jobs.first().copied().unwrap_or(0), attempt: self.attempt, kind }
    }
}

/// What a unit tells at its end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) dojobber_record: u32,
    pub(crate) tag: String,
    pub(crate) node: String,
    pub(crate) jobs: Vec<RecordedJob>,
    /// What a try has left in its local store for its cleanup.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) local: Vec<(String, Value)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lost: Option<RecordedLost>,
    /// What its jobs have said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) said: Vec<RecordedSaid>,
    #[serde(default)]
    pub(crate) pause_ns: u64,
    /// The last word: without it the record was cut off.
    pub(crate) end: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RecordedJob {
    pub(crate) job: u32,
    pub(crate) status: Status,
    pub(crate) phases: Vec<RecordedPhase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordedPhase {
    pub(crate) attempt: u32,
    pub(crate) phase: Phase,
    #[serde(default)]
    pub(crate) worker: u16,
    pub(crate) start_ns: u64,
    pub(crate) length_ns: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<ErrorText>,
}

/// Why a unit was not executed to its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RecordedLost {
    pub(crate) why: String,
    pub(crate) is_final: bool,
    /// It was ended by a signal: the engine is asked why, before that counts.
    #[serde(default)]
    pub(crate) was_ended: bool,
}

/// How far a unit is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Began {
    pub(crate) node: String,
    pub(crate) ticket: String,
    pub(crate) pid: u32,
    pub(crate) at_ms: u64,
    /// Whether its run has begun, in this start of the unit or an earlier one.
    pub(crate) ran: bool,
    /// The phases that have ended.
    pub(crate) phases: Vec<RecordedPhase>,
    /// The phase that goes on, and when it began.
    pub(crate) open: Option<(Phase, u64)>,
    /// What its job has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) said: Option<RecordedSaid>,
}

/// What a job has said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordedSaid {
    pub(crate) job: u32,
    /// Try, phase, time since the unit began in nanoseconds, text: the last lines.
    pub(crate) lines: Vec<(u32, Phase, u64, String)>,
    pub(crate) left_out: u64,
    pub(crate) progress: Option<(u64, u64)>,
}

impl RecordedSaid {
    /// So many lines of a job are kept.
    const LINES: usize = 20;

    pub(crate) fn of(said: &SaidThere) -> Self {
        let at = |line: &LogLine| u64::try_from(line.at().as_nanos()).unwrap_or(u64::MAX);
        let line = |line: &LogLine| (line.attempt(), line.phase(), at(line), line.text().to_owned());
        RecordedSaid {
            job: said.job.index() as u32,
            lines: said.lines.iter().map(line).collect(),
            left_out: said.left_out,
            progress: said.progress.map(|progress| (progress.done, progress.total)),
        }
    }

    pub(crate) fn note_line(&mut self, attempt: u32, phase: Phase, at_ns: u64, text: &str) {
        if self.lines.len() == Self::LINES {
            self.lines.remove(0);
            self.left_out += 1;
        }
        self.lines.push((attempt, phase, at_ns, text.to_owned()));
    }

    /// As it is told to a run that knows the job so.
    pub(crate) fn told(self, job: JobId) -> SaidThere {
        let line =
            |(attempt, phase, at_ns, text)| LogLine::new(attempt, phase, Duration::from_nanos(at_ns), text);
        SaidThere {
            job,
            lines: self.lines.into_iter().map(line).collect(),
            left_out: self.left_out,
            progress: self.progress.map(|(done, total)| Progress { done, total }),
        }
    }
}

impl RecordedPhase {
    pub(crate) fn of(done: &PhaseDone) -> Self {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        RecordedPhase {
            attempt: done.attempt,
            phase: done.phase,
            worker: done.worker,
            start_ns: nanos(done.start),
            length_ns: nanos(done.length),
            error: done.error.clone(),
        }
    }

    pub(crate) fn done(self) -> PhaseDone {
        PhaseDone {
            attempt: self.attempt,
            phase: self.phase,
            worker: self.worker,
            start: Duration::from_nanos(self.start_ns),
            length: Duration::from_nanos(self.length_ns),
            error: self.error,
        }
    }
}

impl RecordedLost {
    pub(crate) fn lost(self) -> Lost {
        if self.is_final { Lost::finally(self.why) } else { Lost::new(self.why) }
    }
}

impl Began {
    /// As it is told to the run.
    pub(crate) fn progress(self, job: Option<JobId>, now_ms: u64) -> UnitProgress {
        UnitProgress {
            said: self.said.zip(job).map(|(said, job)| said.told(job)),
            elapsed: Duration::from_millis(now_ms.saturating_sub(self.at_ms)),
            node: self.node,
            phases: self.phases.into_iter().map(RecordedPhase::done).collect(),
            open: self.open.map(|(phase, start)| (phase, Duration::from_nanos(start))),
        }
    }

    /// The phases that are known of a unit of which nothing else is: the one that went on stands last, without an end.
    pub(crate) fn known_phases(&self, attempt: u32) -> Vec<PhaseDone> {
        let mut phases: Vec<PhaseDone> = self.phases.iter().cloned().map(RecordedPhase::done).collect();
        let open = self.open.map(|(phase, start)| PhaseDone {
            attempt,
            phase,
            worker: 0,
            start: Duration::from_nanos(start),
            length: Duration::ZERO,
            error: None,
        });
        phases.extend(open);
        phases
    }
}
