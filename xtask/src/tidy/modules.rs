//! The files of one crate as a tree of modules, and which of them uses which.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use super::files::Files;
use super::source::Source;

/// A crate: what a compiler is given as one, with all its files.
pub(crate) struct Crate {
    /// The root first; every other file behind the one that declares it.
    pub(crate) files: Vec<Module>,
}

/// How many imports of imports are followed: names can import each other in a ring.
const MOST_STEPS: usize = 8;

/// A place in [`Crate::files`].
pub(crate) type FileId = usize;

/// A module that is a file of its own.
pub(crate) struct Module {
    /// In the workspace.
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) parent: Option<FileId>,
    /// In the order of their `mod` lines.
    pub(crate) children: Vec<FileId>,
    pub(crate) source: Source,
}

/// One file uses something that another declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) from: FileId,
    pub(crate) to: FileId,
    pub(crate) line: usize,
}

impl Crate {
    /// Reads the crate whose root file is `root`.
    pub(crate) fn read(files: &Files, root: &Path) -> Result<Self> {
        let mut found = Crate { files: Vec::new() };
        let folder = root.parent().unwrap_or(Path::new("")).to_owned();
        found.add(files, root.to_owned(), "crate".to_owned(), None)?;
        let mut next = 0;
        while next < found.files.len() {
            let inside = if next == 0 { folder.clone() } else { found.files[next].path.with_extension("") };
            for at in 0..found.files[next].source.modules.len() {
                let module = &found.files[next].source.modules[at];
                let path = match &module.path {
                    Some(path) => normal(&found.files[next].path.with_file_name("").join(path)),
                    None => inside.join(format!("{}.rs", module.name)),
                };
                // what another crate's folder holds is looked at there
                if path.starts_with(&folder) && files.contains_key(&path) {
                    let name = module.name.clone();
                    found.add(files, path, name, Some(next))?;
                }
            }
            next += 1;
        }
        Ok(found)
    }

    fn add(&mut self, files: &Files, path: PathBuf, name: String, parent: Option<FileId>) -> Result<()> {
        let text = files.get(&path).map_or("", String::as_str);
        let source = Source::read(text).with_context(|| format!("in {}", path.display()))?;
        if let Some(parent) = parent {
            let id = self.files.len();
            self.files[parent].children.push(id);
        }
        self.files.push(Module { path, name, parent, children: Vec::new(), source });
        Ok(())
    }

    /// Which file uses which, each pair once with its first line. A `pub use` of a name that the file does not mention
    /// itself only hands it on, and is no use.
    pub(crate) fn uses(&self) -> Vec<Use> {
        let mut uses = BTreeSet::new();
        for (from, file) in self.files.iter().enumerate() {
            for path in &file.source.paths {
                let only_hands_on =
                    path.handed_on.as_ref().is_some_and(|name| !file.source.mentioned.contains(name));
                if let (false, Some(to)) = (only_hands_on, self.resolve(from, &path.segments, 0)) {
                    uses.insert(Use { from, to, line: path.line });
                }
            }
            uses.extend(self.calls_back(from));
        }
        let mut uses: Vec<Use> = uses.into_iter().filter(|one| one.from != one.to).collect();
        uses.dedup_by_key(|one| (one.from, one.to));
        uses
    }

    /// The file that adds methods to a type of another one is used by that one where it calls them.
    fn calls_back(&self, adding: FileId) -> Vec<Use> {
        let mut found = Vec::new();
        for method in &self.files[adding].source.methods {
            let declaring = self.resolve(adding, std::slice::from_ref(&method.on), 0);
            let Some(from) = declaring.filter(|from| *from != adding) else { continue };
            let source = &self.files[from].source;
            if source.methods.iter().any(|own| own.name == method.name) {
                continue; // cannot be told apart by its name
            }
            let calls = source.calls.iter().filter(|(name, _)| *name == method.name);
            found.extend(calls.map(|(_, line)| Use { from, to: adding, line: *line }));
        }
        found
    }

    /// The file that declares what a path in the file `from` leads to; none if that is outside of the crate.
    /// `steps` counts the imports that were followed to here.
    fn resolve(&self, from: FileId, path: &[String], steps: usize) -> Option<FileId> {
        if steps > MOST_STEPS {
            return None;
        }
        let (mut at, mut is_certain) = (from, false);
        for (index, segment) in path.iter().enumerate() {
            match segment.as_str() {
                "crate" => at = 0,
                "self" => {}
                "super" => at = self.files[at].parent?,
                "*" => return Some(at),
                name => {
                    if let Some(child) = self.child(at, name) {
                        at = child;
                    } else if self.files[at].source.declared.contains(name) {
                        return Some(at);
                    } else if let Some(import) = self.imported(at, name) {
                        let onward: Vec<String> = import.iter().chain(&path[index + 1..]).cloned().collect();
                        return self.resolve(at, &onward, steps + 1);
                    } else if let Some(found) = self.in_globs(at, name, steps) {
                        return Some(found);
                    } else {
                        return is_certain.then_some(at);
                    }
                }
            }
            is_certain = true;
        }
        Some(at)
    }

    fn child(&self, at: FileId, name: &str) -> Option<FileId> {
        self.files[at].children.iter().copied().find(|child| self.files[*child].name == name)
    }

    fn imported(&self, at: FileId, name: &str) -> Option<&Vec<String>> {
        let import = self.files[at].source.imports.iter().find(|import| import.name == name)?;
        (import.path.len() > 1 || import.path[0] != name).then_some(&import.path)
    }

    /// A name that `use module::*` brings in.
    fn in_globs(&self, at: FileId, name: &str, steps: usize) -> Option<FileId> {
        let globs = self.files[at].source.imports.iter().filter(|import| import.name == "*");
        let modules = globs.filter_map(|import| self.resolve(at, &import.path, steps + 1));
        modules.into_iter().find(|module| self.files[*module].source.declared.contains(name))
    }

    /// From the root to the file.
    pub(crate) fn way_to(&self, file: FileId) -> Vec<FileId> {
        let mut way: Vec<FileId> =
            std::iter::successors(Some(file), |file| self.files[*file].parent).collect();
        way.reverse();
        way
    }
}

/// Without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir if normal.pop() => {}
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}
