//! 300 hosts come up, by four async jobs each, at most 20 connections to the service of a region at once. Three of them never do. One thread
//! is enough. `fleet_joinset` is the same program without a job library.
//!
//! ```text
//! cargo run -p dojobber-cli --example fleet
//! cargo run -p dojobber-cli --example fleet -- --hosts 12 -v --report report.json --graph fleet.html
//! ```

#[path = "fleet/cloud.rs"]
mod cloud;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use dojobber::{Backoff, Graph, Jitter, Pool, unknown};

use cloud::{CONNECTIONS, Cloud, Host, REGIONS, hosts};

/// Bring up a fleet of hosts
#[derive(Parser)]
struct Args {
    /// How many hosts
    #[arg(long, default_value_t = 300)]
    hosts: usize,
    #[command(flatten)]
    run: dojobber_cli::RunArgs,
}

const FIRST_DELAY: Duration = Duration::from_millis(10);
const LONGEST_DELAY: Duration = Duration::from_millis(80);

fn main() -> ExitCode {
    let args = dojobber_cli::parse::<Args>();
    let (cloud, hosts) = (Cloud::default(), hosts(args.hosts));
    let regions = REGIONS.map(|region| Pool::new(format!("region {region}"), CONNECTIONS));
    let graph = hosts.iter().fold(Graph::new(), |graph, host| {
        let region = REGIONS.iter().position(|region| *region == host.region).map(|at| &regions[at]);
        graph.job(&host.name).nest(host_jobs(host, &cloud, region))
    });
    // what waits holds no thread
    args.run.main_with(graph.compile(), (), |runner| runner.threads(1))
}

#[rustfmt::skip] // the layout shows what belongs to a job
fn host_jobs<'a>(host: &'a Host, cloud: &'a Cloud, region: Option<&Pool>) -> Graph<'a> {
    let delay = Backoff::exponential(FIRST_DELAY).max_delay(LONGEST_DELAY).jitter(Jitter::Equal);
    Graph::new()
        .job("server").description("order it").uses(region)
            .check_async(async |_| Ok(cloud.exists(host).await.map_err(unknown)?))
            .run_async(async |_| Ok(cloud.create(host).await?))
        .job("up").after("server").tries(6).retry_delay(delay)
            .check_only_async(async |_| Ok(cloud.answers(host).await?))
        .job("app").description("install the app").after("up").uses(region)
            .check_async(async |_| Ok(cloud.is_installed(host).await.map_err(unknown)?))
            .run_async(async |_| Ok(cloud.install(host).await?))
        .job("healthy").after("app")
            .check_only_async(async |_| Ok(cloud.answers(host).await?))
}
