//! The jobs ask the pretended cloud.

use std::io;

use crate::cloud::Cloud;
use crate::graph::Service;
use crate::host::Host;

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
