//! All benchmarks in one go.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::util::{cargo, execute, target};

/// Builds the program that takes all figures, and runs it; it writes to `target/bench`.
///
/// `peers`: beside the Rust crates that do the same as well, which take long to build.
pub(crate) fn run(root: &Path, quick: bool, peers: bool) -> Result<()> {
    let features = if peers { "plot,peers" } else { "plot" };
    cargo(root, &format!("build --release --package dojobber-benches --bin figures --features {features}"))?;
    let target = target(root);
    let mut figures = Command::new(target.join("release/figures"));
    figures.arg("--out").arg(target.join("bench")).arg("--dir").arg(target.join("peers"));
    figures.args(quick.then_some("--quick"));
    execute(root, figures)
}
