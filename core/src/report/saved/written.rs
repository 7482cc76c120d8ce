//! How a report is written: as it stands, without a copy of it.

use std::cell::RefCell;

use serde::ser::{Serialize, Serializer};

use crate::fields::Fields;
use crate::graph::{JobId, Nest};
use crate::report::saved::VERSION;
use crate::report::{Extras, JobReport, PhaseRecord, Report, date};
use crate::said::LogLine;
use crate::words::DryRun;

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let started = self.origin.started.and_then(date::to_text);
        let host = self.host();
        let (has_started, has_host) = (started.is_some(), host.is_some());
        let (has_reason, incomplete) = (self.stop_reason.is_some(), !self.is_complete);
        let goes_through = self.dry_run == DryRun::Through;
        let Extras { observer_failures: failures, nodes, .. } = self.extras();
        let (has_failures, has_nodes) = (!failures.is_empty(), !nodes.is_empty());
        let optional = [goes_through, has_reason, has_started, has_host, incomplete, has_failures, has_nodes];
        Fields::new(serializer, "Report", 5, optional)?
            .add("dojobber_report", &VERSION)?
            .add("dry_run", &self.dry_run.is_on())?
            .add_if(goes_through, "goes_through", &goes_through)?
            .add_if(has_reason, "stop_reason", &self.stop_reason)?
            .add_if(has_started, "started", &started)?
            .add_if(has_host, "host", &host)?
            .add_if(incomplete, "incomplete", &incomplete)?
            .add_if(has_failures, "observer_failures", failures)?
            .add("elapsed_ns", &self.elapsed)?
            .add("jobs", &Sequence::of(self.jobs().map(SavedJob)))?
            .add("nests", &Sequence::of(self.graph.nests().map(SavedNest)))?
            .add_if(
                has_nodes,
                "nodes",
                &Sequence::of(nodes.iter().map(|(worker, name)| SavedNode(*worker, name))),
            )?
            .end()
    }
}

struct SavedJob<'a>(JobReport<'a>);

impl Serialize for SavedJob<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let job = self.0;
        let (description, after) = (job.description(), job.report.graph.own_after(job.id));
        let of_run = job.description_of_run();
        let (log, left_out, progress) = (job.log(), job.log_left_out(), job.progress());
        let there =
            [description.is_some(), of_run.is_some(), !log.is_empty(), left_out > 0, progress.is_some()];
        Fields::new(serializer, "Job", 5, there)?
            .add("name", job.name())?
            .add("kind", &job.kind())?
            .add_if(there[0], "description", &description)?
            .add("after", &places(after))?
            .add("status", &job.status())?
            .add_if(there[1], "description_of_run", &of_run)?
            .add("phases", &Sequence::of(job.phases().into_iter().map(SavedPhase)))?
            .add_if(there[2], "log", &Sequence::of(log.iter().map(SavedLine)))?
            .add_if(there[3], "log_left_out", &left_out)?
            .add_if(there[4], "progress", &progress)?
            .end()
    }
}

struct SavedPhase<'a>(PhaseRecord<'a>);

impl Serialize for SavedPhase<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = self.0;
        let (sequence, error) = (record.sequence(), record.error());
        Fields::new(serializer, "Phase", 5, [sequence.is_some(), error.is_some()])?
            .add("attempt", &record.attempt)?
            .add("phase", &record.phase)?
            .add("worker", &record.worker)?
            .add("start_ns", &record.start)?
            .add("length_ns", &(record.end - record.start))?
            .add_if(sequence.is_some(), "sequence", &sequence)?
            .add_if(error.is_some(), "error", &error)?
            .end()
    }
}

struct SavedLine<'a>(&'a LogLine);

impl Serialize for SavedLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Fields::new(serializer, "Line", 4, [])?
            .add("attempt", &self.0.attempt)?
            .add("phase", &self.0.phase)?
            .add("at_ns", &self.0.at)?
            .add("text", &self.0.text)?
            .end()
    }
}

/// A machine that stands for a worker.
struct SavedNode<'a>(u16, &'a str);

impl Serialize for SavedNode<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Fields::new(serializer, "Node", 2, [])?.add("worker", &self.0)?.add("name", self.1)?.end()
    }
}

struct SavedNest<'a>(Nest<'a>);

impl Serialize for SavedNest<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut jobs = self.0.jobs();
        let count = jobs.len();
        Fields::new(serializer, "Nest", 4, [])?
            .add("name", self.0.name())?
            .add("first", &jobs.next().map_or(0, |job| job.0))?
            .add("jobs", &count)?
            .add("after", &places(self.0.after()))?
            .end()
    }
}

/// Places in the list of jobs, from 0.
fn places(jobs: &[JobId]) -> Sequence<impl ExactSizeIterator<Item = u32>> {
    Sequence::of(jobs.iter().map(|job| job.0))
}

/// A sequence that is made while it is written. Its length is told before: some formats need it.
struct Sequence<I>(RefCell<Option<I>>);

impl<I: ExactSizeIterator> Sequence<I> {
    fn of(items: I) -> Self {
        Sequence(RefCell::new(Some(items)))
    }
}

impl<I: ExactSizeIterator<Item: Serialize>> Serialize for Sequence<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items = self.0.take().expect("a sequence is written once");
        serializer.collect_seq(items)
    }
}
