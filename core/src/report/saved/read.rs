//! How a report is read: its fields go straight to where they belong, job by job.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::fields::{Each, Place, Value};
use crate::report::saved::job::SavedJob;
use crate::report::saved::jobs::Jobs;
use crate::report::saved::{OLDEST, VERSION};
use crate::words::StopReason;

/// A report while it is read. What it says of its jobs is put together already.
#[derive(Default)]
pub(crate) struct SavedReport {
    pub(super) version: Version,
    pub(super) dry_run: bool,
    pub(super) goes_through: bool,
    pub(super) stop_reason: Option<StopReason>,
    pub(super) started: Option<String>,
    pub(super) host: Option<String>,
    pub(super) incomplete: bool,
    pub(super) observer_failures: Vec<String>,
    pub(super) elapsed_ns: u64,
    pub(super) jobs: Jobs,
    pub(super) nests: Vec<SavedNest>,
    pub(super) nodes: Vec<SavedNode>,
}

impl<'de> Place<'de> for SavedReport {
    const NAME: &'static str = "Report";
    const EXPECTING: &'static str = "a report";
    const FIELDS: &'static [&'static str] = &[
        "dojobber_report",
        "dry_run",
        "goes_through",
        "stop_reason",
        "started",
        "host",
        "incomplete",
        "observer_failures",
        "elapsed_ns",
        "jobs",
        "nests",
        "nodes",
    ];
    const OPTIONAL: &'static [&'static str] = &[
        "goes_through",
        "stop_reason",
        "started",
        "host",
        "incomplete",
        "observer_failures",
        "nests",
        "nodes",
    ];

    fn take<V: Value<'de>>(&mut self, field: &'static str, value: V) -> Result<(), V::Error> {
        match field {
            "dojobber_report" => self.version = value.get()?,
            "dry_run" => self.dry_run = value.get()?,
            "goes_through" => self.goes_through = value.get()?,
            "stop_reason" => self.stop_reason = value.get()?,
            "started" => self.started = value.get()?,
            "host" => self.host = value.get()?,
            "incomplete" => self.incomplete = value.get()?,
            "observer_failures" => self.observer_failures = value.get()?,
            "elapsed_ns" => self.elapsed_ns = value.get()?,
            "jobs" => value
                .seed(Each { place: &mut SavedJob::new(), then: |job: &mut SavedJob| self.jobs.add(job) })?,
            "nests" => self.nests = value.get()?,
            _ => self.nodes = value.get()?,
        }
        Ok(())
    }
}

/// Comes first, so that a report of another version is refused for that and not for what it holds.
#[derive(Default)]
pub(super) struct Version(pub(super) u32);

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
