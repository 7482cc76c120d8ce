//! How errors print for people.

use std::error::Error;
use std::fmt;

use crate::error::class::causes;
use crate::text::printable;

/// Makes `{:?}` of an error what `{}` is, and its causes behind it: a `main` that returns an error prints it so.
macro_rules! debug_for_people {
    ($($Error:ty),+ $(,)?) => {$(
        impl std::fmt::Debug for $Error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::error::with_causes(self, f)
            }
        }
    )+};
}
pub(crate) use debug_for_people;

/// `message: cause: cause`, where a cause that only repeats what was said is left out.
pub(crate) fn with_causes(error: &(dyn Error + 'static), f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut last = error.to_string();
    write!(f, "{:#}", printable(&last))?;
    for cause in causes(error) {
        let text = cause.to_string();
        if text != last {
            write!(f, ": {:#}", printable(&text))?;
        }
        last = text;
    }
    Ok(())
}
