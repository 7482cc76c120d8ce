//! The files that are written when a run is over, and a look at them before it begins.

use std::error::Error;
use std::fmt::Display;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use dojobber::{JobId, Report, Slots};
use dojobber_viz::{Format, Picture, write_whole};

use crate::args::RunArgs;
use crate::journal;
use crate::junit::junit;
use crate::saved::saved;
use crate::trace::trace;

/// Whether all files that are wanted can be written, as far as one can know; what is wrong with each that can not.
pub(crate) fn check(args: &RunArgs) -> Result<(), String> {
    let pictures = args.graph.iter().filter_map(|path| Format::of(path).err()).map(|error| error.to_string());
    let mut wrong: Vec<String> = pictures.collect();
    let mut places: Vec<PathBuf> = Vec::new();
    let mut look = |path: &Path, check: &dyn Fn() -> Result<(), String>| {
        if places.contains(&place(path)) {
            let path = path.display();
            wrong.push(format!("cannot write {path} twice: each file needs a name of its own"));
        } else {
            places.push(place(path));
            wrong.extend(check().err());
        }
    };
    for path in paths(args) {
        look(path, &|| try_to_write(path).map_err(|error| cannot_write(path, &error)));
    }
    if let Some(path) = args.journal.as_deref() {
        look(path, &|| journal::check(path));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Writes them all, and tells which could not be written. `uses` are the slots of pools that jobs use.
pub(crate) fn write(args: &RunArgs, report: &Report, program: &str, uses: &[(JobId, Slots)]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut note = |result: Result<(), String>| wrong.extend(result.err());
    if let Some(path) = &args.report {
        let saved = saved(report).map_err(|error| cannot_write(path, &error));
        note(saved.and_then(|saved| file(path, &saved)));
    }
    if let Some(path) = &args.junit {
        note(file(path, junit(report, program).as_bytes()));
    }
    if let Some(path) = &args.trace {
        note(file(path, trace(report, program, uses).to_string().as_bytes()));
    }
    if !args.graph.is_empty() {
        let picture = Picture::from_report(report);
        for path in &args.graph {
            note(picture.write(path).map_err(|error| with_causes(&error)));
        }
    }
    wrong
}

fn paths(args: &RunArgs) -> Vec<&Path> {
    let others = [&args.report, &args.junit, &args.trace].into_iter().flatten();
    args.graph.iter().chain(others).map(|path| path.as_path()).collect()
}

/// The same for all names of one file, as far as one can know.
fn place(path: &Path) -> PathBuf {
    let there = path.canonicalize().ok();
    let folder = || path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let to_be = || Some(folder().canonicalize().ok()?.join(path.file_name()?));
    there.or_else(to_be).unwrap_or_else(|| path.to_owned())
}

fn file(path: &Path, content: &[u8]) -> Result<(), String> {
    write_whole(path, content).map_err(|error| with_causes(&error))
}

fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| Error::source(*cause));
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn cannot_write(path: &Path, error: &dyn Display) -> String {
    format!("cannot write {}: {error}", path.display())
}

/// Opens it for writing and changes nothing: a file that was not there is there no more afterwards.
fn try_to_write(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        // opening a pipe would wait for its reader
        Ok(there) if !there.is_file() => Ok(()),
        Ok(_) => OpenOptions::new().write(true).open(path).map(drop),
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => {
            OpenOptions::new().write(true).create_new(true).open(path)?;
            fs::remove_file(path)
        }
        // a link to a file that is not there yet
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            OpenOptions::new().write(true).create(true).truncate(false).open(path).map(drop)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_files(graph: &[PathBuf], report: Option<PathBuf>, expected: &[&str]) {
        let args = RunArgs { graph: graph.to_vec(), report, ..RunArgs::default() };
        let found = check(&args).err().unwrap_or_default();
        let found: Vec<&str> = found.lines().collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, part) in found.iter().zip(expected) {
            assert!(found.contains(part), "{found}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_told_before() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("old.svg"), "old").unwrap();
        check_files(&[], None, &[]);
        check_files(&[at("new.svg"), at("old.svg")], Some(at("report.json")), &[]);
        assert!(!at("new.svg").exists() && fs::read_to_string(at("old.svg")).unwrap() == "old");
        check_files(&[at("nowhere/new.svg")], None, &["nowhere/new.svg: "]);
        check_files(&[at("new.doc")], None, &["names no format of pictures"]);
        check_files(&[at("a.svg"), at("a.svg")], Some(at("a.svg")), &["a.svg twice", "a.svg twice"]);
        check_files(&[at("a.svg"), at("./a.svg")], None, &["a.svg twice"]);
        let again = at("..").join(folder.path().file_name().unwrap()).join("old.svg");
        check_files(&[at("old.svg")], Some(again), &["old.svg twice"]);
        check_files(&[], Some(folder.path().to_owned()), &["directory"]);
        check_files(&[], Some(at("old.svg/below")), &["old.svg/below: "]);
        check_files(&[], Some(PathBuf::from("/dev/null")), &[]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("target", &link).unwrap();
        check_files(&[], Some(link.clone()), &[]);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
