//! One try of one job, and the worker that executes it.

mod failure;
mod instance;
mod ledger;
mod leftovers;
mod async_call;
mod flight;
mod mend;
mod worker;
mod ending;
mod phase;
mod whole;
mod stepwise;
mod cleanup;
mod away;

pub(super) use away::{Back, Sent};
pub(super) use flight::Flight;
pub(crate) use leftovers::{DueCleanup, Leftovers};
#[cfg(feature = "testkit")]
pub(super) use stepwise::Open;
pub(super) use stepwise::Progress;
pub(super) use worker::Worker;
