//! Errors as people read them.

use std::error::Error;
use std::fmt;

use dojobber_core::printable;

/// An error and its causes, on one line.
pub(crate) fn with_causes(error: &dyn Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{:#}", printable(&error.to_string()))?;
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.try_for_each(|cause| write!(f, ": {:#}", printable(&cause.to_string())))
}

/// `Debug` for errors that may end a `main`, which prints them with `{:?}` and nothing else: as text for people.
macro_rules! debug_for_people {
    ($($error:ty),+) => {$(
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::errors::with_causes(self, f)
            }
        }
    )+};
}
pub(crate) use debug_for_people;
