//! Which try is executed when, and by which worker: the drivers.

mod cleanup;
mod helpers;
mod serial;
mod stealing;
#[cfg(feature = "testkit")]
mod simulated;

pub(crate) use cleanup::clean_up;
pub(crate) use helpers::Helpers;
#[cfg(feature = "testkit")]
pub(crate) use simulated::{Choice, Choices, Simulated, following_choices, simulate};

use crate::exec::finished::Finished;
use crate::exec::live::Live;

/// Runs all jobs to their end.
pub(crate) fn execute<'env, A: Send + Sync>(live: &Live<'env, A>, helpers: &Helpers) -> Finished<'env, A> {
    if live.is_serial() { serial::execute(live) } else { stealing::execute(live, helpers) }
}
