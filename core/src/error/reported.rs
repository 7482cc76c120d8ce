//! An error that has come from elsewhere as text.

use std::error::Error;
use std::fmt;

use crate::error::boxed::BoxError;
use crate::error::class::say_class;
use crate::error::people::debug_for_people;
use crate::error::text::{ErrorText, Panicked};
use crate::error::wrap::ReturnedFalse;

/// Stands for an error that happened in another process: it prints and is classed as that one was.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Reported {
    text: ErrorText,
    cause: Option<Box<Cause>>,
}

/// One of its causes, and those of that one.
#[derive(Clone, PartialEq, Eq)]
struct Cause {
    text: String,
    next: Option<Box<Cause>>,
}

impl Reported {
    /// As the error of a phase.
    pub(crate) fn of(text: &ErrorText) -> BoxError {
        if text.is_returned_false() {
            return ReturnedFalse.into();
        }
        if text.panicked() {
            return Panicked(text.message().to_owned().into()).into();
        }
        let chain = |next, text: &String| Some(Box::new(Cause { text: text.clone(), next }));
        let cause = text.causes().iter().rev().fold(None, chain);
        Reported { text: text.clone(), cause }.into()
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        say_class(self.text.class());
        f.write_str(self.text.message())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

debug_for_people!(Reported);
debug_for_people!(Cause);

impl Error for Reported {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.next.as_deref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorClass;
    use crate::error::wrap::permanent;

    /// What was told of an error once is told of it again.
    #[track_caller]
    fn check(error: &(dyn Error + 'static)) {
        let (text, _) = ErrorText::heard(error);
        let again = Reported::of(&text);
        assert_eq!(ErrorText::heard(&*again).0, text);
    }

    #[test]
    fn an_error_is_told_as_it_was() {
        check(&std::fmt::Error);
        check(&ReturnedFalse);
        check(&Panicked("at the disco".into()));
        let inner = permanent(std::io::Error::other(permanent("no")));
        check(&inner);
        let cause = Cause { text: "because".into(), next: None };
        let text = ErrorText::of_message("no").with_class(ErrorClass::Unknown);
        check(&Reported {
            text,
            cause: Some(Box::new(Cause { text: "why".into(), next: Some(cause.into()) })),
        });
    }
}
