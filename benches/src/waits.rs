//! Jobs that wait, for processes or for time, beside others that do: one table of ratios.

use std::path::Path;
use std::time::Duration;

use crate::alone::Errand;
use crate::measure::median;
use crate::processes::{Processes, Start, Starter, late_by};
use crate::sleeping::{self, SLEEP};
use crate::table::{Table, number};

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Extent {
    /// How many processes are started.
    pub processes: u32,
    /// How many jobs sleep, each on a thread of its own.
    pub sleepers: Vec<u32>,
    /// How many times everything is done, in turns.
    pub turns: usize,
}

impl Extent {
    /// All of it, or as much as takes a few seconds.
    pub fn new(quick: bool) -> Self {
        if quick {
            Extent { processes: 300, sleepers: vec![16, 250], turns: 3 }
        } else {
            Extent { processes: 3_000, sleepers: vec![16, 64, 250, 1_000, 2_000], turns: 5 }
        }
    }
}

/// The pairs that are compared: how the processes are started, by dojobber and by another program.
const PROCESSES: [(&str, Starter, &str, Starter); 7] = [
    ("directly", Starter::Dojobber(Start::Directly), "`Command::output`", Starter::Std(Start::Directly)),
    ("by sh", Starter::Dojobber(Start::ByShell), "`Command::output`", Starter::Std(Start::ByShell)),
    ("directly", Starter::Dojobber(Start::Directly), "ninja", Starter::Ninja),
    ("by sh", Starter::Dojobber(Start::ByShell), "ninja", Starter::Ninja),
    ("directly", Starter::Dojobber(Start::Directly), "make, directly", Starter::Make(Start::Directly)),
    ("by sh", Starter::Dojobber(Start::ByShell), "make, by sh", Starter::Make(Start::ByShell)),
    ("by sh", Starter::Dojobber(Start::ByShell), "itself, directly", Starter::Dojobber(Start::Directly)),
];

/// Measures all of it. `folder` is for what others read, `at_once` how many processes run at once.
pub fn table(extent: &Extent, folder: &Path, at_once: usize) -> Table {
    let mut table = Table::new(["", "ms", "compared with", "its ms", "ratio"]);
    if let Ok(processes) = Processes::new(folder, extent.processes, at_once) {
        for (how, ours, name, theirs) in PROCESSES {
            let what = format!("{} processes, {how}, {at_once} at once", extent.processes);
            let pair = || Some((processes.time(ours)?, processes.time(theirs)?));
            push(&mut table, what, name, extent.turns, pair);
        }
    }
    for &jobs in &extent.sleepers {
        let plan = sleeping::plan(jobs, SLEEP);
        let pair = || Some((sleeping::run(&plan, jobs as usize), sleeping::plain_threads(jobs, SLEEP)));
        let what = format!("{jobs} jobs that sleep for {} ms, {jobs} threads", SLEEP.as_millis());
        push(&mut table, what, "plain threads", extent.turns, pair);
    }
    push_spare(&mut table, extent.turns);
    table
}

/// Threads that nobody needs: a bound is no wish.
fn push_spare(table: &mut Table, turns: usize) {
    const FEW: u32 = 3;
    const MANY: usize = 1_000;
    let sleep = SLEEP / 10; // short, so that a ms is seen
    let plan = sleeping::plan(FEW, sleep);
    let pair = || Some((sleeping::run(&plan, MANY), sleeping::run(&plan, FEW as usize)));
    let what = format!("{FEW} jobs that sleep for {} ms, {MANY} threads", sleep.as_millis());
    push(table, what, &format!("itself, {FEW} threads"), 4 * turns, pair);
}

/// For how many ms each of these runs had a processor.
pub fn processor_times(extent: &Extent) -> Table {
    let mut table = Table::new(["", "ms of processor time"]);
    for &jobs in &extent.sleepers {
        let millis = Errand::Sleep(jobs).send().map(|nanos| nanos as f64 / 1e6);
        table.push([format!("{jobs} jobs that sleep, {jobs} threads"), number(millis)]);
    }
    let idle = Errand::Idle(64, 2_000).send().map(|nanos| nanos as f64 / 1e6);
    table.push(["64 threads, one of which works for 2 s: all others".to_owned(), number(idle)]);
    table
}

/// How many ms after its limit and its grace period a command ends that does not hear SIGTERM.
pub fn lateness(extent: &Extent) -> Table {
    let mut table = Table::new(["", "ms later", "at most"]);
    let late: Vec<f64> =
        (0..4 * extent.turns).filter_map(|_| late_by()).map(|late| 1e3 * late.as_secs_f64()).collect();
    let cells = [median(late.iter().copied()), late.iter().copied().reduce(f64::max)].map(number);
    let what = "a command that does not hear SIGTERM, after its limit and its grace period".to_owned();
    table.push([what].into_iter().chain(cells));
    table
}

fn push(
    table: &mut Table,
    what: String,
    with: &str,
    turns: usize,
    mut pair: impl FnMut() -> Option<(Duration, Duration)>,
) {
    let pairs: Vec<(f64, f64)> = (0..turns)
        .filter_map(|_| pair())
        .map(|(ours, theirs)| (1e3 * ours.as_secs_f64(), 1e3 * theirs.as_secs_f64()))
        .collect();
    let of = |value: fn(&(f64, f64)) -> f64| number(median(pairs.iter().map(value)));
    let cells = [of(|(ours, _)| *ours), with.to_owned(), of(|(_, theirs)| *theirs), of(|(a, b)| a / b)];
    table.push([what].into_iter().chain(cells));
}

#[cfg(test)]
mod tests {
    use super::{Extent, lateness, push, table};
    use crate::table::Table;
    use std::time::Duration;

    #[test]
    fn everything_has_a_line() {
        let folder = std::env::temp_dir().join(format!("dojobber-waits-{}", std::process::id()));
        let extent = Extent { processes: 2, sleepers: vec![2, 3], turns: 1 };
        let text = table(&extent, &folder, 2).to_string();
        assert_eq!(text.lines().count(), 2 + 7 + 2 + 1, "{text}");
        assert!(text.contains("| 3 jobs that sleep for 100 ms, 3 threads "), "{text}");
        assert!(text.contains("| 3 jobs that sleep for 10 ms, 1000 threads "), "{text}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_command_that_does_not_hear_comes_to_its_end() {
        let text = lateness(&Extent { processes: 0, sleepers: vec![], turns: 1 }).to_string();
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn ratios_are_those_of_a_turn() {
        let mut table = Table::new(["", "ms", "compared with", "its ms", "ratio"]);
        let mut turns = [(10, 20), (100, 200), (10, 900)].into_iter();
        let next = || turns.next().map(|(a, b)| (Duration::from_millis(a), Duration::from_millis(b)));
        push(&mut table, "a".to_owned(), "b", 3, next);
        let last = table.to_string().lines().last().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(last, "| a | 10.0 | b | 200 | 0.50 |");
    }
}
