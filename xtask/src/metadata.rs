//! The workspace as Cargo knows it, so that no list of packages has to be kept by hand.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::util::this_cargo;

/// All packages of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) documentation: Option<String>,
    pub(crate) readme: Option<PathBuf>,
    pub(crate) rust_version: Option<String>,
    pub(crate) keywords: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) metadata: serde_json::Value,
    pub(crate) targets: Vec<Target>,
    /// The registries that it may be published in: all, if that is not said.
    pub(crate) publish: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Target {
    kind: Vec<String>,
}

impl Metadata {
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut cargo = Command::new(this_cargo());
        cargo.args(["metadata", "--format-version", "1", "--no-deps"]);
        let output = cargo.current_dir(root).output().context("cargo cannot be started")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        serde_json::from_slice(&output.stdout).context("`cargo metadata` wrote something else")
    }

    /// The packages that users get.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.is_published())
    }
}

impl Package {
    pub(crate) fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }

    pub(crate) fn is_library(&self) -> bool {
        self.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "lib"))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::workspace_root;

    #[test]
    fn this_workspace_is_read() {
        let metadata = Metadata::read(workspace_root()).unwrap();
        let names = |packages: Vec<&Package>| packages.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        let published = names(metadata.published().collect());
        for library in ["dojobber", "dojobber-core", "dojobber-viz", "dojobber-cli"] {
            assert!(published.iter().any(|name| name == library), "{published:?}");
        }
        let all = names(metadata.packages.iter().collect());
        for own in ["xtask", "dojobber-benches"] {
            assert!(
                all.iter().any(|name| name == own) && published.iter().all(|name| name != own),
                "{all:?}"
            );
        }
        let viz = metadata.packages.iter().find(|package| package.name == "dojobber-viz").unwrap();
        assert!(viz.is_library() && viz.folder().join("Cargo.toml").is_file());
    }

    #[test]
    fn a_workspace_that_cannot_be_read_says_why() {
        let nowhere = tempfile::tempdir().unwrap();
        let error = Metadata::read(nowhere.path()).unwrap_err().to_string();
        assert!(error.contains("Cargo.toml"), "{error}");
    }
}
