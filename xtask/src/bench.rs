//! All benchmarks in one go.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::util::{cargo, execute, target};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// Few samples are taken.
    pub(crate) quick: bool,
    /// The Rust crates that do the same are left out: they take long to build.
    pub(crate) without_peers: bool,
    /// Only jobs that wait are measured.
    pub(crate) waits: bool,
}

/// Builds the program that takes all figures, and runs it; it writes to `target/bench`.
pub(crate) fn run(root: &Path, extent: Extent) -> Result<()> {
    let Extent { quick, without_peers, waits } = extent;
    let features = if without_peers || waits { "plot" } else { "plot,peers" };
    cargo(root, &format!("build --release --package dojobber-benches --bin figures --features {features}"))?;
    let target = target(root);
    let mut figures = Command::new(target.join("release/figures"));
    figures.arg("--out").arg(target.join("bench")).arg("--dir").arg(target.join("peers"));
    figures.args(quick.then_some("--quick")).args(waits.then_some("--waits"));
    execute(root, figures)
}
