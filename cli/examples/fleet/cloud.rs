//! Regions full of hosts that are pretended: what is asked takes its time, and some of them never come up.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::host::Host;

/// How long every request takes.
const LATENCY: Duration = Duration::from_millis(4);
/// How often a new host must be asked before it answers.
const BOOTS_FOR: u32 = 2;

/// What there is of a host.
#[derive(Default)]
struct State {
    asked: u32,
    is_installed: bool,
}

/// The service that all regions share.
#[derive(Default)]
pub(crate) struct Cloud {
    servers: Mutex<BTreeMap<String, State>>,
}

impl Cloud {
    pub(crate) async fn exists(&self, host: &Host) -> io::Result<bool> {
        tokio::time::sleep(LATENCY).await;
        Ok(self.lock().contains_key(&host.name))
    }

    pub(crate) async fn create(&self, host: &Host) -> io::Result<()> {
        tokio::time::sleep(LATENCY).await;
        self.lock().entry(host.name.clone()).or_default();
        Ok(())
    }

    /// Whether a host answers yet. It is asked itself.
    pub(crate) async fn answers(&self, host: &Host) -> io::Result<()> {
        tokio::time::sleep(LATENCY).await;
        let mut servers = self.lock();
        let server = servers.get_mut(&host.name).ok_or_else(no_server)?;
        server.asked += 1;
        let is_up = server.asked > BOOTS_FOR && !host.never_comes_up;
        if is_up {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::ConnectionRefused, "it does not answer"))
        }
    }

    pub(crate) async fn is_installed(&self, host: &Host) -> io::Result<bool> {
        tokio::time::sleep(LATENCY).await;
        Ok(self.lock().get(&host.name).is_some_and(|server| server.is_installed))
    }

    pub(crate) async fn install(&self, host: &Host) -> io::Result<()> {
        tokio::time::sleep(LATENCY).await;
        self.lock().get_mut(&host.name).ok_or_else(no_server)?.is_installed = true;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, State>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_server() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "there is no such server")
}
