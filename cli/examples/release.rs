//! A release pipeline: a key names a job and types what it returns. Its jobs are described in `release/graph.rs`.
//!
//! ```text
//! echo 1.2.3 > VERSION
//! cargo run -p dojobber-cli --example release -- --plan
//! ```

#[path = "release/graph.rs"]
mod graph;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use semver::Version;

use graph::{Repo, release};

/// Release what is in a folder
#[derive(Parser)]
struct Args {
    /// The folder; its file VERSION says what is released
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Build and tag only
    #[arg(long)]
    no_publish: bool,
    #[command(flatten)]
    run: dojobber_cli::RunArgs,
}

fn main() -> ExitCode {
    let args = dojobber_cli::parse::<Args>();
    let repo = Directory(args.folder);
    args.run.main(release(&repo, !args.no_publish).compile(), ())
}

/// A directory with a file `VERSION`.
struct Directory(PathBuf);

impl Repo for Directory {
    fn version(&self) -> Result<Version> {
        Ok(fs::read_to_string(self.0.join("VERSION")).context("no VERSION file")?.trim().parse()?)
    }
    fn is_built(&self, file: &str) -> bool {
        self.0.join(file).exists()
    }
    fn build(&self, file: &str, target: &str) -> Result<()> {
        let new = self.0.join(format!("{file}.new"));
        fs::write(&new, target)?;
        Ok(fs::rename(&new, self.0.join(file))?)
    }
    fn sum(&self, file: &str) -> Result<u64> {
        Ok(fs::read(self.0.join(file))?.iter().map(|byte| u64::from(*byte)).sum())
    }
    fn has_tag(&self, tag: &str) -> Result<bool> {
        Ok(tags(&self.0).iter().any(|one| one == tag))
    }
    fn push_tag(&self, tag: &str) -> Result<()> {
        let mut all = tags(&self.0);
        all.push(tag.into());
        let new = self.0.join("tags.new");
        fs::write(&new, all.join("\n"))?;
        Ok(fs::rename(&new, self.0.join("tags"))?)
    }
    fn publish(&self, notes: &str, sums: &BTreeMap<String, u64>) -> Result<()> {
        Ok(writeln!(io::stdout(), "publishing {notes}\n{sums:?}")?)
    }
}

fn tags(repo: &Path) -> Vec<String> {
    fs::read_to_string(repo.join("tags")).unwrap_or_default().lines().map(str::to_owned).collect()
}
