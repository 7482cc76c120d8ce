//! How far a run is, and how that is shown in a few lines.

use std::collections::BTreeMap;
use std::time::Duration;

use dojobber::{
    Counts, Event, JobId, JobRef, Kind, Phase, Progress as JobProgress, Status, brief, printable,
};

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
    job: JobRef,
    phase: Phase,
    attempt: u32,
    since: Duration,
    /// The last line that it has said, or that its process has written.
    says: String,
    /// How far it is, as it says.
    progress: Option<JobProgress>,
}

impl Progress {
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::RunStarted { graph, .. } => {
                let jobs = graph.ids().filter(|job| graph.kind(*job) != Kind::Group).count();
                *self = Progress { jobs, ..Progress::default() };
            }
            Event::PhaseStarted { job, attempt, phase, at, .. } => {
                let (job, says) = (job.clone(), String::new());
                let id = job.id();
                let running =
                    Running { job, phase: *phase, attempt: *attempt, since: *at, says, progress: None };
                self.running.insert(id, running);
            }
            Event::OutputLine { job, line: text, .. } | Event::LogLine { job, text, .. } => {
                if let Some(running) = self.running.get_mut(&job.id()) {
                    running.says = printable(text).to_string();
                }
            }
            Event::Progress { job, progress, .. } => {
                if let Some(running) = self.running.get_mut(&job.id()) {
                    running.progress = Some(*progress);
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
        let width = old[..shown].iter().map(|running| running.job.name().chars().count()).max().unwrap_or(0);
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
        let text = self.counts(columns);
        let room = columns.saturating_sub(text.chars().count() + 5).min(28);
        if room < 6 {
            return text;
        }
        let done = (ended * room).checked_div(self.jobs).unwrap_or(room).min(room);
        format!("  {}{}  {text}", "█".repeat(done), "·".repeat(room - done))
    }
}

impl Progress {
    /// `512/600 · 211 changed · 1 failed`, as much of it as there is room for. What failed comes first then.
    fn counts(&self, columns: usize) -> String {
        let is_news = |status: Status| !matches!(status, Status::Satisfied | Status::WouldRun);
        let mut told: Vec<_> = self.ended.iter().filter(|(status, _)| is_news(*status)).collect();
        loop {
            let counts = told.iter().map(|(status, jobs)| format!(" · {jobs} {status}"));
            let text = format!("{}/{}{}", self.ended.total(), self.jobs, counts.collect::<String>());
            if told.is_empty() || text.chars().count() < columns {
                return text;
            }
            let least = told.iter().position(|(status, _)| *status != Status::Failed).unwrap_or(0);
            told.remove(least);
        }
    }
}

/// `  flaky087/configure   run      8.1s  try 2  3/10  what it says`
fn line(running: &Running, age: Duration, width: usize) -> String {
    let Running { job, phase, attempt, says, progress, .. } = running;
    let name = shortened(job.name(), width);
    let mut line = format!("  {name:<width$}  {phase:<7}  {:>5}", brief(age).to_string());
    let attempt = (*attempt > 1).then(|| format!("try {attempt}"));
    let progress = progress.map(|progress| progress.to_string());
    let says = (!says.is_empty()).then(|| says.clone());
    for part in [attempt, progress, says].into_iter().flatten() {
        line.push_str("  ");
        line.push_str(&part);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// So many jobs run, one began at each second; as many have ended as are missing to `jobs`.
    fn progress(running: usize, jobs: usize) -> Progress {
        let mut ids = dojobber::Graph::new();
        for job in 0..running {
            ids = ids.job(format!("host{job:03}/configure")).run_only(|_| ());
        }
        let plan = ids.compile().unwrap();
        let one = |job: JobRef| Running {
            phase: Phase::Run,
            attempt: 1 + job.id().index() as u32 % 2,
            since: Duration::from_secs(job.id().index() as u64),
            says: String::new(),
            progress: None,
            job,
        };
        let ended = std::iter::repeat_n(Status::Changed, jobs - running).collect();
        let refs = job_refs(&plan).into_iter();
        Progress { running: refs.map(|job| (job.id(), one(job))).collect(), jobs, ended }
    }

    /// Those that the events of a run name.
    fn job_refs(plan: &dojobber::Plan<'_>) -> Vec<JobRef> {
        let refs = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&refs);
        let keep = move |event: &Event| {
            if let Event::JobEnded { job, .. } = event {
                kept.lock().unwrap().push(job.clone());
            }
        };
        drop(dojobber::Runner::builder().threads(1).on_event(keep).build().run(plan, ()));
        Arc::into_inner(refs).unwrap().into_inner().unwrap()
    }

    #[test]
    fn what_a_job_says_stands_behind_it() {
        let (progress, frames) = (Mutex::new(Progress::default()), Arc::new(Mutex::new(Vec::new())));
        let seen = Arc::clone(&frames);
        let note = move |event: &Event| {
            let mut progress = progress.lock().unwrap();
            progress.note(event);
            if let Event::LogLine { .. } | Event::Progress { .. } = event {
                let frame = progress.frame(Duration::from_secs(2), 24, 80);
                seen.lock().unwrap().push(frame[0].clone());
            }
        };
        let say = |cx: &dojobber::Context| {
            cx.progress(3, 10);
            cx.log("third\nof ten");
        };
        let plan = dojobber::Graph::new().job("copy").run_only(say).compile().unwrap();
        drop(dojobber::Runner::builder().threads(1).on_event(note).build().run(&plan, ()));
        let frames = frames.lock().unwrap();
        let expected = ["  copy  run       2.0s  3/10", "  copy  run       2.0s  3/10  third\\nof ten"];
        assert_eq!(frames[..], expected);
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
    fn a_narrow_line_says_what_failed() {
        let mut progress = progress(0, 600);
        progress.ended.extend([Status::Failed, Status::Blocked]);
        progress.jobs = 700;
        let total = |columns| progress.counts(columns);
        assert_eq!(total(80), "602/700 · 600 changed · 1 failed · 1 blocked");
        assert_eq!(total(40), "602/700 · 1 failed · 1 blocked");
        assert_eq!(total(20), "602/700 · 1 failed");
        assert_eq!(total(9), "602/700");
    }

    #[test]
    fn more_than_fit_are_counted() {
        let frame = progress(60, 60).frame(Duration::from_secs(100), 12, 80);
        assert_eq!((frame.len(), frame[2].as_str()), (4, "  .. and 58 more"));
    }
}
