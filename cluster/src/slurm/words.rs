//! What Slurm's commands print, and what it means.

use crate::engine::{End, Seen, State, Tag};

/// How the comment of a pilot ends, where that of a batch has its number.
pub(super) const PILOT: &str = "pilot";

/// A word for the shell.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Whether the same submission may be accepted later, after such an error.
pub(super) fn is_passing(text: &str) -> bool {
    const PASSING: [&str; 15] = [
        "Unable to contact slurm controller",
        "Slurm controller not responding",
        "Connection refused",
        "Connection timed out",
        "Socket timed out",
        "Communication connection failure",
        "Transport endpoint",
        "Zero Bytes were transmitted",
        "Protocol authentication error",
        "temporarily unable to accept job",
        "job submit limit",
        "MaxSubmitJob",
        "try again",
        "has not answered",
        "does not start",
    ];
    PASSING.iter().any(|part| text.contains(part))
}

/// How large an array may be, by `scontrol show config`: its indices are below that number.
pub(super) fn array_limit(config: &str) -> Option<usize> {
    let number = |key: &str| -> Option<usize> {
        let line =
            config.lines().find(|line| line.split('=').next().is_some_and(|name| name.trim() == key))?;
        line.split('=').nth(1)?.trim().parse().ok()
    };
    let size = number("MaxArraySize")?.saturating_sub(1).max(1);
    Some(number("MaxJobCount").map_or(size, |jobs| size.min(jobs.max(1))))
}

/// What squeue is asked for of each unit.
pub(super) const FIELDS: [&str; 7] =
    ["JobArrayID", "ArrayTaskID", "State", "exit_code", "Reason", "NodeList", "Comment"];

/// A job of Slurm's that belongs to a run.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) ticket: String,
    /// The last part of its comment: the number of a batch, or what says that it is something else.
    what: String,
    index: u32,
    pub(super) state: State,
}

impl Job {
    /// Whether it takes units from the spool.
    pub(super) fn is_pilot(&self) -> bool {
        self.what == PILOT
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Over { .. })
    }

    pub(super) fn runs_on(&self, machine: &str) -> bool {
        matches!(&self.state, State::Running { node } if node == machine)
    }

    /// What it is as a unit, if it is one.
    pub(super) fn seen(self, run: &str) -> Option<Seen> {
        let tag = Tag { run: run.to_owned(), batch: self.what.parse().ok()?, index: self.index };
        Some(Seen { tag, ticket: self.ticket, state: self.state })
    }
}

/// What a line of squeue says, in these fields. `None`: that is no job of this run.
pub(super) fn job(line: &str, run: &str) -> Option<Job> {
    let fields: Vec<&str> = line.splitn(FIELDS.len(), '|').collect();
    let [ticket, index, state, status, why, node, comment] = fields.try_into().ok()?;
    let comment = comment.trim_end().strip_suffix('|')?;
    let what = comment.strip_prefix("dojobber:")?.strip_prefix(run)?.strip_prefix(':')?.to_owned();
    let index = index.parse().unwrap_or(0); // `N/A`: no array
    Some(Job { ticket: ticket.to_owned(), what, index, state: state_of(state, status, node, why) })
}

/// How a program has ended, by the status that the system gave of it.
fn ended(status: &str) -> String {
    let Ok(status) = status.parse::<u32>() else { return "nobody knows how".to_owned() };
    match status & 0x7f {
        0 => format!("exit code {}", status >> 8),
        signal => format!("killed by signal {signal}"),
    }
}

fn state_of(state: &str, status: &str, node: &str, why: &str) -> State {
    /// Reasons for which a unit waits until somebody does something.
    const HELPLESS: [&str; 11] = [
        "Held",
        "held",
        "DOWN",
        "Down",
        "Bad",
        "Invalid",
        "NotAvail",
        "Inactive",
        "PartitionConfig",
        "TimeLimit",
        "launch failed",
    ];
    let over = |end| State::Over {
        why: format!(
            "{state} ({why}) on {}, {}",
            if node.is_empty() { "no node" } else { node },
            ended(status)
        ),
        end,
    };
    match state {
        "PENDING" => {
            let needs_help = HELPLESS.iter().any(|part| why.contains(part));
            State::Waiting { why: why.to_owned(), needs_help }
        }
        "RUNNING" | "COMPLETING" | "CONFIGURING" | "SUSPENDED" | "STOPPED" | "STAGE_OUT" | "SIGNALING" => {
            State::Running { node: node.to_owned() }
        }
        "REQUEUED" | "REQUEUE_FED" | "RESIZING" => {
            State::Waiting { why: state.to_owned(), needs_help: false }
        }
        "REQUEUE_HOLD" | "SPECIAL_EXIT" => State::Waiting { why: state.to_owned(), needs_help: true },
        "NODE_FAIL" | "BOOT_FAIL" | "PREEMPTED" | "REVOKED" => over(End::Machine),
        // a node that could not start it: nobody has wished for that
        "CANCELLED" if why.contains("launch") || why.contains("NodeDown") => over(End::Machine),
        "CANCELLED" => over(End::Person),
        "TIMEOUT" | "DEADLINE" | "OUT_OF_MEMORY" => over(End::Limit),
        _ => over(End::Program),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let seen = job(line, "r-1").and_then(|job| job.seen("r-1"));
        let told = seen.map(|seen| format!("{} {} {:?}", seen.ticket, seen.tag, seen.state));
        assert_eq!(told.as_deref().unwrap_or("none"), expected);
    }

    #[test]
    fn a_line_of_the_queue_is_a_unit() {
        check("7_1|1|RUNNING|0|None|n2|dojobber:r-1:3|", "7_1 b3.1 Running { node: \"n2\" }");
        check(
            "8|N/A|PENDING|0|Priority||dojobber:r-1:4|",
            "8 b4.0 Waiting { why: \"Priority\", needs_help: false }",
        );
        check(
            "8|N/A|PENDING|0|JobHeldUser||dojobber:r-1:4|",
            "8 b4.0 Waiting { why: \"JobHeldUser\", needs_help: true }",
        );
        check(
            "8|N/A|NODE_FAIL|0|NodeDown|n1|dojobber:r-1:4|",
            "8 b4.0 Over { why: \"NODE_FAIL (NodeDown) on n1, exit code 0\", end: Machine }",
        );
        check(
            "8|N/A|CANCELLED|15|None|n1|dojobber:r-1:4|",
            "8 b4.0 Over { why: \"CANCELLED (None) on n1, killed by signal 15\", end: Person }",
        );
        check(
            "8|N/A|TIMEOUT|15|TimeLimit|n1|dojobber:r-1:4|",
            "8 b4.0 Over { why: \"TIMEOUT (TimeLimit) on n1, killed by signal 15\", end: Limit }",
        );
        check(
            "8|N/A|FAILED|32512|NonZeroExitCode|n1|dojobber:r-1:4|",
            "8 b4.0 Over { why: \"FAILED (NonZeroExitCode) on n1, exit code 127\", end: Program }",
        );
        for other in [
            "8|N/A|RUNNING|0|None|n1|dojobber:r-12:4|",
            "8|N/A|RUNNING|0|None|n1|(null)|",
            "8|N/A|RUNNING|0|None|n1|dojobber:r-1:pilot|",
            "8|N/A|RUNNING|0|None|n1|dojobber:r-1:4", // cut off
            "",
            "8|N/A",
        ] {
            check(other, "none");
        }
    }

    #[test]
    fn a_pilot_is_no_unit() {
        let pilot = job("8_1|1|RUNNING|0|None|n1|dojobber:r-1:pilot|", "r-1").unwrap();
        assert!(pilot.is_pilot() && pilot.runs_on("n1") && !pilot.runs_on("n2") && !pilot.is_over());
    }

    #[test]
    fn limits_stand_in_the_configuration() {
        let config = "MaxArraySize            = 1001\nMaxJobCount             = 10000\nMaxJobId = 5";
        assert_eq!((array_limit(config), array_limit("")), (Some(1000), None));
        assert_eq!(array_limit("MaxArraySize = 1001\nMaxJobCount = 20"), Some(20));
    }

    #[test]
    fn some_errors_pass() {
        assert!(is_passing("sbatch: error: Unable to contact slurm controller (connect failure)"));
        assert!(!is_passing("squeue is not there: is Slurm installed on this machine?"));
        assert!(!is_passing("sbatch: error: invalid partition specified: none"));
    }
}
