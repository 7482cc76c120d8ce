//! Errors that say more: each is displayed as the error in it, which is its source.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::error::boxed::{BoxError, Result};
use crate::error::class::{ErrorClass, say_class, say_repeats};
use crate::error::people::debug_for_people;
use crate::words::StopReason;

/// Says that no other try can help.
///
/// | where it is returned | what follows |
/// |---|---|
/// | a check, a constructor | the try ends without a run, and it is the last |
/// | a run | the recheck; if that fails, this try was the last |
/// | a recheck, a run_only, a check_only | the try is the last |
/// | a cleanup | what follows any error |
///
/// It is found at any depth of the [sources](Error::source) of what a phase returns.
///
/// ```
/// use dojobber_core::{Result, permanent};
///
/// fn upload(size: u64) -> Result {
///     if size > 1 << 30 {
///         return Err(permanent("larger than the server accepts").into());
///     }
///     Ok(())
/// }
/// assert_eq!(upload(u64::MAX).unwrap_err().to_string(), "larger than the server accepts");
/// ```
pub fn permanent(error: impl Into<BoxError>) -> Permanent {
    Permanent(error.into())
}

/// Says that the state could not be seen, which is neither yes nor no.
///
/// In a check or a constructor the try has failed without a run, and retries follow; anywhere else it is an error as
/// any.
///
/// ```
/// use dojobber_core::{Context, Result, unknown};
///
/// fn has_zone(cx: &Context) -> Result<bool> {
///     // an unreachable server does not mean that the zone is missing
///     Ok(cx.command("dig").args(["example.org", "SOA"]).read().map_err(unknown)?.contains("SOA"))
/// }
/// ```
pub fn unknown(error: impl Into<BoxError>) -> Unknown {
    Unknown(error.into())
}

/// Says that another try can only help after that time: it begins no earlier, counted from the end of this one, and
/// never earlier than the job's `retry_delay` says.
///
/// In a check the run follows as after any error.
///
/// ```
/// use dojobber_core::retry_after;
/// use std::time::Duration;
///
/// let busy = retry_after(Duration::from_secs(30), "503 Service Unavailable");
/// assert_eq!(busy.to_string(), "503 Service Unavailable");
/// ```
pub fn retry_after(delay: Duration, error: impl Into<BoxError>) -> RetryAfter {
    RetryAfter { delay, error: error.into() }
}

/// The one-line check: fails with `message` unless `condition` holds. The error is [`Unmet`].
///
/// ```
/// use dojobber_core::{Unmet, ensure};
///
/// assert!(ensure(1 < 2, "the world is upside down").is_ok());
/// let error = ensure(2 < 1, "not yet").unwrap_err();
/// assert!(error.is::<Unmet>());
/// assert_eq!(error.to_string(), "not yet");
/// ```
///
/// # Errors
///
/// The message, if the condition does not hold.
pub fn ensure(condition: bool, message: impl Into<BoxError>) -> Result {
    if condition { Ok(()) } else { Err(Unmet(Some(message.into())).into()) }
}

/// No other try can help: from [`permanent`].
pub struct Permanent(BoxError);

/// The state could not be seen: from [`unknown`].
pub struct Unknown(BoxError);

/// No other try can help before some time has passed: from [`retry_after`].
pub struct RetryAfter {
    delay: Duration,
    error: BoxError,
}

/// A check has looked, and says no: what [`ensure`], `false` and `Ok(false)` fail with.
///
/// So `.unknown_if(|error| !error.is::<Unmet>())` runs the run of a job only where its check says no, and not where it
/// could not look.
pub struct Unmet(Option<BoxError>);

/// There was no time left: a time limit was over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TimedOut {
    allowed: Duration,
}

/// The run was stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cancelled {
    reason: StopReason,
}

/// An [`Unmet`] without a message, as an error that takes no memory: it is by far the most frequent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReturnedFalse;

static UNMET: Unmet = Unmet(None);

/// An error as the user sees it.
pub(crate) fn shown<'e>(
    error: &'e (dyn Error + Send + Sync + 'static),
) -> &'e (dyn Error + Send + Sync + 'static) {
    if error.is::<ReturnedFalse>() { &UNMET } else { error }
}

impl RetryAfter {
    /// How long it is until another try can help.
    pub fn delay(&self) -> Duration {
        self.delay
    }
}

impl TimedOut {
    pub(crate) fn new(allowed: Duration) -> Self {
        TimedOut { allowed }
    }

    /// How long there was.
    pub fn allowed(&self) -> Duration {
        self.allowed
    }
}

impl Cancelled {
    pub(crate) fn new(reason: StopReason) -> Self {
        Cancelled { reason }
    }

    /// Why the run was stopped.
    pub fn reason(&self) -> StopReason {
        self.reason
    }
}

/// Whether an error is that of a plain `false`, in either of its forms.
pub(super) fn is_returned_false(error: &(dyn Error + 'static)) -> bool {
    error.is::<ReturnedFalse>() || error.downcast_ref::<Unmet>().is_some_and(|unmet| unmet.0.is_none())
}

debug_for_people!(Permanent, Unknown, RetryAfter, Unmet, TimedOut, Cancelled);

impl fmt::Display for Permanent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        say_repeats(Some(ErrorClass::Permanent), None);
        self.0.fmt(f)
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        say_repeats(Some(ErrorClass::Unknown), None);
        self.0.fmt(f)
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        say_repeats(None, Some(self.delay));
        self.error.fmt(f)
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(message) => {
                say_repeats(None, None);
                message.fmt(f)
            }
            None => ReturnedFalse.fmt(f),
        }
    }
}

impl fmt::Display for ReturnedFalse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("returned false")
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        say_class(ErrorClass::TimedOut);
        write!(f, "timed out after {:?}", self.allowed)
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        say_class(ErrorClass::Cancelled);
        match self.reason {
            StopReason::Cancelled => f.pad("cancelled"),
            reason => write!(f, "cancelled: {reason}"),
        }
    }
}

impl Error for Permanent {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

impl Error for Unknown {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

impl Error for RetryAfter {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}

impl Error for Unmet {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_deref().map(|message| message as _)
    }
}

impl Error for ReturnedFalse {}
impl Error for TimedOut {}
impl Error for Cancelled {}
