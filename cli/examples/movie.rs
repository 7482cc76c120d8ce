//! Friends come over to watch a movie: the example of DoJobber, whole, with a command line.
//!
//! ```text
//! cargo run -p dojobber-cli --example movie -- --help
//! ```
//!
//! Its jobs are described in `movie/graph.rs`.

#[path = "movie/graph.rs"]
mod graph;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use graph::{Evening, House};

/// Friends come over to watch a movie
#[derive(Parser)]
#[command(
    after_help = "By default the remote has no power and the couch no space, so that there is something to see: \
    two jobs fail, and what depends on them is blocked. `--battery-state charged --couch-space` makes it a fine evening."
)]
struct Args {
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
    #[command(flatten)]
    run: dojobber_cli::RunArgs,
}

fn main() -> ExitCode {
    let args = dojobber_cli::parse::<Args>();
    let evening = Evening {
        movie: args.movie,
        battery_state: args.battery_state,
        couch_space: args.couch_space,
        pop_success_try: args.pop_success_try,
        bowl_success_try: args.bowl_success_try,
        pizza_success_try: args.pizza_success_try,
    };
    let (house, friends) = (House::new(&say), graph::friends());
    let plan = graph::graph(&house, &friends).compile();
    args.run.main_with(plan, evening, |runner| runner.default_retry_delay(Duration::ZERO))
}

/// Nobody has to listen: a closed standard output fails no job.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}
