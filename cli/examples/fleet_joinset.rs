//! What `fleet` does, with a `JoinSet` and semaphores of tokio: no report, no dry run, no events, no signals.
#![expect(clippy::print_stdout, reason = "a program talks to its user")]

#[path = "fleet/host.rs"]
mod host;
#[path = "fleet/cloud.rs"]
mod cloud;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use cloud::Cloud;
use host::{CONNECTIONS, Host, REGIONS, hosts};

const HOSTS: usize = 300;
const FIRST_DELAY: Duration = Duration::from_millis(10);
const LONGEST_DELAY: Duration = Duration::from_millis(80);
const TRIES: u32 = 6;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cloud = Arc::new(Cloud::default());
    let regions = REGIONS.map(|_| Arc::new(Semaphore::new(CONNECTIONS as usize)));
    let mut set = JoinSet::new();
    for host in hosts(HOSTS) {
        let region = REGIONS.iter().position(|region| *region == host.region).unwrap_or(0);
        let (cloud, region) = (Arc::clone(&cloud), Arc::clone(&regions[region]));
        set.spawn(async move { bring_up(&host, &cloud, &region).await.map_err(|error| (host.name, error)) });
    }
    let all = set.join_all().await;
    let failed: Vec<_> = all.iter().filter_map(|result| result.as_ref().err()).collect();
    println!("{} hosts: {} up, {} failed", all.len(), all.len() - failed.len(), failed.len());
    for (host, error) in &failed {
        println!("{host}: {error}");
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn bring_up(host: &Host, cloud: &Cloud, region: &Semaphore) -> io::Result<()> {
    {
        let _slot = region.acquire().await;
        if !cloud.exists(host).await? {
            let created = cloud.create(host).await;
            if !cloud.exists(host).await? {
                return Err(created.err().unwrap_or(io::ErrorKind::NotFound.into()));
            }
        }
    }
    wait_for(host, cloud).await?;
    {
        let _slot = region.acquire().await;
        if !cloud.is_installed(host).await? {
            let installed = cloud.install(host).await;
            if !cloud.is_installed(host).await? {
                return Err(installed.err().unwrap_or(io::ErrorKind::NotFound.into()));
            }
        }
    }
    cloud.answers(host).await
}

async fn wait_for(host: &Host, cloud: &Cloud) -> io::Result<()> {
    for attempt in 1.. {
        let answer = cloud.answers(host).await;
        if answer.is_ok() || attempt == TRIES {
            return answer;
        }
        let delay = LONGEST_DELAY.min(FIRST_DELAY * 2u32.pow(attempt - 1));
        tokio::time::sleep(delay.mul_f64(jitter(host, attempt))).await;
    }
    Ok(())
}

/// At least half, at most all.
fn jitter(host: &Host, attempt: u32) -> f64 {
    use std::hash::BuildHasher;
    let random = std::hash::RandomState::new().hash_one((&host.name, attempt));
    0.5 + 0.5 * (random as f64 / u64::MAX as f64)
}
