//! Pools: what several jobs share, and only so many may use at once.

use std::fmt;
use std::sync::Arc;

/// A name and a number of slots: how many tries that use it may go on at once in one run.
///
/// It is plain data. Equal names mean the same pool, also in nested graphs; each run counts for itself. A try takes all
/// the slots that its job uses at once, or none, and holds them to its end. While a job waits for its next try it holds
/// none.
///
/// ```
/// use dojobber_core::Pool;
///
/// let region = Pool::new("region eu", 20);
/// assert_eq!((region.name(), region.size()), ("region eu", 20));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pool {
    name: Arc<str>,
    size: u32,
}

/// Some slots of a [`Pool`], from [`Pool::slots`]: what one job uses of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slots {
    pool: Pool,
    count: u32,
}

impl Pool {
    /// A pool with so many slots. One without any is a mistake that `compile()` reports.
    pub fn new(name: impl Into<Arc<str>>, slots: u32) -> Self {
        Pool { name: name.into(), size: slots }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many slots it has.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Takes `count` slots of it, for a job that weighs more than others: `.uses(pool.slots(3))`.
    pub fn slots(&self, count: u32) -> Slots {
        Slots { pool: self.clone(), count }
    }
}

impl Slots {
    /// The pool that they are of.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// How many they are.
    pub fn count(&self) -> u32 {
        self.count
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.name).field(&self.size).finish()
    }
}

/// What `.uses(..)` takes: a [`Pool`] by value, by reference or in an `Arc` (one slot of it), [`Slots`], or an array,
/// `Vec` or `Option` of these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no pool",
    label = "a `Pool`, `&Pool`, `pool.slots(n)`, or an array, `Vec` or `Option` of them"
)]
pub trait PoolUses {
    #[doc(hidden)]
    fn for_each_use(self, tell: &mut dyn FnMut(Slots));
}

impl PoolUses for Pool {
    fn for_each_use(self, tell: &mut dyn FnMut(Slots)) {
        tell(self.slots(1));
    }
}

impl PoolUses for &Pool {
    fn for_each_use(self, tell: &mut dyn FnMut(Slots)) {
        tell(self.slots(1));
    }
}

impl PoolUses for Arc<Pool> {
    fn for_each_use(self, tell: &mut dyn FnMut(Slots)) {
        tell(self.slots(1));
    }
}

impl PoolUses for &Arc<Pool> {
    fn for_each_use(self, tell: &mut dyn FnMut(Slots)) {
        tell(self.slots(1));
    }
}

impl PoolUses for Slots {
    fn for_each_use(self, tell: &mut dyn FnMut(Slots)) {
        tell(self);
    }
}

impl PoolUses for &Slots {
    fn for_each_use(self, tell: &mut dyn FnMut(Slots)) {
        tell(self.clone());
    }
}

impl<U: PoolUses, const N: usize> PoolUses for [U; N] {
    fn for_each_use(self, tell: &mut dyn FnMut(Slots)) {
        self.into_iter().for_each(|uses| uses.for_each_use(tell));
    }
}

impl<U: PoolUses> PoolUses for Vec<U> {
    fn for_each_use(self, tell: &mut dyn FnMut(Slots)) {
        self.into_iter().for_each(|uses| uses.for_each_use(tell));
    }
}

impl<U: PoolUses> PoolUses for Option<U> {
    fn for_each_use(self, tell: &mut dyn FnMut(Slots)) {
        self.into_iter().for_each(|uses| uses.for_each_use(tell));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uses: impl PoolUses, expected: &[(&str, u32)]) {
        let mut found = Vec::new();
        uses.for_each_use(&mut |slots| found.push((slots.pool().name().to_owned(), slots.count())));
        let expected: Vec<_> = expected.iter().map(|(name, count)| (name.to_string(), *count)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn pools_are_named_in_many_ways() {
        let (disk, net) = (Pool::new("disk", 2), Arc::new(Pool::new("net", 3)));
        check(&disk, &[("disk", 1)]);
        check(disk.clone(), &[("disk", 1)]);
        check(&net, &[("net", 1)]);
        check(Arc::clone(&net), &[("net", 1)]);
        check(disk.slots(2), &[("disk", 2)]);
        check([disk.slots(2), net.slots(3)], &[("disk", 2), ("net", 3)]);
        check(vec![&disk, &disk], &[("disk", 1), ("disk", 1)]);
        check(None::<Pool>, &[]);
        check(Some([&disk]), &[("disk", 1)]);
    }
}
