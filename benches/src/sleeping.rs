//! Jobs that only sleep, with a thread for each.

use std::thread;
use std::time::{Duration, Instant};

use dojobber::{Graph, Plan, Runner};

use crate::plans::names;

/// How long each of them sleeps.
pub const SLEEP: Duration = Duration::from_millis(100);

/// As many jobs that sleep, none of which waits for another.
///
/// # Panics
///
/// Never: such a graph is sound.
pub fn plan(jobs: u32, sleep: Duration) -> Plan<'static> {
    let mut graph = Graph::new();
    for name in names(jobs) {
        graph = graph.job(name).run_only(move |_| thread::sleep(sleep));
    }
    graph.compile().expect("jobs without dependencies are a sound graph")
}

/// How long a run of it takes with so many threads, the making of the threads included.
///
/// # Panics
///
/// If the run fails: then there is nothing to time.
pub fn run(plan: &Plan<'_>, threads: usize) -> Duration {
    let runner = Runner::builder().threads(threads).build();
    let start = Instant::now();
    assert!(runner.run(plan, ()).success(), "jobs that sleep succeed");
    start.elapsed()
}

/// The same without a library: a plain thread for each, which sleeps.
pub fn plain_threads(threads: u32, sleep: Duration) -> Duration {
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| thread::sleep(sleep));
        }
    });
    start.elapsed()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{plain_threads, plan, run};

    #[test]
    fn what_is_timed_comes_to_its_end() {
        let sleep = Duration::from_millis(1);
        assert!(run(&plan(20, sleep), 20) >= sleep);
        assert!(plain_threads(3, sleep) >= sleep);
    }
}
