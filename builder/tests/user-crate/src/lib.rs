//! A small tool that is built around graphs of jobs: it makes directories, and counts what happens.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dojobber::{Event, Graph, Observer, PlanErrors, Status};

/// Its code needs crates that nothing else here does.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/tracing.md")]
struct Tracing;

/// A file system with nothing but directories.
#[derive(Debug, Default)]
pub struct Directories(Mutex<BTreeSet<String>>);

impl Directories {
    fn make(&self, path: &str) -> dojobber::Result {
        let parent = path.rsplit_once('/').map(|(parent, _)| parent);
        dojobber::ensure(parent.is_none_or(|parent| self.has(parent)), format!("{path} has no parent"))?;
        self.0.lock().unwrap().insert(path.to_owned());
        Ok(())
    }

    fn has(&self, path: &str) -> bool {
        self.0.lock().unwrap().contains(path)
    }

    /// All of them.
    pub fn into_paths(self) -> BTreeSet<String> {
        self.0.into_inner().unwrap()
    }
}

/// Makes these, and everything above them.
pub fn make_all<'d>(
    directories: &'d Directories,
    paths: impl IntoIterator<Item = String>,
) -> Result<dojobber::Plan<'d>, PlanErrors> {
    let with_parents = paths.into_iter().flat_map(|path| {
        let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).collect();
        ends.into_iter().map(move |end| path[..end].to_owned())
    });
    let all: BTreeSet<String> = with_parents.collect();
    all.into_iter()
        .fold(Graph::new(), |graph, path| {
            let parent = path.rsplit_once('/').map(|(parent, _)| parent.to_owned());
            let (made, found) = (path.clone(), path.clone());
            graph
                .job(path)
                .after(parent)
                .check(move |_| directories.has(&found))
                .run(move |_| directories.make(&made))
        })
        .compile()
}

/// An observer that counts how jobs end.
#[derive(Debug, Default)]
pub struct Tally {
    done: AtomicUsize,
    not_done: AtomicUsize,
}

impl Tally {
    /// How many were done, and how many not.
    pub fn counts(&self) -> (usize, usize) {
        (self.done.load(Ordering::SeqCst), self.not_done.load(Ordering::SeqCst))
    }
}

impl Observer for Tally {
    fn on_event(&self, event: &Event) {
        if let Event::JobEnded { status: Status::Satisfied | Status::Changed, .. } = event {
            self.done.fetch_add(1, Ordering::SeqCst);
        } else if let Event::JobEnded { .. } = event {
            self.not_done.fetch_add(1, Ordering::SeqCst);
        }
    }
}
