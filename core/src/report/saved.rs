//! A report as it is saved, and what is refused when one is read.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::{Scale, Stamp};
use crate::error::{ErrorText, RETURNED_FALSE};
use crate::graph::{Edges, JobGraph, JobId, NestSpan, Nests, Rows, StartEdges};
use crate::names::{NameId, Names};
use crate::report::{Head, Log, PhaseRecord, Record, Report};
use crate::text::{NameFault, name_fault};
use crate::words::{Kind, Phase, Status};

/// What this version of the library writes.
const VERSION: u32 = 2;
/// The oldest one that it reads. In version 1 there were no nests.
const OLDEST: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename = "Report", expecting = "a report", deny_unknown_fields)]
struct SavedReport<Jobs, Nests> {
    dojobber_report: Version,
    dry_run: bool,
    elapsed_ns: u64,
    jobs: Jobs,
    #[serde(default)]
    nests: Nests,
}

/// A nest; those that it is inside of come before it.
#[derive(Serialize, Deserialize)]
#[serde(expecting = "a nest", deny_unknown_fields)]
struct SavedNest<Text, Ids> {
    name: Text,
    /// The first of the jobs inside, and how many there are at any depth.
    first: u32,
    jobs: u32,
    /// What everything inside waits for, beside what jobs are after themselves.
    after: Ids,
}

/// Comes first, so that a report of another version is refused for that and not for what it holds.
struct Version;

#[derive(Serialize, Deserialize)]
#[serde(expecting = "a job", deny_unknown_fields)]
struct SavedJob<Text, Ids, Phases> {
    name: Text,
    kind: Kind,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    description: Option<Text>,
    /// Places in the list of jobs, from 0.
    after: Ids,
    status: Status,
    phases: Phases,
}

#[derive(Serialize, Deserialize)]
#[serde(expecting = "a phase", deny_unknown_fields)]
struct SavedPhase<Text> {
    attempt: u32,
    phase: Phase,
    worker: u16,
    start_ns: u64,
    length_ns: u64,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    sequence: Option<u32>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    error: Option<Text>,
}

fn none<T>() -> Option<T> {
    None
}

type ReadReport = SavedReport<Vec<ReadJob>, Vec<ReadNest>>;
type ReadNest = SavedNest<String, Vec<u32>>;
type ReadJob = SavedJob<String, Vec<u32>, Vec<SavedPhase<ErrorText>>>;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(VERSION)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let version = u32::deserialize(deserializer)?;
        if (OLDEST..=VERSION).contains(&version) {
            return Ok(Version);
        }
        let read = format!("this program reads versions {OLDEST} to {VERSION}");
        Err(D::Error::custom(format!("a report of version {version}; {read}")))
    }
}

/// A sequence that is made while it is written: no copy of the report is built.
struct Sequence<I>(std::cell::RefCell<Option<I>>);

impl<I> Sequence<I> {
    fn of(items: I) -> Self {
        Sequence(std::cell::RefCell::new(Some(items)))
    }
}

impl<I: Iterator<Item: Serialize>> Serialize for Sequence<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.take().into_iter().flatten())
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let jobs = self.jobs().map(|job| SavedJob {
            name: job.name(),
            kind: job.kind(),
            description: job.description(),
            after: Sequence::of(self.graph.own_after(job.id()).iter().map(|on| on.0)),
            status: job.status(),
            phases: Sequence::of(job.phases().into_iter().map(saved_phase)),
        });
        let nests = self.graph.nests().map(|nest| SavedNest {
            name: nest.name(),
            first: nest.jobs().next().map_or(0, |job| job.0),
            jobs: nest.jobs().len() as u32,
            after: Sequence::of(nest.after().iter().map(|on| on.0)),
        });
        SavedReport {
            dojobber_report: Version,
            dry_run: self.dry_run.is_on(),
            elapsed_ns: self.elapsed,
            jobs: Sequence::of(jobs),
            nests: Sequence::of(nests),
        }
        .serialize(serializer)
    }
}

fn saved_phase(record: PhaseRecord<'_>) -> SavedPhase<&ErrorText> {
    SavedPhase {
        attempt: record.attempt,
        phase: record.phase,
        worker: record.worker,
        start_ns: record.start,
        length_ns: record.end - record.start,
        sequence: (record.sequence > 0).then_some(record.sequence),
        error: record.error,
    }
}

impl<'de> Deserialize<'de> for Report {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let saved: ReadReport = SavedReport::deserialize(deserializer)?;
        restore(saved).map_err(D::Error::custom)
    }
}

fn restore(saved: ReadReport) -> Result<Report, Unfit> {
    let jobs = saved.jobs.len();
    let mut names = Names::default();
    let mut after = Rows::with_capacity(jobs, jobs);
    for (at, job) in saved.jobs.iter().enumerate() {
        check_name(&job.name)?;
        if names.intern(&job.name).index() != at {
            return Err(Unfit::new(job, "stands in it twice"));
        }
        restore_edges(&job.name, &job.after, jobs, &mut after)?;
    }
    let (nests, edges) = restore_nests(&saved, &names, after)?;
    if let Some(job) = edges.left_out(&edges.order()).first() {
        return Err(Unfit::new(
            &saved.jobs[job.index()],
            "depends on jobs that depend on each other in a cycle",
        ));
    }
    let mut logs = Vec::new();
    let mut heads = Vec::with_capacity(jobs);
    for job in &saved.jobs {
        check_phases(job, saved.elapsed_ns)?;
        heads.push(restore_phases(job, &mut logs));
    }
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
    let mut report = Report::new(graph.into(), saved.dry_run.into(), heads, logs);
    report.close(saved.elapsed_ns, Scale::NANOS);
    Ok(report)
}

/// The nests, and all edges: those of the jobs, and those that come of what nests wait for.
fn restore_nests(saved: &ReadReport, names: &Names, own: Rows) -> Result<(Nests, Edges), Unfit> {
    let jobs = saved.jobs.len();
    let mut spans: Vec<NestSpan> = Vec::with_capacity(saved.nests.len());
    let mut after = Rows::with_capacity(saved.nests.len(), 0);
    let mut seen = BTreeSet::new();
    let mut open: Vec<u32> = Vec::new(); // where the nests end that the next one may be inside of
    for nest in &saved.nests {
        let unfit = |why: String| Err(Unfit { job: nest.name.clone(), why });
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
    Err(Unfit { job: name.to_owned(), why: why.to_owned() })
}

fn restore_edges(name: &str, after: &[u32], jobs: usize, rows: &mut Rows) -> Result<(), Unfit> {
    let unfit = |why| Err(Unfit { job: name.to_owned(), why });
    let mut seen = BTreeSet::new();
    for on in after {
        if *on as usize >= jobs {
            return unfit(format!("is after job {on}, but there are {jobs}, counted from 0"));
        }
        if !seen.insert(*on) {
            return unfit(format!("is after job {on} twice"));
        }
        rows.push(JobId(*on));
    }
    rows.end_row();
    Ok(())
}

/// The phases must be such as a job of this kind has, in an order in which a run executes them.
fn check_phases(job: &ReadJob, elapsed: u64) -> Result<(), Unfit> {
    let mut last = (0, Phase::Create);
    for record in &job.phases {
        let what = || format!("{} of try {}", record.phase, record.attempt);
        let end = record.start_ns.checked_add(record.length_ns);
        if end.is_none_or(|end| end > elapsed) {
            return Err(Unfit::new(job, format!("has a {} that ends after the run", what())));
        }
        if end.is_some_and(|end| end > Stamp::KEPT) {
            return Err(Unfit::new(job, format!("has a {} that ends after more than four years", what())));
        }
        if !job.kind.may_have(record.phase) || record.attempt == 0 {
            return Err(Unfit::new(job, format!("has a {}, which such a job cannot have", what())));
        }
        if record.sequence.is_some_and(|at| at > 0) != (record.phase == Phase::Run) {
            return Err(Unfit::new(job, format!("has a {} and a sequence number that do not fit", what())));
        }
        let place = (record.attempt, record.phase);
        if record.phase == Phase::Cleanup {
            last = (u32::MAX, Phase::Cleanup); // nothing but cleanups follows
            continue;
        }
        if place <= last {
            return Err(Unfit::new(job, format!("has a {} out of order", what())));
        }
        last = place;
    }
    if job.status == Status::Blocked && !job.phases.is_empty() {
        return Err(Unfit::new(job, "was blocked, but has phases"));
    }
    Ok(())
}

fn restore_phases(job: &ReadJob, logs: &mut Vec<Log>) -> Head {
    let mut head = Head::NEW;
    for phase in &job.phases {
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
        let error = phase.error.clone().filter(|error| *error != RETURNED_FALSE);
        head = logs[usize::from(phase.worker)].push(record, head, error.map(Box::new));
    }
    head.ended(job.status)
}

/// Why a report cannot be what any run wrote.
struct Unfit {
    job: String,
    why: String,
}

impl Unfit {
    fn new(job: &ReadJob, why: impl Into<String>) -> Self {
        Unfit { job: job.name.clone(), why: why.into() }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the report does not fit together: job {:?} {}", self.job, self.why)
    }
}
