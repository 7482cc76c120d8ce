//! Does what a newcomer does: copies the programs of the README into a package of their own, with the dependencies that the
//! README names and no others, and runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::util::{execute, target, this_cargo, words};

/// The programs, in their order, each with the arguments with which it is run.
const PROGRAMS: [(&str, &[&str]); 2] = [("first", &[""]), ("site", &["--list", "--plan", "", "-q"])];

/// The packages of ours that they use.
const FOLDERS: [(&str, &str); 2] = [("dojobber", "builder"), ("dojobber-cli", "cli")];

pub(crate) fn run(root: &Path) -> Result<()> {
    let readme = fs::read_to_string(root.join("README.md"))?;
    let folder = target(root).join("newcomer");
    let sources = folder.join("src/bin");
    fs::create_dir_all(&sources)?;
    fs::write(folder.join("Cargo.toml"), manifest(&blocks(&readme, "toml").concat(), root)?)?;
    // the versions that are here already
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let programs: Vec<String> =
        blocks(&readme, "rust").into_iter().filter(|block| block.contains("fn main()")).collect();
    ensure!(programs.len() == PROGRAMS.len(), "README.md shows {} programs", programs.len());
    for ((name, _), program) in PROGRAMS.iter().zip(programs) {
        fs::write(sources.join(format!("{name}.rs")), program)?;
    }
    let work = tempfile::tempdir()?;
    for (name, arguments) in PROGRAMS {
        for arguments in arguments {
            execute(work.path(), cargo_run(&folder, name, arguments))?;
        }
    }
    Ok(())
}

fn cargo_run(folder: &Path, name: &str, arguments: &str) -> Command {
    let mut cargo = Command::new(this_cargo());
    cargo.args(["run", "--quiet", "--bin", name, "--manifest-path"]).arg(folder.join("Cargo.toml"));
    let shared: PathBuf = folder.with_file_name("user-crate"); // most is built there already
    cargo.arg("--target-dir").arg(shared).arg("--").args(words(arguments));
    cargo
}

/// What stands between the fences of one language.
fn blocks(markdown: &str, language: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut is_inside = false;
    for line in markdown.lines() {
        match line.strip_prefix("```") {
            Some(_) if is_inside => is_inside = false,
            Some(info) if info.split(',').next() == Some(language) => {
                is_inside = true;
                blocks.push(String::new());
            }
            None if is_inside => {
                if let Some(block) = blocks.last_mut() {
                    block.push_str(line);
                    block.push('\n');
                }
            }
            _ => {}
        }
    }
    blocks
}

/// The manifest of a package with these dependencies, of which ours are where they stand.
fn manifest(dependencies: &str, root: &Path) -> Result<String> {
    let mut table: toml::Table =
        dependencies.parse().context("the dependencies in README.md are no TOML, put together")?;
    let all = table.get_mut("dependencies").and_then(toml::Value::as_table_mut);
    let all = all.context("README.md names no dependencies")?;
    for (name, folder) in FOLDERS {
        let ours = all.get_mut(name).with_context(|| format!("README.md does not name {name}"))?;
        let path = root.join(folder).to_string_lossy().into_owned();
        *ours = toml::Value::Table(toml::Table::from_iter([("path".to_owned(), path.into())]));
    }
    let package = [("name", "newcomer"), ("version", "0.0.0"), ("edition", "2024")];
    let package = package.map(|(key, value)| (key.to_owned(), value.into()));
    table.insert("package".to_owned(), toml::Value::Table(toml::Table::from_iter(package)));
    table.insert("workspace".to_owned(), toml::Value::Table(toml::Table::new()));
    Ok(table.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_by_their_language() {
        let text =
            "```rust\nfn a() {}\n```\ntext\n```toml\n[a]\nb = 1\n```\n```rust,no_run\nfn b() {}\n```\n";
        assert_eq!(blocks(text, "rust"), ["fn a() {}\n", "fn b() {}\n"]);
        assert_eq!(blocks(text, "toml"), ["[a]\nb = 1\n"]);
    }

    #[test]
    fn our_packages_are_where_they_stand() {
        let made = manifest(
            "[dependencies]\ndojobber = \"0.1\"\ndojobber-cli = \"0.1\"\nclap = \"4\"\n",
            Path::new("/ours"),
        );
        let table: toml::Table = made.unwrap().parse().unwrap();
        let path = |name: &str| table["dependencies"][name].get("path").and_then(toml::Value::as_str);
        assert_eq!(path("dojobber-cli").map(Path::new), Some(Path::new("/ours").join("cli").as_path()));
        assert_eq!(path("clap"), None);
        assert!(manifest("[dependencies]\nclap = \"4\"\n", Path::new("/ours")).is_err());
    }
}
