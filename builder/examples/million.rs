//! A million jobs: a chain, a fan, a chain that is blocked at its first link, and a cycle that is refused.
//!
//! ```text
//! cargo run --release --example million            # all four, each in a process of its own
//! cargo run --release --example million chain      # one of them
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use dojobber::{Graph, PlanError, PlanErrors, Runner, Status};

/// The shape of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Chain,
    Fan,
    Blocked,
    Cycle,
}

pub(crate) const SHAPES: [(&str, Shape); 4] =
    [("chain", Shape::Chain), ("fan", Shape::Fan), ("blocked", Shape::Blocked), ("cycle", Shape::Cycle)];

/// The times of the steps, in order.
pub(crate) type Times = Vec<(&'static str, Duration)>;

/// Builds, compiles, runs and drops `jobs` jobs, each step timed.
///
/// # Panics
///
/// If anything but the expected comes out.
pub(crate) fn go_through(shape: Shape, jobs: usize, threads: usize) -> Times {
    let mut times = Times::new();
    let graph = timed(&mut times, "build", || build(shape, jobs));
    let plan = match timed(&mut times, "compile", || graph.compile()) {
        Ok(plan) => plan,
        Err(errors) => {
            assert_eq!(shape, Shape::Cycle);
            check_cycle(&errors, jobs);
            return times;
        }
    };
    let runner = Runner::builder().threads(threads).default_tries(1).build();
    let run = timed(&mut times, "run", || runner.run(&plan, ()));
    assert_eq!(run.jobs().len(), jobs);
    let done = if shape == Shape::Blocked { 0 } else { jobs };
    assert_eq!(run.count(Status::Satisfied), done);
    assert_eq!(run.count(Status::Blocked), (jobs - done).saturating_sub(1));
    timed(&mut times, "drop", || drop((run, plan)));
    times
}

fn build(shape: Shape, jobs: usize) -> Graph<'static> {
    let (mut name, mut before) = (String::new(), String::from("0"));
    if shape == Shape::Cycle {
        before = (jobs - 1).to_string();
    }
    let mut graph = Graph::new();
    for at in 0..jobs {
        name.clear();
        write!(name, "{at}").expect("a string takes all");
        let open = graph.job(&name);
        let is_linked = shape == Shape::Cycle || (shape != Shape::Fan && at > 0);
        let open = if is_linked { open.after(&before) } else { open };
        let passes = shape != Shape::Blocked;
        graph = open.check_only(move |_| passes);
        std::mem::swap(&mut name, &mut before);
    }
    graph
}

fn check_cycle(errors: &PlanErrors, jobs: usize) {
    assert_eq!(errors.count(), 1);
    let Some(PlanError::Cycle { path, elided }) = errors.iter().next() else { panic!("{errors}") };
    assert_eq!(path.len() + elided, jobs + 1);
    assert_eq!((path[0].as_str(), path[path.len() - 1].as_str()), ("0", "0"));
}

fn timed<T>(times: &mut Times, what: &'static str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    times.push((what, start.elapsed()));
    result
}

/// The most memory that this process has had, where the system tells.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?
        .trim()
        .strip_suffix(" kB")?
        .parse()
        .ok()?;
    Some(format!("{} MB", kilobytes / 1000))
}

fn show(name: &str, shape: Shape) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let times = go_through(shape, 1_000_000, threads);
    let total: Duration = times.iter().map(|(_, time)| *time).sum();
    let mut line = format!("{name:<8}{total:>6.2?} in all");
    for (what, time) in times {
        write!(line, ", {what} {time:.2?}").expect("a string takes all");
    }
    println!("{line}; at most {} of memory", peak_memory().unwrap_or_else(|| "an unknown amount".into()));
}

fn main() -> dojobber::Result {
    let Some(wanted) = std::env::args().nth(1) else {
        for (name, _) in SHAPES {
            let status = std::process::Command::new(std::env::current_exe()?).arg(name).status()?;
            dojobber::ensure(status.success(), format!("{name}: {status}"))?;
        }
        return Ok(());
    };
    let found = SHAPES.into_iter().find(|(name, _)| *name == wanted);
    let (name, shape) = found.ok_or_else(|| format!("`{wanted}` is none of chain, fan, blocked, cycle"))?;
    show(name, shape);
    Ok(())
}
