//! What a check has found, as text for whoever has to mend it.

use std::error::Error;
use std::fmt;

use crate::words::Phase;

/// Something that is wrong with a graph of jobs. It prints as a report of a few lines.
#[derive(Clone, PartialEq, Eq)]
pub struct Finding {
    trouble: Trouble,
    seed: Option<u64>,
    runs: u64,
}

/// The same, before it is known where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// One line.
    pub(super) what: String,
    pub(super) details: Vec<String>,
    pub(super) jobs: Vec<String>,
    pub(super) phase: Option<Phase>,
}

impl Finding {
    /// The jobs that have to do with it, the one to look at first in the first place.
    pub fn jobs(&self) -> &[String] {
        &self.trouble.jobs
    }

    /// The phase of the first of them, where it can be told.
    pub fn phase(&self) -> Option<Phase> {
        self.trouble.phase
    }

    /// The seed of the simulation that shows it, where it follows from one.
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// How many simulated runs it took to find and to narrow down.
    pub fn runs(&self) -> u64 {
        self.runs
    }
}

/// What a check that asserts returns: what was seen.
///
/// # Panics
///
/// With the finding, where the check was called.
#[track_caller]
pub(super) fn seen_or_panic<O>(checked: Result<O, Finding>) -> O {
    match checked {
        Ok(seen) => seen,
        Err(finding) => panic!("{finding}"),
    }
}

impl Trouble {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Trouble { what: what.into(), details: Vec::new(), jobs: Vec::new(), phase: None }
    }

    pub(super) fn job(mut self, job: impl Into<String>) -> Self {
        let job = job.into();
        if !self.jobs.contains(&job) {
            self.jobs.push(job);
        }
        self
    }

    pub(super) fn phase(self, phase: Phase) -> Self {
        Trouble { phase: Some(phase), ..self }
    }

    pub(super) fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    pub(super) fn found(self, seed: Option<u64>, runs: u64) -> Finding {
        Finding { trouble: self, seed, runs }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.trouble.what)?;
        for line in self.trouble.details.iter().flat_map(|detail| detail.lines()) {
            write!(f, "\n  {line}")?;
        }
        let runs = if self.runs == 1 { "1 simulated run" } else { &format!("{} simulated runs", self.runs) };
        match self.seed {
            Some(seed) => write!(f, "\n  found with seed {seed}, after {runs}"),
            None => write!(f, "\n  found after {runs}"),
        }
    }
}

/// As it is displayed: so that `unwrap` shows the report.
impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Finding {}
