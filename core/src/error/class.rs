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
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        traits_of(error).class
    }
}

/// All that an error says beside its text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Traits {
    pub(crate) class: ErrorClass,
    /// The next try begins no earlier than that much later.
    pub(crate) retry_after: Option<Duration>,
}

/// Displays an error and its sources to nobody, and listens. What is displayed is the user's code, and may panic.
pub(crate) fn traits_of(error: &(dyn Error + 'static)) -> Traits {
    let mut all = Heard::default();
    for error in chain(error) {
        all = all.or(listen(|| _ = write!(Nowhere, "{error}")));
    }
    all.traits()
}

/// An error and its sources.
pub(super) fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source()).take(MAX_CAUSES + 1)
}

/// A chain of causes that is longer than this has lost itself.
pub(super) const MAX_CAUSES: usize = 64;

/// What errors have said while they were displayed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Heard {
    class: Option<ErrorClass>,
    retry_after: Option<Duration>,
    /// Whether one was displayed that only repeats its source.
    pub(super) repeats: bool,
}

impl Heard {
    /// What was heard first counts.
    pub(super) fn or(self, later: Self) -> Self {
        Heard {
            class: self.class.or(later.class),
            retry_after: self.retry_after.or(later.retry_after),
            repeats: self.repeats || later.repeats,
        }
    }

    pub(super) fn traits(self) -> Traits {
        Traits { class: self.class.unwrap_or_default(), retry_after: self.retry_after }
    }
}

thread_local! {
    /// `None`: nobody listens.
    static HEARD: Cell<Option<Heard>> = const { Cell::new(None) };
}

/// What is said while `display` is called.
pub(super) fn listen(display: impl FnOnce()) -> Heard {
    /// Gives back to whoever listened before, also when an error panics.
    struct Before(Option<Heard>);
    impl Drop for Before {
        fn drop(&mut self) {
            HEARD.set(self.0);
        }
    }
    let _before = Before(HEARD.replace(Some(Heard::default())));
    display();
    HEARD.get().unwrap_or_default()
}

/// Tells the class of the error that is being displayed.
pub(crate) fn say_class(class: ErrorClass) {
    say(Heard { class: Some(class), ..Heard::default() });
}

/// Tells the class of the error that is being displayed, whose text is that of its source.
pub(super) fn say_repeats(class: Option<ErrorClass>, retry_after: Option<Duration>) {
    say(Heard { class, retry_after, repeats: true });
}

fn say(what: Heard) {
    if let Some(before) = HEARD.get() {
        HEARD.set(Some(before.or(what)));
    }
}

struct Nowhere;

impl fmt::Write for Nowhere {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}
