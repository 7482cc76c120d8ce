//! What the display of a run costs: 10,000 jobs that work 0.1 ms each, with and without it, in turns.
//!
//! ```text
//! cargo bench -p dojobber-cli --bench display 2>/dev/null
//! ```
//!
//! On a terminal, without `2>/dev/null`, it is drawn there.
#![expect(clippy::print_stdout, reason = "the output of a program")]

use std::hint::spin_loop;
use std::time::{Duration, Instant};

use clap::Parser;
use dojobber::{Graph, Plan, Runner};

const JOBS: usize = 10_000;
const WORK: Duration = Duration::from_micros(100);
const TURNS: usize = 15;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    run: dojobber_cli::RunArgs,
}

fn main() {
    let plan = Graph::new().each(0..JOBS, |graph, job| graph.job(format!("job {job}")).run_only(|_| work()));
    let plan = plan.compile().expect("the graph is sound");
    for threads in ["1", "2"] {
        let runner = |words: &[&str]| {
            let words = [&["display", "--threads", threads][..], words].concat();
            Options::parse_from(words).run.runner().build()
        };
        let (quiet, shown) = (runner(&["--quiet"]), runner(&["--progress", "always"]));
        let mut ratios: Vec<f64> = (0..TURNS).map(|_| time(&shown, &plan) / time(&quiet, &plan)).collect();
        ratios.sort_by(f64::total_cmp);
        let (median, low, high) = (ratios[TURNS / 2], ratios[TURNS / 4], ratios[TURNS * 3 / 4]);
        println!(
            "{threads} threads: with the display {median:.3} x as long; half of {TURNS} turns {low:.3} to {high:.3}"
        );
    }
}

fn work() {
    let begin = Instant::now();
    while begin.elapsed() < WORK {
        spin_loop();
    }
}

fn time(runner: &Runner, plan: &Plan<'_>) -> f64 {
    let begin = Instant::now();
    assert!(runner.run(plan, ()).success());
    begin.elapsed().as_secs_f64()
}
