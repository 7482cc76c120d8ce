//! 300 hosts come up, by four async jobs each, at most 20 connections to the service of a region at once. Three of them never do. One thread
//! is enough. `fleet_plain` is the same program without a command line, `fleet_joinset` one without a job library.
//!
//! ```text
//! cargo run -p dojobber-cli --example fleet
//! cargo run -p dojobber-cli --example fleet -- --hosts 12 -v --report report.json --graph fleet.html
//! ```

#[path = "fleet/host.rs"]
mod host;
#[path = "fleet/cloud.rs"]
mod cloud;
#[path = "fleet/graph.rs"]
mod graph;
#[path = "fleet/serving.rs"]
mod serving;

use std::process::ExitCode;

use clap::Parser;

use cloud::Cloud;
use graph::fleet;
use host::hosts;

/// Bring up a fleet of hosts
#[derive(Parser)]
struct Args {
    /// How many hosts
    #[arg(long, default_value_t = 300)]
    hosts: usize,
    #[command(flatten)]
    run: dojobber_cli::RunArgs,
}

fn main() -> ExitCode {
    let args = dojobber_cli::parse::<Args>();
    let (cloud, hosts) = (Cloud::default(), hosts(args.hosts));
    // what waits holds no thread
    args.run.main_with(fleet(&hosts, &cloud).compile(), (), |runner| runner.threads(1))
}
