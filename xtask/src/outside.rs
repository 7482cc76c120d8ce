//! Workspaces of their own: the fuzz targets, and a crate that uses the library as anyone would.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::util::{cargo, execute, target, words};

/// The crate that depends on dojobber from outside of the workspace.
const USER: &str = "builder/tests/user-crate";

/// The functions that are fuzzed, by the names of their targets.
const TARGETS: [&str; 5] = ["compile", "simulate", "report", "draw", "scene"];

/// Tests the crate of a user, without the features of this workspace.
pub(crate) fn user(root: &Path) -> Result<()> {
    let folder = target(root).join("user-crate");
    cargo(root, &format!("test --manifest-path {USER}/Cargo.toml --target-dir {}", folder.display()))
}

/// Calls every fuzzed function a few hundred times, on any compiler; and builds the fuzzers, if that can be done here.
pub(crate) fn smoke(root: &Path) -> Result<()> {
    let folder = target(root).join("fuzz-smoke");
    cargo(root, &format!("test --manifest-path fuzz/Cargo.toml --target-dir {}", folder.display()))?;
    if !is_fuzzer_there(root) {
        println!("    skipped the fuzzers: cargo-fuzz, or a nightly toolchain, is not there");
        return Ok(());
    }
    execute(root, fuzzer(["build"]))
}

/// Fuzzes all targets, one after the other, for so many seconds each. Stops at the first finding.
pub(crate) fn fuzz(root: &Path, seconds: u32) -> Result<()> {
    ensure!(
        is_fuzzer_there(root),
        "fuzzing needs cargo-fuzz and a nightly toolchain: \
         `rustup toolchain install nightly && cargo install cargo-fuzz`"
    );
    for target in TARGETS {
        let limit = format!("-max_total_time={seconds}");
        execute(root, fuzzer(["run", target, "--", &limit, "-max_len=1024"]))
            .with_context(|| format!("`{target}` has a finding: make it a test, in fuzz/tests/smoke.rs"))?;
    }
    Ok(())
}

/// A fuzzer is built with a sanitizer, which only a nightly compiler knows.
fn fuzzer<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut cargo = Command::new("rustup");
    cargo.args(words("run nightly cargo fuzz")).args(arguments);
    cargo
}

fn is_fuzzer_there(root: &Path) -> bool {
    let mut version = fuzzer(["--version"]);
    version.stdout(Stdio::null()).stderr(Stdio::null());
    version.current_dir(root).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_fuzzed() {
        let root = crate::util::workspace_root();
        let files = std::fs::read_dir(root.join("fuzz/fuzz_targets")).unwrap();
        let mut names: Vec<String> = files
            .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let mut targets = TARGETS;
        names.sort();
        targets.sort();
        assert_eq!(names, targets);
    }
}
