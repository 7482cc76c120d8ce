//! How far a run is, and how that is shown in a few lines.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dojobber::{
    Counts, Event, JobId, JobRef, Kind, Phase, Progress as JobProgress, Status, brief, cells, one_line,
    printable,
};

use crate::args::Says;
use crate::left::Left;
use crate::slots::PoolsInUse;
use crate::text::padded;

/// Younger phases are not shown: they would only flicker.
const YOUNGEST: Duration = Duration::from_millis(200);
/// On a terminal with fewer columns there is no room for all parts of a line.
const NARROW: usize = 40;
/// Less of what a job says is not worth reading.
const LEAST_SAID: usize = 10;

/// What goes on in a run, and what has been.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    running: BTreeMap<JobId, Running>,
    /// Jobs of which a try has failed and that have not ended.
    retried: BTreeMap<JobId, Retried>,
    jobs: usize,
    ended: Counts,
    pools: PoolsInUse,
    /// Where it is known how long jobs take, and they do.
    left: Option<Left>,
    tells: Says,
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
    /// The machine that executes it, if that is another one.
    node: Option<Arc<str>>,
}

#[derive(Debug, Clone, Copy)]
struct Retried {
    /// How many tries it may use, if that is limited.
    max_tries: Option<u32>,
    /// Whether it waits for its next try.
    waits: bool,
}

impl Progress {
    pub(crate) fn new(tells: Says) -> Self {
        Progress { tells, ..Progress::default() }
    }

    pub(crate) fn note(&mut self, event: &Event) {
        self.pools.note(event);
        match event {
            Event::RunStarted { graph, uses, expected, options, .. } => {
                let jobs = graph.ids().filter(|job| graph.kind(*job) != Kind::Group).count();
                let expected = expected.as_ref().filter(|_| !options.dry_run.is_on());
                let left = expected.map(|expected| Left::new(graph, expected));
                let pools = PoolsInUse::new(graph, uses);
                *self = Progress { jobs, pools, left, ..Progress::new(self.tells) };
            }
            Event::PhaseStarted { job, attempt, phase, at, node, .. } => {
                let (job, says) = (job.clone(), String::new());
                let id = job.id();
                if let Some(left) = &mut self.left {
                    left.begin(id);
                }
                if let Some(retried) = self.retried.get_mut(&id) {
                    retried.waits = false;
                }
                let (phase, attempt, since, node) = (*phase, *attempt, *at, node.clone());
                let running = Running { job, phase, attempt, since, says, progress: None, node };
                self.running.insert(id, running);
            }
            Event::RetryPlanned { job, max_tries, .. } => {
                self.retried.insert(job.id(), Retried { max_tries: *max_tries, waits: true });
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
            Event::PhaseEnded { job, at, .. } => {
                let running = self.running.remove(&job.id());
                if let Some((left, running)) = self.left.as_mut().zip(running) {
                    left.work(at.saturating_sub(running.since));
                }
            }
            Event::JobEnded { job, status, .. } if job.kind() != Kind::Group => {
                self.retried.remove(&job.id());
                if let Some(left) = &mut self.left {
                    left.end(job.id());
                }
                self.ended.extend([*status]);
            }
            _ => {}
        }
    }

    /// At most a third of the rows: how much goes on, where that is not all seen; what runs, the longest first; how much of
    /// the pools is in use; and how far it all is. No line takes more cells than the terminal has. Nothing, as long as nothing takes its time.
    pub(crate) fn frame(&self, now: Duration, rows: usize, columns: usize) -> Vec<String> {
        if now < YOUNGEST || columns < 8 {
            return Vec::new();
        }
        let age = |running: &Running| now.saturating_sub(running.since);
        let mut old: Vec<&Running> =
            self.running.values().filter(|running| age(running) >= YOUNGEST).collect();
        old.sort_by_key(|running| running.since);
        let mut room = (rows / 3).saturating_sub(1);
        let mut lines = Vec::new();
        if let Some(head) = self.head(old.len() > room, columns).filter(|_| room > 2) {
            room -= 1;
            lines.push(head);
        }
        let pools = self.pools.line(columns).filter(|_| room > 3);
        room -= usize::from(pools.is_some());
        let shown = if old.len() <= room { old.len() } else { room.saturating_sub(1) };
        let width = old[..shown].iter().map(|running| cells(running.job.name())).max().unwrap_or(0);
        lines.extend(old[..shown].iter().map(|running| self.line(running, age(running), width, columns)));
        if shown < old.len() && room > 0 {
            lines.push(format!("  .. and {} more", old.len() - shown));
        }
        lines.extend(pools);
        lines.push(self.total(now, columns));
        lines.iter().map(|line| one_line(line, columns - 1)).collect()
    }

    /// `  running 60 · waiting for a slot 16 · between tries 12`: where some have no line. As much of it as there is room for.
    fn head(&self, has_more: bool, columns: usize) -> Option<String> {
        let between = self.retried.values().filter(|retried| retried.waits).count();
        let waiting = self.pools.waiting();
        if !has_more && between + waiting == 0 {
            return None;
        }
        let mut head = format!("  running {}", self.running.len());
        for (count, what) in [(waiting, "waiting for a slot"), (between, "between tries")] {
            let part = format!(" · {what} {count}");
            if count > 0 && cells(&head) + cells(&part) < columns {
                head.push_str(&part);
            }
        }
        Some(head)
    }

    /// `  flaky087/configure   run      8.1s  try 2/5  3/10  what it says`. What it says is cut first; on a narrow terminal the
    /// name and the time alone are left.
    fn line(&self, running: &Running, age: Duration, width: usize, columns: usize) -> String {
        let Running { job, phase, attempt, says, progress, node, .. } = running;
        let age = format!("  {:>5}", brief(age).to_string());
        let (phase, most) = match columns < NARROW {
            true => (String::new(), columns.saturating_sub(cells(&age) + 3)),
            false => (format!("  {phase:<7}"), columns / 2),
        };
        let width = width.min(most);
        let mut line = format!("  {}{phase}{age}", padded(&one_line(job.name(), width), width));
        let most = self.retried.get(&job.id()).and_then(|retried| retried.max_tries);
        let most = most.map(|most| format!("/{most}")).unwrap_or_default();
        let attempt = (*attempt > 1).then(|| format!("try {attempt}{most}"));
        let progress = progress.map(|progress| progress.to_string());
        let node = node.as_ref().filter(|_| self.tells.node).map(|node| format!("on {}", printable(node)));
        let room = |line: &str| columns.saturating_sub(cells(line) + 3);
        for part in [node, attempt, progress].into_iter().flatten() {
            if cells(&part) <= room(&line) {
                line.push_str(&format!("  {part}"));
            }
        }
        if !says.is_empty() && room(&line) >= LEAST_SAID {
            line.push_str(&format!("  {}", one_line(says, room(&line))));
        }
        line
    }

    /// `  ████████····  512/600 · 211 changed · 1 failed · 12s left`
    fn total(&self, now: Duration, columns: usize) -> String {
        let ended = self.ended.total();
        let text = self.counts(now, columns);
        let room = columns.saturating_sub(cells(&text) + 5).min(28);
        if room < 6 {
            return text;
        }
        let done = (ended * room).checked_div(self.jobs).unwrap_or(room).min(room);
        format!("  {}{}  {text}", "█".repeat(done), "·".repeat(room - done))
    }

    /// `512/600 · 211 changed · 1 failed · 12s left`, as much of it as there is room for. What failed comes first then, and
    /// next how long it will take.
    fn counts(&self, now: Duration, columns: usize) -> String {
        let is_news = |status: Status| !matches!(status, Status::Satisfied | Status::WouldRun);
        let told = self.ended.iter().filter(|(status, _)| is_news(*status));
        let worth = |status: Status| if status == Status::Failed { 2 } else { 0 };
        let told = told.map(|(status, jobs)| (worth(status), format!(" · {jobs} {status}")));
        let left = self.time_left(now).map(|left| (1, format!(" · {} left", brief(left))));
        let mut parts: Vec<(u8, String)> = told.chain(left).collect();
        loop {
            let texts = parts.iter().map(|(_, text)| text.as_str());
            let text = format!("{}/{}{}", self.ended.total(), self.jobs, texts.collect::<String>());
            let least = (0..parts.len()).min_by_key(|at| parts[*at].0);
            match least.filter(|_| cells(&text) >= columns) {
                Some(least) => _ = parts.remove(least),
                None => return text,
            }
        }
    }

    /// Where it is known how long jobs take, and that they are not over their time.
    fn time_left(&self, now: Duration) -> Option<Duration> {
        let running = self.running.iter().map(|(job, running)| (*job, now.saturating_sub(running.since)));
        let left = self.left.as_ref()?.estimate(now, running);
        (left >= Duration::from_secs(1)).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// A run of `jobs` jobs in which the last `running` run, one of which began at each second, and the others have ended.
    fn progress(running: usize, jobs: usize) -> Progress {
        progress_of(&progress_names(running), jobs)
    }

    fn progress_of(names: &[String], jobs: usize) -> Progress {
        let graph = dojobber::Graph::new().each(names, |graph, name| graph.job(name).run_only(|_| ()));
        let plan = graph.compile().unwrap();
        let one = |job: JobRef| Running {
            phase: Phase::Run,
            attempt: 1 + job.id().index() as u32 % 2,
            since: Duration::from_secs(job.id().index() as u64),
            says: String::new(),
            progress: None,
            node: None,
            job,
        };
        let ended = std::iter::repeat_n(Status::Changed, jobs - names.len()).collect();
        let refs = job_refs(&plan).into_iter();
        let running = refs.map(|job| (job.id(), one(job))).collect();
        Progress { running, jobs, ended, ..Progress::default() }
    }

    /// The jobs as the events of a run name them.
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

    /// Six jobs that share a pool, and each took ten seconds the last time.
    #[test]
    fn pools_and_the_time_that_is_left() {
        let line = dojobber::Pool::new("line", 1);
        let plan = (0..6).fold(dojobber::Graph::new(), |graph, at| {
            graph.job(format!("{at}")).uses(&line).run_only(|cx| cx.log("here"))
        });
        let plan = plan.compile().unwrap();
        let mut earlier = serde_json::to_value(plan.run(()).report()).unwrap();
        earlier["elapsed_ns"] = 60_000_000_000_u64.into();
        for job in earlier["jobs"].as_array_mut().unwrap() {
            (job["phases"][0]["start_ns"], job["phases"][0]["length_ns"]) =
                (0.into(), 10_000_000_000_u64.into());
        }
        let earlier: dojobber::Report = serde_json::from_value(earlier).unwrap();
        let (progress, frames) = (Mutex::new(Progress::default()), Arc::new(Mutex::new(Vec::new())));
        let seen = Arc::clone(&frames);
        let note = move |event: &Event| {
            let mut progress = progress.lock().unwrap();
            progress.note(event);
            if let Event::LogLine { job, .. } = event {
                progress.running.get_mut(&job.id()).unwrap().since = Duration::ZERO;
                seen.lock().unwrap().push(progress.frame(Duration::from_secs(4), 24, 80));
                // how long it takes here is no matter
                progress.running.get_mut(&job.id()).unwrap().since = Duration::MAX;
            }
        };
        let runner = dojobber::Runner::builder().threads(1).timings(&earlier).on_event(note).build();
        drop(runner.run(&plan, ()));
        let frames = frames.lock().unwrap();
        let expected = [
            "  running 1 · waiting for a slot 4",
            "  1  run       4.0s  here",
            "  line 1/1",
            "  ████························  1/6 · 1 changed · 46s left",
        ];
        assert_eq!(frames[1], expected);
        assert_eq!(frames[5][0], "  5  run       4.0s  here");
        assert!(frames[5][2].ends_with("5/6 · 5 changed · 6.0s left"), "{:?}", frames[5]);
    }

    #[test]
    fn machines_are_named_where_that_is_wanted() {
        let mut progress = progress(1, 1);
        progress.running.values_mut().for_each(|running| running.node = Some("n1".into()));
        let line = |progress: &Progress| progress.frame(Duration::from_secs(2), 24, 80)[0].clone();
        assert_eq!(line(&progress), "  host000/configure  run       2.0s");
        progress.tells.node = true;
        assert_eq!(line(&progress), "  host000/configure  run       2.0s  on n1");
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
    fn what_waits_for_its_next_try_is_counted() {
        let mut progress = progress(3, 5);
        let ids: Vec<JobId> = progress.running.keys().copied().collect();
        progress.running.remove(&ids[2]);
        progress.retried.insert(ids[1], Retried { max_tries: Some(5), waits: false });
        progress.retried.insert(ids[2], Retried { max_tries: None, waits: true });
        let expected = [
            "  running 2 · between tries 1",
            "  host000/configure  run       2.0s",
            "  host001/configure  run       1.0s  try 2/5",
            "  ███████████·················  2/5 · 2 changed",
        ];
        assert_eq!(progress.frame(Duration::from_secs(2), 24, 80), expected);
        assert_eq!(progress.frame(Duration::from_secs(2), 6, 80).len(), 2);
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
                    let fits = |line: &String| cells(line) < columns;
                    assert!(frame.iter().all(fits), "{jobs} jobs, {columns} columns: {frame:#?}");
                }
            }
        }
    }

    /// Names that are hard to fit: wide characters, marks that take no place, and much too long.
    fn hard_names() -> Vec<String> {
        let long = "a name that is far too long for a line/".repeat(3);
        ["日本語のジョブ/設定", "cafe\u{301}/the\u{301}", "👩‍🚀 launch", "short"]
            .map(str::to_owned)
            .into_iter()
            .chain([long])
            .collect()
    }

    /// What was reviewed is in a file; `DOJOBBER_ACCEPT=1` writes it anew.
    #[test]
    fn frames_are_as_they_were_reviewed() {
        let mut text = String::new();
        for (what, names, jobs, rows) in [
            ("5 jobs with hard names", hard_names(), 5, 24),
            ("300 jobs", progress_names(40), 300, 24),
            ("10000 jobs, on 12 rows", progress_names(60), 10_000, 12),
        ] {
            let mut progress = progress_of(&names, jobs);
            let ids: Vec<JobId> = progress.running.keys().copied().collect();
            progress.retried.insert(ids[1], Retried { max_tries: Some(5), waits: false });
            progress.running.get_mut(&ids[0]).unwrap().says =
                "コンパイル中 libcafe\u{301} (3 of 17)".to_owned();
            progress.running.get_mut(&ids[2]).unwrap().progress = Some(JobProgress { done: 3, total: 10 });
            if jobs > 5 {
                progress.retried.insert(ids[3], Retried { max_tries: None, waits: true });
                progress.running.remove(&ids[3]);
                progress.ended.extend([Status::Failed]);
            }
            for columns in [20, 80, 200] {
                text.push_str(&format!("{what}, {columns} columns\n"));
                for line in progress.frame(Duration::from_secs(100), rows, columns) {
                    assert!(cells(&line) < columns, "{line}");
                    text.push_str(&format!("{line}\n"));
                }
                text.push('\n');
            }
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/frames.txt");
        if std::env::var_os("DOJOBBER_ACCEPT").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        assert_eq!(text, std::fs::read_to_string(path).unwrap(), "{path} has what was reviewed");
    }

    fn progress_names(count: usize) -> Vec<String> {
        (0..count).map(|job| format!("host{job:03}/configure")).collect()
    }

    #[test]
    fn a_narrow_line_says_what_failed() {
        let mut progress = progress(0, 600);
        progress.ended.extend([Status::Failed, Status::Blocked]);
        progress.jobs = 700;
        let total = |columns| progress.counts(Duration::ZERO, columns);
        assert_eq!(total(80), "602/700 · 600 changed · 1 failed · 1 blocked");
        assert_eq!(total(40), "602/700 · 1 failed · 1 blocked");
        assert_eq!(total(20), "602/700 · 1 failed");
        assert_eq!(total(9), "602/700");
    }

    #[test]
    fn more_than_fit_are_counted() {
        let frame = progress(60, 60).frame(Duration::from_secs(100), 12, 80);
        let expected = ["  running 60", "  host000/configure  run      1m40s", "  .. and 59 more"];
        assert_eq!((frame.len(), &frame[..3]), (4, &expected.map(str::to_owned)[..]));
    }
}
