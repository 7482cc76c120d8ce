//! Friends come over to watch a movie: the example of DoJobber, whole.
//!
//! ```text
//! cargo run --example movie
//! ```
//!
//! By default the remote has no power and the couch no space, so that there is something to see: two jobs fail, and
//! what depends on them is blocked. `-v` shows each step, `-n` only looks, `--battery-state charged --couch-space`
//! makes it a fine evening. Its jobs are described in `movie/graph.rs`.

#[path = "movie/graph.rs"]
mod graph;

use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use dojobber::{Console, Report, Runner};
use dojobber_viz::Picture;

use graph::{Evening, House};

/// Friends come over to watch a movie.
#[derive(Parser)]
struct Cli {
    /// Only look what there is to do
    #[arg(short = 'n', long, visible_alias = "dry-run")]
    no_act: bool,
    /// Show each step
    #[arg(short, long)]
    verbose: bool,
    /// Show each step, and all that is known about what fails
    #[arg(short, long)]
    debug: bool,
    /// What to watch
    #[arg(long, value_name = "TITLE", default_value_t = Evening::default().movie)]
    movie: String,
    /// The remote works if this is `charged`
    #[arg(long, value_name = "STATE", default_value_t = Evening::default().battery_state)]
    battery_state: String,
    /// There is room on the couch
    #[arg(long)]
    couch_space: bool,
    /// At which of its 5 tries the popcorn is done; by default the last
    #[arg(long, value_name = "TRY", value_parser = clap::value_parser!(u32).range(1..))]
    pop_success_try: Option<u32>,
    /// At which of its 8 tries the dishwasher is done; by default the last
    #[arg(long, value_name = "TRY", value_parser = clap::value_parser!(u32).range(1..))]
    bowl_success_try: Option<u32>,
    /// At which of its 3 tries the pizza arrives; by default the last
    #[arg(long, value_name = "TRY", value_parser = clap::value_parser!(u32).range(1..))]
    pizza_success_try: Option<u32>,
    /// How many jobs run at once; 0 is as many as the machine likes
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Write a picture of how it went; the extension says in which format
    #[arg(long, value_name = "FILE")]
    graph: Option<PathBuf>,
    /// Write a report of how it went, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Cli {
    fn evening(&self) -> Evening {
        Evening {
            movie: self.movie.clone(),
            battery_state: self.battery_state.clone(),
            couch_space: self.couch_space,
            pop_success_try: self.pop_success_try,
            bowl_success_try: self.bowl_success_try,
            pizza_success_try: self.pizza_success_try,
        }
    }

    fn console(&self) -> Option<Console> {
        if self.debug { Some(Console::debug()) } else { self.verbose.then(Console::verbose) }
    }
}

fn main() -> ExitCode {
    watch(&Cli::parse()).unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

fn watch(cli: &Cli) -> anyhow::Result<ExitCode> {
    let (house, friends) = (House::new(&|text| say(text)), graph::friends());
    let plan = graph::graph(&house, &friends).compile()?;
    let run = Runner::builder()
        .threads(cli.threads)
        .dry_run(cli.no_act)
        .default_retry_delay(Duration::ZERO)
        .observer(cli.console())
        .build()
        .run(&plan, cli.evening());
    say(run.report());
    if let Some(path) = &cli.report {
        write_report(run.report(), path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = &cli.graph {
        Picture::from_report(run.report()).write(path)?;
    }
    Ok(run.exit_code())
}

/// Nobody has to listen: a closed standard output fails no job.
fn say(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

fn write_report(report: &Report, path: &Path) -> anyhow::Result<()> {
    Ok(fs::write(path, serde_json::to_vec_pretty(report)?)?)
}
