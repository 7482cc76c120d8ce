//! The jobs of a report while it is read: what they say is put where a report has it, job by job.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::clock::Stamp;
use crate::graph::{JobId, Rows};
use crate::names::{NameId, Names};
use crate::report::saved::job::{SavedJob, SavedLine, SavedPhase};
use crate::report::{Head, Log, Record};
use crate::said::{AllSaid, JobSaid, LogLine};
use crate::text::{NameFault, name_fault};
use crate::words::{Kind, Phase, Status};

/// All that is known of the jobs that were read. What can only be known of all of them is checked when they are there.
pub(crate) struct Jobs {
    pub(super) names: Names,
    pub(super) kinds: Vec<Kind>,
    /// What each waits for by itself; there may be no such jobs.
    pub(super) after: Rows,
    pub(super) heads: Vec<Head>,
    pub(super) logs: Vec<Log>,
    pub(super) descriptions: BTreeMap<JobId, Box<str>>,
    pub(super) descriptions_of_runs: BTreeMap<JobId, Box<str>>,
    pub(super) said: AllSaid,
    /// The phase that ended last of all, and the line that was said last.
    last_end: Last<(u32, Phase)>,
    last_line: Last<()>,
    /// The first thing that does not fit. What follows is read, but not kept.
    fault: Option<Unfit>,
}

/// The last moment at which something was so, and where.
type Last<T> = Option<(u64, JobId, T)>;

impl Default for Jobs {
    fn default() -> Self {
        Jobs {
            names: Names::default(),
            kinds: Vec::new(),
            after: Rows::with_capacity(0, 0),
            heads: Vec::new(),
            logs: Vec::new(),
            descriptions: BTreeMap::new(),
            descriptions_of_runs: BTreeMap::new(),
            said: AllSaid::new(),
            last_end: None,
            last_line: None,
            fault: None,
        }
    }
}

impl Jobs {
    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }

    pub(super) fn name(&self, job: JobId) -> &str {
        self.names.get(NameId(job.0)) // names and jobs stand in the same order
    }

    /// Adds the next one, and leaves its place empty.
    pub(super) fn add(&mut self, job: &mut SavedJob) {
        if self.fault.is_none() {
            self.fault = self.try_add(job).err();
        }
        job.clear();
    }

    fn try_add(&mut self, job: &mut SavedJob) -> Result<(), Unfit> {
        let id = JobId::new(self.len());
        check_name(&job.name)?;
        if self.names.intern(&job.name).index() != id.index() {
            return Err(Unfit::of(&job.name, "stands in it twice"));
        }
        check_phases(job)?;
        add_row(&job.name, &job.after, &mut self.after)?;
        self.kinds.push(job.kind);
        let head = self.add_phases(id, &mut job.phases);
        self.heads.push(head.ended(job.status));
        self.descriptions.extend(job.description.take().map(|text| (id, text)));
        self.descriptions_of_runs.extend(job.description_of_run.take().map(|text| (id, text)));
        self.add_said(id, job)
    }

    fn add_phases(&mut self, id: JobId, phases: &mut Vec<SavedPhase>) -> Head {
        let mut head = Head::NEW;
        for phase in phases.drain(..) {
            while self.logs.len() <= usize::from(phase.worker) {
                self.logs.push(Log::of(self.logs.len() as u16));
            }
            let end = phase.start_ns + phase.length_ns;
            keep_last(&mut self.last_end, (end, id, (phase.attempt, phase.phase)));
            let record = Record {
                phase: phase.phase,
                passed: phase.error.is_none(),
                start: Stamp(phase.start_ns),
                end: Stamp(end),
                attempt: phase.attempt,
                sequence: phase.sequence.unwrap_or(0),
            };
            let log = &mut self.logs[usize::from(phase.worker)];
            head = log.push(record, head);
            let error = phase.error.filter(|error| !error.is_returned_false());
            error.into_iter().for_each(|error| log.add_error(error));
        }
        head
    }

    fn add_said(&mut self, id: JobId, job: &mut SavedJob) -> Result<(), Unfit> {
        let mut said =
            JobSaid { lines: Vec::new(), left_out: job.log_left_out, progress: job.progress.take() };
        for SavedLine { attempt, phase, at_ns, text } in job.log.drain(..) {
            if !job.kind.may_have(phase) || attempt == 0 {
                let why =
                    format!("has said something in a {phase} of try {attempt}, which such a job cannot have");
                return Err(Unfit::of(&job.name, why));
            }
            keep_last(&mut self.last_line, (at_ns, id, ()));
            said.lines.push(LogLine { attempt, phase, at: at_ns, text });
        }
        if said != JobSaid::default() {
            self.said.insert(id, said);
        }
        Ok(())
    }

    /// What is wrong with any of them, once all are there and it is known how long the run took.
    pub(super) fn check(&mut self, elapsed: u64) -> Result<(), Unfit> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        for job in (0..self.len()).map(JobId::new) {
            check_row(self.name(job), self.after.row(job), self.len())?;
        }
        if let Some((end, job, (attempt, phase))) = self.last_end
            && end > elapsed.min(Stamp::KEPT)
        {
            let when = if end > elapsed { "the run" } else { "more than four years" };
            let why = format!("has a {phase} of try {attempt} that ends after {when}");
            return Err(Unfit::of(self.name(job), why));
        }
        match self.last_line {
            Some((at, job, ())) if at > elapsed => {
                Err(Unfit::of(self.name(job), "has said something after the end of the run"))
            }
            _ => Ok(()),
        }
    }

    /// In version 1 a plain `false` was known by its text.
    pub(super) fn know_false_by_its_text(&mut self) {
        for log in &mut self.logs {
            log.map_errors(|error| Some(error.of_version_1()).filter(|error| !error.is_returned_false()));
        }
    }
}

fn keep_last<T>(last: &mut Last<T>, next: (u64, JobId, T)) {
    if last.as_ref().is_none_or(|last| last.0 < next.0) {
        *last = Some(next);
    }
}

/// The names of a plan can be read; so can those of a report, which may come from anywhere.
pub(super) fn check_name(name: &str) -> Result<(), Unfit> {
    let why = match name_fault(name) {
        None => return Ok(()),
        Some(NameFault::Empty) => "has an empty name",
        Some(NameFault::Acts) => "has a name with a character that does not show, but acts",
        Some(NameFault::Unseen) => "has a name of which nothing can be seen",
    };
    Err(Unfit::of(name, why))
}

/// Adds what a job or a nest is after.
pub(super) fn add_row(name: &str, after: &[u32], rows: &mut Rows) -> Result<(), Unfit> {
    if let Some(on) = repeated(after) {
        return Err(Unfit::of(name, format!("is after job {on} twice")));
    }
    after.iter().for_each(|on| rows.push(JobId(*on)));
    rows.end_row();
    Ok(())
}

/// One that is there twice. Reports are written in ascending order, in which nothing has to be remembered.
fn repeated(after: &[u32]) -> Option<u32> {
    if after.is_sorted_by(|one, next| one < next) {
        return None;
    }
    let mut seen = BTreeSet::new();
    after.iter().copied().find(|on| !seen.insert(*on))
}

/// Whether there are all the jobs that one or a nest is after.
pub(super) fn check_row(name: &str, row: &[JobId], jobs: usize) -> Result<(), Unfit> {
    match row.iter().find(|on| on.index() >= jobs) {
        None => Ok(()),
        Some(on) => {
            let why = format!("is after job {}, but there are {jobs}, counted from 0", on.0);
            Err(Unfit::of(name, why))
        }
    }
}

/// The phases must be such as a job of this kind has, in an order in which a run executes them.
fn check_phases(job: &SavedJob) -> Result<(), Unfit> {
    let mut last = (0, Phase::Create);
    for record in &job.phases {
        let what = || format!("{} of try {}", record.phase, record.attempt);
        if record.start_ns.checked_add(record.length_ns).is_none() {
            return Err(Unfit::of(&job.name, format!("has a {} that ends after the run", what())));
        }
        if !job.kind.may_have(record.phase) || record.attempt == 0 {
            return Err(Unfit::of(&job.name, format!("has a {}, which such a job cannot have", what())));
        }
        if record.sequence.is_some_and(|at| at > 0) != (record.phase == Phase::Run) {
            return Err(Unfit::of(
                &job.name,
                format!("has a {} and a sequence number that do not fit", what()),
            ));
        }
        let place = (record.attempt, record.phase);
        if record.phase == Phase::Cleanup {
            last = (u32::MAX, Phase::Cleanup); // nothing but cleanups follows
            continue;
        }
        if place <= last {
            return Err(Unfit::of(&job.name, format!("has a {} out of order", what())));
        }
        last = place;
    }
    if job.status == Status::Blocked && !job.phases.is_empty() {
        return Err(Unfit::of(&job.name, "was blocked, but has phases"));
    }
    Ok(())
}

/// Why a report cannot be what any run wrote.
#[derive(Debug)]
pub(crate) struct Unfit(String);

impl Unfit {
    pub(super) fn of(job: &str, why: impl fmt::Display) -> Self {
        Unfit(format!("job {job:?} {why}"))
    }

    /// Because of something that belongs to no job.
    pub(super) fn alone(why: String) -> Self {
        Unfit(why)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the report does not fit together: {}", self.0)
    }
}
