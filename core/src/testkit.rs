//! A test kit for graphs of jobs: simulated runs, every order, faults, and checks that are one call each.
//!
//! A [`Simulation`] runs a plan one step at a time, with as many virtual workers as one likes, in virtual time, in an order
//! that follows from its seed. What it returns is the [`Run`](crate::Run) that a [`Runner`](crate::Runner) would.
//!
//! The checks come in pairs: `assert_..` panics with a report that names job, phase and seed; `check_..` (and
//! [`try_explore`]) returns it as a [`Finding`].
//!
//! | is it true that .. | |
//! |---|---|
//! | all orders lead to the same? | [`explore`], [`assert_order_independent`] |
//! | something holds all the time? | [`assert_always`] |
//! | a second run changes nothing? | [`assert_idempotent`] |
//! | one error is absorbed by the run that it happens in? | [`assert_absorbs`] |
//! | whatever goes wrong, running again leads to success? | [`assert_convergent`] |
//! | cleanups clean up whatever goes wrong? | [`assert_cleans_up`] |
//! | a dry run changes nothing? | [`assert_dry_run_is_pure`] |
//!
//! All of them need a new world for each run. So they take a *body*: a closure that makes its world, builds its plan
//! (whose closures borrow the world), runs it with the simulation that it is given, and returns what it sees in the end.
//! One body serves them all; only [`assert_cleans_up`] wants to see no more than what cleanups have to take away.
//!
//! What a phase does is one step, unless the fakes that it uses call [`interruption`] where the real thing could be cut,
//! and [`touches`] where others could be in the way. [`Disk`], [`Table`] and [`Clock`] do.
//!
//! Inside, a check is a file that makes experiments and judges what is observed: both are plain data. A new check is a
//! new file, and touches no other.

mod fakes;
mod finding;
mod difference;
mod experiment;
mod observation;
mod session;
mod process;
mod conduct;
mod simulation;
mod trials;
mod blame;
mod strikes;
mod conflicts;
mod narrowing;
mod exploration;
mod always;
mod idempotence;
mod absorbing;
mod convergence;
mod cleaning;
mod purity;
mod detached;

pub use absorbing::{assert_absorbs, check_absorbs};
pub use always::{assert_always, check_always};
pub use cleaning::{assert_cleans_up, check_cleans_up};
pub use convergence::{Convergence, assert_convergent, check_convergent};
pub use exploration::{
    OrderIndependence, assert_order_independent, check_order_independent, explore, try_explore,
};
pub use fakes::{Clock, Disk, Table};
pub use finding::Finding;
pub use idempotence::{Idempotence, assert_idempotent, check_idempotent};
pub use purity::{assert_dry_run_is_pure, check_dry_run_is_pure};
pub use simulation::{MakesPlan, Simulation};

pub use crate::faults::{
    Access, Fault, Faults, interruption, is_killed, is_simulated, on_exit, touches, world_time,
};
pub use crate::judge::{judge_in_time, judge_simulated};
pub use crate::process::{Answer, IntoAnswer};
