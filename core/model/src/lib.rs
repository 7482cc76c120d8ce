//! What the workers of a run share, checked in every order and with every value that the memory model allows.
//!
//! The files are those of the executor. Only what stands below them is another: loom's atomics, locks and threads, and graphs
//! without edges.
//!
//! It is a library, whose checks are called by a test, because the tests of these files are not to be compiled here.
#![forbid(unsafe_code)]
#![expect(dead_code, unused_imports, reason = "the executor needs more of these files")]

/// A check, and its name.
pub type Check = (&'static str, fn());

/// Makes functions of checks, and a list of all of them.
macro_rules! checks {
    ($($(#[$about:meta])* fn $name:ident() $body:block)*) => {
        /// All checks of this file.
        pub const CHECKS: &[crate::Check] = &[$((stringify!($name), $name)),*];
        $($(#[$about])* fn $name() $body)*
    };
}

// in an inline module, so that the files find their own folders
#[path = "../../src"]
mod source {
    pub(crate) mod words;
    pub(crate) mod graph {
        pub(crate) mod id;
    }
    pub(crate) mod cancel {
        pub(crate) mod level;
    }
}
mod graph;

mod cancel {
    pub(crate) use crate::source::cancel::level::StopLevel;
}
use source::words;

mod report {
    /// What a job has come to is nothing to a schedule.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub(crate) struct Head;

    impl Head {
        pub(crate) const NEW: Head = Head;
    }
}

#[path = "../../src/exec"]
mod exec {
    /// In the place of the executor's own.
    pub(crate) mod sync {
        pub(crate) use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence};
        pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
        pub(crate) use std::sync::PoisonError;
    }
    mod tries;
    mod schedule;
    mod hall;
    mod flights;

    #[path = "drive/stealing/counts.rs"]
    mod counts;
    #[path = "drive/stealing/sleep.rs"]
    mod sleep;

    #[path = "../../model/src/plain.rs"]
    pub(crate) mod plain;
    #[path = "../../model/src/crew.rs"]
    mod crew;
    #[path = "../../model/src/wakers.rs"]
    pub(crate) mod wakers;
}

pub use exec::plain::CHECKS as PLAIN;
pub use exec::wakers::CHECKS as WAKERS;
