//! How far a run is, and how that is shown in a few lines.

use std::collections::BTreeMap;
use std::time::Duration;

use dojobber::{Counts, Event, JobId, Kind, Phase, Status, brief, printable};

use crate::text::shortened;

/// Younger phases are not shown: they would only flicker.
const YOUNGEST: Duration = Duration::from_millis(200);

/// What goes on in a run, and what has been.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    running: BTreeMap<JobId, Running>,
    jobs: usize,
    ended: Counts,
}

#[derive(Debug, Clone)]
struct Running {
    name: String,
    phase: Phase,
    attempt: u32,
    since: Duration,
    /// The last line that its process has written.
    says: String,
}

impl Progress {
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::RunStarted { graph, .. } => {
                let jobs = graph.ids().filter(|job| graph.kind(*job) != Kind::Group).count();
                *self = Progress { jobs, ..Progress::default() };
            }
            Event::PhaseStarted { job, attempt, phase, at, .. } => {
                let (name, says) = (job.name().to_owned(), String::new());
                let running = Running { name, phase: *phase, attempt: *attempt, since: *at, says };
                self.running.insert(job.id(), running);
            }
            Event::OutputLine { job, line, .. } => {
                if let Some(running) = self.running.get_mut(&job.id()) {
                    running.says = printable(line).to_string();
                }
            }
            Event::PhaseEnded { job, .. } => {
                self.running.remove(&job.id());
            }
            Event::JobEnded { job, status, .. } if job.kind() != Kind::Group => self.ended.extend([*status]),
            _ => {}
        }
    }

    /// At most a third of the rows: what runs, the longest first, and how far it all is. No line is longer than the
    /// terminal is wide. Nothing, as long as nothing takes its time.
    pub(crate) fn frame(&self, now: Duration, rows: usize, columns: usize) -> Vec<String> {
        if now < YOUNGEST || columns < 8 {
            return Vec::new();
        }
        let age = |running: &Running| now.saturating_sub(running.since);
        let mut old: Vec<&Running> =
            self.running.values().filter(|running| age(running) >= YOUNGEST).collect();
        old.sort_by_key(|running| running.since);
        let room = (rows / 3).saturating_sub(1);
        let shown = if old.len() <= room { old.len() } else { room.saturating_sub(1) };
        let width = old[..shown].iter().map(|running| running.name.chars().count()).max().unwrap_or(0);
        let mut lines: Vec<String> =
            old[..shown].iter().map(|running| line(running, age(running), width.min(columns / 2))).collect();
        if shown < old.len() && room > 0 {
            lines.push(format!("  .. and {} more", old.len() - shown));
        }
        lines.push(self.total(columns));
        lines.iter().map(|line| shortened(line, columns - 1)).collect()
    }

    /// `  ████████····  512/600 · 211 changed · 1 failed`
    fn total(&self, columns: usize) -> String {
        let ended = self.ended.total();
        let mut text = format!("{ended}/{}", self.jobs);
        for status in [Status::Changed, Status::Failed, Status::Blocked, Status::Cancelled] {
            if self.ended.of(status) > 0 {
                text.push_str(&format!(" · {} {status}", self.ended.of(status)));
            }
        }
        let room = columns.saturating_sub(text.chars().count() + 5).min(28);
        if room < 6 {
            return text;
        }
        let done = (ended * room).checked_div(self.jobs).unwrap_or(room).min(room);
        format!("  {}{}  {text}", "█".repeat(done), "·".repeat(room - done))
    }
}

/// `  flaky087/configure   run      8.1s  try 2`
fn line(running: &Running, age: Duration, width: usize) -> String {
    let Running { name, phase, attempt, says, .. } = running;
    let name = shortened(name, width);
    let attempt = if *attempt > 1 { format!("  try {attempt}") } else { String::new() };
    let says = if says.is_empty() { String::new() } else { format!("  {says}") };
    format!("  {name:<width$}  {phase:<7}  {:>5}{attempt}{says}", brief(age).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many jobs run, one began at each second; as many have ended as are missing to `jobs`.
    fn progress(running: usize, jobs: usize) -> Progress {
        let mut ids = dojobber::Graph::new();
        for job in 0..running {
            ids = ids.job(format!("host{job:03}/configure")).run_only(|_| ());
        }
        let plan = ids.compile().unwrap();
        let one = |job: JobId| Running {
            name: plan.graph().name(job).to_owned(),
            phase: Phase::Run,
            attempt: 1 + job.index() as u32 % 2,
            since: Duration::from_secs(job.index() as u64),
            says: String::new(),
        };
        let ended = std::iter::repeat_n(Status::Changed, jobs - running).collect();
        Progress { running: plan.graph().ids().map(|job| (job, one(job))).collect(), jobs, ended }
    }

    #[test]
    fn what_runs_the_longest_comes_first() {
        let frame = progress(3, 6).frame(Duration::from_millis(2_900), 24, 80);
        let expected = [
            "  host000/configure  run       2.9s",
            "  host001/configure  run       1.9s  try 2",
            "  host002/configure  run       0.9s",
            "  ██████████████··············  3/6 · 3 changed",
        ];
        assert_eq!(frame, expected);
    }

    #[test]
    fn what_is_young_is_not_shown() {
        assert_eq!(progress(1, 1).frame(Duration::from_millis(199), 24, 80), [""; 0]);
        assert_eq!(progress(2, 2).frame(Duration::from_millis(1_199), 24, 80).len(), 2);
        assert_eq!(progress(2, 2).frame(Duration::from_millis(1_200), 24, 80).len(), 3);
    }

    #[test]
    fn every_frame_fits() {
        for jobs in [1, 5, 300, 1000] {
            for columns in [0, 1, 8, 20, 40, 80, 200] {
                for rows in [0, 1, 3, 6, 24, 50] {
                    let frame = progress(jobs, jobs + 7).frame(Duration::from_secs(2_000), rows, columns);
                    assert!(frame.len() <= (rows / 3).max(1), "{jobs} jobs, {rows} rows: {frame:#?}");
                    let fits = |line: &String| line.chars().count() < columns;
                    assert!(frame.iter().all(fits), "{jobs} jobs, {columns} columns: {frame:#?}");
                }
            }
        }
    }

    #[test]
    fn more_than_fit_are_counted() {
        let frame = progress(60, 60).frame(Duration::from_secs(100), 12, 80);
        assert_eq!((frame.len(), frame[2].as_str()), (4, "  .. and 58 more"));
    }
}
