//! An error's text as it is saved.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::class::ErrorClass;
use crate::error::text::{ErrorText, Origin};
use crate::fields::Fields;

/// What is read.
#[derive(Deserialize)]
#[serde(rename = "ErrorText", expecting = "an error", deny_unknown_fields)]
struct SavedError<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
    #[serde(default)]
    causes: Vec<String>,
    #[serde(default)]
    panicked: bool,
    #[serde(default)]
    class: ErrorClass,
    #[serde(default)]
    returned_false: bool,
}

impl Serialize for ErrorText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (panicked, returned_false) = (self.panicked(), self.is_returned_false());
        let (has_causes, has_class) = (!self.causes.is_empty(), self.class != ErrorClass::Plain);
        Fields::new(serializer, "ErrorText", 1, [has_causes, panicked, has_class, returned_false])?
            .add("message", &self.message)?
            .add_if(has_causes, "causes", &self.causes)?
            .add_if(panicked, "panicked", &panicked)?
            .add_if(has_class, "class", &self.class)?
            .add_if(returned_false, "returned_false", &returned_false)?
            .end()
    }
}

impl<'de> Deserialize<'de> for ErrorText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let SavedError { message, causes, panicked, class, returned_false } =
            SavedError::deserialize(deserializer)?;
        if returned_false {
            return Ok(ErrorText::returned_false());
        }
        let origin = if panicked { Origin::Panic } else { Origin::Error };
        Ok(ErrorText { message: message.into_owned().into(), causes, origin, class })
    }
}

impl ErrorText {
    /// As it is meant in reports of version 1, which knew a plain `false` by its text.
    pub(crate) fn of_version_1(self) -> Self {
        let false_text = ErrorText { origin: Origin::Error, ..ErrorText::returned_false() };
        if self == false_text { ErrorText::returned_false() } else { self }
    }
}
