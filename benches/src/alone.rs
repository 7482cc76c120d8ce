//! Figures of this library alone, some of them taken in a process of their own.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::str::FromStr;
use std::time::{Duration, Instant};

use dojobber::{Graph, Key, Plan, Runner, ensure};

use crate::body::Body;
use crate::load::Load;
use crate::measure::median;
use crate::plans::{Mode, names, plan};
use crate::shapes::Shape;
use crate::sleeping;

/// What a child process does; it prints one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Makes the load and the strings of the names. Its peak memory in bytes.
    Names(Shape, u32),
    /// The same, and the plan, its run on two threads, and the report, which it holds. Its peak memory in bytes.
    Everything(Shape, u32),
    /// Runs a plan that only waits for retries. The ns for which it had a processor meanwhile.
    Wait,
    /// Runs so many jobs that sleep, on as many threads. The ns for which it had a processor meanwhile.
    Sleep(u32),
    /// Runs as many jobs as it has threads, and behind them one that works for so many ms. The ns for which all other
    /// threads had a processor meanwhile.
    Idle(u32, u32),
}

impl Errand {
    /// Takes the measurement.
    pub fn run(self) -> Option<u64> {
        match self {
            Errand::Names(shape, jobs) => {
                let _held = (Load::new(shape.edges(jobs), Body::Empty), names(jobs));
                peak_memory()
            }
            Errand::Everything(shape, jobs) => {
                let (load, names) = (Load::new(shape.edges(jobs), Body::Empty), names(jobs));
                let plan = plan(&load, &names, Mode::Satisfied);
                let run = Runner::builder().threads(2).build().run(&plan, ());
                let peak = peak_memory();
                run.success().then_some(peak?)
            }
            Errand::Wait => {
                let plan = waiting(20, 3, Duration::from_secs(1));
                let runner = Runner::builder().threads(2).build();
                let before = processor_time()?;
                let _ = runner.run(&plan, ());
                Some(processor_time()? - before)
            }
            Errand::Sleep(jobs) => {
                let plan = sleeping::plan(jobs, sleeping::SLEEP);
                let runner = Runner::builder().threads(jobs as usize).build();
                let before = processor_time()?;
                let _ = runner.run(&plan, ()); // its threads live as long as the runner
                Some(processor_time()? - before)
            }
            Errand::Idle(threads, millis) => idle_beside(threads, Duration::from_millis(millis.into())),
        }
    }

    fn words(self) -> Vec<String> {
        match self {
            Errand::Names(shape, jobs) => vec!["names".into(), shape.to_string(), jobs.to_string()],
            Errand::Everything(shape, jobs) => vec!["everything".into(), shape.to_string(), jobs.to_string()],
            Errand::Wait => vec!["wait".into()],
            Errand::Sleep(jobs) => vec!["sleep".into(), jobs.to_string()],
            Errand::Idle(threads, millis) => vec!["idle".into(), threads.to_string(), millis.to_string()],
        }
    }

    /// Sends this very program on the errand: it must call [`run`](Errand::run) if it is started with `errand` and
    /// what follows, and print what that returns.
    pub fn send(self) -> Option<u64> {
        let output = Command::new(std::env::current_exe().ok()?).arg("errand").args(self.words()).output();
        String::from_utf8(output.ok()?.stdout).ok()?.trim().parse().ok()
    }
}

impl FromStr for Errand {
    type Err = String;

    fn from_str(words: &str) -> Result<Self, String> {
        let words: Vec<&str> = words.split_whitespace().collect();
        let jobs = |jobs: &str| jobs.parse().map_err(|_| format!("{jobs} is no number of jobs"));
        match words[..] {
            ["names", shape, n] => Ok(Errand::Names(shape.parse()?, jobs(n)?)),
            ["everything", shape, n] => Ok(Errand::Everything(shape.parse()?, jobs(n)?)),
            ["wait"] => Ok(Errand::Wait),
            ["sleep", n] => Ok(Errand::Sleep(jobs(n)?)),
            ["idle", threads, millis] => Ok(Errand::Idle(jobs(threads)?, jobs(millis)?)),
            _ => Err(format!("there is no errand {words:?}")),
        }
    }
}

/// Bytes per job of plan, run and report: the peak of a process that has them, without that of one that only has what
/// they are made of.
pub fn memory_per_job(shape: Shape, jobs: u32) -> Option<f64> {
    let without = Errand::Names(shape, jobs).send()?;
    let with = Errand::Everything(shape, jobs).send()?;
    let tasks = shape.edges(jobs).tasks();
    Some(with.checked_sub(without)? as f64 / f64::from(tasks))
}

/// For how many ns a run of 20 jobs that fail three times, with a second between, has a processor.
pub fn processor_time_while_waiting() -> Option<u64> {
    Errand::Wait.send()
}

/// How long a run takes whose first job fails, with a chain of all others behind it. The median of five.
///
/// # Panics
///
/// If the run does not end as it must: then there is nothing to time.
pub fn blocked_chain(jobs: u32, workers: usize) -> Duration {
    let mut graph = Graph::new();
    let names = names(jobs);
    for (at, name) in names.iter().enumerate() {
        let after = at.checked_sub(1).map(|before| &names[before]);
        graph = graph.job(name).after(after).run_only(move |_| ensure(at > 0, "it is broken"));
    }
    let plan = graph.compile().expect("a chain is a sound graph");
    let runner = Runner::builder().threads(workers).default_tries(1).build();
    median_of(5, || drop(runner.run(&plan, ())))
}

/// The times of a plan of ten jobs: the wait at the start of a program that uses this library.
#[derive(Clone, Copy, Debug)]
pub struct FirstRun {
    /// Building and compiling it.
    pub build: Duration,
    /// `plan.run(())`: a runner with as many threads as the machine, threads and all.
    pub fresh: Duration,
    /// The same plan with a runner that has run before.
    pub reused: Duration,
    /// The same, with one worker.
    pub alone: Duration,
}

/// Measures it, as the median of many. Ten jobs in `shape`, each satisfied at once.
pub fn first_run(shape: Shape) -> FirstRun {
    let load = Load::new(shape.edges(10), Body::Empty);
    let names = names(load.deps.tasks());
    let make = || plan(&load, &names, Mode::Satisfied);
    let (plan, many, one) = (make(), Runner::default(), Runner::builder().threads(1).build());
    let run = |runner: &Runner| drop(runner.run(&plan, ()));
    run(&many);
    FirstRun {
        build: median_of(201, || drop(make())),
        fresh: median_of(201, || drop(plan.run(()))),
        reused: median_of(201, || run(&many)),
        alone: median_of(201, || run(&one)),
    }
}

/// Jobs that need nothing but time, and never enough of it.
fn waiting(jobs: u32, tries: u32, delay: Duration) -> Plan<'static> {
    let mut graph = Graph::new();
    for name in names(jobs) {
        graph = graph.job(name).tries(tries).retry_delay(delay).check_only(|_| false);
    }
    graph.compile().expect("jobs without dependencies are a sound graph")
}

fn median_of(times: usize, mut work: impl FnMut()) -> Duration {
    let mut time = || {
        let start = Instant::now();
        work();
        start.elapsed().as_nanos() as f64
    };
    Duration::from_nanos(median((0..times).map(|_| time())).unwrap_or(0.0) as u64)
}

/// For how many ns the threads of a run that have nothing to do had a processor while one of them worked for that long.
fn idle_beside(threads: u32, work: Duration) -> Option<u64> {
    let names = names(threads);
    let mut graph = Graph::new();
    for name in &names {
        graph = graph.job(name).run_only(|_| std::thread::sleep(sleeping::SLEEP)); // so that all of them are there
    }
    let graph = graph.job(IDLE).after(&names).run_only(move |_| {
        let before = others_processor_time();
        let start = Instant::now();
        while start.elapsed() < work {}
        let spent = before.and_then(|before| Some(others_processor_time()?.saturating_sub(before)));
        spent.ok_or_else(|| "the system does not tell".into())
    });
    let plan = graph.compile().expect("a fan is a sound graph");
    let run = Runner::builder().threads(threads as usize).default_tries(1).build().run(&plan, ());
    run.output(&IDLE).copied()
}

const IDLE: Key<u64> = Key::new("idle");

/// The most memory that this process has had, in bytes, as far as the system tells.
fn peak_memory() -> Option<u64> {
    peak_in(&fs::read_to_string("/proc/self/status").ok()?)
}

fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kilobytes)
}

/// For how many ns the threads of this process have had a processor, as far as the system tells. One that ends meanwhile does
/// not count.
fn processor_time() -> Option<u64> {
    let threads = fs::read_dir("/proc/self/task").ok()?;
    Some(threads.filter_map(|thread| processor_time_of(&thread.ok()?.path())).sum())
}

/// The same of all threads but the one that asks.
fn others_processor_time() -> Option<u64> {
    let own = processor_time_of(Path::new("/proc/thread-self"))?;
    Some(processor_time()?.saturating_sub(own))
}

fn processor_time_of(thread: &Path) -> Option<u64> {
    let text = fs::read_to_string(thread.join("schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dojobber::Runner;

    use super::{Errand, blocked_chain, first_run, peak_in, waiting};
    use crate::shapes::Shape;

    #[test]
    fn errands_are_read_back() {
        for errand in [
            Errand::Names(Shape::Grid, 5),
            Errand::Everything(Shape::TreeIn, 7),
            Errand::Wait,
            Errand::Sleep(9),
            Errand::Idle(64, 2_000),
        ] {
            assert_eq!(errand.words().join(" ").parse(), Ok(errand));
        }
        assert!("names".parse::<Errand>().is_err());
        assert!("names chain many".parse::<Errand>().is_err());
    }

    #[test]
    fn threads_that_idle_are_looked_at_while_one_works() {
        let is_told = super::others_processor_time().is_some();
        assert_eq!(Errand::Idle(3, 1).run().is_some(), is_told);
    }

    #[test]
    fn the_peak_is_read() {
        assert_eq!(peak_in("Name:\tx\nVmHWM:\t     12 kB\nVmRSS:\t 5 kB\n"), Some(12_288));
        assert_eq!(peak_in("Name:\tx\n"), None);
    }

    #[test]
    fn a_waiting_plan_uses_all_its_tries() {
        let run = Runner::builder().threads(2).build().run(&waiting(3, 2, Duration::ZERO), ());
        assert!(run.jobs().all(|job| job.phases().len() == 2));
    }

    #[test]
    fn what_is_timed_comes_to_its_end() {
        blocked_chain(10, 2);
        first_run(Shape::Fan);
    }
}
