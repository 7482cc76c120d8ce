//! Tests for graphs of jobs: simulated runs in virtual time, every order, faults, and checks that are one call each.
//! With the feature `testkit`.
#[doc(inline)]
pub use dojobber_core::testkit::*;
