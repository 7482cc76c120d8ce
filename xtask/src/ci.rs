//! The whole CI, step by step.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::metadata::Metadata;
use crate::util::{cargo, execute, target, this_cargo, words};
use crate::{deny, docs, guard, mermaid, model, newcomer, outside, package, readers, slurm, targets, tidy};

/// In the order in which they are done: what is quick comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// What lints cannot say: one-way imports and the like
    Tidy,
    /// Licences, packages and sources are those that deny.toml allows, where cargo-deny is there
    Deny,
    /// The code is formatted
    Fmt,
    /// No lint has anything to say, with all features and with none
    Clippy,
    /// All tests, those in the docs included
    Test,
    /// The pictures of the docs are up to date, and ours are as good as those of Graphviz, where it is there
    Pictures,
    /// Mermaid shows names as they are, in all versions that npm has for us, where it is there
    Mermaid,
    /// JUnit files and traces are read right by tools of others, where pip and npm have them
    Readers,
    /// A program that is killed 500 times, at any moment: its journal is true, and what it owes is done afterwards
    Kills,
    /// The docs can be built, without a warning
    Doc,
    /// What is published is complete, and compiles from its packages alone
    Package,
    /// The libraries compile with the oldest Rust that they promise
    Msrv,
    /// The libraries compile for Windows and macOS, where rustup has their standard libraries
    Targets,
    /// A few fixed runs take no more instructions than was accepted, where valgrind is there
    Guard,
    /// What the workers of a run share is checked in every order there can be, and finds planted mistakes
    Model,
    /// A crate outside of the workspace uses the library and its test kit; the programs of the README run with the dependencies
    /// that it names
    User,
    /// Units are executed by a Slurm of three nodes, where slurm-wlm, munge and namespaces are there
    Slurm,
    /// The fuzzed functions pass on a few hundred inputs; their fuzzers can be built, where cargo-fuzz is there
    Fuzz,
}

/// Does the steps, or all there are if none is named.
pub(crate) fn run(root: &Path, steps: &[Step]) -> Result<()> {
    let steps = if steps.is_empty() { Step::value_variants() } else { steps };
    let mut times = Vec::new();
    for step in steps {
        println!("\n==> {}", step.name());
        let start = Instant::now();
        let done = step.run(root);
        times.push((step.name(), start.elapsed()));
        done.with_context(|| format!("{} failed after {}", step.name(), seconds(start.elapsed())))?;
        println!("    {} passed in {}", step.name(), seconds(start.elapsed()));
    }
    let summary: Vec<String> =
        times.iter().map(|(name, time)| format!("{name} {}", seconds(*time))).collect();
    println!("\nall passed: {}", summary.join(", "));
    Ok(())
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().expect("no step is hidden").get_name().to_owned()
    }

    fn run(self, root: &Path) -> Result<()> {
        match self {
            Step::Tidy => tidy::run(root),
            Step::Deny => deny::run(root),
            Step::Fmt => cargo(root, "fmt --all --check"),
            Step::Clippy => clippy(root),
            Step::Test => cargo(root, "test --workspace --all-features"),
            Step::Pictures => {
                docs::check(root)?;
                layout_quality(root, &["--check".to_owned(), "--quick".to_owned()])
            }
            Step::Mermaid => mermaid::run(root),
            Step::Readers => readers::run(root),
            Step::Kills => kills(root),
            Step::Doc => {
                let mut doc = Command::new(this_cargo());
                doc.args(words("doc --workspace --no-deps --all-features")).env("RUSTDOCFLAGS", "-Dwarnings");
                execute(root, doc)
            }
            Step::Package => package::run(root),
            Step::Msrv => msrv(root),
            Step::Targets => targets::run(root),
            Step::Guard => guard::run(root, false),
            Step::Model => model::run(root),
            Step::User => outside::user(root).and_then(|()| newcomer::run(root)),
            Step::Slurm => slurm::test(root),
            Step::Fuzz => outside::smoke(root),
        }
    }
}

/// Draws the suite of graphs, in release mode: it is timed as well.
pub(crate) fn layout_quality(root: &Path, arguments: &[String]) -> Result<()> {
    let mut quality = Command::new(this_cargo());
    quality.args(words("run --quiet --release --package dojobber-benches --bin layout-quality --"));
    quality.args(arguments);
    execute(root, quality)
}

fn clippy(root: &Path) -> Result<()> {
    cargo(root, "clippy --workspace --all-targets --all-features -- -D warnings")?;
    cargo(root, "clippy --package dojobber-core --all-targets --no-default-features -- -D warnings")?;
    for package in Metadata::read(root)?.published().filter(|package| package.is_library()) {
        cargo(
            root,
            &format!("clippy --package {} --lib --no-default-features -- -D warnings", package.name),
        )?;
    }
    Ok(())
}

/// The tests alone do the same a few times.
fn kills(root: &Path) -> Result<()> {
    let mut kills = Command::new(this_cargo());
    kills
        .args(words("test --quiet --package dojobber --all-features --test it -- killed::a_journal_is_true"));
    kills.env("DOJOBBER_ROUNDS", "500");
    execute(root, kills)
}

fn msrv(root: &Path) -> Result<()> {
    let version = promised_rust(&std::fs::read_to_string(root.join("Cargo.toml"))?)?;
    if !has_toolchain(root, &version)? {
        let mut install = Command::new("rustup");
        install.args(["toolchain", "install", &version]).args(words("--profile minimal --no-self-update"));
        execute(root, install)?;
    }
    let mut check = Command::new("cargo");
    check.arg(format!("+{version}")).args(words("check --lib --all-features --locked"));
    // the rest of the workspace is for us alone
    for package in Metadata::read(root)?.published().filter(|package| package.is_library()) {
        check.args(["--package", &package.name]);
    }
    check.arg("--target-dir").arg(target(root).join("msrv"));
    execute(root, check)
}

/// The workspace's `rust-version`, with all its three parts.
fn promised_rust(manifest: &str) -> Result<String> {
    let manifest: toml::Table = manifest.parse()?;
    let version = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("package")?.get("rust-version")?.as_str())
        .context("Cargo.toml says no workspace.package.rust-version")?;
    Ok(if version.matches('.').count() < 2 { format!("{version}.0") } else { version.to_owned() })
}

fn has_toolchain(root: &Path, version: &str) -> Result<bool> {
    let list = Command::new("rustup").args(["toolchain", "list"]).current_dir(root).output();
    let list = list.context("rustup is needed for another version of Rust")?;
    Ok(lists_toolchain(&String::from_utf8_lossy(&list.stdout), version))
}

fn lists_toolchain(list: &str, version: &str) -> bool {
    list.lines().any(|line| line.strip_prefix(version).is_some_and(|rest| rest.starts_with('-')))
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_promised_rust_has_three_parts() {
        let manifest = |version: &str| format!("[workspace.package]\nrust-version = \"{version}\"");
        assert_eq!(promised_rust(&manifest("1.88")).unwrap(), "1.88.0");
        assert_eq!(promised_rust(&manifest("1.88.1")).unwrap(), "1.88.1");
        assert!(promised_rust("[workspace]").unwrap_err().to_string().contains("rust-version"));
    }

    #[test]
    fn a_toolchain_is_listed_by_its_whole_version() {
        let list = "stable-x86_64-unknown-linux-gnu (default)\n1.88.0-x86_64-unknown-linux-gnu\n";
        assert!(lists_toolchain(list, "1.88.0"));
        assert!(!lists_toolchain(list, "1.88"));
        assert!(!lists_toolchain(list, "1.8"));
    }

    #[test]
    fn a_step_that_fails_ends_it() {
        let nowhere = tempfile::tempdir().unwrap();
        let error = run(nowhere.path(), &[Step::Msrv, Step::Tidy]).unwrap_err();
        assert!(format!("{error:#}").starts_with("msrv failed after "), "{error:#}");
    }
}
