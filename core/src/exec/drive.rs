//! Which try is executed when, and by which worker: the drivers.

mod cleanup;
mod helpers;
mod serial;
mod stealing;
mod general;
#[cfg(feature = "testkit")]
mod simulated;

pub(crate) use cleanup::clean_up;
pub(crate) use helpers::Helpers;
#[cfg(feature = "testkit")]
pub(crate) use simulated::{Choice, Choices, Simulated, following_choices, simulate};

use crate::cancel::CancelToken;
use crate::exec::bounds::Bounds;
use crate::exec::finished::Finished;
use crate::exec::live::Live;
use crate::options::RunOptions;
use crate::plan::Plan;

/// So many workers find work in each other's deques; more share one schedule.
const MANY: usize = 64;

/// Whether a run can be executed in the fast way, for which a plan's order and counters are enough.
pub(crate) fn is_plain<A>(plan: &Plan<'_, A>, options: &RunOptions, token: Option<&CancelToken>) -> bool {
    plan.needs().are_plain() && options.threads <= MANY && !Bounds::are_wanted(options, token)
}

/// Runs all jobs to their end.
pub(crate) fn execute<'env, A: Send + Sync>(live: &Live<'env, A>, helpers: &Helpers) -> Finished<'env, A> {
    if !live.plan.needs().are_plain() || live.bounds.is_some() || live.options.threads > MANY {
        general::execute(live, helpers)
    } else if live.is_serial() {
        serial::execute(live)
    } else {
        stealing::execute(live, helpers)
    }
}
