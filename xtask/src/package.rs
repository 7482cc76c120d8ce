//! Packages as they would be published: complete, and built from what is in them alone.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::metadata::{Metadata, Package};
use crate::util::{cargo, execute, target};

/// Checks what the manifests say, packs all that is published, and builds it from the packages.
pub(crate) fn run(root: &Path) -> Result<()> {
    let metadata = Metadata::read(root)?;
    let lacks: Vec<String> = metadata.published().flat_map(lacks).collect();
    ensure!(lacks.is_empty(), "{}", lacks.join("\n"));
    let kept = metadata.packages.iter().filter(|package| !package.is_published());
    let exclude: String = kept.map(|package| format!(" --exclude {}", package.name)).collect();
    // what is not committed yet may be packed here; nothing is uploaded
    cargo(root, &format!("package --workspace --locked --allow-dirty --no-verify{exclude}"))?;
    let folder = target(root).join("unpacked");
    unpack(root, &metadata, &folder)?;
    let manifest = folder.join("Cargo.toml");
    let check = "check --workspace --all-features --lib --bins --examples --manifest-path";
    cargo(root, &format!("{check} {} --target-dir {}", manifest.display(), target(root).display()))
}

/// Makes a workspace of what is in the packages. Cargo's own check takes their dependencies from a registry that it
/// makes up, and keeps what it has once taken from there for as long as the version is the same.
fn unpack(root: &Path, metadata: &Metadata, folder: &Path) -> Result<()> {
    if folder.is_dir() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let (mut members, mut patches) = (String::new(), String::new());
    for package in metadata.published() {
        let name = format!("{}-{}", package.name, package.version);
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(target(root).join(format!("package/{name}.crate"))).arg("-C").arg(folder);
        execute(root, tar)?;
        write!(members, "{name:?}, ")?;
        writeln!(patches, "{} = {{ path = {name:?} }}", package.name)?;
    }
    let manifest =
        format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n\n[patch.crates-io]\n{patches}");
    fs::write(folder.join("Cargo.toml"), manifest)?;
    // the versions that everything else is tested with
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).context("Cargo.lock cannot be copied")?;
    Ok(())
}

/// Lists what a package should have and lacks.
fn lacks(package: &Package) -> Vec<String> {
    let says = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let has = |file: &str| package.folder().join(file).is_file();
    let readme =
        package.readme.as_ref().and_then(|readme| fs::read_to_string(package.folder().join(readme)).ok());
    let docs = &package.metadata["docs"]["rs"]["all-features"];
    let wanted = [
        ("a description", says(&package.description)),
        ("a licence", says(&package.license)),
        ("LICENSE-MIT and LICENSE-APACHE in its folder", has("LICENSE-MIT") && has("LICENSE-APACHE")),
        ("a repository", says(&package.repository)),
        ("documentation", says(&package.documentation)),
        ("a rust-version", says(&package.rust_version)),
        ("keywords", !package.keywords.is_empty()),
        ("categories", !package.categories.is_empty()),
        ("a readme that begins with a heading", readme.is_some_and(|text| text.starts_with("# "))),
        ("`all-features = true` in package.metadata.docs.rs", docs.as_bool() == Some(true)),
    ];
    let missing = wanted.into_iter().filter(|(_, is_there)| !is_there);
    missing.map(|(what, _)| format!("{} lacks {what}", package.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_package_lacks_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut package = Package {
            name: "x".to_owned(),
            manifest_path: folder.path().join("Cargo.toml"),
            ..Package::default()
        };
        assert_eq!(lacks(&package).len(), 10);
        assert_eq!(lacks(&package)[0], "x lacks a description");
        let some = || Some("text".to_owned());
        (package.description, package.license, package.repository) = (some(), some(), some());
        (package.documentation, package.rust_version) = (some(), some());
        (package.keywords, package.categories) = (vec!["a".to_owned()], vec!["b".to_owned()]);
        package.readme = Some("README.md".into());
        package.metadata = serde_json::json!({ "docs": { "rs": { "all-features": true } } });
        let files = "x lacks LICENSE-MIT and LICENSE-APACHE in its folder";
        assert_eq!(lacks(&package), [files, "x lacks a readme that begins with a heading"]);
        for file in ["LICENSE-MIT", "LICENSE-APACHE", "README.md"] {
            fs::write(folder.path().join(file), "# text").unwrap();
        }
        assert_eq!(lacks(&package), [""; 0]);
    }
}
