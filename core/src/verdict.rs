//! What the closures of a job may return.

use std::any::{Any, TypeId};
use std::process::{ExitStatus, Output};

use crate::error::{BoxError, Result, ReturnedFalse};
use crate::key::{Typed, Untyped};

/// A value whose type was forgotten; `None` for `()`, which needs no place.
pub(crate) type Value = Option<Box<dyn Any + Send + Sync>>;

/// What a check returns: `bool`, or a `Result<T, BoxError>`.
///
/// `false`, `Ok(false)` and an unsuccessful [`ExitStatus`] or [`Output`] inside `Ok` are failures.
#[diagnostic::on_unimplemented(
    message = "a check cannot return `{Self}`",
    label = "it must return `bool` or a `dojobber::Result<T>`",
    note = "a `Result` with another error: put `?` on it and end with `Ok(..)`, as in `.check(|_| Ok(std::fs::read(path)?))`",
    note = "a condition with a message: end with `ensure(condition, \"what is missing\")`",
    note = "nothing that could say no: then there is no check, and the job is a `.run_only(..)`",
    note = "a future, as an `async` block is: `.check_async(..)` and `.check_only_async(..)` wait for it"
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
    label = "it must return `()`, `bool` or a `dojobber::Result<T>`",
    note = "a `Result` with another error: put `?` on it and end with `Ok(..)`, as in `.run(|_| Ok(std::fs::create_dir(path)?))`",
    note = "a value: put `Ok(..)` around it, or end with `;` if nobody needs it",
    note = "a future, as an `async` block is: `.run_async(..)`, `.run_only_async(..)` and `.cleanup_async(..)` wait for it"
)]
pub trait Outcome: sealed::Sealed {
    /// What a `run_only` hands on as the job's output.
    type Value: Any + Send + Sync;

    #[doc(hidden)]
    fn outcome(self) -> Result<Self::Value>;
}

/// What the closures of a job may return if its name is of the sort `P`: anything, if it is no [`Key`](crate::Key); else
/// what the key promises.
#[diagnostic::on_unimplemented(
    message = "the key that names this job promises another value than this returns: `{Self}`",
    label = "return what the key promises, or name the job with a plain string",
    note = "what `.job(KEY)` returns is the value of its check, or of its run_only",
    note = "for a `Key<T>` that is a `dojobber::Result<T>`; `bool` and `()` are for a `Key<()>` or a plain name"
)]
pub trait Keeps<P> {}
impl<V> Keeps<Untyped> for V {}
#[diagnostic::do_not_recommend]
impl<T> Keeps<Typed<T>> for Result<T, BoxError> {}
#[diagnostic::do_not_recommend]
impl Keeps<Typed<()>> for bool {}
#[diagnostic::do_not_recommend]
impl Keeps<Typed<()>> for () {}
#[diagnostic::do_not_recommend]
impl<T> Keeps<Typed<T>> for Never {}

impl<T: Any + Send + Sync> Verdict for Result<T, BoxError> {
    type Value = T;
    #[inline]
    fn verdict(self) -> Result<T> {
        self.and_then(sound)
    }
}

#[diagnostic::do_not_recommend]
impl Verdict for bool {
    type Value = ();
    #[inline]
    fn verdict(self) -> Result {
        if self { Ok(()) } else { Err(ReturnedFalse.into()) }
    }
}

impl<T: Any + Send + Sync> Outcome for Result<T, BoxError> {
    type Value = T;
    #[inline]
    fn outcome(self) -> Result<T> {
        self.and_then(sound)
    }
}

#[diagnostic::do_not_recommend]
impl Outcome for bool {
    type Value = ();
    #[inline]
    fn outcome(self) -> Result {
        self.verdict()
    }
}

#[diagnostic::do_not_recommend]
impl Outcome for () {
    type Value = ();
    #[inline]
    fn outcome(self) -> Result {
        Ok(())
    }
}

/// `!`, which has no name in stable Rust: what a closure returns that only panics.
type Never = <fn() -> ! as sealed::Returns>::Type;

#[diagnostic::do_not_recommend]
impl Verdict for Never {
    type Value = ();
    #[inline]
    fn verdict(self) -> Result {
        self
    }
}

#[diagnostic::do_not_recommend]
impl Outcome for Never {
    type Value = ();
    #[inline]
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
