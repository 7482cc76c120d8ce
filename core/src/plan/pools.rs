//! What is wrong with the pools that jobs use.

use std::collections::HashMap;
use std::fmt;

use crate::pool::Slots;
use crate::text::printable;

/// A mistake in the pools that jobs use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolMistake {
    /// A pool has no slots, so that no job could use it.
    Empty {
        /// The name of the pool.
        pool: String,
        /// The first job that uses it.
        job: String,
    },
    /// One name stands for pools of different sizes.
    TwoSizes {
        /// The name of the pool.
        pool: String,
        /// The size that is met first, and the first other one.
        sizes: [u32; 2],
        /// The first jobs that use a pool of these sizes.
        jobs: [String; 2],
    },
    /// A job uses a pool, and takes none of its slots.
    NoSlots {
        /// The name of the pool.
        pool: String,
        /// The job.
        job: String,
    },
    /// A job takes more slots than there are, so that it could never begin.
    TooMany {
        /// The name of the pool.
        pool: String,
        /// How many slots it has.
        size: u32,
        /// The job.
        job: String,
        /// How many slots it takes, in all.
        slots: u32,
    },
}

impl fmt::Display for PoolMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolMistake::Empty { pool, job } => {
                let (pool, job) = (printable(pool), printable(job));
                write!(f, "the pool `{pool}` of job `{job}` has no slots: it needs at least 1")
            }
            PoolMistake::TwoSizes { pool, sizes: [one, other], jobs: [first, second] } => {
                let (pool, first, second) = (printable(pool), printable(first), printable(second));
                write!(
                    f,
                    "the pool `{pool}` is of size {one} for job `{first}`, and of {other} for job `{second}`: \
                     give it one size, or each its own name"
                )
            }
            PoolMistake::NoSlots { pool, job } => {
                let (pool, job) = (printable(pool), printable(job));
                write!(
                    f,
                    "job `{job}` uses 0 slots of the pool `{pool}`: it takes at least 1, or does not use it"
                )
            }
            PoolMistake::TooMany { pool, size, job, slots } => {
                let (pool, job) = (printable(pool), printable(job));
                write!(
                    f,
                    "job `{job}` uses {slots} slots of the pool `{pool}`, which has {size}: it could never begin"
                )
            }
        }
    }
}

/// The pools that were met so far.
#[derive(Default)]
pub(super) struct Pools<'s> {
    known: HashMap<&'s str, Known>,
}

struct Known {
    size: u32,
    /// The first job that uses it, by place.
    job: usize,
    /// Whether it was told that its size is wrong.
    is_told: bool,
}

impl<'s> Pools<'s> {
    /// Tells what is wrong with what the job at a place uses.
    pub(super) fn check(
        &mut self,
        at: usize,
        uses: &'s [Slots],
        name: impl Fn(usize) -> String,
        mut tell: impl FnMut(PoolMistake),
    ) {
        for (nth, slots) in uses.iter().enumerate() {
            let (pool, size) = (slots.pool().name(), slots.pool().size());
            if let Some(mistake) = self.check_size(at, pool, size, &name) {
                tell(mistake);
            }
            let same = |other: &&Slots| other.pool().name() == pool;
            let is_first = !uses[..nth].iter().any(|other| same(&other));
            if slots.count() == 0 {
                tell(PoolMistake::NoSlots { pool: pool.to_owned(), job: name(at) });
            }
            let all = uses.iter().filter(same).fold(0, |all: u32, slots| all.saturating_add(slots.count()));
            if is_first && size > 0 && all > size {
                tell(PoolMistake::TooMany { pool: pool.to_owned(), size, job: name(at), slots: all });
            }
        }
    }

    /// Checks once a pool whether it has a size, and one alone.
    fn check_size(
        &mut self,
        at: usize,
        pool: &'s str,
        size: u32,
        name: impl Fn(usize) -> String,
    ) -> Option<PoolMistake> {
        let known = self.known.entry(pool).or_insert(Known { size, job: at, is_told: false });
        if known.is_told || size > 0 && size == known.size {
            return None;
        }
        known.is_told = true;
        let pool = pool.to_owned();
        Some(match size == known.size {
            true => PoolMistake::Empty { pool, job: name(at) },
            false => {
                PoolMistake::TwoSizes { pool, sizes: [known.size, size], jobs: [name(known.job), name(at)] }
            }
        })
    }
}
