//! What is different from an earlier report.

use std::fmt;
use std::time::Duration;

use crate::graph::JobId;
use crate::report::display::Listed;
use crate::report::{JobReport, Report};
use crate::text::brief;
use crate::words::{Kind, Status};

/// A job that is slower has taken at least that much more.
const LEAST_MORE: Duration = Duration::from_millis(100);

/// What is different from an earlier report: from [`Report::since`]. Jobs are the same if they have the same name; groups
/// are left out. It prints a line for each list that is not empty.
#[derive(Debug, Clone, Default)]
pub struct Since<'a> {
    newly_failing: Vec<JobReport<'a>>,
    still_failing: Vec<JobReport<'a>>,
    mended: Vec<JobReport<'a>>,
    slower: Vec<Slower<'a>>,
    added: Vec<JobReport<'a>>,
    gone: Vec<JobReport<'a>>,
}

/// A job that has taken longer than before.
#[derive(Debug, Clone, Copy)]
pub struct Slower<'a> {
    /// The job now.
    pub job: JobReport<'a>,
    /// How long its phases took together in the earlier report.
    pub before: Duration,
    /// How long they took now.
    pub now: Duration,
}

impl Report {
    /// What is different from an earlier report of the same plan, or of one with some of the same jobs.
    ///
    /// ```
    /// # use dojobber_core::{Draft, JobSpec, Runner};
    /// # let run = |passes: bool| {
    /// #     let mut draft = Draft::<()>::default();
    /// #     draft.open("disk"); draft.close(JobSpec::check_only(move |_| passes));
    /// #     Runner::builder().default_tries(1).build().run(&draft.compile().unwrap(), ()).into_report()
    /// # };
    /// let (yesterday, today) = (run(true), run(false));
    /// let since = today.since(&yesterday);
    /// assert_eq!(since.newly_failing()[0].name(), "disk");
    /// assert_eq!(since.to_string(), "newly failing: disk");
    /// assert_eq!(yesterday.since(&today).to_string(), "mended: disk");
    /// ```
    pub fn since<'a>(&'a self, earlier: &'a Report) -> Since<'a> {
        let mut since = Since::default();
        let mut twins = Twins { earlier, next: 0, found: vec![false; earlier.graph.len()] };
        for job in told(self) {
            since.add(job, twins.find(job.name()));
        }
        let is_gone = |job: &JobReport<'_>| !twins.found[job.id.index()] && self.job(job.name()).is_none();
        since.gone = told(earlier).filter(is_gone).collect();
        since
    }
}

/// The jobs of an earlier report, as those of a later one are looked for.
struct Twins<'a> {
    earlier: &'a Report,
    /// Where the next one stands, if both are in the same order.
    next: usize,
    /// Whether each job was found, by its place.
    found: Vec<bool>,
}

impl<'a> Twins<'a> {
    /// The job of that name. Where the order is the same no name is searched for: most plans change little.
    fn find(&mut self, name: &str) -> Option<JobReport<'a>> {
        let expected = JobId::new(self.next);
        let id = if self.next < self.found.len() && self.earlier.graph.name(expected) == name {
            expected
        } else {
            self.earlier.graph.find(name)?
        };
        self.next = id.index() + 1;
        self.found[id.index()] = true;
        Some(JobReport { report: self.earlier, id })
    }
}

fn told(report: &Report) -> impl Iterator<Item = JobReport<'_>> {
    report.jobs().filter(|job| job.kind() != Kind::Group)
}

impl<'a> Since<'a> {
    fn add(&mut self, job: JobReport<'a>, before: Option<JobReport<'a>>) {
        let fails = |job: JobReport<'_>| job.status() == Status::Failed;
        match before {
            Some(before) if fails(before) && fails(job) => self.still_failing.push(job),
            Some(before) if fails(before) && job.status().is_done() => self.mended.push(job),
            _ if fails(job) => self.newly_failing.push(job),
            Some(before) => self.slower.extend(Slower::of(job, before)),
            None => {}
        }
        if before.is_none() {
            self.added.push(job);
        }
    }

    /// The jobs that fail now and did not before; they may have been blocked then, or not have been there.
    pub fn newly_failing(&self) -> &[JobReport<'a>] {
        &self.newly_failing
    }

    /// The jobs that fail as they did before.
    pub fn still_failing(&self) -> &[JobReport<'a>] {
        &self.still_failing
    }

    /// The jobs that failed before and are done now.
    pub fn mended(&self) -> &[JobReport<'a>] {
        &self.mended
    }

    /// The jobs that were done in the same way both times and whose phases have taken at least half as long again, and
    /// at least 100 ms longer.
    pub fn slower(&self) -> &[Slower<'a>] {
        &self.slower
    }

    /// The jobs that were not there before.
    pub fn added(&self) -> &[JobReport<'a>] {
        &self.added
    }

    /// The jobs of the earlier report that are not there any more, as they were.
    pub fn gone(&self) -> &[JobReport<'a>] {
        &self.gone
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.lists().iter().all(|(_, jobs)| jobs.is_empty()) && self.slower.is_empty()
    }

    fn lists(&self) -> [(&'static str, &[JobReport<'a>]); 5] {
        [
            ("newly failing", &self.newly_failing),
            ("still failing", &self.still_failing),
            ("mended", &self.mended),
            ("added", &self.added),
            ("gone", &self.gone),
        ]
    }
}

impl<'a> Slower<'a> {
    fn of(job: JobReport<'a>, earlier: JobReport<'_>) -> Option<Self> {
        if job.status() != earlier.status() || !job.status().is_done() {
            return None; // it has done something else
        }
        let worked = |job: JobReport<'_>| {
            let (elapsed, worked) = job.times();
            Duration::from_nanos(worked.min(elapsed))
        };
        let (before, now) = (worked(earlier), worked(job));
        let limit = (before + before / 2).max(before + LEAST_MORE);
        (now >= limit).then_some(Slower { job, before, now })
    }
}

impl fmt::Display for Since<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line_break = "";
        for (word, jobs) in self.lists().iter().filter(|(_, jobs)| !jobs.is_empty()) {
            write!(f, "{line_break}{word}: {}", Listed(jobs))?;
            line_break = "\n";
        }
        for Slower { job, before, now } in &self.slower {
            write!(f, "{line_break}slower: {} ({}, was {})", job.name(), brief(*now), brief(*before))?;
            line_break = "\n";
        }
        Ok(())
    }
}
