//! Groups of lines that build servers fold: one for each job, written when the job has ended.

use std::collections::HashMap;
use std::env;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dojobber_core::{Event, JobGraph, JobId, JobRef, Phase, Status, brief};

/// The build server whose log folds groups of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogGroups {
    /// `::group::` and `::endgroup::`.
    GitHub,
    /// `section_start` and `section_end`.
    GitLab,
}

impl LogGroups {
    /// The one whose variable is set: `GITHUB_ACTIONS` or `GITLAB_CI`.
    pub fn of_environment() -> Option<Self> {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty() && value != "false");
        match (is_set("GITHUB_ACTIONS"), is_set("GITLAB_CI")) {
            (true, _) => Some(LogGroups::GitHub),
            (_, true) => Some(LogGroups::GitLab),
            _ => None,
        }
    }

    /// The lines as one group. `number` is no other group's, `at` is when it is written.
    fn group(self, title: &str, lines: &str, number: usize, at: SystemTime, took: Duration) -> String {
        match self {
            LogGroups::GitHub => format!("::group::{title}\n{lines}::endgroup::\n"),
            LogGroups::GitLab => {
                let seconds = |time: SystemTime| {
                    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
                };
                let (begin, end) = (seconds(at.checked_sub(took).unwrap_or(at)), seconds(at));
                let clear = "\u{1b}[0K";
                format!(
                    "{clear}section_start:{begin}:dojobber_{number}[collapsed=true]\r{clear}{title}\n\
                     {lines}{clear}section_end:{end}:dojobber_{number}\r{clear}\n"
                )
            }
        }
    }
}

/// The lines of jobs that have not ended.
pub(super) struct Groups {
    kind: LogGroups,
    held: HashMap<(usize, JobId), Held>,
    written: usize,
}

#[derive(Default)]
struct Held {
    began: Duration,
    lines: Vec<String>,
}

impl Groups {
    pub(super) fn new(kind: LogGroups) -> Self {
        Groups { kind, held: HashMap::new(), written: 0 }
    }

    /// Keeps the line of an event, or returns what is to be written now. A job with a single line needs no group.
    pub(super) fn take(&mut self, event: &Event, line: Option<String>) -> Option<String> {
        match event {
            Event::PhaseStarted { job, phase, at, .. } if *phase != Phase::Cleanup => {
                let new = || Held { began: *at, ..Held::default() };
                self.held.entry(key(job)).or_insert_with(new).lines.extend(line);
                None
            }
            Event::PhaseEnded { job, .. }
            | Event::OutputLine { job, .. }
            | Event::LogLine { job, .. }
            | Event::Progress { job, .. }
            | Event::RetryPlanned { job, .. } => {
                match self.held.get_mut(&key(job)) {
                    Some(held) => {
                        held.lines.extend(line);
                        None
                    }
                    None => line, // of a cleanup, or of a process that outlives its job
                }
            }
            Event::JobEnded { job, status, at, .. } => {
                let Some(held) = self.held.remove(&key(job)) else { return line };
                let lines = self.written_together(job, *status, at.saturating_sub(held.began), &held.lines);
                Some(lines + line.as_deref().unwrap_or_default()).filter(|lines| !lines.is_empty())
            }
            _ => line,
        }
    }

    fn written_together(&mut self, job: &JobRef, status: Status, took: Duration, lines: &[String]) -> String {
        if lines.len() < 2 {
            return lines.concat();
        }
        self.written += 1;
        let title = format!("{job}: {status} after {}", brief(took));
        self.kind.group(&title, &lines.concat(), self.written, SystemTime::now(), took)
    }
}

/// Several runs may be watched at once.
fn key(job: &JobRef) -> (usize, JobId) {
    let graph: *const JobGraph = Arc::as_ptr(job.graph());
    (graph.addr(), job.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_its_own_marks() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let group = |kind: LogGroups| {
            kind.group("a: changed after 2.0s", "one\ntwo\n", 7, at, Duration::from_secs(2))
        };
        assert_eq!(group(LogGroups::GitHub), "::group::a: changed after 2.0s\none\ntwo\n::endgroup::\n");
        let expected = "^[0Ksection_start:998:dojobber_7[collapsed=true]\r^[0Ka: changed after 2.0s\none\ntwo\n\
                        ^[0Ksection_end:1000:dojobber_7\r^[0K\n";
        assert_eq!(group(LogGroups::GitLab).replace('\u{1b}', "^"), expected);
    }
}
