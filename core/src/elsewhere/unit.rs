//! A unit where it is executed.

use std::fmt;

use crate::elsewhere::outcome::UnitDone;
use crate::error::debug_for_people;
use crate::graph::JobId;
use crate::key::{Carried, Parcel, Portable};
use crate::store::Shared;

/// What [`Runner::run_unit`](crate::Runner::run_unit) is to execute of a run that is elsewhere.
#[derive(Debug, Default)]
pub struct Unit {
    /// The jobs: a single one, but for a nest.
    pub jobs: Vec<JobId>,
    /// Whether it is a nest.
    pub is_nest: bool,
    /// Whether it is the cleanup of a try.
    pub is_cleanup: bool,
    /// Which try, from 1.
    pub attempt: u32,
    /// The outputs that have come along.
    pub inputs: Vec<(JobId, Carried)>,
    /// For a cleanup: what its try has left in the local store.
    pub local: Vec<(String, Parcel)>,
    /// The machine that executes it.
    pub node: String,
}

/// What a unit has come to, where it was executed.
#[derive(Debug, Default)]
pub struct UnitResult {
    /// What is to be told to its run.
    pub done: UnitDone,
    /// What a try has left in its local store under portable keys, for its cleanup.
    pub local: Vec<Leaving>,
}

/// A value of a local store that may go to another machine.
pub struct Leaving {
    pub(crate) name: String,
    pub(crate) value: Shared,
    pub(crate) portable: Portable,
}

impl Leaving {
    /// The name of its key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value.
    pub fn value(&self) -> &(dyn std::any::Any + Send + Sync) {
        &*self.value
    }

    /// How it is written.
    pub fn portable(&self) -> Portable {
        self.portable
    }
}

impl fmt::Debug for Leaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Leaving").field(&self.name).finish()
    }
}

/// A unit that this plan cannot execute. It prints alike with `{}` and `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct UnitError(pub(crate) String);

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

debug_for_people!(UnitError);

impl std::error::Error for UnitError {}
