//! What sbatch is told.

use std::fmt::Write as _;
use std::path::Path;

use crate::child::UNIT;
use crate::engine::SubmitError;
use crate::needs::Needs;
use crate::slurm::call::call;
use crate::slurm::words::{is_passing, quoted};

/// What holds for all that is submitted.
#[derive(Debug, Default, Clone)]
pub(super) struct Account {
    pub(super) partition: Option<String>,
    pub(super) account: Option<String>,
    pub(super) options: Vec<String>,
}

/// Processes that are submitted together.
pub(super) struct Submission<'a> {
    pub(super) label: &'a str,
    pub(super) comment: String,
    pub(super) count: u32,
    pub(super) needs: &'a Needs,
    /// Where their output goes, by their indices.
    pub(super) log: &'a dyn Fn(&str) -> String,
    /// The variable that each of them gets, up to its index.
    pub(super) unit_prefix: String,
    pub(super) program: &'a Path,
    pub(super) args: &'a [String],
    pub(super) cwd: &'a Path,
}

/// Stands for the index of an array in the path of a log, until it is sure that nothing else looks so.
const INDEX: &str = "\u{1}";

impl Account {
    pub(super) fn submit(&self, submission: &Submission<'_>) -> Result<(), SubmitError> {
        let args = self.args(submission);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        call("sbatch", &args, &script(submission)).map(drop).map_err(|text| {
            if is_passing(&text) { SubmitError::Busy(text) } else { SubmitError::Refused(text) }
        })
    }

    fn args(&self, submission: &Submission<'_>) -> Vec<String> {
        let needs = submission.needs;
        let mut args = vec![
            "--parsable".to_owned(),
            "--no-requeue".to_owned(), // a unit is submitted again by us, who know what it was
            "--open-mode=append".to_owned(),
            "--ntasks=1".to_owned(),
            format!("--job-name={}", submission.label),
            format!("--comment={}", submission.comment),
            format!("--chdir={}", submission.cwd.display()),
        ];
        if submission.count == 1 {
            args.push(format!("--output={}", log_pattern(&(submission.log)("0"))));
        } else {
            args.push(format!("--array=0-{}", submission.count - 1));
            args.push(format!("--output={}", log_pattern(&(submission.log)(INDEX)).replace(INDEX, "%a")));
        }
        args.extend(self.partition.iter().map(|name| format!("--partition={name}")));
        args.extend(self.account.iter().map(|name| format!("--account={name}")));
        args.extend(needs.node.iter().map(|node| format!("--nodelist={node}")));
        args.extend(needs.cpus.map(|cpus| format!("--cpus-per-task={cpus}")));
        args.extend(needs.memory_mb.map(|memory| format!("--mem={memory}M")));
        args.extend(needs.time.map(|time| format!("--time={}", time.as_secs().div_ceil(60).max(1))));
        args.extend(self.options.iter().chain(&needs.options).cloned());
        args
    }
}

fn script(submission: &Submission<'_>) -> String {
    let index = if submission.count == 1 { "0" } else { "$SLURM_ARRAY_TASK_ID" };
    let prefix = quoted(&submission.unit_prefix);
    let program = quoted(&submission.program.display().to_string());
    let mut script = format!("#!/bin/sh\nexport {UNIT}={prefix}{index}\nexec {program}");
    for arg in submission.args {
        let _ = write!(script, " {}", quoted(arg));
    }
    script.push('\n');
    script
}

/// The path of a log in which nothing is a pattern of Slurm's.
fn log_pattern(path: &str) -> String {
    path.replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_submission_says_what_its_units_need() {
        let needs = Needs {
            cpus: Some(4),
            memory_mb: Some(8000),
            time: Some(Duration::from_secs(61)),
            node: Some("n1".to_owned()),
            options: vec!["--gres=gpu:1".to_owned()],
        };
        let submission = Submission {
            label: "dj.fit+1",
            comment: "dojobber:r-1:3".to_owned(),
            count: 2,
            needs: &needs,
            log: &|index| format!("/a b/100%/r-1/log/b3.{index}.log"),
            unit_prefix: "/a b/100%/r-1/order/b3.".to_owned(),
            program: Path::new("/a b/program"),
            args: &["it's".to_owned()],
            cwd: Path::new("/home"),
        };
        let (partition, options) = (Some("main".to_owned()), vec!["--qos=low".to_owned()]);
        let args = Account { partition, options, account: None }.args(&submission);
        let expected = "--parsable --no-requeue --open-mode=append --ntasks=1 --job-name=dj.fit+1 \
                        --comment=dojobber:r-1:3 --chdir=/home --array=0-1 --output=/a b/100%%/r-1/log/b3.%a.log \
                        --partition=main --nodelist=n1 --cpus-per-task=4 --mem=8000M --time=2 --qos=low --gres=gpu:1";
        assert_eq!(args.join(" "), expected);
        let expected = "#!/bin/sh\nexport DOJOBBER_UNIT='/a b/100%/r-1/order/b3.'$SLURM_ARRAY_TASK_ID\n\
                        exec '/a b/program' 'it'\\''s'\n";
        assert_eq!(script(&submission), expected);
        let one = Submission { count: 1, ..submission };
        assert!(script(&one).contains("/order/b3.'0\n"), "{}", script(&one));
    }
}
