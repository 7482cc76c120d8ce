//! Values shared by key.

use std::any::{Any, type_name};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{BoxError, debug_for_people};
use crate::key::{AsKey, Parcel, Portable};
use crate::unwind;

/// A value as it is stored.
pub(crate) type Shared = Arc<dyn Any + Send + Sync>;

/// Stands beside the values of a name whose key is portable: says how they travel.
struct Mark(Portable);

/// Values by key. A slot is identified by the name *and* the type of its key.
///
/// Every method locks the store for a moment; what [`get`](Store::get) returns stays valid whatever is stored
/// afterwards.
///
/// ```
/// use dojobber_core::{Key, Store};
///
/// const SENT: Key<u32> = Key::new("sent");
/// let store = Store::default();
/// assert!(store.get(&SENT).is_none());
/// store.update(&SENT, |n| *n += 2);
/// assert_eq!(*store.require(&SENT).unwrap(), 2);
/// assert_eq!(store.take(&SENT), Some(2));
/// assert_eq!(store.require(&SENT).unwrap_err().to_string(), "no value of type u32 is stored under `sent`");
/// ```
#[derive(Default)]
pub struct Store {
    // one name may be used with several types; a list of one is the rule
    slots: Mutex<BTreeMap<Box<str>, Vec<Shared>>>,
    /// Whether anybody has looked in.
    is_used: AtomicBool,
}

impl Store {
    /// Stores a value, in place of what was there.
    pub fn set<T: Any + Send + Sync>(&self, key: impl AsKey<T>, value: T) {
        let old = put(&mut self.lock(), key.key_name(), key.key_portable(), Arc::new(value));
        drop(old); // after the lock: dropping a value is the user's code
    }

    /// What is stored, if anything is.
    pub fn get<T: Any + Send + Sync>(&self, key: impl AsKey<T>) -> Option<Arc<T>> {
        find(&self.lock(), key.key_name(), key.key_portable())
    }

    /// What is stored.
    ///
    /// # Errors
    ///
    /// [`MissingKey`], which names the key and its type, if nothing is.
    pub fn require<T: Any + Send + Sync>(&self, key: impl AsKey<T>) -> Result<Arc<T>, MissingKey> {
        let (key, portable) = (key.key_name(), key.key_portable());
        find(&self.lock(), key, portable)
            .ok_or_else(|| MissingKey { name: key.to_owned(), type_name: type_name::<T>() })
    }

    /// Whether something is stored.
    pub fn contains<T: Any + Send + Sync>(&self, key: impl AsKey<T>) -> bool {
        find::<T>(&self.lock(), key.key_name(), key.key_portable()).is_some()
    }

    /// Changes what is stored, or the default of its type, and returns what `change` returns.
    ///
    /// The change is made to a copy, under the lock, and stored only when `change` returns: a panic in it leaves
    /// the old value. `change` must not use the same store: that would wait for itself.
    pub fn update<T, R>(&self, key: impl AsKey<T>, change: impl FnOnce(&mut T) -> R) -> R
    where
        T: Any + Send + Sync + Default + Clone,
    {
        let (key, portable) = (key.key_name(), key.key_portable());
        let mut slots = self.lock();
        let old = find::<T>(&slots, key, portable);
        let mut value = old.as_deref().cloned().unwrap_or_default();
        let result = change(&mut value);
        let replaced = put(&mut slots, key, portable, Arc::new(value));
        drop(slots);
        drop((old, replaced));
        result
    }

    /// Removes and returns what is stored.
    ///
    /// `None` if nothing is, or if someone still holds what [`get`](Store::get) returned: then it stays stored.
    pub fn take<T: Any + Send + Sync>(&self, key: impl AsKey<T>) -> Option<T> {
        let key = key.key_name();
        let mut slots = self.lock();
        let same_name = slots.get_mut(key)?;
        let at = same_name.iter().position(|value| value.is::<T>())?;
        if Arc::strong_count(&same_name[at]) > 1 {
            return None;
        }
        let value = same_name.swap_remove(at);
        if same_name.iter().all(|value| value.is::<Mark>()) {
            slots.remove(key);
        }
        drop(slots);
        Arc::into_inner(value.downcast().ok()?)
    }

    /// What of it may go to another machine: the values under portable keys.
    pub(crate) fn leaving(&self) -> Vec<(String, Shared, Portable)> {
        let slots = self.lock();
        let marked = slots.iter().filter_map(|(name, values)| {
            let mark = values.iter().find_map(|value| value.downcast_ref::<Mark>())?;
            let value = values.iter().find(|value| !value.is::<Mark>() && !value.is::<Parcel>())?;
            Some((name.to_string(), Arc::clone(value), mark.0))
        });
        marked.collect()
    }

    /// Stores what has come from another machine.
    pub(crate) fn arrive(&self, name: String, parcel: Parcel) {
        self.lock().insert(name.into(), vec![Arc::new(parcel)]);
    }

    /// The names under which something is stored.
    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().keys().map(ToString::to_string).collect()
    }

    /// Drops all that is stored, one value after another.
    ///
    /// # Errors
    ///
    /// The first panic of a destructor.
    pub(crate) fn clear(&mut self) -> Result<(), BoxError> {
        if !std::mem::take(self.is_used.get_mut()) {
            return Ok(()); // so nothing was put into it either
        }
        let slots = std::mem::take(self.slots.get_mut().unwrap_or_else(PoisonError::into_inner));
        unwind::discard_all(slots.into_values().flatten())
    }

    /// Whether nobody else holds this store, and nobody has looked into it since it was made or cleared. Needs no lock, and no
    /// atomic step.
    #[inline]
    pub(crate) fn is_fresh(store: &Arc<Self>) -> bool {
        let is_alone = Arc::strong_count(store) == 1; // nobody makes weak references
        fence(Ordering::Acquire); // what others did before they let go of it is seen
        is_alone && !store.is_used.load(Ordering::Relaxed)
    }

    /// A panic in `update` or in a destructor leaves the slots whole, so poison means nothing here.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Box<str>, Vec<Shared>>> {
        self.is_used.store(true, Ordering::Relaxed);
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find<T: Any + Send + Sync>(
    slots: &BTreeMap<Box<str>, Vec<Shared>>,
    key: &str,
    portable: Option<Portable>,
) -> Option<Arc<T>> {
    let same_name = slots.get(key)?;
    match same_name.iter().find(|value| value.is::<T>()) {
        Some(value) => value.clone().downcast().ok(),
        None => unpack(same_name, portable?),
    }
}

/// What has come from another machine, for a key that knows its type.
fn unpack<T: Any + Send + Sync>(same_name: &[Shared], portable: Portable) -> Option<Arc<T>> {
    let parcel = same_name.iter().find_map(|value| value.downcast_ref::<Parcel>())?;
    parcel.open(portable)?.0.downcast().ok().map(Arc::from)
}

fn put<T: Any + Send + Sync>(
    slots: &mut BTreeMap<Box<str>, Vec<Shared>>,
    key: &str,
    portable: Option<Portable>,
    value: Arc<T>,
) -> Option<Shared> {
    let Some(same_name) = slots.get_mut(key) else {
        let mut values: Vec<Shared> = vec![value];
        values.extend(portable.map(|portable| Arc::new(Mark(portable)) as Shared));
        slots.insert(key.into(), values);
        return None;
    };
    match same_name.iter_mut().find(|slot| slot.is::<T>()) {
        Some(slot) => Some(std::mem::replace(slot, value)),
        None => {
            same_name.push(value);
            None
        }
    }
}

/// Drops the values one after another: two destructors that panic would end the process if the second did so while the
/// first panic unwinds. The first panic goes on afterwards, unless another is under way already.
impl Drop for Store {
    fn drop(&mut self) {
        if !*self.is_used.get_mut() {
            return;
        }
        if let Err(panic) = self.clear()
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(Box::new(panic.to_string()));
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.lock().keys()).finish()
    }
}

/// Nothing is stored under a key that was required.
#[derive(Clone, PartialEq, Eq)]
pub struct MissingKey {
    name: String,
    type_name: &'static str,
}

impl MissingKey {
    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for MissingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no value of type {} is stored under `{}`", self.type_name, self.name)
    }
}

debug_for_people!(MissingKey);

impl std::error::Error for MissingKey {}
