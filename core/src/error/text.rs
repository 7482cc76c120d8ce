//! An error as text: what is left of it in a report.

#[cfg(feature = "serde")]
mod saved;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::error::class::{ErrorClass, causes, listen};
use crate::error::people::debug_for_people;
use crate::error::wrap::is_returned_false;
use crate::text::printable;

/// The error of a phase that panicked: its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Panicked(pub(crate) Cow<'static, str>);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

debug_for_people!(Panicked);

impl Error for Panicked {}

/// An error as it stands in a report: its message, those of its causes, and what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorText {
    message: Cow<'static, str>,
    causes: Vec<String>,
    origin: Origin,
    class: ErrorClass,
}

/// What an [`ErrorText`] was before it became text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Error,
    Panic,
    /// A plain `false`, which gives no reason.
    False,
}

impl Origin {
    fn of(error: &(dyn Error + 'static)) -> Self {
        if error.is::<Panicked>() {
            Origin::Panic
        } else if is_returned_false(error) {
            Origin::False
        } else {
            Origin::Error
        }
    }
}

/// What is shown in place of the error of a phase that returned `false`.
pub(crate) static RETURNED_FALSE: ErrorText = ErrorText {
    message: Cow::Borrowed("returned false"),
    causes: Vec::new(),
    origin: Origin::False,
    class: ErrorClass::Plain,
};

impl ErrorText {
    /// Displays an error and its sources, which is the user's code and may panic. Also after which time another try can
    /// help, if the error says that.
    pub(crate) fn heard(error: &(dyn Error + 'static)) -> (Self, Option<Duration>) {
        let (message, mut heard) = listen(|| error.to_string());
        let (mut texts, mut repeats) = (Vec::new(), heard.repeats);
        for cause in causes(error) {
            let (text, now) = listen(|| cause.to_string());
            if !(repeats && *texts.last().unwrap_or(&message) == text) {
                texts.push(text); // else it stands there already, as that of what it is wrapped in
            }
            repeats = now.repeats;
            heard = heard.or(now);
        }
        let (message, origin, class) = (message.into(), Origin::of(error), heard.class());
        (ErrorText { message, causes: texts, origin, class }, heard.retry_after)
    }

    /// A text of our own, without causes.
    pub(crate) fn of_message(message: &str) -> Self {
        let message = message.to_owned().into();
        ErrorText { message, causes: Vec::new(), origin: Origin::Error, class: ErrorClass::Plain }
    }

    pub(crate) fn with_class(self, class: ErrorClass) -> Self {
        ErrorText { class, ..self }
    }

    /// An error of ours that was never one.
    #[cfg(feature = "journal")]
    pub(crate) fn of_text(message: &'static str, class: ErrorClass) -> Self {
        ErrorText { message: message.into(), causes: Vec::new(), origin: Origin::Error, class }
    }

    pub(crate) fn returned_false() -> Self {
        RETURNED_FALSE.clone()
    }

    /// For an error that could not even be turned into text.
    pub(crate) fn unprintable() -> Self {
        ErrorText {
            message: "panicked while its error was printed".into(),
            causes: Vec::new(),
            origin: Origin::Panic,
            class: ErrorClass::Plain,
        }
    }

    /// The error's own text.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The texts of its causes, from the nearest on.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// Whether this was a panic.
    pub fn panicked(&self) -> bool {
        self.origin == Origin::Panic
    }

    /// Whether this stands for a plain `false`, which gives no reason: its message is `returned false`.
    pub fn is_returned_false(&self) -> bool {
        self.origin == Origin::False
    }

    /// What the error says beside its text: whether another try can help.
    pub fn class(&self) -> ErrorClass {
        self.class
    }
}

impl fmt::Display for ErrorText {
    /// The message, and with `{:#}` its causes behind it: `message: cause: cause`. Line breaks stay, and characters that
    /// a terminal would obey are escaped; [`message`](Self::message) is as it came.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", printable(&self.message))?;
        if f.alternate() {
            for cause in &self.causes {
                write!(f, ": {:#}", printable(cause))?;
            }
        }
        Ok(())
    }
}
