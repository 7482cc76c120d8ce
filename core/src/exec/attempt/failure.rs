//! What the error of a phase says.

use std::error::Error;

use crate::clock::nanos;
use crate::error::{ErrorClass, ErrorText, ReturnedFalse, shown};
use crate::exec::stages::Went;
use crate::job::JobSpec;
use crate::unwind;
use crate::words::Phase;

type AnyError = dyn Error + Send + Sync + 'static;

/// What the errors of one try have said beside their texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Notes {
    /// No other try can help.
    pub(super) is_last: bool,
    /// The last phase failed because the run was stopped.
    pub(super) was_cut: bool,
    /// The next try begins no earlier than so many nanoseconds after this one has ended.
    pub(super) pause: u64,
}

/// Whether an error says no more than `false`, which a record tells by a flag.
#[inline(always)] // by far the most frequent: it stays in registers
pub(super) fn is_plain_false<A>(error: &AnyError, spec: &JobSpec<'_, A>) -> bool {
    error.is::<ReturnedFalse>() && spec.unknown_if().is_none()
}

impl Notes {
    /// Listens to the error of a phase, and to what its job says of it. Returns its text, if it says more than `false`.
    #[inline(never)]
    pub(super) fn hear<A>(
        &mut self,
        phase: Phase,
        error: &AnyError,
        spec: &JobSpec<'_, A>,
    ) -> Option<ErrorText> {
        let mut text = if error.is::<ReturnedFalse>() { None } else { Some(self.hear_text(error)) };
        let is_plain = text.as_ref().is_none_or(|text| text.class() == ErrorClass::Plain);
        if let Some(ask) = spec.unknown_if()
            && phase == Phase::Check
            && is_plain
            && unwind::catch(|| Ok(ask(shown(error)))).unwrap_or(true)
        {
            text = Some(text.unwrap_or_else(ErrorText::returned_false).with_class(ErrorClass::Unknown));
        }
        if let Some(text) = &text {
            self.is_last |= text.class() == ErrorClass::Permanent;
            self.was_cut = text.class() == ErrorClass::Cancelled;
        }
        text
    }

    /// Displays an error: that is the user's code, and may panic.
    #[inline(always)]
    fn hear_text(&mut self, error: &AnyError) -> ErrorText {
        match unwind::catch(|| Ok(ErrorText::heard(error))) {
            Ok((text, retry_after)) => {
                self.pause = self.pause.max(retry_after.map_or(0, nanos));
                text
            }
            Err(_) => ErrorText::unprintable(),
        }
    }
}

/// How a phase went whose error says so.
pub(super) fn went(class: ErrorClass) -> Went {
    match class {
        ErrorClass::Unknown | ErrorClass::Permanent => Went::Beyond,
        _ => Went::Failed,
    }
}
