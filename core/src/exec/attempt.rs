//! One try of one job, and the worker that executes it.

mod failure;
mod instance;
mod ledger;
mod leftovers;
mod async_call;
mod flight;
mod spares;
mod mend;
mod worker;
mod ending;
mod phase;
mod whole;
mod stepwise;
mod at_once;
mod cleanup;
mod away;

pub(super) use at_once::ShortWay;
pub(super) use away::{Back, Sent};
pub(super) use flight::Flight;
pub(crate) use leftovers::{DueCleanup, Leftovers};
pub(super) use stepwise::{Open, Progress};
pub(super) use worker::Worker;
