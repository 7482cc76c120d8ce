//! What each worker is inside of.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::JobId;
use crate::judge::facts::{Beat, Facts};
use crate::judge::wording::{ensure, rules};

rules! {
    /// Rules about workers.
    WorkerRule {
        Unknown: "there is no such worker",
        NotSent: "a phase of another machine belongs to a try that was sent there",
        Elsewhere: "the worker is inside another job",
        NotInside: "the worker is not inside this job",
        Changed: "one worker executes a whole try",
        NotTheCaller: "cleanups are called by the thread that wants them",
        CleanupsMeet: "cleanups are called one at a time",
    }
}

/// The workers that are inside of something, and where each try and each cleanup is.
#[derive(Default)]
pub(super) struct Workers {
    inside: BTreeMap<usize, JobId>,
    workers: BTreeMap<JobId, usize>,
    /// Jobs with async phases that are trying: they occupy no worker, and may go on with any that is free.
    in_flight: BTreeSet<JobId>,
}

impl Workers {
    /// A phase of a try begins: on a worker that is free, or inside of this very try.
    pub(super) fn begin(&mut self, facts: &Facts, beat: Beat) -> Result<(), WorkerRule> {
        let Beat { job, worker, .. } = beat;
        self.exists(facts, worker)?;
        let elsewhere = self.inside.get(&worker).is_some_and(|other| *other != job);
        ensure(!elsewhere, WorkerRule::Elsewhere)?;
        if facts.job(job).is_async {
            self.in_flight.insert(job);
            return Ok(());
        }
        ensure(self.workers.get(&job).is_none_or(|other| *other == worker), WorkerRule::Changed)?;
        self.enter(job, worker);
        Ok(())
    }

    pub(super) fn begin_cleanup(&mut self, beat: Beat) -> Result<(), WorkerRule> {
        ensure(beat.worker == 0, WorkerRule::NotTheCaller)?;
        ensure(self.is_idle(), WorkerRule::CleanupsMeet)?;
        self.enter(beat.job, beat.worker);
        Ok(())
    }

    /// Something ends that this worker is inside of.
    pub(super) fn is_inside(&self, job: JobId, worker: usize) -> Result<(), WorkerRule> {
        let is_here = match self.inside.get(&worker) {
            Some(other) => *other == job,
            None => self.in_flight.contains(&job),
        };
        ensure(is_here, WorkerRule::NotInside)
    }

    /// A worker that is inside of nothing tells something.
    pub(super) fn is_free(&self, facts: &Facts, worker: usize) -> Result<(), WorkerRule> {
        self.exists(facts, worker)?;
        ensure(!self.inside.contains_key(&worker), WorkerRule::Elsewhere)
    }

    pub(super) fn exists(&self, facts: &Facts, worker: usize) -> Result<(), WorkerRule> {
        ensure(worker < facts.options.threads, WorkerRule::Unknown)
    }

    /// Whether there is a worker that is inside of nothing.
    pub(super) fn are_free(&self, facts: &Facts) -> bool {
        self.inside.len() < facts.options.threads
    }

    /// The try is over, or the cleanup.
    pub(super) fn leave(&mut self, job: JobId) {
        self.in_flight.remove(&job);
        if let Some(worker) = self.workers.remove(&job) {
            self.inside.remove(&worker);
        }
    }

    /// Whether nobody is inside of anything.
    pub(super) fn is_idle(&self) -> bool {
        self.inside.is_empty() && self.in_flight.is_empty()
    }

    fn enter(&mut self, job: JobId, worker: usize) {
        self.inside.insert(worker, job);
        self.workers.insert(job, worker);
    }
}
