//! Which try is executed when, and by which worker: the drivers.

mod cleanup;
mod helpers;
mod serial;
mod stealing;
mod general;
#[cfg(feature = "testkit")]
mod simulated;
#[cfg(feature = "testkit")]
mod makespan;

pub(crate) use cleanup::clean_up;
pub(crate) use helpers::Helpers;
#[cfg(feature = "testkit")]
pub(crate) use makespan::makespan;
#[cfg(feature = "testkit")]
pub(crate) use simulated::{Choice, Choices, Simulated, following_choices, simulate};

use crate::cancel::CancelToken;
use crate::exec::bounds::Bounds;
use crate::exec::drive::helpers::MANY;
use crate::exec::finished::Finished;
use crate::exec::live::Live;
use crate::options::RunOptions;
use crate::plan::Plan;
use crate::words::DryRun;

/// Whether a run can be executed in the fast way, for which a plan's order and counters are enough.
pub(crate) fn is_plain<A>(plan: &Plan<'_, A>, options: &RunOptions, token: Option<&CancelToken>) -> bool {
    is_plain_without_bounds(plan, options) && !Bounds::are_wanted(options, token)
}

fn is_plain_without_bounds<A>(plan: &Plan<'_, A>, options: &RunOptions) -> bool {
    plan.needs().are_plain() && options.threads <= MANY && options.dry_run != DryRun::Through
}

/// Runs all jobs to their end.
pub(crate) fn execute<'env, A: Send + Sync>(live: &Live<'env, A>, helpers: &Helpers) -> Finished<'env, A> {
    let is_plain = is_plain_without_bounds(&live.plan, &live.options) && live.known.is_empty();
    if !is_plain || live.bounds.is_some() || live.expected.is_some() {
        general::execute(live, helpers)
    } else if live.is_serial() {
        serial::execute(live)
    } else {
        stealing::execute(live, helpers)
    }
}
