//! What errors say, through whatever they are wrapped in.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use super::class::MAX_CAUSES;
use super::*;
use crate::words::StopReason;

const SOON: Duration = Duration::from_secs(7);

/// An error as most are: with a text of its own, and a source.
#[derive(Debug)]
struct Within(BoxError);

impl fmt::Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("upload failed")
    }
}

impl Error for Within {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// An error that hides the type of what it holds, as the boxes of other libraries do.
#[derive(Debug)]
struct Hides(BoxError);

impl fmt::Display for Hides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Error for Hides {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// `expected`: what the report prints, the class, and the delay.
#[track_caller]
fn check(error: impl Into<BoxError>, expected: (&str, ErrorClass, Option<Duration>)) {
    let error = error.into();
    let (text, retry_after) = ErrorText::heard(&*error);
    assert_eq!((format!("{text:#}").as_str(), text.class(), retry_after), expected);
    assert_eq!(ErrorClass::of(&*error), text.class());
}

fn io_error() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "no such bucket")
}

#[test]
fn wrappers_say_more_and_leave_the_text_alone() {
    use ErrorClass::*;
    check("plain", ("plain", Plain, None));
    check(permanent("never"), ("never", Permanent, None));
    check(unknown("dark"), ("dark", Unknown, None));
    check(retry_after(SOON, "busy"), ("busy", Plain, Some(SOON)));
    check(permanent(io_error()), ("no such bucket", Permanent, None));
    check(permanent(Within("disk".into())), ("upload failed: disk", Permanent, None));
    check(super::TimedOut::new(SOON), ("timed out after 7s", TimedOut, None));
    check(super::Cancelled::new(StopReason::Cancelled), ("cancelled", Cancelled, None));
    check(super::Cancelled::new(StopReason::Signal(2)), ("cancelled: SIGINT", Cancelled, None));
    check(ensure(false, "not yet").unwrap_err(), ("not yet", Plain, None));
    check(ReturnedFalse, ("returned false", Plain, None));
}

#[test]
fn they_are_found_at_any_depth() {
    use ErrorClass::*;
    check(Within(permanent("never").into()), ("upload failed: never", Permanent, None));
    check(
        Within(Within(unknown("dark").into()).into()),
        ("upload failed: upload failed: dark", Unknown, None),
    );
    check(Within(retry_after(SOON, "busy").into()), ("upload failed: busy", Plain, Some(SOON)));
    check(io::Error::other(permanent("never")), ("never", Permanent, None));
    check(io::Error::other(Within(permanent("never").into())), ("upload failed: never", Permanent, None));
    check(Hides(permanent("never").into()), ("never", Permanent, None));
    check(Hides(permanent(Within("disk".into())).into()), ("upload failed: disk", Permanent, None));
    check(Within(Hides(unknown("dark").into()).into()), ("upload failed: dark", Unknown, None));
    check(Hides(super::TimedOut::new(SOON).into()), ("timed out after 7s", TimedOut, None));
    check(ensure(false, permanent("never")).unwrap_err(), ("never", Permanent, None));
}

#[test]
fn the_outermost_counts() {
    use ErrorClass::*;
    check(permanent(unknown("x")), ("x", Permanent, None));
    check(unknown(permanent("x")), ("x", Unknown, None));
    check(permanent(super::TimedOut::new(SOON)), ("timed out after 7s", Permanent, None));
    check(unknown(retry_after(SOON, "x")), ("x", Unknown, Some(SOON)));
    check(retry_after(SOON, permanent("x")), ("x", Permanent, Some(SOON)));
    check(
        retry_after(SOON, Within(retry_after(Duration::MAX, "x").into())),
        ("upload failed: x", Plain, Some(SOON)),
    );
}

#[test]
fn equal_texts_that_are_no_wrappers_are_kept() {
    check(Within(Within("x".into()).into()), ("upload failed: upload failed: x", ErrorClass::Plain, None));
    let twice = permanent(Within(Within("x".into()).into()));
    check(twice, ("upload failed: upload failed: x", ErrorClass::Permanent, None));
}

#[test]
fn the_source_is_the_inner_error() {
    let is_io = |error: &dyn Error| error.source().is_some_and(|source| source.is::<io::Error>());
    assert!(
        is_io(&permanent(io_error())) && is_io(&unknown(io_error())) && is_io(&retry_after(SOON, io_error()))
    );
    let unmet = ensure(false, io_error()).unwrap_err();
    assert!(unmet.is::<Unmet>() && is_io(&*unmet));
    assert_eq!(retry_after(SOON, "busy").delay(), SOON);
    assert_eq!(super::TimedOut::new(SOON).allowed(), SOON);
    assert_eq!(super::Cancelled::new(StopReason::TimedOut).reason(), StopReason::TimedOut);
}

#[test]
fn a_false_is_shown_as_unmet() {
    let error = shown(&ReturnedFalse);
    assert!(error.is::<Unmet>() && error.source().is_none());
    assert_eq!(ErrorText::heard(error).0, RETURNED_FALSE);
    assert!(!shown(&fmt::Error).is::<Unmet>());
}

/// One that panics while it is displayed, after it has displayed another.
#[derive(Debug)]
struct Panics(BoxError);

impl fmt::Display for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("{}", self.0);
    }
}

impl Error for Panics {}

#[test]
fn nobody_goes_on_listening() {
    let panics = || ErrorClass::of(&Panics(permanent("x").into()));
    assert!(std::panic::catch_unwind(panics).is_err());
    let displayed = permanent("x").to_string();
    check(displayed, ("x", ErrorClass::Plain, None));
}

/// One that asks about another while it is displayed.
#[derive(Debug)]
struct Asks;

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", ErrorClass::of(&permanent("x")))
    }
}

impl Error for Asks {}

#[test]
fn who_asks_inside_hears_its_own_answer() {
    check(Asks, ("Permanent", ErrorClass::Plain, None));
    check(unknown(Asks), ("Permanent", ErrorClass::Unknown, None));
}

#[derive(Debug)]
struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("again")
    }
}

impl Error for Endless {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&Endless)
    }
}

#[test]
fn a_chain_that_never_ends_is_cut() {
    assert_eq!(ErrorText::heard(&permanent(Endless)).0.causes().len(), MAX_CAUSES - 1);
    assert_eq!(ErrorClass::of(&permanent(Endless)), ErrorClass::Permanent);
}
