//! One try of one job, and the worker that executes it.

mod failure;
mod instance;
mod ledger;
mod leftovers;
mod async_call;
mod flight;
mod mend;
mod worker;
mod away;

pub(super) use away::{Back, Sent};
pub(super) use flight::Flight;
pub(crate) use leftovers::{DueCleanup, Leftovers};
#[cfg(feature = "testkit")]
pub(super) use worker::Open;
pub(super) use worker::{Progress, Worker};
