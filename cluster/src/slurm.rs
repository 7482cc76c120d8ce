//! Slurm, through the commands that are installed: sbatch, squeue, scancel and scontrol.

mod call;
mod words;
mod submission;
mod pilots;

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::engine::{Batch, Engine, Patience, RunSpot, Seen, SubmitError};
use crate::slurm::call::call;
use crate::slurm::pilots::Pilots;
use crate::slurm::submission::{Account, Submission};
use crate::slurm::words::Job;

/// A Slurm cluster, as the commands on this machine know it. Units are submitted in job arrays, and found by a comment.
///
/// ```
/// use dojobber_cluster::{Cluster, Slurm};
///
/// let cluster = Cluster::new(Slurm::new().partition("main").account("physics"), "/shared/spool");
/// # let _ = cluster;
/// ```
#[derive(Debug, Default)]
pub struct Slurm {
    account: Account,
    pilots: Pilots,
    array_limit: Option<usize>,
    survey: Option<Duration>,
    record: Option<Duration>,
    killed: Option<Duration>,
    /// What the cluster says of the size of arrays.
    known_limit: OnceLock<usize>,
    /// The last submission is answered before the next one begins: Slurm numbers them in that order.
    submitting: Mutex<()>,
}

/// The size of arrays where the cluster does not tell it: Slurm's own default.
const ARRAYS: usize = 1000;

impl Slurm {
    /// The cluster that the installed commands talk to.
    pub fn new() -> Self {
        Slurm::default()
    }

    /// The partition of all units. Default: that of the cluster.
    #[must_use]
    pub fn partition(mut self, name: impl Into<String>) -> Self {
        self.account.partition = Some(name.into());
        self
    }

    /// The account that pays for the units. Default: the user's own.
    #[must_use]
    pub fn account(mut self, name: impl Into<String>) -> Self {
        self.account.account = Some(name.into());
        self
    }

    /// An option of sbatch for all units, passed on as it is. Several calls add up.
    #[must_use]
    pub fn option(mut self, option: impl Into<String>) -> Self {
        self.account.options.push(option.into());
        self
    }

    /// How many units an array has at most; 1: no arrays. Default: what `scontrol show config` says.
    #[must_use]
    pub fn array_limit(mut self, limit: usize) -> Self {
        self.array_limit = Some(limit.max(1));
        self
    }

    /// The time between two looks at the queue. Default: 1 s.
    #[must_use]
    pub fn survey_every(mut self, time: Duration) -> Self {
        self.survey = Some(time);
        self
    }

    /// How long a record may be on its way: `ended` when its program has ended by itself (default: 5 minutes), `killed` when
    /// it was killed or its machine is lost (default: 1 minute). File systems of a network are late.
    #[must_use]
    pub fn wait_for_records(mut self, ended: Duration, killed: Duration) -> Self {
        (self.record, self.killed) = (Some(ended), Some(killed));
        self
    }

    /// So many allocations execute units that need nothing but time: in each of them a process takes one after the other
    /// from the spool, and starts it. Default: 0, and each unit is a job of Slurm's own.
    ///
    /// They are for units that are too short for that: a job of Slurm's takes about a second beside what it does. Units
    /// that need memory, several processors or options of their own are submitted by themselves as ever. The same happens
    /// to a unit whatever executes it; a pilot that ends before its units is a machine that is lost. Pilots begin as there
    /// is something to do, and end with the run, or when there is nothing to do for 20 s. They are submitted with the
    /// partition, account and options that are said here.
    ///
    /// ```
    /// use dojobber_cluster::{Cluster, Slurm};
    ///
    /// let cluster = Cluster::new(Slurm::new().pilots(3).pilot_workers(8), "/shared/spool"); // 24 units at once
    /// # let _ = cluster;
    /// ```
    #[must_use]
    pub fn pilots(mut self, pilots: usize) -> Self {
        self.pilots.count = pilots;
        self
    }

    /// How many units a pilot executes at once: it asks for as many processors. Default: 1.
    #[must_use]
    pub fn pilot_workers(mut self, workers: usize) -> Self {
        self.pilots.workers = workers.max(1);
        self
    }

    /// The jobs of a run in the queue.
    fn jobs(&self, run: &RunSpot<'_>) -> Result<Vec<Job>, String> {
        let fields = format!("--Format={}", words::FIELDS.map(|field| format!("{field}:|")).join(","));
        let args = ["--noheader", "--all", "--array", "--states=all", "--me", &fields];
        let text = call("squeue", &args, "")?;
        Ok(text.lines().filter_map(|line| words::job(line, run.id)).collect())
    }
}

impl Engine for Slurm {
    fn name(&self) -> &str {
        "slurm"
    }

    fn batch_limit(&self) -> usize {
        let known = || {
            let config = call("scontrol", &["show", "config"], "").unwrap_or_default();
            words::array_limit(&config).unwrap_or(ARRAYS)
        };
        self.array_limit.unwrap_or_else(|| *self.known_limit.get_or_init(known))
    }

    fn submit(&self, batch: &Batch<'_>) -> Result<(), SubmitError> {
        let _one = self.submitting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.pilots.count > 0
            && let Some(sent) = self.pilots.submit(batch, &self.account, || self.jobs(&batch.run))
        {
            return sent;
        }
        self.account.submit(&Submission {
            label: batch.label,
            comment: format!("dojobber:{}:{}", batch.run.id, batch.batch),
            count: batch.units,
            needs: batch.needs,
            log: &|index| batch.log(index).display().to_string(),
            unit_prefix: batch.unit_prefix(),
            program: batch.program,
            args: batch.args,
            cwd: batch.cwd,
        })
    }

    fn survey(&self, run: &RunSpot<'_>) -> Result<Vec<Seen>, String> {
        if self.pilots.count == 0 {
            return Ok(self.jobs(run)?.into_iter().filter_map(|job| job.seen(run.id)).collect());
        }
        let _one = self.submitting.lock().unwrap_or_else(PoisonError::into_inner); // it may submit pilots
        let jobs = self.jobs(run)?;
        let mut seen = self.pilots.survey(run, &self.account, &jobs);
        seen.extend(jobs.into_iter().filter_map(|job| job.seen(run.id)));
        Ok(seen)
    }

    fn cancel(&self, run: &RunSpot<'_>, tickets: &[String]) -> Result<(), String> {
        for some in pilots::cancel(run, tickets)?.chunks(500) {
            let some: Vec<&str> = some.iter().map(String::as_str).collect();
            call("scancel", &some, "")?;
        }
        Ok(())
    }

    fn patience(&self) -> Patience {
        Patience {
            collect: Duration::from_millis(100),
            survey: self.survey.unwrap_or(Duration::from_secs(1)),
            record: self.record.unwrap_or(Duration::from_secs(300)),
            killed: self.killed.unwrap_or(Duration::from_secs(60)),
        }
    }

    fn inquest(&self, ticket: &str) -> String {
        let text = call("scontrol", &["--oneliner", "show", "job", ticket], "").unwrap_or_default();
        let told = ["JobState=", "Reason=", "ExitCode=", "NodeList=", "RunTime="];
        let words = text.split_whitespace().filter(|word| told.iter().any(|key| word.starts_with(key)));
        words.collect::<Vec<_>>().join(" ")
    }
}
