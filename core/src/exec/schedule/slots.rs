//! Slots of pools, and the jobs that wait for them.
//!
//! 1. A ready job that uses pools stands in the queue of each of them, at the same rank.
//! 2. It may begin if it is the first in each of these queues and all its slots are free. Those that may are in `open`,
//!    at most one for each pool.
//! 3. A retry that found a slot taken is parked at that pool, until slots of it become free.

use std::collections::BTreeSet;

use crate::exec::schedule::claims::{Claims, PoolId, Use};
use crate::exec::schedule::queue::{Queue, Ranked};
use crate::graph::JobId;

/// A retry: when it is due, and whose it is.
pub(super) type Due = (u64, JobId);

#[derive(Debug)]
pub(super) struct Slots {
    pools: Vec<Pool>,
    /// Ascending.
    open: Vec<Ranked>,
}

#[derive(Debug)]
struct Pool {
    free: u32,
    queue: Queue,
    parked: BTreeSet<Due>,
}

impl Slots {
    pub(super) fn new(claims: &Claims) -> Self {
        let pool = |size: &u32| Pool {
            free: *size,
            queue: Queue::new(claims.has_wishes()),
            parked: BTreeSet::new(),
        };
        Slots { pools: claims.sizes.iter().map(pool).collect(), open: Vec::new() }
    }

    /// A job is ready: it takes its place in the queues.
    pub(super) fn enter(&mut self, claims: &Claims, job: Ranked) {
        let mut is_first = true;
        for Use { pool, .. } in claims.of(job.1) {
            let queue = &mut self.pools[pool.index()].queue;
            let first = queue.first();
            queue.push(job);
            match first {
                Some(first) if first > job => self.close_to(first), // it is first no more
                Some(_) => is_first = false,
                None => {}
            }
        }
        if is_first {
            self.look_at(claims, job);
        }
    }

    /// The first of those that may begin.
    pub(super) fn first(&self) -> Option<Ranked> {
        self.open.first().copied()
    }

    /// All that may begin, one for each pool at the most.
    #[cfg(feature = "testkit")]
    pub(super) fn open(&self) -> impl Iterator<Item = Ranked> + '_ {
        self.open.iter().copied()
    }

    /// A job that may begin leaves the queues, and takes its slots.
    pub(super) fn begin(&mut self, claims: &Claims, job: Ranked) {
        self.close_to(job);
        for Use { pool, slots } in claims.of(job.1) {
            let pool = &mut self.pools[pool.index()];
            pool.queue.remove(job);
            pool.free -= slots;
        }
        self.look_at_firsts(claims, job.1);
    }

    /// Whether all slots that a job uses are free.
    #[cfg(feature = "testkit")]
    pub(super) fn has_free(&self, claims: &Claims, job: JobId) -> bool {
        claims.of(job).iter().all(|used| self.pools[used.pool.index()].free >= used.slots)
    }

    /// Takes the slots of a retry if they are free; else says in which pool they are not.
    pub(super) fn take(&mut self, claims: &Claims, job: JobId) -> Result<(), PoolId> {
        let uses = claims.of(job);
        if let Some(taken) = uses.iter().find(|used| self.pools[used.pool.index()].free < used.slots) {
            return Err(taken.pool);
        }
        for Use { pool, slots } in uses {
            self.pools[pool.index()].free -= slots;
        }
        self.look_at_firsts(claims, job);
        Ok(())
    }

    pub(super) fn park(&mut self, pool: PoolId, retry: Due) {
        self.pools[pool.index()].parked.insert(retry);
    }

    /// A try gives its slots back. Returns the parked retries that may find theirs free now.
    pub(super) fn give_back(&mut self, claims: &Claims, job: JobId) -> Vec<Due> {
        for Use { pool, slots } in claims.of(job) {
            self.pools[pool.index()].free += slots;
        }
        if self.open.is_empty() || self.pools.len() > 1 {
            self.look_at_firsts(claims, job); // else the only first may begin already
        }
        self.unpark(claims, job)
    }

    /// The retries that are parked at the pools of a job, as far as there are slots for all of them: they are parked no
    /// more. One of these may find that slots of another pool are taken, or that a ready job was faster; then it is
    /// parked there, and this is called for it, so that nobody stays behind it.
    pub(super) fn unpark(&mut self, claims: &Claims, job: JobId) -> Vec<Due> {
        let mut unparked = Vec::new();
        for Use { pool: id, .. } in claims.of(job) {
            let pool = &mut self.pools[id.index()];
            if pool.parked.is_empty() {
                continue;
            }
            let mut free = pool.free;
            let fitting = pool.parked.iter().copied().filter(|(_, job)| {
                let wants =
                    claims.of(*job).iter().find(|other| other.pool == *id).map_or(0, |used| used.slots);
                let fits = wants <= free;
                free -= if fits { wants } else { 0 };
                fits
            });
            let fitting: Vec<Due> = fitting.collect();
            fitting.iter().for_each(|retry| _ = pool.parked.remove(retry));
            unparked.extend(fitting);
        }
        unparked
    }

    /// Nothing begins any more, and what was parked is forgotten.
    pub(super) fn close(&mut self) {
        self.open.clear();
        for pool in &mut self.pools {
            pool.queue.clear();
            pool.parked.clear();
        }
    }

    /// Where a job uses pools whose slots or queues have changed: which firsts may begin now.
    fn look_at_firsts(&mut self, claims: &Claims, job: JobId) {
        for Use { pool, .. } in claims.of(job) {
            if let Some(first) = self.pools[pool.index()].queue.first() {
                self.look_at(claims, first);
            }
        }
    }

    /// Keeps `open` true for a job that waits.
    fn look_at(&mut self, claims: &Claims, job: Ranked) {
        let may_begin = claims.of(job.1).iter().all(|Use { pool, slots }| {
            let pool = &self.pools[pool.index()];
            pool.free >= *slots && pool.queue.first() == Some(job)
        });
        match self.open.binary_search(&job) {
            Err(at) if may_begin => self.open.insert(at, job),
            Ok(at) if !may_begin => _ = self.open.remove(at),
            _ => {}
        }
    }

    /// A job may not begin any more.
    fn close_to(&mut self, job: Ranked) {
        if let Ok(at) = self.open.binary_search(&job) {
            self.open.remove(at);
        }
    }
}
