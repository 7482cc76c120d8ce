//! What an error says beside its text: whether another try can help, and when.
//!
//! It is said by the types in [`wrap`](super::wrap) and by some errors of ours, at any depth of the chain of sources.
//! Their types cannot be relied on to find them: a box of anyhow, or an `io::Error`, hides the type of what it holds and
//! of that alone. But all of them are displayed through to the inner error, so ours tell it when they are: to whoever
//! listens on this thread just then.

use std::cell::Cell;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::time::Duration;

/// What is known of an error beside its text.
///
/// ```
/// use dojobber_core::{ErrorClass, permanent};
///
/// let error = permanent("the disk is of the wrong size");
/// assert_eq!(ErrorClass::of(&error), ErrorClass::Permanent);
/// assert_eq!(ErrorClass::of(&std::io::Error::other(error)), ErrorClass::Permanent);
/// assert_eq!(ErrorClass::of(&std::fmt::Error), ErrorClass::Plain);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ErrorClass {
    /// Nothing: another try may help.
    #[default]
    Plain,
    /// No other try can help: [`permanent`](crate::permanent).
    Permanent,
    /// The state could not be seen: [`unknown`](crate::unknown).
    Unknown,
    /// There was no time left: [`TimedOut`](crate::TimedOut).
    TimedOut,
    /// The run was stopped: [`Cancelled`](crate::Cancelled).
    Cancelled,
    /// An output was asked for that will be there later.
    NotYet,
    /// An output was asked for that was there in an earlier run.
    Gone,
}

impl ErrorClass {
    /// The class of an error: what the first of its chain of sources says that says anything.
    ///
    /// The errors are displayed for that; where one panics, so does this.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let to_nobody = |error: &dyn Error| listen(|| write!(Sink, "{error}")).1;
        let heard = causes(error).fold(to_nobody(error), |heard, cause| heard.or(to_nobody(cause)));
        heard.class()
    }
}

/// The sources of an error, the nearest first.
pub(super) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source()).take(MAX_CAUSES)
}

/// A chain of causes that is longer than this has lost itself.
pub(super) const MAX_CAUSES: usize = 64;

/// What errors have said while they were displayed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    class: Option<ErrorClass>,
    /// The next try begins no earlier than that much later.
    pub(super) retry_after: Option<Duration>,
    /// Whether one was displayed that only repeats its source.
    pub(super) repeats: bool,
}

impl Heard {
    const NOTHING: Heard = Heard { class: None, retry_after: None, repeats: false };

    /// What was heard first counts.
    pub(super) fn or(self, later: Self) -> Self {
        Heard {
            class: self.class.or(later.class),
            retry_after: self.retry_after.or(later.retry_after),
            repeats: self.repeats || later.repeats,
        }
    }

    pub(super) fn class(self) -> ErrorClass {
        self.class.unwrap_or_default()
    }
}

thread_local! {
    /// What was said since the last call of [`listen`] began.
    static HEARD: Cell<Heard> = const { Cell::new(Heard::NOTHING) };
}

/// What `display` returns, and what was said while it was called.
#[inline]
pub(super) fn listen<T>(display: impl FnOnce() -> T) -> (T, Heard) {
    /// Gives back to whoever listened before, also when an error panics.
    struct Before(Heard);
    impl Drop for Before {
        fn drop(&mut self) {
            HEARD.set(self.0);
        }
    }
    let _before = Before(HEARD.replace(Heard::NOTHING));
    (display(), HEARD.get())
}

/// Tells the class of the error that is being displayed.
pub(crate) fn say_class(class: ErrorClass) {
    say(Heard { class: Some(class), ..Heard::NOTHING });
}

/// Tells the class of the error that is being displayed, whose text is that of its source.
pub(super) fn say_repeats(class: Option<ErrorClass>, retry_after: Option<Duration>) {
    say(Heard { class, retry_after, repeats: true });
}

fn say(what: Heard) {
    HEARD.set(HEARD.get().or(what));
}

/// What is written there is lost, as in `std::io::sink`.
struct Sink;

impl fmt::Write for Sink {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}
