//! The text files of the workspace, and what may be wrong with them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Text files by their path in the workspace.
pub(crate) type Files = BTreeMap<PathBuf, String>;

/// All files of the workspace that hold text, but for what is built or belongs to a tool.
pub(crate) fn files(root: &Path) -> Result<Files> {
    let (mut found, mut folders) = (Files::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_ours = !matches!(&*name, ".git" | "target" | "corpus" | "artifacts");
            if path.is_dir() && is_ours {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.insert(path.strip_prefix(root)?.to_owned(), text);
            }
        }
    }
    Ok(found)
}

/// Something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    pub(crate) file: PathBuf,
    /// From 1; none where it is the file as a whole.
    pub(crate) line: Option<usize>,
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_but_those_of_tools_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["a.md", "core/src/lib.rs", ".ci/run", ".git/config", "target/debug/x", "core/target/y"];
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "text").unwrap();
        }
        fs::write(folder.path().join("picture.png"), [0xFF, 0xD8, 0xFF]).unwrap();
        let found: Vec<PathBuf> = files(folder.path()).unwrap().into_keys().collect();
        assert_eq!(found, [".ci/run", "a.md", "core/src/lib.rs"].map(PathBuf::from));
    }
}
