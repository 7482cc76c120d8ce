//! The only place that catches panics.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Panicked, Result};

/// Calls the user's code; a panic in it becomes an error that keeps its text.
///
/// The state that `f` may leave half-changed is the user's own, or is dropped with the try.
#[inline]
pub(crate) fn catch<T>(f: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| Err(panicked(payload).into()))
}

/// Drops a value of the user's; a panic in its destructor is an error.
pub(crate) fn discard<T>(value: T) -> Result {
    catch(|| {
        drop(value);
        Ok(())
    })
}

/// Drops values of the user's one by one, and returns the first panic. (Dropped together, a second panic would end the
/// process: it would happen while the first one unwinds.)
#[inline]
pub(crate) fn discard_all<T>(values: impl IntoIterator<Item = T>) -> Result {
    let values = values.into_iter();
    if values.size_hint() == (0, Some(0)) { Ok(()) } else { discard_some(values) }
}

fn discard_some<T>(mut values: impl Iterator<Item = T>) -> Result {
    let mut drop_rest = || {
        values.by_ref().for_each(drop);
        Ok(())
    };
    let mut all = Ok(());
    loop {
        match catch(&mut drop_rest) {
            Ok(()) => return all,
            panic => all = all.and(panic), // of one value: the rest is still there
        }
    }
}

#[cold]
fn panicked(payload: Box<dyn Any + Send>) -> Panicked {
    let text = match payload.downcast::<&'static str>() {
        Ok(text) => return Panicked((*text).into()),
        Err(payload) => payload.downcast::<String>(),
    };
    match text {
        Ok(text) => Panicked((*text).into()),
        Err(payload) => {
            // the payload's own destructor may panic, and so may that panic's: let the second one leak
            if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(second);
            }
            Panicked("panicked with a value that is not text".into())
        }
    }
}
