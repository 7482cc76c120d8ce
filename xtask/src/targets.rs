//! The libraries compile for systems that are not this one.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::metadata::Metadata;
use crate::util::{execute, target, this_cargo, words};

/// Where signals, groups of processes and files are not those of Linux: one system with none of them, and another Unix.
const TARGETS: [&str; 2] = ["x86_64-pc-windows-gnu", "x86_64-apple-darwin"];

/// It refuses to compile elsewhere, and says so.
const UNIX_ALONE: &str = "dojobber-cluster";

/// Checks the published libraries for each target whose standard library is there, or can be had.
pub(crate) fn run(root: &Path) -> Result<()> {
    let metadata = Metadata::read(root)?;
    for name in TARGETS {
        if !is_installed(root, name)? && !install(root, name) {
            println!("    skipped {name}: its standard library cannot be had");
            continue;
        }
        let mut check = Command::new(this_cargo());
        check.args(words("check --quiet --lib --all-features --locked --target")).arg(name);
        let libraries = metadata.published().filter(|package| package.is_library());
        for package in libraries.filter(|package| !name.contains("windows") || package.name != UNIX_ALONE) {
            check.args(["--package", &package.name]);
        }
        check.arg("--target-dir").arg(target(root).join("targets"));
        check.env("RUSTFLAGS", "-Dwarnings");
        execute(root, check)?;
        println!("    checked for {name}");
    }
    Ok(())
}

fn is_installed(root: &Path, name: &str) -> Result<bool> {
    let list = Command::new("rustup").args(words("target list --installed")).current_dir(root).output();
    let list = list.context("rustup is needed for other targets")?;
    Ok(String::from_utf8_lossy(&list.stdout).lines().any(|line| line == name))
}

fn install(root: &Path, name: &str) -> bool {
    let mut add = Command::new("rustup");
    add.args(words("target add")).arg(name).current_dir(root).stdout(Stdio::null()).stderr(Stdio::null());
    add.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_toolchain_has_is_not_installed() {
        let root = crate::util::workspace_root();
        assert!(!is_installed(root, "pdp11-unknown-unix").unwrap());
        assert!(!install(root, "pdp11-unknown-unix"));
        assert!(is_installed(root, "x86_64").is_ok_and(|is_there| !is_there), "only by its whole name");
    }
}
