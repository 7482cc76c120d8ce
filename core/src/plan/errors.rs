//! Everything that is wrong with a graph, in words.

use std::fmt;
use std::ops::Range;

use crate::error::debug_for_people;
use crate::job::Unfit;
use crate::plan::alike::{difference, look_alike};
use crate::plan::pools::PoolMistake;
use crate::text::printable;

/// All mistakes of a graph, at most [`PlanErrors::LIMIT`] of them in full.
///
/// It prints one mistake a line, with `{}` and `{:?}` alike; each says what to do.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PlanErrors {
    listed: Vec<PlanError>,
    more: usize,
}

impl PlanErrors {
    /// Lists stop here; what follows is only counted.
    pub const LIMIT: usize = 100;

    /// The mistakes: duplicate names, then all others in order of declaration, and cycles last.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &PlanError> {
        self.listed.iter()
    }

    /// How many mistakes there are in all.
    pub fn count(&self) -> usize {
        self.listed.len() + self.more
    }

    /// Counts a mistake, and keeps it while there is room. It is built only then.
    pub(super) fn push(&mut self, mistake: impl FnOnce() -> PlanError) {
        if self.listed.len() < PlanErrors::LIMIT {
            self.listed.push(mistake());
        } else {
            self.more += 1;
        }
    }

    pub(super) fn into_result(self) -> Result<(), PlanErrors> {
        if self.listed.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for PlanErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.listed.iter().enumerate() {
            let line_break = if at == 0 { "" } else { "\n" };
            write!(f, "{line_break}{mistake}")?;
        }
        if self.more > 0 {
            write!(f, "\n.. and {} more", self.more)?;
        }
        Ok(())
    }
}

debug_for_people!(PlanErrors);

impl std::error::Error for PlanErrors {}

/// One mistake in a graph. It prints alike with `{}` and `{:?}`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// A job has no name.
    EmptyName {
        /// Its place in the order of declaration, from 1.
        place: usize,
    },
    /// A name holds a line break, or another character that acts in place of showing.
    ControlCharacter {
        /// The name.
        job: String,
    },
    /// Nothing of a name can be seen: its characters have no width.
    UnseenName {
        /// The name.
        job: String,
    },
    /// A name was declared more than once.
    DuplicateName {
        /// The name.
        job: String,
    },
    /// A job is after, or before, something that does not exist.
    UnknownDependency {
        /// The job.
        job: String,
        /// Which of its edges it is.
        edge: Edge,
        /// What it names.
        name: String,
        /// The existing name that is most like it.
        nearest: Option<String>,
    },
    /// A job depends on itself.
    SelfDependency {
        /// The job.
        job: String,
    },
    /// Jobs depend on each other in a cycle, so that none could ever begin.
    Cycle {
        /// The way round: each depends on the next, and the last one is the first again. The middle of a long
        /// way is left out.
        path: Vec<String>,
        /// How many jobs are left out behind the first half of `path`.
        elided: usize,
    },
    /// `tries(0)`: a job must be allowed one.
    NoTries {
        /// The job.
        job: String,
    },
    /// A job uses a pool that nobody could use so.
    Pool(PoolMistake),
    /// An option that jobs of this kind cannot have.
    Unfit {
        /// The job.
        job: String,
        /// Why it cannot have it.
        why: Unfit,
    },
    /// A name that was asked for is not in the plan.
    UnknownJob {
        /// The name.
        name: String,
        /// The existing name that is most like it.
        nearest: Option<String>,
    },
}

/// Which way a dependency was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The job that waits declared it, with `after`.
    After,
    /// The job that is waited for declared it, with `before`.
    Before,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::EmptyName { place } => write!(f, "job {place} has an empty name: give it one"),
            PlanError::ControlCharacter { job } => {
                let control = job.chars().any(char::is_control);
                let what = if control {
                    "control character"
                } else {
                    "character that turns text round or breaks it"
                };
                write!(f, "the name {job:?} holds a {what}: names are one line of text")
            }
            PlanError::UnseenName { job } => {
                write!(
                    f,
                    "nothing of the name \"{}\" can be seen: give the job another",
                    job.escape_default()
                )
            }
            PlanError::DuplicateName { job } => {
                write!(f, "job {} is declared more than once: give each its own name", Quoted(job))
            }
            PlanError::UnknownDependency { job, edge, name, nearest } => {
                let edge = if *edge == Edge::After { "after" } else { "before" };
                write!(f, "job {} is {edge} ", Quoted(job))?;
                not_there(f, name, ", which does not exist", nearest)
            }
            PlanError::SelfDependency { job } => {
                write!(f, "job {} depends on itself: remove that edge", Quoted(job))
            }
            PlanError::Cycle { path, elided } => {
                write!(f, "jobs depend on each other in a cycle: ")?;
                cycle(f, path, *elided)?;
                write!(f, " (each is after the next: remove one of these edges)")
            }
            PlanError::NoTries { job } => {
                write!(f, "job {} has `tries(0)`: it needs at least 1", Quoted(job))
            }
            PlanError::Pool(mistake) => mistake.fmt(f),
            PlanError::Unfit { job, why } => write!(f, "job {} {why}", Quoted(job)),
            PlanError::UnknownJob { name, nearest } => {
                write!(f, "there is no job ")?;
                not_there(f, name, "", nearest)
            }
        }
    }
}

debug_for_people!(PlanError);

impl std::error::Error for PlanError {}

/// A name that does not exist, and the one that was meant. If they look alike, what differs is escaped.
fn not_there(f: &mut fmt::Formatter<'_>, name: &str, what: &str, nearest: &Option<String>) -> fmt::Result {
    match nearest {
        Some(nearest) if look_alike(name, nearest) => {
            let [differs, differs_there] = difference(name, nearest);
            let (name, nearest) = (Escaped(name, differs), Escaped(nearest, differs_there));
            write!(f, "{name}{what}; did you mean {nearest}?")
        }
        Some(nearest) => write!(f, "{}{what}; did you mean {}?", Quoted(name), Quoted(nearest)),
        None => write!(f, "{}{what}", Quoted(name)),
    }
}

fn cycle(f: &mut fmt::Formatter<'_>, path: &[String], elided: usize) -> fmt::Result {
    let middle = path.len() / 2;
    for (at, name) in path.iter().enumerate() {
        if at > 0 {
            write!(f, " -> ")?;
        }
        if at == middle && elided > 0 {
            write!(f, ".. {elided} more .. -> ")?;
        }
        write!(f, "{}", printable(name))?;
    }
    Ok(())
}

/// A name in backquotes. It may be the very mistake that is told, and then hold anything.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", printable(self.0))
    }
}

/// A name in backquotes, in which all characters in a range of bytes are escaped that are not ASCII.
struct Escaped<'a>(&'a str, Range<usize>);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Escaped(name, differs) = self;
        write!(f, "`{}", printable(&name[..differs.start]))?;
        for character in name[differs.clone()].chars() {
            if character.is_ascii() {
                write!(f, "{}", printable(character.encode_utf8(&mut [0; 4])))?;
            } else {
                write!(f, "{}", character.escape_unicode())?;
            }
        }
        write!(f, "{}`", printable(&name[differs.end..]))
    }
}
