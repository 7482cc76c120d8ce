//! What the closures of a job may return.

use std::any::{Any, TypeId};
use std::process::{ExitStatus, Output};

use crate::error::{BoxError, Result, ReturnedFalse};

/// A value whose type was forgotten; `None` for `()`, which needs no place.
pub(crate) type Value = Option<Box<dyn Any + Send + Sync>>;

/// What a check returns: `bool`, or a `Result<T, BoxError>`.
///
/// `false`, `Ok(false)` and an unsuccessful [`ExitStatus`] or [`Output`] inside `Ok` are failures.
#[diagnostic::on_unimplemented(
    message = "a check cannot return `{Self}`",
    label = "this check returns `{Self}`; it must return `bool` or `Result<T, BoxError>`",
    note = "a `Result` with another error type: put `?` on it and end with `Ok(..)`, or let the helper return `dojobber::Result`",
    note = "nothing that could say no: then the job has no check, close it with `.run_only(..)`"
)]
pub trait Verdict: sealed::Sealed {
    /// What a passing check hands on as the job's output.
    type Value: Any + Send + Sync;

    #[doc(hidden)]
    fn verdict(self) -> Result<Self::Value>;
}

/// What a run, a run_only or a cleanup returns: `()`, `bool`, or a `Result<T, BoxError>`.
///
/// `false`, `Ok(false)` and an unsuccessful [`ExitStatus`] or [`Output`] inside `Ok` are failures.
#[diagnostic::on_unimplemented(
    message = "a run or a cleanup cannot return `{Self}`",
    label = "this closure returns `{Self}`; it must return `()`, `bool` or `Result<T, BoxError>`",
    note = "a `Result` with another error type: put `?` on it and end with `Ok(..)`, or let the helper return `dojobber::Result`",
    note = "a value that nobody needs: end the closure with `;`"
)]
pub trait Outcome: sealed::Sealed {
    /// What a `run_only` hands on as the job's output.
    type Value: Any + Send + Sync;

    #[doc(hidden)]
    fn outcome(self) -> Result<Self::Value>;
}

impl<T: Any + Send + Sync> Verdict for Result<T, BoxError> {
    type Value = T;
    fn verdict(self) -> Result<T> {
        self.and_then(sound)
    }
}

impl Verdict for bool {
    type Value = ();
    fn verdict(self) -> Result {
        if self { Ok(()) } else { Err(ReturnedFalse.into()) }
    }
}

impl<T: Any + Send + Sync> Outcome for Result<T, BoxError> {
    type Value = T;
    fn outcome(self) -> Result<T> {
        self.and_then(sound)
    }
}

impl Outcome for bool {
    type Value = ();
    fn outcome(self) -> Result {
        self.verdict()
    }
}

impl Outcome for () {
    type Value = ();
    fn outcome(self) -> Result {
        Ok(())
    }
}

/// `!`, which has no name in stable Rust: what a closure returns that only panics.
type Never = <fn() -> ! as sealed::Returns>::Type;

impl Verdict for Never {
    type Value = ();
    fn verdict(self) -> Result {
        self
    }
}

impl Outcome for Never {
    type Value = ();
    fn outcome(self) -> Result {
        self
    }
}

mod sealed {
    pub trait Sealed {}
    impl<T, E> Sealed for std::result::Result<T, E> {}
    impl Sealed for bool {}
    impl Sealed for () {}
    impl Sealed for super::Never {}

    pub trait Returns {
        type Type;
    }
    impl<T> Returns for fn() -> T {
        type Type = T;
    }
}

/// A value that says no inside an `Ok` is a failure. The tests fold away for all other types.
pub(crate) fn sound<T: Any>(value: T) -> Result<T> {
    let any: &dyn Any = &value;
    if any.downcast_ref() == Some(&false) {
        return Err(ReturnedFalse.into());
    }
    if let Some(status) = any.downcast_ref::<ExitStatus>() {
        successful(status)?;
    }
    if let Some(output) = any.downcast_ref::<Output>() {
        successful(&output.status)?;
    }
    Ok(value)
}

fn successful(status: &ExitStatus) -> Result {
    if status.success() { Ok(()) } else { Err(format!("the process ended with {status}").into()) }
}

pub(crate) fn erase<T: Any + Send + Sync>(value: T) -> Value {
    if is_unit::<T>() { None } else { Some(Box::new(value)) }
}

pub(crate) fn is_unit<T: Any>() -> bool {
    TypeId::of::<T>() == TypeId::of::<()>()
}
