//! Tries that are executed elsewhere, by another process or on another machine: what is handed over, and what comes back.
//!
//! A *unit* is what is handed over at once: one try of a job, a whole nest, or one cleanup.

mod order;
mod outcome;
mod done;
mod unit;

use std::fmt;

pub use done::Done;
pub(crate) use done::{Mail, Message};
pub use order::{Input, Order};
pub use outcome::{JobDone, Lost, PhaseDone, SaidThere, UnitDone, UnitProgress};
pub use unit::{Leaving, Unit, UnitError, UnitResult};

use crate::cancel::StopLevel;
use crate::options::RunOptions;

/// Executes units for a run: an engine of a cluster, or processes of the same machine.
///
/// Each unit that it is given must be told of, once, whatever happens to it: the run waits for that. Where an [`Order`] is
/// executed, [`Runner::run_unit`](crate::Runner::run_unit) does it.
pub trait Elsewhere: Send + Sync {
    /// Whether it executes units of a run with such options. If it does not, their jobs are executed here.
    ///
    /// By default it takes no dry runs.
    fn takes(&self, options: &RunOptions) -> bool {
        !options.dry_run.is_on()
    }

    /// Begins a unit and returns at once. `done` may be told from any thread, also before this returns.
    fn begin(&self, order: &Order<'_>, done: Done);

    /// The run is stopped so far. From [`StopLevel::Cancel`] on, what was begun is to be ended, and still has to be told
    /// of. It is called for each unit that is away, so more than once.
    fn stop(&self, level: StopLevel) {
        let _ = level;
    }
}

impl fmt::Debug for dyn Elsewhere + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elsewhere").finish_non_exhaustive()
    }
}
