//! Files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use super::{change, lock};
use crate::faults::{Access, interruption, touches};

/// Files and what is in them: a fake of a disk, for jobs that are told to use it in place of the real one.
///
/// - [`write`](Disk::write) takes two steps, with an [`interruption`] point between them: a file can be found half
///   written. [`append`](Disk::append), [`rename`](Disk::rename) and the others take one.
/// - Behind every change there is another interruption point, so that a phase can be cut between two of them.
/// - Each use of a file [touches](touches) it, but for those that are [shared](Disk::sharing).
/// - What a dead process still says, as by its destructors, is ignored.
///
/// There are no directories: a name with slashes is a name.
///
/// ```
/// use dojobber_core::testkit::Disk;
///
/// let disk = Disk::new().with("etc/motd", "hello");
/// disk.write("etc/hosts.new", "10.0.0.1 db");
/// disk.rename("etc/hosts.new", "etc/hosts");
/// assert_eq!(disk.read("etc/hosts").as_deref(), Some("10.0.0.1 db"));
/// assert_eq!(disk.list("etc/"), ["etc/hosts", "etc/motd"]);
/// disk.remove_all("etc/");
/// assert!(disk.into_files().is_empty());
/// ```
#[derive(Debug, Default)]
pub struct Disk {
    /// Stands before the names of files in findings.
    name: String,
    files: Mutex<BTreeMap<String, String>>,
    shared: BTreeSet<String>,
}

impl Disk {
    /// An empty one.
    pub fn new() -> Self {
        Disk::default()
    }

    /// An empty one of several: findings name it, and the same file on another one is something else.
    pub fn named(name: impl Into<String>) -> Self {
        Disk { name: name.into() + ":", ..Disk::default() }
    }

    /// The same with a file that is there from the start.
    pub fn with(self, file: impl Into<String>, text: impl Into<String>) -> Self {
        lock(&self.files).insert(file.into(), text.into());
        self
    }

    /// These files may be used by several jobs without an order: that is no finding.
    pub fn sharing<S: Into<String>>(mut self, files: impl IntoIterator<Item = S>) -> Self {
        self.shared.extend(files.into_iter().map(Into::into));
        self
    }

    /// What is in a file; `None` if there is none.
    pub fn read(&self, file: &str) -> Option<String> {
        self.touch(file, Access::Read);
        lock(&self.files).get(file).cloned()
    }

    /// Whether there is such a file.
    pub fn exists(&self, file: &str) -> bool {
        self.touch(file, Access::Read);
        lock(&self.files).contains_key(file)
    }

    /// Whether exactly that is in the file.
    pub fn is(&self, file: &str, text: &str) -> bool {
        self.read(file).as_deref() == Some(text)
    }

    /// The names that begin like this, in order. It touches no file.
    pub fn list(&self, prefix: &str) -> Vec<String> {
        lock(&self.files).keys().filter(|file| file.starts_with(prefix)).cloned().collect()
    }

    /// Writes a file, in two steps: first there is only half of the text.
    pub fn write(&self, file: &str, text: &str) {
        self.touch(file, Access::Write);
        self.set(file, half(text));
        self.set(file, text);
    }

    /// Adds text to the end of a file, in one step, as a line is added to a log; the file is made if it is not there.
    pub fn append(&self, file: &str, text: &str) {
        self.touch(file, Access::Write);
        change(&self.files, |files| files.entry(file.to_owned()).or_default().push_str(text));
        interruption();
    }

    /// Gives a file another name, in one step; a file of that name is replaced. Returns whether it was there.
    pub fn rename(&self, from: &str, to: &str) -> bool {
        self.touch(from, Access::Write);
        self.touch(to, Access::Write);
        let was_there = change(&self.files, |files| {
            let text = files.remove(from);
            text.map(|text| files.insert(to.to_owned(), text)).is_some()
        });
        interruption();
        was_there
    }

    /// Removes a file, in one step. Returns whether it was there.
    pub fn remove(&self, file: &str) -> bool {
        self.touch(file, Access::Write);
        let was_there = change(&self.files, |files| files.remove(file).is_some());
        interruption();
        was_there
    }

    /// Removes all files whose names begin like this, one after the other.
    pub fn remove_all(&self, prefix: &str) {
        for file in self.list(prefix) {
            self.remove(&file);
        }
    }

    /// All files. It touches none.
    pub fn files(&self) -> BTreeMap<String, String> {
        lock(&self.files).clone()
    }

    /// All files, when the plan that borrows the disk is gone.
    pub fn into_files(self) -> BTreeMap<String, String> {
        self.files()
    }

    fn set(&self, file: &str, text: &str) {
        change(&self.files, |files| files.insert(file.to_owned(), text.to_owned()));
        interruption();
    }

    fn touch(&self, file: &str, access: Access) {
        if !self.shared.contains(file) {
            touches(format!("{}{file}", self.name), access);
        }
    }
}

/// The first half of a text.
fn half(text: &str) -> &str {
    let middle = text.len() / 2;
    let end = (middle..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_has_two_halves() {
        let check = |text: &str, first: &str| assert_eq!(half(text), first);
        check("", "");
        check("a", "");
        check("abcd", "ab");
        check("\u{e9}", "\u{e9}");
        check("a\u{e9}b", "a\u{e9}");
    }

    #[test]
    fn files_are_changed_as_they_are_told() {
        let disk = Disk::new().with("a", "1");
        disk.append("a", "23");
        disk.append("b", "4");
        assert!(disk.rename("b", "c") && !disk.rename("b", "c"));
        assert!(disk.is("a", "123") && disk.exists("c") && !disk.exists("b"));
        assert!(disk.remove("a") && !disk.remove("a"));
        assert_eq!(disk.into_files(), BTreeMap::from([("c".to_owned(), "4".to_owned())]));
    }
}
