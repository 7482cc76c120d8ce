//! Very many jobs, to see how that looks and what it costs: `cargo run --release -p dojobber-cli --example crowd -- 10000`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use dojobber::{Graph, ensure};

/// Very many jobs, which do nothing but take their time
#[derive(Parser)]
struct Args {
    /// How many jobs there are
    #[arg(default_value_t = 300)]
    jobs: usize,
    /// How many microseconds each of them works
    #[arg(long, value_name = "N", default_value_t = 100)]
    micros: u64,
    /// How many of them wait so long in place of working
    #[arg(long, value_name = "N", default_value_t = 0)]
    waiting: usize,
    /// How many of them fail
    #[arg(long, value_name = "N", default_value_t = 0)]
    failing: usize,
    /// What they are called, with a number behind it
    #[arg(long, value_name = "WORD", default_value = "job")]
    word: String,
    #[command(flatten)]
    run: dojobber_cli::RunArgs,
}

fn main() -> ExitCode {
    let args = dojobber_cli::parse::<Args>();
    let time = Duration::from_micros(args.micros);
    let plan = Graph::new().each(0..args.jobs, |graph, job| {
        let (waits, fails) = (job < args.waiting, job + args.failing >= args.jobs);
        graph.job(format!("{} {job:05}", args.word)).tries(1).run_only(move |cx| {
            if waits {
                cx.sleep(time)?;
            } else {
                let begin = Instant::now();
                while begin.elapsed() < time {
                    std::hint::spin_loop();
                }
            }
            ensure(!fails, "it is one of those that fail")
        })
    });
    args.run.main(plan.compile(), ())
}
