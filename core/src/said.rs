//! What jobs say while they go on: lines, and how far they are.
//!
//! It is told at once to those who watch the run, and a bounded part of it is kept for the report.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::clock::nanos;
use crate::graph::JobId;
use crate::process::Spot;
use crate::words::Phase;

/// A line that a job has said with [`Context::log`](crate::Context::log).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub(crate) attempt: u32,
    pub(crate) phase: Phase,
    /// In nanoseconds since the run began.
    pub(crate) at: u64,
    pub(crate) text: String,
}

impl LogLine {
    /// A line that was said elsewhere; `at` is the time since the unit began that said it.
    pub fn new(attempt: u32, phase: Phase, at: Duration, text: impl Into<String>) -> Self {
        LogLine { attempt, phase, at: nanos(at), text: text.into() }
    }

    /// The try that said it, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The phase that said it.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// When it was said: the time since the run began.
    pub fn at(&self) -> Duration {
        Duration::from_nanos(self.at)
    }

    /// The text, as it was said: it may have line breaks, and is to be made [printable](crate::printable). Its middle is
    /// left out if it was longer than 1,000 characters.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// How far a job is, as it has said with [`Context::progress`](crate::Context::progress). It prints as `3/10`, or as `3`
/// where the total is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Progress {
    /// How much is done, in whatever the job counts.
    pub done: u64,
    /// How much there is to do; 0 if that is not known.
    pub total: u64,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Progress { done, total: 0 } => write!(f, "{done}"),
            Progress { done, total } => write!(f, "{done}/{total}"),
        }
    }
}

/// What is kept of all that one job has said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct JobSaid {
    /// The last lines.
    pub(crate) lines: Vec<LogLine>,
    /// How many came before these.
    pub(crate) left_out: u64,
    pub(crate) progress: Option<Progress>,
}

/// What is kept, by job.
pub(crate) type AllSaid = BTreeMap<JobId, JobSaid>;

/// Something that is said.
pub(crate) enum Saying<'a> {
    Line(&'a str),
    Progress(Progress),
}

/// What is told what a job says, and when: in nanoseconds since the run began.
pub(crate) type TellSaying = dyn Fn(Spot, u64, Saying<'_>) + Send + Sync;

/// What the jobs of a run say.
#[derive(Default)]
pub(crate) struct Sayings {
    tell: Option<Box<TellSaying>>,
    /// Made when something is said for the first time.
    kept: OnceLock<Box<Mutex<Kept>>>,
}

#[derive(Default)]
struct Kept {
    jobs: AllSaid,
    /// How many lines of all jobs are kept.
    lines: usize,
    /// When it was told how far each job is.
    told: BTreeMap<JobId, u64>,
}

impl Sayings {
    /// With somebody who is told at once.
    pub(crate) fn telling(tell: impl Fn(Spot, u64, Saying<'_>) + Send + Sync + 'static) -> Self {
        Sayings { tell: Some(Box::new(tell)), kept: OnceLock::new() }
    }

    pub(crate) fn log(&self, spot: Spot, at: u64, text: &str) {
        let text = without_middle(text);
        let line = LogLine { attempt: spot.attempt, phase: spot.phase, at, text: text.clone() };
        self.lock().keep(spot.job, line);
        if let Some(tell) = &self.tell {
            tell(spot, at, Saying::Line(&text));
        }
    }

    /// The last one counts for the report. They are told now and then: the first, the end, and what comes 100 ms later.
    pub(crate) fn progress(&self, spot: Spot, at: u64, progress: Progress) {
        let is_news = {
            let mut kept = self.lock();
            kept.jobs.entry(spot.job).or_default().progress = Some(progress);
            self.tell.is_some() && kept.is_news(spot.job, at, progress)
        };
        if let Some(tell) = self.tell.as_ref().filter(|_| is_news) {
            tell(spot, at, Saying::Progress(progress));
        }
    }

    /// So many lines were said elsewhere that are not kept there.
    pub(crate) fn leave_out(&self, job: JobId, lines: u64) {
        if lines > 0 {
            self.lock().jobs.entry(job).or_default().left_out += lines;
        }
    }

    /// All that is kept.
    pub(crate) fn kept(&self) -> AllSaid {
        if self.kept.get().is_some() { self.lock().jobs.clone() } else { AllSaid::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.get_or_init(Box::default).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Keeps a line, or counts it.
    fn keep(&mut self, job: JobId, line: LogLine) {
        let said = self.jobs.entry(job).or_default();
        let is_full = said.lines.len() == LINES_OF_A_JOB || self.lines == LINES_OF_A_RUN;
        if is_full {
            said.left_out += 1;
            if said.lines.is_empty() {
                return;
            }
            said.lines.remove(0);
            self.lines -= 1;
        }
        said.lines.push(line);
        self.lines += 1;
    }

    fn is_news(&mut self, job: JobId, at: u64, progress: Progress) -> bool {
        let is_end = progress.total > 0 && progress.done >= progress.total;
        let is_news = is_end || self.told.get(&job).is_none_or(|told| at.saturating_sub(*told) >= BETWEEN);
        if is_news {
            self.told.insert(job, at);
        }
        is_news
    }
}

impl fmt::Debug for Sayings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sayings")
    }
}

/// How many lines of a job are kept for the report: the last ones.
const LINES_OF_A_JOB: usize = 20;
/// And so many of all jobs of a run together.
const LINES_OF_A_RUN: usize = 10_000;
/// The least time between two times that it is told how far a job is, but for the end.
const BETWEEN: u64 = 100_000_000;
/// A line has no more characters.
const CHARACTERS: usize = 1_000;

fn without_middle(text: &str) -> String {
    const MARK: &str = " .. ";
    let text = text.trim_end();
    if text.len() <= CHARACTERS || text.chars().count() <= CHARACTERS {
        return text.to_owned();
    }
    let half = (CHARACTERS - MARK.len()) / 2;
    let start: String = text.chars().take(half).collect();
    let mut end: Vec<char> = text.chars().rev().take(half).collect();
    end.reverse();
    start + MARK + &end.into_iter().collect::<String>()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const MS: u64 = 1_000_000;

    fn spot(job: usize) -> Spot {
        Spot { job: JobId::new(job), attempt: 1, phase: Phase::Run }
    }

    fn listened() -> (Sayings, Arc<Mutex<Vec<String>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let sayings = Sayings::telling(move |spot, at, saying| {
            let text = match saying {
                Saying::Line(line) => line.to_owned(),
                Saying::Progress(progress) => progress.to_string(),
            };
            tell.lock().unwrap().push(format!("{}@{} {text}", spot.job.index(), at / MS));
        });
        (sayings, told)
    }

    #[test]
    fn the_last_lines_of_each_job_are_kept_and_all_are_told() {
        let (sayings, told) = listened();
        for line in 0..25 {
            sayings.log(spot(7), line * MS, &format!("line {line}\n"));
        }
        sayings.log(spot(3), 30 * MS, "other");
        let kept = sayings.kept();
        let said = &kept[&JobId::new(7)];
        assert_eq!((said.lines.len(), said.left_out), (20, 5));
        assert_eq!((said.lines[0].text(), said.lines[19].text()), ("line 5", "line 24"));
        assert_eq!(said.lines[19].at(), Duration::from_millis(24));
        assert_eq!(kept[&JobId::new(3)].lines.len(), 1);
        let told = told.lock().unwrap();
        assert_eq!((told.len(), told[0].as_str(), told[25].as_str()), (26, "7@0 line 0", "3@30 other"));
    }

    #[test]
    fn a_run_keeps_so_many_lines_and_no_more() {
        let sayings = Sayings::default();
        for at in 0..LINES_OF_A_RUN + 5 {
            sayings.log(spot(at / 5), 0, "a");
        }
        let kept = sayings.kept();
        assert_eq!(kept.values().map(|said| said.lines.len()).sum::<usize>(), LINES_OF_A_RUN);
        let last = &kept[&JobId::new(LINES_OF_A_RUN / 5)];
        assert_eq!((last.lines.len(), last.left_out), (0, 5));
        sayings.log(spot(0), 0, "in the place of its own first one");
        let first = &sayings.kept()[&JobId::new(0)];
        assert_eq!((first.lines.len(), first.left_out), (5, 1));
    }

    #[test]
    fn it_is_told_now_and_then_how_far_a_job_is() {
        let (sayings, told) = listened();
        for done in 0..=250 {
            sayings.progress(spot(0), done * MS, Progress { done, total: 250 });
        }
        sayings.progress(spot(1), 0, Progress { done: 5, total: 0 });
        assert_eq!(
            *told.lock().unwrap(),
            ["0@0 0/250", "0@100 100/250", "0@200 200/250", "0@250 250/250", "1@0 5"]
        );
        assert_eq!(sayings.kept()[&JobId::new(0)].progress, Some(Progress { done: 250, total: 250 }));
    }

    #[test]
    fn a_long_line_loses_its_middle() {
        let check = |length: usize, expected: usize| {
            let line = without_middle(&"ü".repeat(length));
            assert_eq!((line.chars().count(), line.contains(" .. ")), (expected, length > expected));
        };
        check(0, 0);
        check(1_000, 1_000);
        check(1_001, 1_000);
        check(1_000_000, 1_000);
        assert_eq!(without_middle("a\nb \n"), "a\nb");
    }
}
