//! Tests for graphs of jobs: simulated runs in virtual time, every order, faults, and checks that are one call each.
//! With the feature `testkit`.
//!
//! A [`Simulation`] runs a plan one step at a time, with as many virtual workers as one likes, in virtual time, in an order
//! that follows from its seed. What it returns is the [`Run`](crate::Run) that a [`Runner`](crate::Runner) would:
//!
//! ```
//! use dojobber::{Graph, testkit::Simulation};
//! use std::time::Duration;
//!
//! let plan = Graph::new()
//!     .job("reboot").retry_delay(Duration::from_secs(60)).check_only(|cx| cx.now() > Duration::from_secs(100))
//!     .compile()
//!     .unwrap();
//! let run = Simulation::new(0).run(&plan, ()); // in no time
//! assert_eq!(run.job("reboot").unwrap().tries(), 3);
//! ```
//!
//! The checks take a *body*: a closure that makes its world, builds its plan (whose closures borrow the world), runs it
//! with the simulation that it is given, and returns what it sees in the end. One body serves them all (only
//! [`assert_cleans_up`] wants to see no more than what cleanups have to take away):
//!
//! ```should_panic
//! use dojobber::{Graph, testkit::explore};
//! use std::sync::Mutex;
//!
//! explore(100, |sim| {
//!     let config = Mutex::new("old");
//!     let started_with = Mutex::new("");
//!     let plan = Graph::new()
//!         .job("configure").run_only(|_| *config.lock().unwrap() = "new")
//!         .job("start").run_only(|_| *started_with.lock().unwrap() = *config.lock().unwrap()) // after what?
//!         .compile()
//!         .unwrap();
//!     let _ = sim.run(&plan, ());
//!     *started_with.lock().unwrap()
//! });
//! // it makes a difference whether `start` or `configure` comes first
//! ```
//!
//! | is it true that .. | ask |
//! |---|---|
//! | all orders lead to the same? | [`explore`], [`assert_order_independent`] |
//! | something holds all the time? | [`assert_always`] |
//! | a second run changes nothing? | [`assert_idempotent`] |
//! | one error is absorbed by the run that it happens in? | [`assert_absorbs`] |
//! | whatever goes wrong, running again leads to success? | [`assert_convergent`] |
//! | cleanups clean up whatever goes wrong? | [`assert_cleans_up`] |
//! | a dry run changes nothing? | [`assert_dry_run_is_pure`] |
//!
//! Each has a twin that returns a [`Finding`] in place of a panic: `check_..`, [`try_explore`].
//!
//! For property tests of what is built around graphs, [`graphs`] and [`scripted_worlds`] are strategies for proptest.

mod dice;
mod shrinking;
mod sketch;
mod waits;
mod script;

#[doc(inline)]
pub use dojobber_core::testkit::{
    Access, Answer, Clock, Convergence, Disk, Fault, Faults, Finding, Idempotence, IntoAnswer, MakesPlan,
    OrderIndependence, Simulation, Table, assert_absorbs, assert_always, assert_cleans_up, assert_convergent,
    assert_dry_run_is_pure, assert_idempotent, assert_order_independent, check_absorbs, check_always,
    check_cleans_up, check_convergent, check_dry_run_is_pure, check_idempotent, check_order_independent,
    explore, interruption, is_killed, is_simulated, judge_in_time, judge_simulated, on_exit, touches,
    try_explore, world_time,
};
pub use script::{Behaviour, Script, ScriptedJob, ScriptedWorld, ScriptedWorlds, scripted_worlds};
#[doc(hidden)] // the trees of the strategies, which nobody has to name
pub use shrinking::{AsSketch, Shrinking, Shrinks};
pub use sketch::{Graphs, OpenSketched, Shape, Sketch, SketchedJob, graphs};
pub use waits::Waits;

impl<'env, A> MakesPlan<'env, A> for crate::Graph<'env, A> {
    #[track_caller]
    fn make_plan(self) -> crate::Plan<'env, A> {
        self.compile().make_plan()
    }
}
