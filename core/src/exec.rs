//! Execution: what a try does, which try may begin, and the drivers that bring both together.
//!
//! [`attempt`] executes one try of one job. Which try is next is decided by a driver in [`drive`]: the one for a single
//! worker, and the one for several, which is the same until there is more to do than one worker can. The test kit has
//! a driver that makes up threads, order and time. `README.md` beside this module tells how it all works together.

// in reading order: a module imports only from those before it
mod sync;
mod slow;
mod watch;
mod tries;
mod stages;
mod retries;
mod schedule;
mod hall;
mod flights;
mod placement;
mod bounds;
mod behind;
mod spans;
mod live;
mod books;
mod attempt;
mod finished;
mod drive;
mod unit;

pub(crate) use attempt::DueCleanup;
pub(crate) use bounds::Bounds;
#[cfg(feature = "testkit")]
pub(crate) use drive::{Choice, Choices, Simulated, following_choices, makespan, simulate};
pub(crate) use drive::{Helpers, clean_up, execute, is_plain};
pub(crate) use finished::Finished;
pub(crate) use live::Live;
pub(crate) use unit::execute_unit;
pub(crate) use watch::Watch;
