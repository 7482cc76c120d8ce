//! How the values of a key go to other machines.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// How the values of a key are written and read; in which format is decided by who carries them.
///
/// It is made by [`Key::portable`](crate::Key), with the feature `portable`.
#[derive(Clone, Copy)]
pub struct Portable {
    #[cfg(feature = "portable")]
    write: fn(&(dyn Any + Send + Sync)) -> Option<&dyn erased_serde::Serialize>,
    #[cfg(feature = "portable")]
    read: fn(&mut dyn erased_serde::Deserializer<'_>) -> Result<Carried, erased_serde::Error>,
}

/// A value on its way, whose type only its key knows.
pub struct Carried(pub(crate) Box<dyn Any + Send + Sync>);

#[cfg(feature = "portable")]
impl Portable {
    pub(super) const fn of<T>() -> Self
    where
        T: Any + Send + Sync + serde::Serialize + serde::de::DeserializeOwned,
    {
        Portable { write: write::<T>, read: read::<T> }
    }

    /// The value as something to write; `None` if it is not of the type that the key names.
    pub fn write<'v>(&self, value: &'v (dyn Any + Send + Sync)) -> Option<&'v dyn erased_serde::Serialize> {
        (self.write)(value)
    }

    /// Reads a value of the type that the key names.
    ///
    /// # Errors
    ///
    /// What the type, or the format, has to say against it.
    pub fn read(
        &self,
        from: &mut dyn erased_serde::Deserializer<'_>,
    ) -> Result<Carried, erased_serde::Error> {
        (self.read)(from)
    }
}

#[cfg(feature = "portable")]
fn write<T: Any + serde::Serialize>(value: &(dyn Any + Send + Sync)) -> Option<&dyn erased_serde::Serialize> {
    value.downcast_ref::<T>().map(|value| value as _)
}

#[cfg(feature = "portable")]
fn read<T>(from: &mut dyn erased_serde::Deserializer<'_>) -> Result<Carried, erased_serde::Error>
where
    T: Any + Send + Sync + serde::de::DeserializeOwned,
{
    erased_serde::deserialize::<T>(from).map(|value| Carried(Box::new(value)))
}

impl Carried {
    /// The value itself.
    pub fn value(&self) -> &(dyn Any + Send + Sync) {
        &*self.0
    }
}

/// A value of a local store that has come from another machine. It is opened when it is asked for with its key, which
/// knows its type.
#[derive(Clone)]
pub struct Parcel(Arc<Open>);

type Open = dyn Fn(Portable) -> Option<Carried> + Send + Sync;

impl Parcel {
    /// `open` reads the value; `None` if it is of another type.
    pub fn new(open: impl Fn(Portable) -> Option<Carried> + Send + Sync + 'static) -> Self {
        Parcel(Arc::new(open))
    }

    /// The value, for that key.
    pub fn open(&self, portable: Portable) -> Option<Carried> {
        (self.0)(portable)
    }
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel").finish_non_exhaustive()
    }
}

impl fmt::Debug for Portable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Portable").finish_non_exhaustive()
    }
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carried").finish_non_exhaustive()
    }
}
