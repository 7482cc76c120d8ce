//! What three phases take that are recorded, and nothing else: a plain loop, which knows no graph.
//!
//! No executor that does what `dojobber-chg` does can be faster with one worker, whatever it does between two tasks.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::contender::{Contender, Sample};
use super::timing::repeatedly;
use crate::load::Load;

/// Calls the tasks in the order of their numbers on the calling thread, whatever the threads: each three times through a
/// pointer, with panics caught, a stamp and a record; a status for each task; all that made and dropped by every run.
#[derive(Debug)]
pub(super) struct Floor;

/// One task: its check, which passes the second time, and its run.
struct Task {
    check: Box<dyn Fn(Phase) -> bool>,
    run: Box<dyn Fn(Phase) -> bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Check,
    Run,
    Recheck,
}

/// What a run leaves: a word for each phase, as dojobber's logs have, and the place of each task's last one.
struct Report {
    words: Vec<u64>,
    heads: Vec<u64>,
}

impl Contender for Floor {
    fn sample(&mut self, load: &Load) -> Option<Sample> {
        Some(repeatedly(load, || tasks(load), |tasks| drop(black_box(execute(tasks)))))
    }
}

fn tasks(load: &Load) -> Vec<Task> {
    let task = |work: crate::body::Work| {
        let check = move |phase| {
            let is_recheck = phase == Phase::Recheck;
            if is_recheck {
                work.run();
            }
            is_recheck
        };
        Task { check: Box::new(check), run: Box::new(|_| true) }
    };
    load.works.iter().map(|&work| task(work)).collect()
}

fn execute(tasks: &[Task]) -> Report {
    let mut report = Report { words: Vec::with_capacity(4 * tasks.len()), heads: vec![0; tasks.len()] };
    for (task, head) in tasks.iter().zip(&mut report.heads) {
        for phase in [Phase::Check, Phase::Run, Phase::Recheck] {
            let code = if phase == Phase::Run { &task.run } else { &task.check };
            let passed = catch_unwind(AssertUnwindSafe(|| code(phase))).unwrap_or(false);
            report.words.push(stamp() << 7 | u64::from(passed) << 3 | phase as u64);
        }
        *head = report.words.len() as u64;
    }
    report
}

/// The cheapest clock that there is, as in dojobber.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn stamp() -> u64 {
    tick_counter::x86_64_tick_counter()
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn stamp() -> u64 {
    use std::sync::LazyLock;
    use std::time::Instant;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_nanos() as u64
}
