//! The threads that help the callers of one runner.
//!
//! 1. Helpers come in tiers, each a rayon pool of its own. A tier is made when there is work for more workers than there
//!    are, and kept for the runner's life.
//! 2. In a pool stand its helpers and a few spare threads, which only ever serve the pieces of jobs' own `par_iter`. Beyond
//!    [`most_with_spares`] helpers a tier is a single thread.
//! 3. The helpers of a tier enter a run together: none of them is queued while a job is executed in that pool. So none can
//!    begin on a stack that holds a piece of a job's `par_iter`.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::host;
use crate::log::warning;

/// Up to this number of workers find work in each other's deques; more share one schedule.
pub(super) const MANY: usize = 64;

/// Made when they are first needed, kept for the runner's life.
#[derive(Default)]
pub(crate) struct Helpers {
    /// Whether a run has them.
    taken: AtomicBool,
    tiers: Mutex<Tiers>,
}

#[derive(Default)]
struct Tiers {
    tiers: Vec<Arc<Tier>>,
    /// In all of them.
    helpers: usize,
    /// The system has refused threads: no other tier is made.
    refused: bool,
}

/// Helpers that enter a run together.
pub(super) struct Tier {
    pool: ThreadPool,
    helpers: usize,
}

/// The most helpers in one tier: as many as the machine runs at once, and some more where that is little.
///
/// A thread of rayon that becomes idle looks some dozen times at all threads of its pool, and what it does so often is to
/// look at all threads of the process that have ever done it. With pools of 64, a thousand threads that end together spend
/// more time on that than on anything else.
fn most_of_a_tier() -> usize {
    host::threads().max(8)
}

/// So many helpers have spare threads beside them. Where there are more of them, jobs mostly wait; what they do with rayon
/// is done on their own thread.
///
/// A pool of one thread never looks at other threads, and with that a thread costs little more than a plain one.
fn most_with_spares() -> usize {
    host::threads().max(MANY) - 1
}

/// With so many spare threads, what a job does with rayon can use the whole machine.
fn spare_threads() -> usize {
    host::threads().saturating_sub(1).max(1)
}

/// The helpers, for one run: another one that comes meanwhile goes on without.
pub(super) struct Lease<'h> {
    helpers: &'h Helpers,
    stack_size: usize,
}

impl Helpers {
    /// `None` if another run has them.
    pub(super) fn lease(&self, stack_size: usize) -> Option<Lease<'_>> {
        let is_free = !self.taken.swap(true, Ordering::Acquire);
        is_free.then(|| Lease { helpers: self, stack_size }) // not made, and so not dropped, where it is not free
    }

    /// How many have been made.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.tiers.lock().unwrap_or_else(PoisonError::into_inner).helpers
    }
}

impl Tiers {
    /// Makes one more.
    fn start(&mut self, wanted: usize, stack_size: usize) {
        let with_spares = most_with_spares().saturating_sub(self.helpers);
        let started = match with_spares {
            0 => Tier::start(1, 0, stack_size),
            _ => Tier::start(wanted.min(with_spares).min(most_of_a_tier()), spare_threads(), stack_size),
        };
        self.refused = started.is_none();
        self.helpers += started.as_ref().map_or(0, |tier| tier.helpers);
        self.tiers.extend(started.map(Arc::new));
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.helpers.taken.store(false, Ordering::Release);
    }
}

impl Lease<'_> {
    /// The tier of that number, from 0, which is made if there is none: with `wanted` helpers, or as many as the system
    /// and a tier allow. `None` if the system refuses.
    pub(super) fn tier(&self, number: usize, wanted: usize) -> Option<Arc<Tier>> {
        let mut tiers = self.helpers.tiers.lock().unwrap_or_else(PoisonError::into_inner);
        if tiers.tiers.len() == number && !tiers.refused {
            tiers.start(wanted, self.stack_size);
        }
        tiers.tiers.get(number).cloned()
    }

    /// As many tiers as it takes for `wanted` helpers, or as many as there are to be had.
    pub(super) fn tiers(&self, wanted: usize) -> Vec<Arc<Tier>> {
        let mut tiers: Vec<Arc<Tier>> = Vec::new();
        let mut found = 0;
        while found < wanted
            && let Some(tier) = self.tier(tiers.len(), wanted - found)
        {
            found += tier.helpers;
            tiers.push(tier);
        }
        tiers
    }
}

impl Tier {
    /// As many helpers as the system allows, with no more spare threads than helpers.
    fn start(mut helpers: usize, spares: usize, stack_size: usize) -> Option<Self> {
        while helpers > 0 {
            let pool = ThreadPoolBuilder::new()
                .num_threads(helpers + helpers.min(spares))
                .thread_name(|thread| format!("dojobber-{thread}"))
                .stack_size(stack_size);
            match pool.build() {
                Ok(pool) => return Some(Tier { pool, helpers }),
                Err(_error) => {
                    warning!(helpers, error = %_error, "the system refuses threads");
                }
            }
            helpers /= 2;
        }
        None
    }

    pub(super) fn helpers(&self) -> usize {
        self.helpers
    }

    /// Calls `help` on so many of the helpers, and `lead` on this thread; returns when all of them have.
    pub(super) fn help(&self, count: usize, help: impl Fn() + Sync, lead: impl FnOnce()) {
        let count = count.min(self.helpers);
        let all_in = Barrier::new(count);
        let (help, all_in) = (&help, &all_in);
        self.pool.in_place_scope(|scope| {
            for _ in 0..count {
                scope.spawn(move |_| {
                    all_in.wait();
                    help();
                });
            }
            lead();
        });
    }
}

/// Calls `help` on `count` helpers of these tiers together, and `lead` on this thread.
pub(super) fn help_all(tiers: &[Arc<Tier>], count: usize, help: &(dyn Fn() + Sync), lead: impl FnOnce()) {
    match tiers.split_first() {
        Some((first, others)) if count > 0 => {
            let rest = count.saturating_sub(first.helpers);
            first.help(count, help, || help_boxed(others, rest, help, Box::new(lead)));
        }
        _ => lead(),
    }
}

/// The same without another type for each tier.
fn help_boxed<'l>(tiers: &[Arc<Tier>], count: usize, help: &(dyn Fn() + Sync), lead: Box<dyn FnOnce() + 'l>) {
    help_all(tiers, count, help, lead);
}

impl fmt::Debug for Helpers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helpers").finish_non_exhaustive()
    }
}
