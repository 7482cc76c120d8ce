//! How long it takes to kill a process at every interruption point of 20 jobs with 60 writes.
//!
//! `cargo run --release --example crashes --features testkit`
#![expect(clippy::print_stdout, reason = "a program says what it does")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use dojobber::Graph;
use dojobber::testkit::{Disk, Simulation, assert_convergent};

const JOBS: usize = 20;

/// Each job writes two parts, and then what says that it is done; and is after two others.
fn graph<'d>(disk: &'d Disk, runs: &'d AtomicUsize) -> Graph<'d> {
    runs.fetch_add(1, Ordering::Relaxed);
    Graph::new().each(0..JOBS, |graph, at| {
        let name = move |at: usize| format!("job {at}");
        let after = [at.checked_sub(1), at.checked_sub(3)].into_iter().flatten().map(name);
        let [one, two, done] = ["one", "two", "done"].map(|part| format!("{at}/{part}"));
        let looked = done.clone();
        graph.job(name(at)).after(after).check(move |_| disk.exists(&looked)).run(move |_| {
            [&one, &two, &done].into_iter().for_each(|file| disk.write(file, ""));
        })
    })
}

fn main() {
    let runs = AtomicUsize::new(0);
    let start = Instant::now();
    let files = assert_convergent(1, |simulation: &Simulation| {
        let disk = Disk::new();
        let _ = simulation.run_anew(|| graph(&disk, &runs), ());
        disk.into_files()
    });
    assert_eq!(files.len(), 3 * JOBS);
    println!(
        "a crash or an error at each of {} calls and {} writes: {} simulated processes in {} ms",
        3 * JOBS,
        3 * JOBS,
        runs.into_inner(),
        start.elapsed().as_millis()
    );
}
