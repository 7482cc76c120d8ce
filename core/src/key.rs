//! Names, with and without a type.

mod portable;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

#[cfg(feature = "portable")]
use std::any::Any;

pub use portable::{Carried, Parcel, Portable};

/// A name with a type: of a value in a [`Store`](crate::Store), or of a job and of what it returns.
///
/// ```
/// use dojobber_core::Key;
///
/// const PORT: Key<u16> = Key::new("port");
/// let per_host: Key<String> = Key::named(format!("address of {}", "db1"));
/// assert_eq!((PORT.name(), per_host.name()), ("port", "address of db1"));
/// ```
///
/// Whatever takes a key takes it by value or by reference; a clone costs next to nothing.
pub struct Key<T> {
    name: Name,
    names: PhantomData<fn() -> T>,
    portable: Option<Portable>,
}

#[derive(Clone)]
enum Name {
    Written(&'static str),
    Made(Arc<str>),
}

impl<T> Key<T> {
    /// A key that is known when the program is written.
    pub const fn new(name: &'static str) -> Self {
        Key { name: Name::Written(name), names: PhantomData, portable: None }
    }

    /// A key whose name is made while the program runs.
    pub fn named(name: impl Into<String>) -> Self {
        Key { name: Name::Made(name.into().into()), names: PhantomData, portable: None }
    }

    /// The name alone.
    pub fn name(&self) -> &str {
        match &self.name {
            Name::Written(name) => name,
            Name::Made(name) => name,
        }
    }
}

#[cfg(feature = "portable")]
impl<T: Any + Send + Sync + serde::Serialize + serde::de::DeserializeOwned> Key<T> {
    /// The same key, whose values may go to other machines: what a job returns that is named by it, and what is left under
    /// it in the local store for a cleanup.
    ///
    /// Which form they travel in is decided by who carries them, and not here.
    ///
    /// ```
    /// use dojobber_core::Key;
    ///
    /// const SAMPLES: Key<Vec<u64>> = Key::new("samples").portable();
    /// assert!(SAMPLES.is_portable() && !Key::<Vec<u64>>::new("samples").is_portable());
    /// ```
    #[must_use]
    pub const fn portable(mut self) -> Self {
        self.portable = Some(Portable::of::<T>());
        self
    }
}

impl<T> Key<T> {
    /// Whether its values may go to other machines.
    pub const fn is_portable(&self) -> bool {
        self.portable.is_some()
    }
}

// by hand: a derive would ask the same of `T`, of which a key holds nothing
impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        Key { name: self.name.clone(), names: PhantomData, portable: self.portable }
    }
}

impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl<T> Eq for Key<T> {}

impl<T> Hash for Key<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key<{}>({:?})", std::any::type_name::<T>(), self.name())
    }
}

impl<T> fmt::Display for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A [`Key<T>`], or a reference to one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a key of a value",
    label = "a key says the type with the name: `const PORT: Key<u16> = Key::new(\"port\")`"
)]
pub trait AsKey<T> {
    /// The name alone.
    fn key_name(&self) -> &str;

    #[doc(hidden)]
    fn key_portable(&self) -> Option<Portable> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<T> AsKey<T> for Key<T> {
    fn key_name(&self) -> &str {
        self.name()
    }
    fn key_portable(&self) -> Option<Portable> {
        self.portable
    }
}

#[diagnostic::do_not_recommend]
impl<T, K: AsKey<T>> AsKey<T> for &K {
    fn key_name(&self) -> &str {
        (*self).key_name()
    }
    fn key_portable(&self) -> Option<Portable> {
        (*self).key_portable()
    }
}

/// Marks a name that promises no type: a `str`, a `String`, whatever is `AsRef<str>`.
#[derive(Debug)]
pub enum Untyped {}

/// Marks a name that is a [`Key<T>`]: the job that it names returns a `T`.
#[derive(Debug)]
pub struct Typed<T>(PhantomData<T>);

/// What may name one job: anything that is `AsRef<str>`, a [`Key`], or a reference to one.
///
/// `M` keeps the implementations apart and is always inferred; it also carries what the name promises.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the name of a job",
    label = "a name is a `&str`, a `String` or a `Key`"
)]
pub trait JobName<M> {
    /// The name as text.
    fn job_name(&self) -> &str;

    #[doc(hidden)]
    fn job_portable(&self) -> Option<Portable> {
        None
    }
}

impl<N: AsRef<str>> JobName<Untyped> for N {
    fn job_name(&self) -> &str {
        self.as_ref()
    }
}

#[diagnostic::do_not_recommend]
impl<T, K: AsKey<T>> JobName<Typed<T>> for K {
    fn job_name(&self) -> &str {
        self.key_name()
    }
    fn job_portable(&self) -> Option<Portable> {
        self.key_portable()
    }
}

/// Marks a single name among [`JobNames`].
#[derive(Debug)]
pub struct One<M>(PhantomData<M>);

/// Marks several names among [`JobNames`].
#[derive(Debug)]
pub struct Many<M>(PhantomData<M>);

/// Marks a tuple among [`JobNames`].
#[derive(Debug)]
pub struct Mixed<M>(PhantomData<M>);

/// What may name several jobs: one name, anything that can be iterated over and yields names, or a tuple of those.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name jobs",
    label = "write one name (`\"a\"`, a `String`, a `Key`), or several of them (`[\"a\", \"b\"]`, or `(\"a\", KEY)`)"
)]
pub trait JobNames<M> {
    /// Calls `visit` with each name, in order.
    fn for_each_name(self, visit: &mut dyn FnMut(&str));
}

impl<M, N: JobName<M>> JobNames<One<M>> for N {
    fn for_each_name(self, visit: &mut dyn FnMut(&str)) {
        visit(self.job_name());
    }
}

impl<M, I> JobNames<Many<M>> for I
where
    I: IntoIterator,
    I::Item: JobName<M>,
{
    fn for_each_name(self, visit: &mut dyn FnMut(&str)) {
        for name in self {
            visit(name.job_name());
        }
    }
}

/// For tuples, whose elements may be names and keys and several of them.
macro_rules! tuples {
    ($($N:ident $M:ident $at:tt),*) => {
        #[diagnostic::do_not_recommend]
        impl<$($N, $M),*> JobNames<Mixed<($($M,)*)>> for ($($N,)*)
        where
            $($N: JobNames<$M>),*
        {
            fn for_each_name(self, visit: &mut dyn FnMut(&str)) {
                $(self.$at.for_each_name(visit);)*
            }
        }
    };
}

tuples!(A L 0, B M 1);
tuples!(A L 0, B M 1, C N 2);
tuples!(A L 0, B M 1, C N 2, D O 3);
tuples!(A L 0, B M 1, C N 2, D O 3, E P 4);
tuples!(A L 0, B M 1, C N 2, D O 3, E P 4, F Q 5);
tuples!(A L 0, B M 1, C N 2, D O 3, E P 4, F Q 5, G R 6);
tuples!(A L 0, B M 1, C N 2, D O 3, E P 4, F Q 5, G R 6, H S 7);
