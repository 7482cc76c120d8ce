//! What lints cannot say: which way imports go, what packages depend on, which files there are.

mod files;
mod source;
mod modules;
mod order;
mod packages;
mod links;
mod architecture;
mod options;
mod prose;
mod errors;
mod untouched;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail};

use files::{Violation, files};
use order::Known;

/// Folders inside of which imports still go the wrong way. Nothing is added here.
const KNOWN: Known<'_> = &["core/src/runner"];

/// Checks all rules, and reports all that break one.
pub(crate) fn run(root: &Path) -> Result<()> {
    check(root, KNOWN)
}

fn check(root: &Path, known: Known<'_>) -> Result<()> {
    let files = files(root)?;
    let mut violations = order::one_way_imports(&files, known)?;
    violations.extend(architecture::out_of_step(&files)?);
    violations.extend(options::untold(&files));
    for (path, text) in &files {
        violations.extend(no_mod_rs(path));
        violations.extend(no_machine_paths(path, text, root));
        violations.extend(untouched::process_wide_calls(path, text)?);
        violations.extend(prose::leaning_docs(path, text));
        violations.extend(errors::derived_debug(path, text));
        violations.extend(links::dead_links(path, text, |target| root.join(target).exists()));
        if path.ends_with("Cargo.toml") {
            violations.extend(packages::one_way_packages(path, text)?);
        }
    }
    if violations.is_empty() {
        return Ok(());
    }
    violations.sort();
    let mut list = String::new();
    for violation in &violations {
        write!(list, "\n{violation}")?;
    }
    bail!("{} to tidy up:{list}", violations.len())
}

fn no_mod_rs(path: &Path) -> Option<Violation> {
    let what = || "a module `foo` is `foo.rs` beside `foo/`, not `foo/mod.rs`".to_owned();
    path.ends_with("mod.rs").then(|| Violation { file: path.to_owned(), line: None, what: what() })
}

/// Folders that exist on someone's machine only; in two pieces, so that this file does not hold them.
const MACHINE: [&str; 3] = [concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("\\Us", "ers\\")];

fn no_machine_paths(path: &Path, text: &str, root: &Path) -> Vec<Violation> {
    let root = root.to_string_lossy();
    let root = (root.len() > 1).then_some(&*root);
    let is_of_machine = |line: &str| {
        let mut folders = MACHINE.into_iter().chain(root);
        folders.find(|folder| line.contains(*folder)).map(str::to_owned)
    };
    let violation = |(at, line)| {
        let what = format!("`{}` is a path of one machine", is_of_machine(line)?);
        Some(Violation { file: path.to_owned(), line: Some(at + 1), what })
    };
    text.lines().enumerate().filter_map(violation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_of_the_old_form_are_found() {
        assert!(no_mod_rs(Path::new("core/src/plan/mod.rs")).is_some());
        assert_eq!(no_mod_rs(Path::new("core/src/plan/modern.rs")), None);
        assert_eq!(no_mod_rs(Path::new("core/src/plan.rs")), None);
    }

    #[track_caller]
    fn check_paths(text: &str, lines: &[usize]) {
        let found = no_machine_paths(Path::new("notes.md"), text, Path::new("/somewhere/dojobber"));
        assert_eq!(found.iter().filter_map(|violation| violation.line).collect::<Vec<_>>(), lines, "{text}");
    }

    #[test]
    fn paths_of_a_machine_are_found() {
        check_paths("see /etc/hosts and /home/wendell and target/", &[]);
        check_paths(&format!("see\n{}notes", MACHINE[0]), &[2]);
        check_paths(&format!("{}me\n\n{}me", MACHINE[1], MACHINE[2]), &[1, 3]);
        check_paths("built in /somewhere/dojobber/core", &[1]);
    }

    /// The whole of it, over a workspace in which one rule of each sort is broken.
    #[test]
    fn every_violation_is_reported_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("core/Cargo.toml", "[package]\nname = \"dojobber-core\"");
        write("core/src/lib.rs", "mod early; mod late;");
        write("core/src/early.rs", "");
        write("core/src/late.rs", "use crate::early;");
        check(folder.path(), &[]).unwrap();
        write("core/src/early.rs", "use crate::late;");
        write("core/src/judge/mod.rs", "");
        write("core/Cargo.toml", "[package]\nname = \"dojobber-core\"\n[dependencies]\ndojobber = \"1\"");
        write("notes.md", &folder.path().to_string_lossy());
        let error = check(folder.path(), &[]).unwrap_err().to_string();
        let expected = format!(
            "5 to tidy up:\n\
             core/Cargo.toml: `dojobber-core` must not depend on `dojobber`\n\
             core/src/early.rs:1: `early` uses `late`, which stands behind it in core/src/lib.rs\n\
             core/src/judge/mod.rs: a module `foo` is `foo.rs` beside `foo/`, not `foo/mod.rs`\n\
             core/src/judge/mod.rs: no `mod` line leads to this file\n\
             notes.md:1: `{}` is a path of one machine",
            folder.path().display()
        );
        assert_eq!(error, expected);
    }
}
