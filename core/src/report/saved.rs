//! A report as it is saved, in any format of serde; `docs/report.md` tells what is in it.

mod written;
mod job;
mod jobs;
mod read;
mod restore;
#[cfg(feature = "journal")]
mod journal;

#[cfg(feature = "journal")]
pub(crate) use job::{SavedJob, SavedPhase};
#[cfg(feature = "journal")]
pub(crate) use jobs::Unfit;
#[cfg(feature = "journal")]
pub(crate) use journal::SavedGraphJob;
#[cfg(feature = "journal")]
pub(crate) use read::{SavedNest, SavedReport};

/// What this version of the library writes.
const VERSION: u32 = 2;
/// The oldest one that it reads. In version 1 there were no nests, and a plain `false` was known by its text.
const OLDEST: u32 = 1;
