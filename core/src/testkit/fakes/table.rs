//! Rows.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Mutex;

use super::{change, lock};
use crate::faults::{Access, interruption, touches};

/// Rows with a key each: a fake of a database, of an inventory, of a service that is asked by name.
///
/// A change takes one step, and behind it there is an [`interruption`] point. Each use of a row [touches](touches) it.
/// What a dead process still says is ignored.
///
/// ```
/// use dojobber_core::testkit::Table;
///
/// let users = Table::new("users");
/// users.insert("wendell", 1001);
/// users.update(&"wendell", |id| *id += 1);
/// assert_eq!(users.get(&"wendell"), Some(1002));
/// assert!(!users.contains(&"ann"));
/// ```
#[derive(Debug)]
pub struct Table<K, V> {
    name: String,
    rows: Mutex<BTreeMap<K, V>>,
}

impl<K: Ord + Clone + Debug, V: Clone> Table<K, V> {
    /// An empty one. Findings about its rows name it.
    pub fn new(name: impl Into<String>) -> Self {
        Table { name: name.into(), rows: Mutex::default() }
    }

    /// The same with a row that is there from the start.
    pub fn with(self, key: K, value: V) -> Self {
        lock(&self.rows).insert(key, value);
        self
    }

    /// What stands in a row; `None` if there is none.
    pub fn get(&self, key: &K) -> Option<V> {
        self.touch(key, Access::Read);
        lock(&self.rows).get(key).cloned()
    }

    /// Whether there is such a row.
    pub fn contains(&self, key: &K) -> bool {
        self.touch(key, Access::Read);
        lock(&self.rows).contains_key(key)
    }

    /// Writes a row, and returns what stood there.
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        self.touch(&key, Access::Write);
        let before = change(&self.rows, |rows| rows.insert(key, value));
        interruption();
        before
    }

    /// Changes a row in place. Returns whether there is one.
    pub fn update(&self, key: &K, update: impl FnOnce(&mut V)) -> bool {
        self.touch(key, Access::Write);
        let is_there = change(&self.rows, |rows| rows.get_mut(key).map(update).is_some());
        interruption();
        is_there
    }

    /// Takes a row away, and returns what stood there.
    pub fn remove(&self, key: &K) -> Option<V> {
        self.touch(key, Access::Write);
        let before = change(&self.rows, |rows| rows.remove(key));
        interruption();
        before
    }

    /// All rows. It touches none.
    pub fn rows(&self) -> BTreeMap<K, V> {
        lock(&self.rows).clone()
    }

    /// All rows, when the plan that borrows the table is gone.
    pub fn into_rows(self) -> BTreeMap<K, V> {
        self.rows()
    }

    fn touch(&self, key: &K, access: Access) {
        touches(format!("{} {key:?}", self.name), access);
    }
}
