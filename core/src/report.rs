//! What is left when a run is over: plain data.

mod head;
mod phase;
mod log;
#[cfg(feature = "serde")]
pub(crate) mod date;
mod behind;
mod digest;
mod display;
mod summary;
mod since;
#[cfg(feature = "serde")]
mod saved;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub(crate) use head::{Head, Link};
pub(crate) use log::{Log, Record};
pub use phase::{Ending, PhaseRecord};
#[cfg(feature = "journal")]
pub(crate) use saved::{SavedGraphJob, SavedJob, SavedNest, SavedPhase, SavedReport, Unfit as SavedUnfit};
pub use since::{Since, Slower};
pub use summary::Summary;

use crate::clock::{Clock, Scale};
use crate::error::{ErrorClass, ErrorText};
use crate::graph::{JobGraph, JobId};
use crate::host;
use crate::key::JobName;
use crate::said::{AllSaid, JobSaid, LogLine, Progress};
use crate::words::{Counts, DryRun, Kind, Phase, Status, StopReason};

/// Everything that happened in one run, and the graph that it happened to.
///
/// It prints line by line: counts and time, what changed by name, what failed and why (equal failures together), and what
/// was blocked by it; [`summary`](Report::summary) is the same as a table. With the feature `serde` it can be saved and
/// read back; one that does not fit together is refused when read.
///
/// ```
/// # use dojobber_core::{BoxError, Draft, JobSpec, Phase, Status};
/// # let mut draft = Draft::<()>::default();
/// # draft.open("walls"); draft.close(JobSpec::run_only(|_| Err::<(), BoxError>("it rains".into())));
/// # draft.open("roof"); draft.after("walls"); draft.close(JobSpec::run_only(|_| ()));
/// # let plan = draft.compile().unwrap();
/// # let runner = dojobber_core::Runner::builder().default_tries(1).build();
/// let report = runner.run(&plan, ()).into_report();
///
/// assert_eq!(report.status("roof"), Some(Status::Blocked));
/// assert_eq!(report.root_causes("roof")[0].name(), "walls");
///
/// let walls = report.job("walls").unwrap();
/// assert_eq!(walls.error().unwrap().message(), "it rains");
/// assert_eq!(walls.phases()[0].phase(), Phase::Run);
/// ```
#[derive(Clone)]
pub struct Report {
    graph: Arc<JobGraph>,
    dry_run: DryRun,
    origin: Origin,
    stop_reason: Option<StopReason>,
    /// Whether the run has ended, and all of it is here.
    is_complete: bool,
    elapsed: u64,
    scale: Scale,
    heads: Vec<Head>,
    /// The logs, by worker.
    logs: Vec<Log>,
    /// Made when there are some.
    extras: Option<Box<Extras>>,
}

/// What most runs have nothing of.
#[derive(Clone, PartialEq, Eq, Default)]
struct Extras {
    observer_failures: Vec<String>,
    descriptions_of_runs: BTreeMap<JobId, Box<str>>,
    /// What jobs have said, those that have said anything.
    said: AllSaid,
    /// The machines that stand for workers, by worker.
    nodes: Nodes,
}

static NO_EXTRAS: Extras = Extras {
    observer_failures: Vec::new(),
    descriptions_of_runs: BTreeMap::new(),
    said: AllSaid::new(),
    nodes: Nodes::new(),
};

impl Report {
    /// `heads` has one for each job, ended; `logs` come in any order.
    pub(crate) fn new(
        graph: Arc<JobGraph>,
        dry_run: DryRun,
        mut heads: Vec<Head>,
        mut logs: Vec<Log>,
    ) -> Self {
        debug_assert_eq!(heads.len(), graph.len());
        if dry_run == DryRun::Through {
            behind::mark(&graph, &mut heads);
        }
        logs.sort_by_key(Log::worker);
        debug_assert!(logs.iter().enumerate().all(|(at, log)| at == usize::from(log.worker())));
        Report {
            graph,
            dry_run,
            stop_reason: None,
            is_complete: true,
            origin: Origin::default(),
            elapsed: 0,
            scale: Scale::NANOS,
            heads,
            logs,
            extras: None,
        }
    }

    /// Says what jobs have said of their runs.
    pub(crate) fn describe_runs(&mut self, texts: Vec<(JobId, String)>) {
        if !texts.is_empty() {
            let texts = texts.into_iter().map(|(job, text)| (job, text.into()));
            self.extras_mut().descriptions_of_runs.extend(texts);
        }
    }

    /// Says why the run was stopped, if it was.
    pub(crate) fn say_why_stopped(&mut self, stop_reason: Option<StopReason>) {
        self.stop_reason = stop_reason;
    }

    /// Says which machines stand for workers.
    pub(crate) fn say_nodes(&mut self, nodes: Vec<(u16, Arc<str>)>) {
        if !nodes.is_empty() {
            let nodes = nodes.into_iter().map(|(worker, node)| (worker, (*node).into()));
            self.extras_mut().nodes = nodes.collect();
        }
    }

    /// Adds a phase that followed all others of its job.
    pub(crate) fn append(&mut self, job: JobId, record: Record, error: Option<ErrorText>) {
        let head = &mut self.heads[job.index()];
        if self.logs.is_empty() {
            self.logs.push(Log::of(0));
        }
        let last = self.logs[0].push(record, *head);
        error.into_iter().for_each(|error| self.logs[0].add_error(error));
        *head = last.ended(head.status().expect("cleanups follow when all jobs have ended"));
    }

    /// Keeps what jobs have said.
    pub(crate) fn keep_said(&mut self, said: AllSaid) {
        if !said.is_empty() {
            self.extras_mut().said = said;
        }
    }

    /// Says what the observers could not do.
    pub(crate) fn keep_observer_failures(&mut self, failures: Vec<String>) {
        if !failures.is_empty() {
            self.extras_mut().observer_failures = failures;
        }
    }

    /// Says when and where it all was, by a clock that has come so far.
    pub(crate) fn took_place(&mut self, clock: &Clock, elapsed: u64) {
        self.origin = Origin::of(clock, elapsed);
    }

    /// Says how long it all took, and what its stamps are worth.
    pub(crate) fn close(&mut self, elapsed: u64, scale: Scale) {
        (self.elapsed, self.scale) = (elapsed, scale);
    }

    /// The graph that was run.
    pub fn graph(&self) -> &Arc<JobGraph> {
        &self.graph
    }

    /// Whether this was a dry run: nothing but first checks. [`dry_run_mode`](Report::dry_run_mode) says which.
    #[doc(alias = "no_act")]
    pub fn dry_run(&self) -> bool {
        self.dry_run.is_on()
    }

    /// Whether this was a dry run, and how far it went.
    pub fn dry_run_mode(&self) -> DryRun {
        self.dry_run
    }

    /// When the run began, by the clock of its machine; `None` for a simulation, and for a report that was saved by a
    /// version of this library that did not keep it.
    pub fn started(&self) -> Option<SystemTime> {
        self.origin.started
    }

    /// The name of the machine on which it ran, as far as the system tells one; `None` as for
    /// [`started`](Report::started).
    pub fn host(&self) -> Option<&str> {
        self.origin.host.as_deref()
    }

    /// The machine that a worker stands for, where jobs were executed elsewhere: each place on another machine is a worker
    /// of its own. `None`: a worker of the machine that the run was on.
    pub fn node(&self, worker: usize) -> Option<&str> {
        self.extras().nodes.get(&u16::try_from(worker).ok()?).map(|node| &**node)
    }

    /// Why the run was stopped; `None` if it was not, or only when all jobs had ended. A run that was stopped and whose
    /// jobs are all done is a success all the same.
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.stop_reason
    }

    /// Whether the run has ended and this is all of it. It is false only for a report that was read from the journal of a
    /// run that goes on, or whose process ended before: then jobs that had not ended are
    /// [`Cancelled`](Status::Cancelled).
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// What those who watched the run could not do, a sentence each: for example a journal whose disk was full. The run
    /// went on without, and it changes no exit code.
    pub fn observer_failures(&self) -> &[String] {
        &self.extras().observer_failures
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

    /// How many jobs ended in which way. Groups are not counted: they do nothing themselves.
    pub fn counts(&self) -> Counts {
        let jobs = self.graph.ids().filter(|job| self.graph.kind(*job) != Kind::Group);
        jobs.map(|job| self.status_of(job)).collect()
    }

    /// How many of these stand [behind](JobReport::behind) a job that would run.
    pub fn counts_behind(&self) -> Counts {
        let jobs = self.graph.ids().filter(|job| self.graph.kind(*job) != Kind::Group);
        jobs.filter(|job| self.heads[job.index()].is_behind()).map(|job| self.status_of(job)).collect()
    }

    /// How many jobs have that status. Groups are not counted.
    pub fn count(&self, status: Status) -> usize {
        self.counts().of(status)
    }

    /// Whether every job is done. An empty plan succeeds.
    pub fn success(&self) -> bool {
        self.heads.iter().all(|head| head.is_done())
    }

    /// Whether at least one job is done.
    pub fn partial_success(&self) -> bool {
        self.heads.iter().any(|head| head.is_done())
    }

    /// Whether some job is not done.
    pub fn failure(&self) -> bool {
        !self.success()
    }

    /// Whether a run changed something: some job is done, and was not so at first.
    pub fn changed(&self) -> bool {
        self.statuses().any(|status| status == Status::Changed)
    }

    /// For programs that ask in their exit code whether something is due: 0 if every job is done and no cleanup has
    /// failed; 2 if nothing failed but something would run, which a dry run alone can say; 1 in all other cases.
    pub fn detailed_exit_code(&self) -> ExitCode {
        let has_not_failed =
            |status: Status| status.is_done() || matches!(status, Status::WouldRun | Status::Blocked);
        match self.statuses_are(has_not_failed) && self.cleanup_failures().is_empty() {
            true if self.success() => ExitCode::SUCCESS,
            true if self.count(Status::WouldRun) > 0 => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }

    /// Every cleanup that failed, in the order in which they were called.
    pub fn cleanup_failures(&self) -> Vec<(JobReport<'_>, PhaseRecord<'_>)> {
        let mut failures: Vec<_> = self
            .jobs()
            .flat_map(|job| job.backwards().map(move |record| (job, record)))
            .filter(|(_, record)| record.phase == Phase::Cleanup && !record.passed())
            .collect();
        failures.sort_by_key(|(_, record)| record.start);
        failures
    }

    /// The failed jobs, or those that would run, that a blocked job waits for in the end; in order of declaration.
    ///
    /// A job that is not blocked has none. The graph is walked on demand.
    pub fn root_causes<M>(&self, name: impl JobName<M>) -> Vec<JobReport<'_>> {
        let Some(job) = self.graph.find(name) else { return Vec::new() };
        let graph = &self.graph;
        let goes_on = |node| graph.is_start(node) || self.status_of(node) == Status::Blocked;
        let upwards = |graph, node| if goes_on(node) { JobGraph::after_nodes(graph, node) } else { &[] };
        let reached = graph.reach_jobs([job], upwards);
        reached
            .into_iter()
            .filter(|cause| *cause != job)
            .map(|id| JobReport { report: self, id })
            .filter(|cause| match cause.status() {
                Status::WouldRun => self.dry_run != DryRun::Through,
                Status::Blocked | Status::Cancelled => false,
                status => !status.is_done(),
            })
            .collect()
    }

    fn status_of(&self, job: JobId) -> Status {
        self.heads[job.index()].status().expect("every job of a run has ended")
    }

    /// Whether that holds for the status of each job.
    pub(crate) fn statuses_are(&self, holds: impl Fn(Status) -> bool) -> bool {
        self.statuses().all(holds)
    }

    fn statuses(&self) -> impl Iterator<Item = Status> {
        self.graph.ids().map(|job| self.status_of(job))
    }

    /// The phases of a job, from the last one back to the first.
    fn backwards(&self, job: JobId) -> impl Iterator<Item = PhaseRecord<'_>> {
        let mut last = self.heads[job.index()].last();
        std::iter::from_fn(move || {
            let link = last?;
            let entry = self.logs[usize::from(link.worker)].entry(link.index);
            last = entry.previous;
            Some(self.phase(link, entry.record))
        })
    }

    fn phase(&self, link: Link, record: Record) -> PhaseRecord<'_> {
        let start = self.scale.nanos(record.start).min(self.elapsed);
        PhaseRecord {
            attempt: record.attempt,
            phase: record.phase,
            worker: link.worker,
            start,
            end: self.scale.nanos(record.end).clamp(start, self.elapsed),
            sequence: record.sequence,
            ending: self.logs[usize::from(link.worker)].ending(link.index),
            node: self.node(link.worker.into()),
        }
    }

    fn extras(&self) -> &Extras {
        self.extras.as_deref().unwrap_or(&NO_EXTRAS)
    }

    fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }
}

/// The error of a phase that had begun and not ended when the journal of its run was read.
pub(crate) const DID_NOT_END: &str = "did not end: the process ended before";

/// The machines that stand for workers.
type Nodes = BTreeMap<u16, Box<str>>;

/// When and where a run took place, as far as is known: a simulation has neither.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) started: Option<SystemTime>,
    pub(crate) host: Option<Cow<'static, str>>,
}

impl Origin {
    /// Here, when that clock was started.
    fn of(clock: &Clock, elapsed: u64) -> Self {
        let started = clock.date(elapsed);
        Origin { host: started.and(host::name()).map(Cow::Borrowed), started }
    }
}

/// Two reports are equal if they say the same, in whichever worker's log it stands.
impl PartialEq for Report {
    fn eq(&self, other: &Self) -> bool {
        let phases = |one: &Self, job| one.backwards(job).eq(other.backwards(job));
        let facts = |one: &Self| (one.dry_run, one.stop_reason, one.is_complete, one.elapsed);
        facts(self) == facts(other)
            && self.origin == other.origin
            && self.extras() == other.extras()
            && self.graph == other.graph
            && self.statuses().eq(other.statuses())
            && self.graph.ids().all(|job| phases(self, job))
    }
}

impl Eq for Report {}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("dry_run", &self.dry_run)
            .field("stop_reason", &self.stop_reason)
            .field("elapsed", &self.elapsed())
            .field("jobs", &self.jobs().collect::<Vec<_>>())
            .finish()
    }
}

/// What happened to one job: a view into its [`Report`].
#[derive(Clone, Copy)]
pub struct JobReport<'a> {
    report: &'a Report,
    id: JobId,
}

impl<'a> JobReport<'a> {
    pub(crate) fn new(report: &'a Report, id: JobId) -> Self {
        JobReport { report, id }
    }

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
        self.report.status_of(self.id)
    }

    /// Whether it stands behind a job that would run, in a dry run that goes [through](DryRun::Through): what is known of it
    /// is from before that job has changed anything.
    ///
    /// If it would run too, its run comes then. If it is satisfied, it may have to be done all the same. A job that
    /// failed, was blocked or was cancelled never stands behind one.
    pub fn behind(&self) -> bool {
        self.report.heads[self.id.index()].is_behind()
    }

    /// What the job has said of its run, where one was due: the text of `describe_run`.
    pub fn description_of_run(&self) -> Option<&'a str> {
        self.report.extras().descriptions_of_runs.get(&self.id).map(|text| &**text)
    }

    /// How many tries it used. None if it was blocked, is a group, or is a run_only in a dry run.
    pub fn tries(&self) -> u32 {
        self.last().map_or(0, |record| record.attempt)
    }

    /// Whether it is done, and was not so at first: its run was executed.
    pub fn changed(&self) -> bool {
        self.status() == Status::Changed
    }

    /// The time from the start of its first phase to the end of its last, delays between tries included; cleanups are
    /// not counted. Zero if no phase of it was executed.
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.times().0)
    }

    /// The part of [`elapsed`](JobReport::elapsed) in which no phase of it was executed: delays between tries, and the
    /// time until a worker was free for the next one.
    pub fn waited(&self) -> Duration {
        let (elapsed, worked) = self.times();
        Duration::from_nanos(elapsed.saturating_sub(worked))
    }

    /// How long it took from first to last, and the sum of its phases, in nanoseconds.
    fn times(&self) -> (u64, u64) {
        let (mut start, mut end, mut worked) = (u64::MAX, 0, 0);
        for record in self.backwards().filter(|record| record.phase != Phase::Cleanup) {
            (start, end) = (start.min(record.start), end.max(record.end));
            worked += record.end - record.start;
        }
        (end.saturating_sub(start), worked)
    }

    /// What its last try failed with; `None` if it was done.
    pub fn error(&self) -> Option<&'a ErrorText> {
        if self.status().is_done() { None } else { self.last()?.error() }
    }

    /// What the run of its last try failed with, whatever the recheck said. A run_only has no other error.
    pub fn run_error(&self) -> Option<&'a ErrorText> {
        let last = self.last()?.attempt;
        self.backwards().find(|record| record.phase == Phase::Run && record.attempt == last)?.error()
    }

    /// What it has said with [`Context::log`](crate::Context::log): the last lines, in order of time.
    pub fn log(&self) -> &'a [LogLine] {
        self.said().map_or(&[], |said| &said.lines)
    }

    /// How many lines it had said before these, which are not kept.
    pub fn log_left_out(&self) -> u64 {
        self.said().map_or(0, |said| said.left_out)
    }

    /// How far it was, as it said last with [`Context::progress`](crate::Context::progress).
    pub fn progress(&self) -> Option<Progress> {
        self.said()?.progress
    }

    pub(crate) fn said(&self) -> Option<&'a JobSaid> {
        self.report.extras().said.get(&self.id)
    }

    /// Whether a phase of it had begun and not ended when the journal of its run was read: it goes on, or the process has
    /// ended meanwhile.
    pub fn is_under_way(&self) -> bool {
        let is_open =
            |error: &ErrorText| error.class() == ErrorClass::Cancelled && error.message() == DID_NOT_END;
        self.backwards().next().and_then(|record| record.error()).is_some_and(is_open)
    }

    /// Every phase that was executed, in order of time.
    pub fn phases(&self) -> Vec<PhaseRecord<'a>> {
        let mut phases: Vec<_> = self.backwards().collect();
        phases.reverse();
        phases
    }

    fn backwards(&self) -> impl Iterator<Item = PhaseRecord<'a>> + use<'a> {
        self.report.backwards(self.id)
    }

    /// The phase that ended the last try.
    fn last(&self) -> Option<PhaseRecord<'a>> {
        self.backwards().find(|record| record.phase != Phase::Cleanup)
    }
}

impl fmt::Debug for JobReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobReport")
            .field("name", &self.name())
            .field("kind", &self.kind())
            .field("status", &self.status())
            .field("phases", &self.phases())
            .finish()
    }
}
