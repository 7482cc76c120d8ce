//! The jobs of a fleet, without a word about how they are run.

use std::io;
use std::time::Duration;

use dojobber::{Backoff, Graph, Jitter, Pool, unknown};

use super::host::{CONNECTIONS, Host, REGIONS};

/// The service that hosts are ordered from, and the hosts: the cloud, or a fake in a test.
pub(crate) trait Service: Sync {
    fn exists(&self, host: &Host) -> impl Future<Output = io::Result<bool>> + Send;
    fn create(&self, host: &Host) -> impl Future<Output = io::Result<()>> + Send;
    /// Whether a host answers yet.
    fn answers(&self, host: &Host) -> impl Future<Output = io::Result<()>> + Send;
    fn is_installed(&self, host: &Host) -> impl Future<Output = io::Result<bool>> + Send;
    fn install(&self, host: &Host) -> impl Future<Output = io::Result<()>> + Send;
}

const FIRST_DELAY: Duration = Duration::from_millis(10);
const LONGEST_DELAY: Duration = Duration::from_millis(80);

/// A nest of four jobs for each host. Those of a region share its connections.
pub(crate) fn fleet<'a>(hosts: &'a [Host], service: &'a impl Service) -> Graph<'a> {
    let regions = REGIONS.map(|region| Pool::new(format!("region {region}"), CONNECTIONS));
    hosts.iter().fold(Graph::new(), |graph, host| {
        let region = REGIONS.iter().position(|region| *region == host.region).map(|at| &regions[at]);
        graph.job(&host.name).nest(host_jobs(host, service, region))
    })
}

#[rustfmt::skip] // the layout shows what belongs to a job
fn host_jobs<'a>(host: &'a Host, service: &'a impl Service, region: Option<&Pool>) -> Graph<'a> {
    let delay = Backoff::exponential(FIRST_DELAY).max_delay(LONGEST_DELAY).jitter(Jitter::Equal);
    Graph::new()
        .job("server").description("order it").uses(region)
            .check_async(async |_| Ok(service.exists(host).await.map_err(unknown)?))
            .run_async(async |_| Ok(service.create(host).await?))
        .job("up").after("server").tries(6).retry_delay(delay)
            .check_only_async(async |_| Ok(service.answers(host).await?))
        .job("app").description("install the app").after("up").uses(region)
            .check_async(async |_| Ok(service.is_installed(host).await.map_err(unknown)?))
            .run_async(async |_| Ok(service.install(host).await?))
        .job("healthy").after("app")
            .check_only_async(async |_| Ok(service.answers(host).await?))
}
