//! How structs with optional fields are written and read, in every format.

mod read;

pub(crate) use read::{Append, Each, Fill, Place, Text, Value};

use serde::ser::{Serialize, SerializeStruct, Serializer};

/// A struct that is being written.
///
/// What is missing is left out in formats for people, where each field has its name. In all others it is written as
/// missing: some tell fields by their place alone.
pub(crate) struct Fields<S: Serializer> {
    fields: S::SerializeStruct,
    leaves_out: bool,
}

impl<S: Serializer> Fields<S> {
    /// For a struct of as many fields as are always written, and of optional ones, some of which are `there`.
    pub(crate) fn new(
        serializer: S,
        name: &'static str,
        always: usize,
        there: impl IntoIterator<Item = bool>,
    ) -> Result<Self, S::Error> {
        let leaves_out = serializer.is_human_readable();
        let optional = there.into_iter().filter(|is_there| *is_there || !leaves_out).count();
        Ok(Fields { fields: serializer.serialize_struct(name, always + optional)?, leaves_out })
    }

    pub(crate) fn add<T: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        value: &T,
    ) -> Result<Self, S::Error> {
        self.fields.serialize_field(name, value)?;
        Ok(self)
    }

    /// A field that is left out, if it may be and is not `there`.
    pub(crate) fn add_if<T: Serialize>(
        mut self,
        is_there: bool,
        name: &'static str,
        value: &T,
    ) -> Result<Self, S::Error> {
        if is_there || !self.leaves_out {
            return self.add(name, value);
        }
        self.fields.skip_field(name)?;
        Ok(self)
    }

    pub(crate) fn end(self) -> Result<S::Ok, S::Error> {
        self.fields.end()
    }
}
