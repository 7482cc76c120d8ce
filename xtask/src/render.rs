//! `cargo xtask render`: pictures of a saved report, or of the movie example.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use dojobber::{Report, Runner};
use dojobber_viz::Picture;
use dojobber_viz::cli::{OutputArgs, read_report};

// the jobs of the example itself
#[path = "../../builder/examples/movie/graph.rs"]
mod movie;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A saved report: the JSON of a run's `report()` [default: the movie example is run, and drawn to movie.svg and
    /// movie.dot]
    #[arg(value_name = "RUN.json")]
    report: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let (report, name) = match &args.report {
        Some(path) => (read_report(path)?, path.as_path()),
        None => (watch_movie()?, Path::new("movie")),
    };
    for file in args.output.write(&Picture::from_report(&report), name)? {
        println!("{}", file.display());
    }
    Ok(())
}

/// How the evening goes by default.
pub(crate) fn watch_movie() -> Result<Report> {
    let (house, friends) = (movie::House::new(&|_| ()), movie::friends());
    let plan = movie::graph(&house, &friends).compile()?;
    let runner = Runner::builder().default_retry_delay(Duration::ZERO).build();
    Ok(runner.run(&plan, movie::Evening::default()).into_report())
}
