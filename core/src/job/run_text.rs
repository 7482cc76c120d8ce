//! What a job may say of its run.

use std::borrow::Cow;

use crate::error::Result;

/// What a closure may return that describes a run: text, or a [`Result`] of text. Where it fails, the description of the
/// job stands.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no text that describes a run",
    label = "it must be a `String`, a `&str`, or a `dojobber::Result` of one",
    note = "put `?` on other errors, and end with `Ok(..)`"
)]
pub trait RunText {
    /// The text.
    ///
    /// # Errors
    ///
    /// Whatever kept the job from knowing.
    fn run_text(self) -> Result<String>;
}

impl RunText for String {
    fn run_text(self) -> Result<String> {
        Ok(self)
    }
}

impl RunText for &str {
    fn run_text(self) -> Result<String> {
        Ok(self.to_owned())
    }
}

impl RunText for Cow<'_, str> {
    fn run_text(self) -> Result<String> {
        Ok(self.into_owned())
    }
}

impl<T: Into<String>> RunText for Result<T> {
    fn run_text(self) -> Result<String> {
        self.map(Into::into)
    }
}
