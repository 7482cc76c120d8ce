//! What `fleet` does, without a command line: the library alone, beside `fleet_joinset`.
#![expect(clippy::print_stdout, reason = "a program talks to its user")]

#[path = "fleet/host.rs"]
mod host;
#[path = "fleet/cloud.rs"]
mod cloud;
#[path = "fleet/graph.rs"]
mod graph;
#[path = "fleet/serving.rs"]
mod serving;

use std::process::ExitCode;

use dojobber::Runner;

use cloud::Cloud;
use graph::fleet;
use host::hosts;

const HOSTS: usize = 300;

fn main() -> dojobber::Result<ExitCode> {
    let (cloud, hosts) = (Cloud::default(), hosts(HOSTS));
    let plan = fleet(&hosts, &cloud).compile()?;
    let run = Runner::builder().threads(1).build().run(&plan, ());
    println!("{}", run.summary());
    Ok(run.exit_code())
}
