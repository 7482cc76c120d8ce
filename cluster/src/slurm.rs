//! Slurm, through the commands that are installed: sbatch, squeue, scancel and scontrol.

mod call;
mod words;

use std::fmt::Write as _;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::engine::{Batch, Engine, Patience, RunSpot, Seen, SubmitError};
use crate::slurm::call::call;
use crate::slurm::words::{is_passing, quoted, seen};

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
    partition: Option<String>,
    account: Option<String>,
    options: Vec<String>,
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
        self.partition = Some(name.into());
        self
    }

    /// Who pays. Default: the user's own account.
    #[must_use]
    pub fn account(mut self, name: impl Into<String>) -> Self {
        self.account = Some(name.into());
        self
    }

    /// An option of sbatch for all units, passed on as it is. Several calls add up.
    #[must_use]
    pub fn option(mut self, option: impl Into<String>) -> Self {
        self.options.push(option.into());
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

    /// What sbatch is told of a submission, and the script that it gets.
    fn submission(&self, batch: &Batch<'_>) -> (Vec<String>, String) {
        let needs = batch.needs;
        let mut args = vec![
            "--parsable".to_owned(),
            "--no-requeue".to_owned(), // a unit is submitted again by us, who know what it was
            "--open-mode=append".to_owned(),
            "--ntasks=1".to_owned(),
            format!("--job-name={}", batch.label),
            format!("--comment=dojobber:{}:{}", batch.run.id, batch.batch),
            format!("--chdir={}", batch.cwd.display()),
        ];
        let index = if batch.units == 1 {
            args.push(format!("--output={}", log_pattern(&batch.log("0").display().to_string())));
            "0"
        } else {
            args.push(format!("--array=0-{}", batch.units - 1));
            let log = batch.log("\u{1}").display().to_string();
            args.push(format!("--output={}", log_pattern(&log).replace('\u{1}', "%a")));
            "$SLURM_ARRAY_TASK_ID"
        };
        args.extend(self.partition.iter().map(|name| format!("--partition={name}")));
        args.extend(self.account.iter().map(|name| format!("--account={name}")));
        args.extend(needs.node.iter().map(|node| format!("--nodelist={node}")));
        args.extend(needs.cpus.map(|cpus| format!("--cpus-per-task={cpus}")));
        args.extend(needs.memory_mb.map(|memory| format!("--mem={memory}M")));
        args.extend(needs.time.map(|time| format!("--time={}", time.as_secs().div_ceil(60).max(1))));
        args.extend(self.options.iter().chain(&needs.options).cloned());
        let prefix = quoted(&batch.unit_prefix());
        let program = quoted(&batch.program.display().to_string());
        let mut script = format!("#!/bin/sh\nexport DOJOBBER_UNIT={prefix}{index}\nexec {program}");
        for arg in batch.args {
            let _ = write!(script, " {}", quoted(arg));
        }
        script.push('\n');
        (args, script)
    }
}

/// The path of a log in which nothing is a pattern of Slurm's.
fn log_pattern(path: &str) -> String {
    path.replace('%', "%%")
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
        let (args, script) = self.submission(batch);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        call("sbatch", &args, &script).map(drop).map_err(|text| {
            if is_passing(&text) { SubmitError::Busy(text) } else { SubmitError::Refused(text) }
        })
    }

    fn survey(&self, run: &RunSpot<'_>) -> Result<Vec<Seen>, String> {
        let fields = format!("--Format={}", words::FIELDS.map(|field| format!("{field}:|")).join(","));
        let args = ["--noheader", "--all", "--array", "--states=all", "--me", &fields];
        let text = call("squeue", &args, "")?;
        Ok(text.lines().filter_map(|line| seen(line, run.id)).collect())
    }

    fn cancel(&self, _: &RunSpot<'_>, tickets: &[String]) -> Result<(), String> {
        for some in tickets.chunks(500) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs::Needs;
    use std::path::Path;

    #[test]
    fn a_submission_says_what_its_units_need() {
        let needs = Needs {
            cpus: Some(4),
            memory_mb: Some(8000),
            time: Some(Duration::from_secs(61)),
            node: Some("n1".to_owned()),
            options: vec!["--gres=gpu:1".to_owned()],
        };
        let batch = Batch {
            run: RunSpot { id: "r-1", folder: Path::new("/a b/100%/r-1") },
            batch: 3,
            units: 2,
            label: "dj.fit+1",
            program: Path::new("/a b/program"),
            args: &["it's".to_owned()],
            cwd: Path::new("/home"),
            needs: &needs,
        };
        let (args, script) = Slurm::new().partition("main").option("--qos=low").submission(&batch);
        let expected = "--parsable --no-requeue --open-mode=append --ntasks=1 --job-name=dj.fit+1 \
                        --comment=dojobber:r-1:3 --chdir=/home --array=0-1 --output=/a b/100%%/r-1/log/b3.%a.log \
                        --partition=main --nodelist=n1 --cpus-per-task=4 --mem=8000M --time=2 --qos=low --gres=gpu:1";
        assert_eq!(args.join(" "), expected);
        let expected = "#!/bin/sh\nexport DOJOBBER_UNIT='/a b/100%/r-1/order/b3.'$SLURM_ARRAY_TASK_ID\n\
                        exec '/a b/program' 'it'\\''s'\n";
        assert_eq!(script, expected);
    }
}
