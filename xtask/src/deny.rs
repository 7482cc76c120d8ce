//! What the lock file may hold: licences, packages and sources, as `deny.toml` says; and no package that is known to be
//! harmful, where that can be looked up.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::util::{cargo, this_cargo};

/// Lets cargo-deny check, where it is there.
pub(crate) fn run(root: &Path) -> Result<()> {
    if !succeeds(root, "--version") {
        println!("    skipped: cargo-deny is not there; to have it: cargo install cargo-deny --locked");
        return Ok(());
    }
    cargo(root, "deny --workspace check licenses bans sources")?;
    if !succeeds(root, "fetch db") {
        println!("    skipped advisories: their database cannot be fetched");
        return Ok(());
    }
    cargo(root, "deny --workspace check --disable-fetch advisories")
}

fn succeeds(root: &Path, arguments: &str) -> bool {
    let mut deny = Command::new(this_cargo());
    deny.arg("deny").args(arguments.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
    deny.current_dir(root).status().is_ok_and(|status| status.success())
}
