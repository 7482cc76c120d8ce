//! Mermaid, which judges our flowcharts: several versions of it, as npm has them.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::util::cargo;

/// The first that many hosts still have, those between which labels changed, and a late one.
const VERSIONS: [&str; 4] = ["10.9", "11.4", "11.6", "11.17"];

/// Lets every version draw names of all kinds, in a browser.
pub(crate) fn run(root: &Path) -> Result<()> {
    for version in VERSIONS {
        // where the test looks for it
        let folder = root.join("target/mermaid").join(version);
        if folder.join("mermaid.min.js").exists() {
            continue;
        }
        if !fetch(version, &folder)? {
            println!("    skipped: npm is not there, or has no mermaid@{version}");
            return Ok(());
        }
        println!("    mermaid@{version} is there");
    }
    cargo(root, "test --package dojobber-viz --all-features --test it -- mermaid_itself")
}

/// Has npm download the package alone, and keeps its script; false if it cannot.
fn fetch(version: &str, folder: &Path) -> Result<bool> {
    std::fs::create_dir_all(folder)?;
    let mut npm = Command::new("npm");
    npm.args(["pack", "--silent", &format!("mermaid@{version}")]);
    // the move comes last, so that what is there is whole
    let unpack = "tar -xzf ./*.tgz package/dist/mermaid.min.js && rm ./*.tgz && mv package/dist/mermaid.min.js . && rm -r package";
    let mut shell = Command::new("sh");
    shell.args(["-c", unpack]);
    Ok(succeeds(npm, folder) && succeeds(shell, folder))
}

fn succeeds(mut command: Command, folder: &Path) -> bool {
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
