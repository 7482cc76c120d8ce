//! The driver for several workers: the caller's thread, and helpers from the runner's rayon pool.
//!
//! Jobs are never rayon tasks. A helper is one: it stays in the pool until the run ends, and executes whole tries.
//! The pool has as many spare threads as helpers, which only ever serve the pieces of jobs' own `par_iter`; and no
//! helper is ever queued while a job runs in the pool, so none can begin on a stack that holds a piece of one.

use std::fmt;
use std::sync::{Barrier, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::exec::attempt::{Turn, Worker};
use crate::exec::progress::{Next, Progress};
use crate::exec::{Finished, Live, Log};
use crate::log::warning;

pub(super) fn execute<'env, A: Send + Sync>(live: &Live<'env, A>, helpers: &Helpers) -> Finished<'env, A> {
    let board = Board { progress: Progress::new(live.graph()), busy: 0, asleep: 0 };
    let team = Team { live, board: Mutex::new(board), bell: Condvar::new(), logs: Mutex::default() };
    let mut caller = Worker::new(live, 0);
    if let Some((turn, lease)) = team.work_alone(&mut caller, helpers) {
        lease.help(
            |id| team.help(id),
            || {
                team.execute(&mut caller, turn);
                team.work(&mut caller);
            },
        );
    }
    let mut log = caller.into_log();
    for other in into_inner(team.logs) {
        log.append(other);
    }
    Finished { statuses: into_inner(team.board).progress.into_statuses(), log }
}

/// The workers of one run.
struct Team<'r, 'env, A> {
    live: &'r Live<'env, A>,
    board: Mutex<Board>,
    /// Rings when there may be something for one who sleeps.
    bell: Condvar,
    /// Of the helpers that have left.
    logs: Mutex<Vec<Log<'env, A>>>,
}

struct Board {
    progress: Progress,
    /// Workers inside a try.
    busy: usize,
    asleep: usize,
}

impl<'r, 'env, A: Send + Sync> Team<'r, 'env, A> {
    /// The caller alone, until there is more to do than one can and the pool is free; then the try that it was
    /// about to execute, and the pool. `None`: the run is over.
    fn work_alone<'h>(
        &self,
        caller: &mut Worker<'r, 'env, A>,
        helpers: &'h Helpers,
    ) -> Option<(Turn, Lease<'h>)> {
        while let Some((turn, has_more)) = self.next() {
            let lease = if has_more { helpers.lease(self.live.options.threads - 1) } else { None };
            match lease {
                Some(lease) => return Some((turn, lease)),
                None => self.execute(caller, turn),
            }
        }
        None
    }

    fn work(&self, worker: &mut Worker<'r, 'env, A>) {
        while let Some((turn, _)) = self.next() {
            self.execute(worker, turn);
        }
    }

    fn help(&self, id: u16) {
        let mut worker = Worker::new(self.live, id);
        self.work(&mut worker);
        lock(&self.logs).push(worker.into_log());
    }

    /// Waits for a try that may begin, and says whether there is more. `None`: the run is over.
    fn next(&self) -> Option<(Turn, bool)> {
        let mut board = lock(&self.board);
        loop {
            match board.progress.next(|| self.live.now()) {
                Next::Try(turn) => {
                    board.busy += 1;
                    let has_more = board.progress.has_more();
                    if has_more && board.asleep > 0 {
                        self.bell.notify_one();
                    }
                    return Some((turn, has_more));
                }
                Next::WaitUntil(due) => {
                    let time = self.live.world.clock.until(due);
                    board.asleep += 1;
                    board = self.bell.wait_timeout(board, time).unwrap_or_else(PoisonError::into_inner).0;
                    board.asleep -= 1;
                }
                Next::Nothing if board.busy == 0 => {
                    self.bell.notify_all();
                    return None;
                }
                Next::Nothing => {
                    board.asleep += 1;
                    board = self.bell.wait(board).unwrap_or_else(PoisonError::into_inner);
                    board.asleep -= 1;
                }
            }
        }
    }

    fn execute(&self, worker: &mut Worker<'r, 'env, A>, turn: Turn) {
        let end = worker.attempt(turn);
        let mut board = lock(&self.board);
        let blocked = board.progress.settle(self.live.graph(), turn, end);
        if !blocked.is_empty() {
            drop(board); // the run cannot end meanwhile: this worker is still busy
            worker.tell_blocked(&blocked);
            board = lock(&self.board);
        }
        board.busy -= 1;
        if board.asleep > 0 && (board.progress.has_more() || board.busy == 0) {
            self.bell.notify_one();
        }
    }
}

/// The threads that help the callers of one runner: made when they are first needed, kept for its life.
#[derive(Default)]
pub(crate) struct Helpers {
    pool: Mutex<Threads>,
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
struct Lease<'h> {
    threads: MutexGuard<'h, Threads>,
}

impl Helpers {
    /// `None` if another run has them, or if there are none to be had.
    fn lease(&self, wanted: usize) -> Option<Lease<'_>> {
        let mut threads = match self.pool.try_lock() {
            Ok(threads) => threads,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        if matches!(*threads, Threads::NotYet) {
            *threads = Threads::start(wanted);
        }
        matches!(*threads, Threads::Ready { .. }).then_some(Lease { threads })
    }
}

impl Threads {
    /// As many helpers as the system allows, and as many spare threads.
    fn start(mut helpers: usize) -> Self {
        while helpers > 0 {
            let name = |thread| format!("dojobber-{thread}");
            match ThreadPoolBuilder::new().num_threads(2 * helpers).thread_name(name).build() {
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
    /// Calls `help` on each helper and `lead` on this thread; returns when all of them have.
    fn help(&self, help: impl Fn(u16) + Sync, lead: impl FnOnce()) {
        let Threads::Ready { pool, helpers } = &*self.threads else { return lead() };
        let all_in = Barrier::new(*helpers);
        let (help, all_in) = (&help, &all_in);
        pool.in_place_scope(|scope| {
            for id in 1..=*helpers {
                scope.spawn(move |_| {
                    all_in.wait();
                    help(id as u16);
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

/// The user's panics are caught before they get here, and ours leave nothing to save.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
