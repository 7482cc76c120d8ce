//! Names, with and without a type.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// A name with a type: of a value in a [`Store`](crate::Store), or of a job and of what it returns.
///
/// ```
/// use dojobber_core::Key;
///
/// const PORT: Key<u16> = Key::new("port");
/// let per_host: Key<String> = Key::named(format!("address of {}", "db1"));
/// assert_eq!((PORT.name(), per_host.name()), ("port", "address of db1"));
/// ```
pub struct Key<T> {
    name: Cow<'static, str>,
    names: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// A key that is known when the program is written.
    pub const fn new(name: &'static str) -> Self {
        Key { name: Cow::Borrowed(name), names: PhantomData }
    }

    /// A key whose name is made while the program runs.
    pub fn named(name: impl Into<String>) -> Self {
        Key { name: Cow::Owned(name.into()), names: PhantomData }
    }

    /// The name alone.
    pub fn name(&self) -> &str {
        &self.name
    }
}

// by hand: a derive would ask the same of `T`, of which a key holds nothing
impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        Key { name: self.name.clone(), names: PhantomData }
    }
}

impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl<T> Eq for Key<T> {}

impl<T> Hash for Key<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key<{}>({:?})", std::any::type_name::<T>(), self.name)
    }
}

impl<T> fmt::Display for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
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
}

impl<N: AsRef<str>> JobName<Untyped> for N {
    fn job_name(&self) -> &str {
        self.as_ref()
    }
}

#[diagnostic::do_not_recommend]
impl<T> JobName<Typed<T>> for Key<T> {
    fn job_name(&self) -> &str {
        self.name()
    }
}

#[diagnostic::do_not_recommend]
impl<T> JobName<Typed<T>> for &Key<T> {
    fn job_name(&self) -> &str {
        self.name()
    }
}

/// Marks a single name among [`JobNames`].
#[derive(Debug)]
pub struct One<M>(PhantomData<M>);

/// Marks several names among [`JobNames`].
#[derive(Debug)]
pub struct Many<M>(PhantomData<M>);

/// What may name several jobs: one name, or anything that can be iterated over and yields names.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name jobs",
    label = "write one name (`\"a\"`, a `String`, a `Key`), or several of them (`[\"a\", \"b\"]`)"
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
