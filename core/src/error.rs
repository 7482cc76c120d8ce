//! What can go wrong in a job, as a value and as text.

mod boxed;
mod class;
mod people;
mod wrap;
mod text;
mod reported;

pub use boxed::{BoxError, Result};
pub use class::ErrorClass;
pub(crate) use class::say_class;
pub(crate) use people::{debug_for_people, with_causes};
pub(crate) use reported::Reported;
pub(crate) use text::RETURNED_FALSE;
pub use text::{ErrorText, Panicked};
pub use wrap::{
    Cancelled, Permanent, RetryAfter, TimedOut, Unknown, Unmet, ensure, permanent, retry_after, unknown,
};
pub(crate) use wrap::{ReturnedFalse, shown};

#[cfg(test)]
mod tests;
