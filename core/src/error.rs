//! What can go wrong in a job, as a value and as text.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// Any error that may travel between threads: what a phase fails with.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// What a phase returns; `E` may be overridden.
pub type Result<T = (), E = BoxError> = std::result::Result<T, E>;

/// The one-line check: fails with `message` unless `condition` holds.
///
/// ```
/// use dojobber_core::ensure;
///
/// assert!(ensure(1 < 2, "the world is upside down").is_ok());
/// assert_eq!(ensure(2 < 1, "not yet").unwrap_err().to_string(), "not yet");
/// ```
///
/// # Errors
///
/// The message, if the condition does not hold.
pub fn ensure(condition: bool, message: impl Into<BoxError>) -> Result {
    if condition { Ok(()) } else { Err(message.into()) }
}

/// The error of a phase that returned `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnedFalse;

impl fmt::Display for ReturnedFalse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("returned false")
    }
}

impl Error for ReturnedFalse {}

/// The error of a phase that panicked: its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panicked(pub(crate) Cow<'static, str>);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Panicked {}

/// An error as it stands in a report: its message, those of its causes, and whether it was a panic.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct ErrorText {
    message: Cow<'static, str>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    causes: Vec<String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    panicked: bool,
}

/// What stands in place of an error that was kept as a mere flag.
pub(crate) static RETURNED_FALSE: ErrorText =
    ErrorText { message: Cow::Borrowed("returned false"), causes: Vec::new(), panicked: false };

impl ErrorText {
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        let causes = std::iter::successors(error.source(), |&cause| cause.source());
        ErrorText {
            message: error.to_string().into(),
            causes: causes.take(MAX_CAUSES).map(ToString::to_string).collect(),
            panicked: error.is::<Panicked>(),
        }
    }

    pub(crate) fn returned_false() -> Self {
        RETURNED_FALSE.clone()
    }

    /// For an error that could not even be turned into text.
    pub(crate) fn unprintable() -> Self {
        ErrorText {
            message: "panicked while its error was printed".into(),
            causes: Vec::new(),
            panicked: true,
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
        self.panicked
    }
}

/// A chain of causes that is longer than this has lost itself.
const MAX_CAUSES: usize = 64;

impl fmt::Display for ErrorText {
    /// The message, and with `{:#}` its causes behind it: `message: cause: cause`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if f.alternate() {
            for cause in &self.causes {
                write!(f, ": {cause}")?;
            }
        }
        Ok(())
    }
}
