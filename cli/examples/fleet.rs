//! 300 hosts come up, by four async jobs each, at most 20 connections to the service of a region at once. Three of them never do. One thread
//! is enough. `fleet_joinset` is the same program without a job library.
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

use std::io;
use std::process::ExitCode;

use clap::Parser;

use cloud::Cloud;
use graph::{Service, fleet};
use host::{Host, hosts};

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

impl Service for Cloud {
    async fn exists(&self, host: &Host) -> io::Result<bool> {
        Cloud::exists(self, host).await
    }
    async fn create(&self, host: &Host) -> io::Result<()> {
        Cloud::create(self, host).await
    }
    async fn answers(&self, host: &Host) -> io::Result<()> {
        Cloud::answers(self, host).await
    }
    async fn is_installed(&self, host: &Host) -> io::Result<bool> {
        Cloud::is_installed(self, host).await
    }
    async fn install(&self, host: &Host) -> io::Result<()> {
        Cloud::install(self, host).await
    }
}
