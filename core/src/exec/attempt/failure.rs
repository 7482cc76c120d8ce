//! What the error of a phase says.

use std::error::Error;

use crate::clock::nanos;
use crate::error::{ErrorClass, ErrorText, ReturnedFalse, Traits, shown};
use crate::exec::stages::Went;
use crate::job::JobSpec;
use crate::unwind;
use crate::words::Phase;

type AnyError = dyn Error + Send + Sync + 'static;

/// What a phase failed with, as it is kept.
#[derive(Default)]
pub(super) struct Failure {
    /// `None` for a plain `false`, which a record tells by a flag.
    pub(super) text: Option<Box<ErrorText>>,
    traits: Traits,
}

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

impl Failure {
    /// Listens to what an error says. That is the user's code, and may panic.
    #[inline]
    pub(super) fn of(error: &AnyError) -> Self {
        if error.is::<ReturnedFalse>() { Failure::default() } else { Failure::heard(error) }
    }

    #[cold]
    fn heard(error: &AnyError) -> Self {
        let heard = unwind::catch(|| Ok(ErrorText::heard(error)));
        let (text, traits) = heard.unwrap_or_else(|_| (ErrorText::unprintable(), Traits::default()));
        Failure { text: Some(Box::new(text)), traits }
    }

    /// The same, with what the job itself says of errors of its check.
    #[inline]
    pub(super) fn of_phase<A>(phase: Phase, error: &AnyError, spec: &JobSpec<'_, A>) -> Self {
        let failure = Failure::of(error);
        match spec.unknown_if() {
            Some(ask) if phase == Phase::Check && failure.traits.class == ErrorClass::Plain => {
                failure.unless_known(unwind::catch(|| Ok(ask(shown(error)))).unwrap_or(true))
            }
            _ => failure,
        }
    }

    #[cold]
    fn unless_known(mut self, is_unknown: bool) -> Self {
        if is_unknown {
            let text = self.text.unwrap_or_else(|| Box::new(ErrorText::returned_false()));
            self.text = Some(Box::new(text.with_class(ErrorClass::Unknown)));
            self.traits.class = ErrorClass::Unknown;
        }
        self
    }

    #[inline]
    pub(super) fn went(&self) -> Went {
        match self.traits.class {
            ErrorClass::Unknown | ErrorClass::Permanent => Went::Beyond,
            _ => Went::Failed,
        }
    }

    /// Notes what it means for the try.
    #[inline]
    pub(super) fn note(&self, notes: &mut Notes) {
        notes.was_cut = false;
        if self.text.is_some() {
            self.note_text(notes);
        }
    }

    #[cold]
    fn note_text(&self, notes: &mut Notes) {
        let Traits { class, retry_after } = self.traits;
        notes.is_last |= class == ErrorClass::Permanent;
        notes.was_cut = class == ErrorClass::Cancelled;
        notes.pause = notes.pause.max(retry_after.map_or(0, nanos));
    }
}
