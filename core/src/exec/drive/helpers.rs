//! The threads that help the callers of one runner.

use std::fmt;
use std::sync::{Barrier, Mutex, MutexGuard, TryLockError};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::log::warning;

/// Made when they are first needed, kept for the runner's life.
#[derive(Default)]
pub(crate) struct Helpers {
    threads: Mutex<Threads>,
}

#[derive(Default)]
enum Threads {
    #[default]
    NotYet,
    Ready {
        pool: ThreadPool,
        helpers: usize,
    },
    /// The system gave none.
    Refused,
}

/// The helpers, for one run: another one that comes meanwhile goes on without.
pub(super) struct Lease<'h> {
    threads: MutexGuard<'h, Threads>,
}

impl Helpers {
    /// `None` if another run has them, or if there are none to be had.
    pub(super) fn lease(&self, wanted: usize, stack_size: usize) -> Option<Lease<'_>> {
        let mut threads = match self.threads.try_lock() {
            Ok(threads) => threads,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        if matches!(*threads, Threads::NotYet) {
            *threads = Threads::start(wanted, stack_size);
        }
        matches!(*threads, Threads::Ready { .. }).then_some(Lease { threads })
    }
}

impl Threads {
    /// As many helpers as the system allows, and as many spare threads.
    fn start(mut helpers: usize, stack_size: usize) -> Self {
        while helpers > 0 {
            let name = |thread| format!("dojobber-{thread}");
            let pool =
                ThreadPoolBuilder::new().num_threads(2 * helpers).thread_name(name).stack_size(stack_size);
            match pool.build() {
                Ok(pool) => return Threads::Ready { pool, helpers },
                Err(_error) => {
                    warning!(helpers, error = %_error, "the system refuses threads");
                }
            }
            helpers /= 2;
        }
        Threads::Refused
    }
}

impl Lease<'_> {
    pub(super) fn helpers(&self) -> usize {
        match &*self.threads {
            Threads::Ready { helpers, .. } => *helpers,
            Threads::NotYet | Threads::Refused => 0,
        }
    }

    /// Calls `help` on each helper, with its number from 1, and `lead` on this thread; returns when all of them have.
    ///
    /// The helpers wait for each other before they begin: so none is queued while a job runs in the pool, where it
    /// could be picked up by a thread that waits inside a piece of a job's `par_iter`.
    pub(super) fn help(&self, help: impl Fn(usize) + Sync, lead: impl FnOnce()) {
        let Threads::Ready { pool, helpers } = &*self.threads else { return lead() };
        let all_in = Barrier::new(*helpers);
        let (help, all_in) = (&help, &all_in);
        pool.in_place_scope(|scope| {
            for id in 1..=*helpers {
                scope.spawn(move |_| {
                    all_in.wait();
                    help(id);
                });
            }
            lead();
        });
    }
}

impl fmt::Debug for Helpers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helpers").finish_non_exhaustive()
    }
}
