//! A report as it is saved, in any format of serde; `docs/report.md` tells what is in it.

mod written;
mod read;
#[cfg(feature = "journal")]
mod journal;

#[cfg(feature = "journal")]
pub(crate) use journal::SavedGraphJob;
#[cfg(feature = "journal")]
pub(crate) use read::{SavedJob, SavedNest, SavedPhase, SavedReport, Unfit};

/// What this version of the library writes.
const VERSION: u32 = 2;
/// The oldest one that it reads. In version 1 there were no nests, and a plain `false` was known by its text.
const OLDEST: u32 = 1;
