//! A test kit for graphs of jobs: simulated runs, every order, faults, and checks that are one call each.
//!
//! A [`Simulation`] runs a plan on one thread, with as many virtual workers as one likes, in virtual time, in an order
//! that follows from its seed. What it returns is the [`Run`](crate::Run) that a [`Runner`](crate::Runner) would.
//!
//! The checks come in pairs: `assert_..` panics with a report that names job, phase and seed; `check_..` (and
//! [`try_explore`]) returns it as a [`Finding`].
//!
//! | is it true that .. | |
//! |---|---|
//! | all orders lead to the same? | [`explore`], [`assert_order_independent`] |
//! | a second run changes nothing? | [`assert_idempotent`] |
//! | whatever goes wrong, running again leads to success? | [`assert_convergent`] |
//! | cleanups clean up whatever goes wrong? | [`assert_cleans_up`] |
//! | a dry run changes nothing? | [`assert_dry_run_is_pure`] |
//!
//! All but [`assert_idempotent`] need a new world for each run. So they take a *body*: a closure that makes its world,
//! builds its plan (whose closures borrow the world), runs it with the simulation that it is given, and returns what it
//! sees in the end. One body serves them all.

mod cleaning;
mod convergence;
mod detached;
mod exploration;
mod finding;
mod idempotence;
mod lab;
mod narrowing;
mod purity;
mod simulation;
mod trial;

pub use cleaning::{assert_cleans_up, check_cleans_up};
pub use convergence::{assert_convergent, check_convergent};
pub use exploration::{assert_order_independent, check_order_independent, explore, try_explore};
pub use finding::Finding;
pub use idempotence::{assert_idempotent, check_idempotent};
pub use purity::{assert_dry_run_is_pure, check_dry_run_is_pure};
pub use simulation::Simulation;

pub use crate::faults::{Fault, Faults};
