//! How a report is read, and what is refused when it does not fit together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::clock::{Scale, Stamp};
use crate::error::ErrorText;
use crate::graph::{Edges, JobGraph, JobId, NestSpan, Nests, Rows, StartEdges};
use crate::names::{NameId, Names};
use crate::report::saved::{OLDEST, VERSION};
use crate::report::{Head, Log, Origin, Record, Report, date};
use crate::said::{AllSaid, JobSaid, LogLine, Progress};
use crate::text::{NameFault, name_fault};
use crate::words::{DryRun, Kind, Phase, Status, StopReason};

/// Fields stand in the order in which they are written: some formats tell them by their place.
#[derive(Deserialize)]
#[serde(rename = "Report", expecting = "a report", deny_unknown_fields)]
pub(crate) struct SavedReport {
    pub(super) dojobber_report: Version,
    pub(super) dry_run: bool,
    #[serde(default)]
    pub(super) goes_through: bool,
    #[serde(default)]
    pub(super) stop_reason: Option<StopReason>,
    #[serde(default)]
    pub(super) started: Option<String>,
    #[serde(default)]
    pub(super) host: Option<String>,
    #[serde(default)]
    pub(super) incomplete: bool,
    #[serde(default)]
    pub(super) observer_failures: Vec<String>,
    pub(super) elapsed_ns: u64,
    pub(super) jobs: Vec<SavedJob>,
    #[serde(default)]
    pub(super) nests: Vec<SavedNest>,
    #[serde(default)]
    pub(super) nodes: Vec<SavedNode>,
}

/// Comes first, so that a report of another version is refused for that and not for what it holds.
pub(super) struct Version(pub(super) u32);

#[derive(Deserialize)]
#[serde(rename = "Job", expecting = "a job", deny_unknown_fields)]
pub(crate) struct SavedJob {
    pub(super) name: String,
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) description: Option<String>,
    /// Places in the list of jobs, from 0.
    pub(super) after: Vec<u32>,
    pub(super) status: Status,
    #[serde(default)]
    pub(super) description_of_run: Option<Box<str>>,
    pub(super) phases: Vec<SavedPhase>,
    #[serde(default)]
    pub(super) log: Vec<SavedLine>,
    #[serde(default)]
    pub(super) log_left_out: u64,
    #[serde(default)]
    pub(super) progress: Option<Progress>,
}

#[derive(Clone, Deserialize)]
#[serde(rename = "Phase", expecting = "a phase", deny_unknown_fields)]
pub(crate) struct SavedPhase {
    pub(crate) attempt: u32,
    pub(crate) phase: Phase,
    pub(crate) worker: u16,
    pub(crate) start_ns: u64,
    pub(crate) length_ns: u64,
    #[serde(default)]
    pub(crate) sequence: Option<u32>,
    #[serde(default)]
    pub(crate) error: Option<ErrorText>,
}

#[derive(Deserialize)]
#[serde(rename = "Line", expecting = "a line that a job has said", deny_unknown_fields)]
pub(crate) struct SavedLine {
    attempt: u32,
    phase: Phase,
    at_ns: u64,
    text: String,
}

/// A machine that stands for a worker.
#[derive(Deserialize)]
#[serde(rename = "Node", expecting = "a machine", deny_unknown_fields)]
pub(super) struct SavedNode {
    pub(super) worker: u16,
    pub(super) name: String,
}

/// A nest; those that it is inside of come before it.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "journal", derive(serde::Serialize))]
#[serde(rename = "Nest", expecting = "a nest", deny_unknown_fields)]
pub(crate) struct SavedNest {
    pub(super) name: String,
    /// The first of the jobs inside, and how many there are at any depth.
    pub(super) first: u32,
    pub(super) jobs: u32,
    /// What everything inside waits for, beside what jobs are after themselves.
    pub(super) after: Vec<u32>,
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let version = u32::deserialize(deserializer)?;
        if (OLDEST..=VERSION).contains(&version) {
            return Ok(Version(version));
        }
        let read = format!("this program reads versions {OLDEST} to {VERSION}");
        Err(D::Error::custom(format!("a report of version {version}; {read}")))
    }
}

impl<'de> Deserialize<'de> for Report {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        restore(SavedReport::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

pub(super) fn restore(mut saved: SavedReport) -> Result<Report, Unfit> {
    let jobs = saved.jobs.len();
    let origin = restore_origin(&mut saved)?;
    let mut names = Names::default();
    let mut after = Rows::with_capacity(jobs, jobs);
    for (at, job) in saved.jobs.iter().enumerate() {
        check_name(&job.name)?;
        if names.intern(&job.name).index() != at {
            return Err(Unfit::of(&job.name, "stands in it twice"));
        }
        restore_edges(&job.name, &job.after, jobs, &mut after)?;
    }
    let (nests, edges) = restore_nests(&saved, &names, after)?;
    if let Some(job) = edges.left_out(&edges.order()).first() {
        return Err(Unfit::of(
            &saved.jobs[job.index()].name,
            "depends on jobs that depend on each other in a cycle",
        ));
    }
    let mut logs = Vec::new();
    let mut heads = Vec::with_capacity(jobs);
    for job in &mut saved.jobs {
        check_phases(job, saved.elapsed_ns)?;
        heads.push(restore_phases(job, &saved.dojobber_report, &mut logs));
    }
    let said = restore_said(&mut saved)?;
    let descriptions = saved
        .jobs
        .iter()
        .enumerate()
        .filter_map(|(at, job)| job.description.as_deref().map(|text| (JobId::new(at), text.into())));
    let graph = JobGraph::new(
        names,
        (0..jobs as u32).map(NameId).collect(),
        (0..jobs as u32).map(JobId).collect(),
        saved.jobs.iter().map(|job| job.kind).collect(),
        descriptions.collect(),
        edges,
        nests,
    );
    let dry_run = match (saved.dry_run, saved.goes_through) {
        (true, true) => DryRun::Through,
        (false, true) => return Err(Unfit::alone("it goes through, but is no dry run".to_owned())),
        (is_on, false) => is_on.into(),
    };
    let texts = saved.jobs.iter_mut().enumerate();
    let texts = texts.filter_map(|(at, job)| Some((JobId::new(at), job.description_of_run.take()?)));
    let mut report = Report::new(graph.into(), dry_run, heads, logs)
        .stopped_by(saved.stop_reason)
        .with_descriptions_of_runs(texts);
    report.close(saved.elapsed_ns, Scale::NANOS);
    report.origin = origin;
    report.keep_said(said);
    report.is_complete = !saved.incomplete;
    report.observer_failures = saved.observer_failures;
    let nodes = restore_nodes(saved.nodes)?;
    report.nodes = (!nodes.is_empty()).then(|| Box::new(nodes));
    Ok(report)
}

fn restore_origin(saved: &mut SavedReport) -> Result<Origin, Unfit> {
    let started = match &saved.started {
        None => None,
        Some(text) => {
            let no_moment = || Unfit::alone(format!("{text:?} is no moment, such as 2026-11-25T10:47:14.5Z"));
            Some(date::from_text(text).ok_or_else(no_moment)?)
        }
    };
    let host = saved.host.take();
    if host.as_deref().is_some_and(|host| name_fault(host).is_some()) {
        return Err(Unfit::alone(format!("{:?} is no name of a machine", host.unwrap_or_default())));
    }
    Ok(Origin { started, host: host.map(Into::into) })
}

/// Each worker stands for one machine.
fn restore_nodes(saved: Vec<SavedNode>) -> Result<BTreeMap<u16, Box<str>>, Unfit> {
    let mut nodes = BTreeMap::new();
    for SavedNode { worker, name } in saved {
        if name_fault(&name).is_some() {
            return Err(Unfit::alone(format!("{name:?} is no name of a machine")));
        }
        if nodes.insert(worker, name.into()).is_some() {
            return Err(Unfit::alone(format!("worker {worker} is on two machines")));
        }
    }
    Ok(nodes)
}

/// The nests, and all edges: those of the jobs, and those that come of what nests wait for.
fn restore_nests(saved: &SavedReport, names: &Names, own: Rows) -> Result<(Nests, Edges), Unfit> {
    let jobs = saved.jobs.len();
    let mut spans: Vec<NestSpan> = Vec::with_capacity(saved.nests.len());
    let mut after = Rows::with_capacity(saved.nests.len(), 0);
    let mut seen = BTreeSet::new();
    let mut open: Vec<u32> = Vec::new(); // where the nests end that the next one may be inside of
    for nest in &saved.nests {
        let unfit = |why: String| Err(Unfit::of(&nest.name, why));
        check_name(&nest.name)?;
        let Some(end) =
            nest.first.checked_add(nest.jobs).filter(|end| nest.jobs > 0 && *end as usize <= jobs)
        else {
            return unfit(format!(
                "is a nest of {} jobs from job {} on, but there are {jobs}",
                nest.jobs, nest.first
            ));
        };
        while open.pop_if(|around| *around <= nest.first).is_some() {}
        // a group that ends it has its name, and stands behind it
        let fits = names.find(&nest.name).is_none_or(|name| name.0 == end);
        if !fits || !seen.insert(&nest.name) {
            return unfit("is the name of a nest and of something else".to_owned());
        }
        let is_in_order = spans.last().is_none_or(|last| last.jobs.start <= nest.first);
        if !is_in_order || open.last().is_some_and(|around| end > *around) {
            return unfit("is a nest that is neither inside of another nor beside it".to_owned());
        }
        open.push(end);
        spans.push(NestSpan { name: nest.name.as_str().into(), jobs: nest.first..end });
        restore_edges(&nest.name, &nest.after, jobs, &mut after)?;
    }
    let mut nests = Nests::new(spans);
    let rows = nests.with_starts(own, &after, StartEdges::Few);
    let edges = Edges::new(rows, jobs, nests.nodes(jobs));
    Ok((nests, edges))
}

/// The names of a plan can be read; so can those of a report, which may come from anywhere.
fn check_name(name: &str) -> Result<(), Unfit> {
    let why = match name_fault(name) {
        None => return Ok(()),
        Some(NameFault::Empty) => "has an empty name",
        Some(NameFault::Acts) => "has a name with a character that does not show, but acts",
        Some(NameFault::Unseen) => "has a name of which nothing can be seen",
    };
    Err(Unfit::of(name, why))
}

fn restore_edges(name: &str, after: &[u32], jobs: usize, rows: &mut Rows) -> Result<(), Unfit> {
    let unfit = |why: String| Err(Unfit::of(name, why));
    if let Some(on) = after.iter().find(|on| **on as usize >= jobs) {
        return unfit(format!("is after job {on}, but there are {jobs}, counted from 0"));
    }
    if let Some(on) = repeated(after) {
        return unfit(format!("is after job {on} twice"));
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

/// The phases must be such as a job of this kind has, in an order in which a run executes them.
fn check_phases(job: &SavedJob, elapsed: u64) -> Result<(), Unfit> {
    let mut last = (0, Phase::Create);
    for record in &job.phases {
        let what = || format!("{} of try {}", record.phase, record.attempt);
        let end = record.start_ns.checked_add(record.length_ns);
        if end.is_none_or(|end| end > elapsed) {
            return Err(Unfit::of(&job.name, format!("has a {} that ends after the run", what())));
        }
        if end.is_some_and(|end| end > Stamp::KEPT) {
            return Err(Unfit::of(
                &job.name,
                format!("has a {} that ends after more than four years", what()),
            ));
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

fn restore_phases(job: &mut SavedJob, version: &Version, logs: &mut Vec<Log>) -> Head {
    let mut head = Head::NEW;
    for phase in &mut job.phases {
        while logs.len() <= usize::from(phase.worker) {
            logs.push(Log::of(logs.len() as u16));
        }
        let record = Record {
            phase: phase.phase,
            passed: phase.error.is_none(),
            start: Stamp(phase.start_ns),
            end: Stamp(phase.start_ns + phase.length_ns),
            attempt: phase.attempt,
            sequence: phase.sequence.unwrap_or(0),
        };
        let mut error = phase.error.take();
        if version.0 == 1 {
            error = error.map(ErrorText::of_version_1);
        }
        let error = error.filter(|error| !error.is_returned_false());
        let log = &mut logs[usize::from(phase.worker)];
        head = log.push(record, head);
        error.into_iter().for_each(|error| log.add_error(error));
    }
    head.ended(job.status)
}

/// What jobs have said, those that have said anything.
fn restore_said(saved: &mut SavedReport) -> Result<AllSaid, Unfit> {
    let mut all = AllSaid::new();
    for (at, job) in saved.jobs.iter_mut().enumerate() {
        let mut said =
            JobSaid { lines: Vec::new(), left_out: job.log_left_out, progress: job.progress.take() };
        for SavedLine { attempt, phase, at_ns, text } in std::mem::take(&mut job.log) {
            if !job.kind.may_have(phase) || attempt == 0 {
                let why =
                    format!("has said something in a {phase} of try {attempt}, which such a job cannot have");
                return Err(Unfit::of(&job.name, why));
            }
            if at_ns > saved.elapsed_ns {
                return Err(Unfit::of(&job.name, "has said something after the end of the run"));
            }
            said.lines.push(LogLine { attempt, phase, at: at_ns, text });
        }
        if said != JobSaid::default() {
            all.insert(JobId::new(at), said);
        }
    }
    Ok(all)
}

/// Why a report cannot be what any run wrote.
pub(crate) struct Unfit(String);

impl Unfit {
    fn of(job: &str, why: impl fmt::Display) -> Self {
        Unfit(format!("job {job:?} {why}"))
    }

    /// Because of something that belongs to no job.
    fn alone(why: String) -> Self {
        Unfit(why)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the report does not fit together: {}", self.0)
    }
}
