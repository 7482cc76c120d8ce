//! One try of one job, and the worker that executes it.

mod instance;
mod ledger;
mod leftovers;
mod worker;

pub(crate) use leftovers::{DueCleanup, Leftovers};
pub(super) use worker::Worker;
#[cfg(feature = "testkit")]
pub(super) use worker::{Open, Progress};
