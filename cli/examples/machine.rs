//! Sets up a machine, which is a folder here: `cargo run -p dojobber-cli --example machine -- --help`. Its jobs are described
//! in `machine/graph.rs`.

#[path = "machine/graph.rs"]
mod graph;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use dojobber::Graph;

/// Set up a machine, which is a folder here
#[derive(Parser)]
struct Args {
    /// The folder; it is made if it is not there
    #[arg(default_value = "machine")]
    root: PathBuf,
    /// What its web server answers for
    #[arg(long, default_value = "example.com")]
    domain: String,
    #[command(flatten)]
    run: dojobber_cli::RunArgs,
}

#[rustfmt::skip] // the layout shows what belongs to a job
fn main() -> ExitCode {
    let args = dojobber_cli::parse::<Args>();
    let plan = Graph::with_args()
        .job("folder").description("make the folder")
            .check(|_| args.root.is_dir())
            .run(|_| Ok(fs::create_dir_all(&args.root)?))
        .job("web").after("folder").nest(graph::machine(&args.root, &args.domain))
        .compile();
    args.run.main(plan, graph::Args { root: args.root.clone() })
}
