//! The movie example, run.

use std::time::Duration;

use anyhow::Result;
use dojobber::{Report, Runner};

// the jobs of the example itself
#[path = "../../cli/examples/movie/graph.rs"]
mod graph;

/// Runs the movie example with its defaults on so many threads, and returns the report.
pub(crate) fn watch_movie(threads: usize) -> Result<Report> {
    let (house, friends) = (graph::House::new(&|_| ()), graph::friends());
    let plan = graph::graph(&house, &friends).compile()?;
    let runner = Runner::builder().threads(threads).default_retry_delay(Duration::ZERO).build();
    Ok(runner.run(&plan, graph::Evening::default()).into_report())
}
