//! What a journal has of a report: its graph at the start, and the rest as it is put together.

use serde::{Deserialize, Serialize};

use crate::graph::{JobGraph, Nest};
use crate::report::Report;
use crate::report::saved::VERSION;
use crate::report::saved::job::{SavedJob, SavedPhase};
use crate::report::saved::jobs::Unfit;
use crate::report::saved::read::{SavedNest, SavedReport, Version};
use crate::report::saved::restore::restore;
use crate::words::{DryRun, Kind, Status, StopReason};

/// A job as its graph has it, without what a run made of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "Job", expecting = "a job", deny_unknown_fields)]
pub(crate) struct SavedGraphJob {
    name: String,
    pub(crate) kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Box<str>>,
    after: Vec<u32>,
}

impl SavedGraphJob {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn all_of(graph: &JobGraph) -> Vec<Self> {
        let job = |job| SavedGraphJob {
            name: graph.name(job).to_owned(),
            kind: graph.kind(job),
            description: graph.description(job).map(Into::into),
            after: graph.own_after(job).iter().map(|on| on.0).collect(),
        };
        graph.ids().map(job).collect()
    }
}

impl SavedNest {
    pub(crate) fn all_of(graph: &JobGraph) -> Vec<Self> {
        let nest = |nest: Nest<'_>| {
            let mut jobs = nest.jobs();
            SavedNest {
                name: nest.name().to_owned(),
                jobs: jobs.len() as u32,
                first: jobs.next().map_or(0, |job| job.0),
                after: nest.after().iter().map(|on| on.0).collect(),
            }
        };
        graph.nests().map(nest).collect()
    }
}

impl SavedJob {
    pub(crate) fn of_journal(
        job: SavedGraphJob,
        status: Status,
        description_of_run: Option<Box<str>>,
        phases: Vec<SavedPhase>,
    ) -> Self {
        let SavedGraphJob { name, kind, description, after } = job;
        SavedJob { name, kind, description, after, status, description_of_run, phases, ..SavedJob::new() }
    }
}

impl SavedReport {
    pub(crate) fn of_journal(
        dry_run: DryRun,
        stop_reason: Option<StopReason>,
        incomplete: bool,
        (started, host): (Option<String>, Option<String>),
        elapsed_ns: u64,
        jobs: impl Iterator<Item = SavedJob>,
        nests: Vec<SavedNest>,
    ) -> Self {
        let mut saved = SavedReport {
            version: Version(VERSION),
            dry_run: dry_run.is_on(),
            goes_through: dry_run == DryRun::Through,
            stop_reason,
            started,
            host,
            incomplete,
            elapsed_ns,
            nests,
            ..SavedReport::default()
        };
        jobs.for_each(|mut job| saved.jobs.add(&mut job));
        saved
    }

    /// The report, if it fits together.
    pub(crate) fn restore(self) -> Result<Report, Unfit> {
        restore(self)
    }
}
