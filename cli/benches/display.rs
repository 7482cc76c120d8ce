//! What the display of a run costs: 10,000 jobs that work 0.1 ms each, with and without it, in turns. It is counted in time
//! of processors, of all threads, so that what else the machine does changes little.
//!
//! ```text
//! cargo bench -p dojobber-cli --bench display 2>/dev/null
//! ```
//!
//! On a terminal, without `2>/dev/null`, it is drawn there.
#![expect(clippy::print_stdout, reason = "the output of a program")]

use std::hint::black_box;
use std::time::Duration;

use clap::Parser;
use dojobber::{Graph, Plan, Runner};
use rustix::time::{ClockId, clock_gettime};

const JOBS: usize = 10_000;
const WORK: Duration = Duration::from_micros(100);
const TURNS: usize = 9;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    run: dojobber_cli::RunArgs,
}

fn main() {
    let rounds = rounds();
    let plan = Graph::new()
        .each(0..JOBS, |graph, job| graph.job(format!("job {job}")).run_only(move |_| work(rounds)));
    let plan = plan.compile().expect("the graph is sound");
    for threads in ["1", "2"] {
        let runner = |words: &[&str]| {
            let words = [&["display", "--threads", threads][..], words].concat();
            Options::parse_from(words).run.runner().build()
        };
        let (quiet, shown) = (runner(&["--quiet"]), runner(&["--progress", "always"]));
        let mut ratios: Vec<f64> = (0..TURNS).map(|_| cost(&shown, &plan) / cost(&quiet, &plan)).collect();
        ratios.sort_by(f64::total_cmp);
        let (median, low, high) = (ratios[TURNS / 2], ratios[TURNS / 4], ratios[TURNS * 3 / 4]);
        println!(
            "{threads} threads: {median:.3} x the time without it; half of {TURNS} turns: {low:.3} to {high:.3}"
        );
    }
}

/// How much work a job has.
fn rounds() -> u64 {
    const SAMPLE: u64 = 20_000_000;
    let begin = processors();
    work(SAMPLE);
    let took = processors() - begin;
    (SAMPLE as f64 * WORK.as_secs_f64() / took.as_secs_f64()) as u64
}

fn work(rounds: u64) {
    let mut number = 1_u64;
    for round in 0..rounds {
        number = black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round));
    }
}

fn cost(runner: &Runner, plan: &Plan<'_>) -> f64 {
    let begin = processors();
    assert!(runner.run(plan, ()).success());
    (processors() - begin).as_secs_f64()
}

/// The time that all threads of this process have had on a processor.
fn processors() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}
