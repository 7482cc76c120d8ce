//! The driver for several workers: the caller's thread, and helpers from the runner's rayon pool.
//!
//! Jobs are never rayon tasks. A helper is one: it stays in the pool until the run ends, and executes whole tries. The
//! pools have spare threads, too, which only ever serve the pieces of jobs' own `par_iter`.

mod counts;
mod sleep;
mod stock;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_deque::{Steal, Stealer, Worker as Deque};
use crossbeam_utils::{Backoff, CachePadded};

use counts::{Ended, is_all, take};
use sleep::Sleep;
use stock::Stock;

use crate::clock::Stamp;
use crate::exec::attempt::{Leftovers, Worker};
use crate::exec::books::{Books, blocked_by};
use crate::exec::drive::helpers::{Helpers, Lease, help_all};
use crate::exec::drive::serial::Alone;
use crate::exec::finished::Finished;
use crate::exec::live::Live;
use crate::exec::retries::{Retries, Waiting};
use crate::exec::tries::{Retry, Try, TryEnd};
use crate::graph::{JobGraph, JobId};
use crate::report::{Head, Log};

/// Runs on the caller's thread until a second try could begin and the helpers are free; from then on with them. Where
/// the plan begins with jobs that come one after another, nothing is counted for them.
pub(super) fn execute<'env, A: Send + Sync>(live: &Live<'env, A>, helpers: &Helpers) -> Finished<'env, A> {
    let mut alone = Alone::new(live);
    alone.follow_order(live.plan.alone());
    while let Some(attempt) = alone.next() {
        let lease = if alone.has_surplus() { helpers.lease(live.options.stack()) } else { None };
        match lease {
            Some(lease) => return together(alone, attempt, &lease),
            None => alone.follow(attempt),
        }
    }
    alone.finish()
}

/// The caller was about to begin with `attempt`.
fn together<'env, A: Send + Sync>(
    alone: Alone<'_, 'env, A>,
    attempt: Try,
    lease: &Lease<'_>,
) -> Finished<'env, A> {
    let Alone { live, mut worker, books, ready, retries, ended } = alone;
    let wanted = live.options.threads.min(live.graph().len() - ended) - 1;
    let tiers = lease.tiers(wanted);
    let helpers = tiers.iter().map(|tier| tier.helpers()).sum::<usize>().min(wanted);
    let deques: Vec<Deque<Offer>> = (0..=helpers).map(|_| Deque::new_lifo()).collect();
    let crew = Crew {
        live,
        ended: Ended::new(ended, live.graph().len()),
        books,
        ends: zeroes(live.graph().nodes()),
        began: worker.look_at_the_clock(),
        stock: Stock::of(ready.into()),
        stealers: deques.iter().map(Deque::stealer).collect(),
        waiting: CachePadded::new(AtomicUsize::new(retries.len())),
        retries: Mutex::new(retries),
        sleep: Sleep::default(),
        left: Mutex::default(),
    };
    let mut deques = deques.into_iter();
    let caller = deques.next().expect("one for the caller, and one for each helper");
    let deques = Mutex::new((1..).zip(deques).collect::<Vec<(u16, _)>>());

    let help = || {
        let mine = lock(&deques).pop();
        if let Some((id, deque)) = mine {
            let mut worker = Worker::new(live, id);
            worker.not_before(crew.began);
            crew.member(worker, id, deque).work(None);
        }
    };
    help_all(&tiers, helpers, &help, || crew.member(worker, 0, caller).work(Some(attempt)));

    let (mut logs, mut leftovers) = (Vec::new(), Leftovers::default());
    for (log, more) in crew.left.into_inner().unwrap_or_else(PoisonError::into_inner) {
        logs.push(log);
        leftovers.append(more);
    }
    Finished {
        heads: crew.books.into_heads(live.graph()),
        logs,
        nodes: Vec::new(),
        leftovers,
        stop_reason: None,
    }
}

/// All workers of one run.
struct Crew<'r, 'env, A> {
    live: &'r Live<'env, A>,
    books: Books,
    /// When each job ended, and the start of each nest was passed: a [`Stamp`].
    ends: Vec<AtomicU64>,
    /// What happened before the helpers came happened before this.
    began: Stamp,
    /// Jobs that are ready from the start.
    stock: Stock,
    /// Jobs that became ready, in a deque for each worker.
    stealers: Vec<Stealer<Offer>>,
    retries: Mutex<Retries>,
    /// How many retries there are.
    waiting: CachePadded<AtomicUsize>,
    ended: Ended,
    sleep: Sleep,
    /// What workers leave behind.
    left: Mutex<Vec<(Log, Leftovers<'env, A>)>>,
}

/// A ready job, in the deque of the worker that made it ready, or has stolen it.
#[derive(Clone, Copy)]
struct Offer {
    job: JobId,
    /// The worker that made it ready.
    by: u16,
}

/// How many times a worker looks around before it sleeps, in quick succession: about as long as most small jobs take. To look
/// longer costs the processor time of every idle worker each time that a job wakes another, and has made nothing faster; to
/// look 7 times made ladders of empty jobs slower by a half with two workers, as each rung then wakes the other one.
const LOOKS: u32 = 20;

/// One worker, and what is its own.
struct Member<'c, 'r, 'env, A> {
    crew: &'c Crew<'r, 'env, A>,
    graph: &'r JobGraph,
    worker: Worker<'r, 'env, A>,
    id: u16,
    deque: Deque<Offer>,
    /// Jobs that have ended here, and are not yet counted by all.
    ended: usize,
    owed: Owed,
}

/// Decrements of a dependant's counter that this worker has put off, to write the counter once instead of `count` times.
///
/// Where the next job that is executed here has the same one as its only dependant, that cannot begin before this has
/// ended, so nobody can tell the difference. Where one job waits for a thousand, a worker then takes its share away at
/// once, and does not fight with the others for the counter.
struct Owed {
    job: JobId,
    count: u32,
}

impl Owed {
    const NOTHING: Owed = Owed { job: JobId(0), count: 0 };
}

impl<'r, 'env, A: Send + Sync> Crew<'r, 'env, A> {
    fn member<'c>(
        &'c self,
        worker: Worker<'r, 'env, A>,
        id: u16,
        deque: Deque<Offer>,
    ) -> Member<'c, 'r, 'env, A> {
        Member { crew: self, graph: self.live.graph(), worker, id, deque, ended: 0, owed: Owed::NOTHING }
    }

    fn is_over(&self) -> bool {
        self.ended.are_all()
    }

    fn something_is_ready(&self) -> bool {
        !self.stock.is_empty() || self.stealers.iter().any(|deque| !deque.is_empty())
    }

    /// How long it is until the next retry.
    fn alarm(&self) -> Option<Duration> {
        if self.waiting.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let due = lock(&self.retries).first_due()?;
        Some(self.live.world.clock.until(due))
    }

    #[cold]
    fn plan(&self, retry: Retry) {
        let is_first = {
            let mut retries = lock(&self.retries);
            let is_first = retries.push(retry);
            self.waiting.store(retries.len(), Ordering::Relaxed);
            is_first
        };
        if is_first {
            self.sleep.set_alarms();
        }
    }

    #[cold]
    fn due_retry(&self) -> Option<Try> {
        let mut retries = lock(&self.retries);
        let Waiting::Try(attempt) = retries.next(|| self.live.world.clock.now()) else { return None };
        self.waiting.store(retries.len(), Ordering::Relaxed);
        Some(attempt)
    }

    /// Takes so many from what a node waits for, and says whether these were the last. A start is passed with that.
    #[inline]
    fn release(&self, graph: &JobGraph, node: JobId, count: u32) -> bool {
        let is_last = take(&self.books.left[node.index()], count);
        if is_last && graph.is_start(node) {
            self.pass(graph, node);
        }
        is_last
    }

    /// A start ends when the last of what it waits for has.
    #[cold]
    fn pass(&self, graph: &JobGraph, start: JobId) {
        self.ends[start.index()].store(self.may_begin(graph, start).0, Ordering::Relaxed);
    }

    /// The ends of what a node waits for: its start is no earlier, though another processor's counter said so.
    #[inline]
    fn may_begin(&self, graph: &JobGraph, node: JobId) -> Stamp {
        let ends = graph.after_nodes(node).iter().map(|on| self.ends[on.index()].load(Ordering::Relaxed));
        Stamp(ends.max().unwrap_or(0))
    }
}

impl<'r, 'env, A: Send + Sync> Member<'_, 'r, 'env, A> {
    /// Until the run is over.
    fn work(mut self, mut next: Option<Try>) {
        while let Some(attempt) = next.take().or_else(|| self.find()) {
            self.follow(attempt);
        }
        lock(&self.crew.left).push(self.worker.take_parts());
    }

    /// Executes a try, and then whatever becomes ready here.
    fn follow(&mut self, mut attempt: Try) {
        self.worker.not_before(self.crew.may_begin(self.graph, attempt.job));
        loop {
            let next = match self.worker.attempt(&mut attempt) {
                TryEnd::Again { due } => {
                    self.crew.plan(attempt.again(due));
                    None
                }
                TryEnd::Ended(head) => self.settle(attempt.job, head),
            };
            let next = next.map(|job| Offer { job, by: self.id });
            let next = next.or_else(|| self.deque.pop());
            let next = if self.owed.count > 0 { self.pay(next) } else { next };
            let Some(Offer { job, by }) = next else { return };
            if by != self.id || !self.waited_for_one(job) {
                self.worker.not_before(self.crew.may_begin(self.graph, job));
            }
            attempt = Try::first(job);
        }
    }

    /// Whether a job waited for a single other one at most. If it was made ready here, that one has ended here, too.
    #[inline]
    fn waited_for_one(&self, job: JobId) -> bool {
        match self.graph.after_nodes(job) {
            [] => true,
            [on] => !self.graph.is_start(*on),
            _ => false,
        }
    }

    /// Books the end of a job. Of what it made ready, one is returned; the others are offered to all.
    #[inline]
    fn settle(&mut self, job: JobId, head: Head) -> Option<JobId> {
        self.crew.ends[job.index()].store(self.worker.stamp().0, Ordering::Relaxed);
        self.crew.books.heads[job.index()].store(head.to_bits(), Ordering::Relaxed);
        self.ended += 1;
        if !head.is_done() {
            self.block(job);
            return None;
        }
        if let [only] = self.graph.before_nodes(job)
            && !self.graph.is_start(*only)
        {
            return self.settle_only(*only);
        }
        let (mut next, mut more) = (None, false);
        let release = |node| self.crew.release(self.graph, node, 1);
        self.graph.release(job, release, |job| match next {
            None => next = Some(job),
            Some(_) => {
                self.deque.push(Offer { job, by: self.id });
                more = true;
            }
        });
        if more {
            self.crew.sleep.offer();
        }
        next
    }

    /// Books the end of a job that only one waits for.
    #[inline]
    fn settle_only(&mut self, dependant: JobId) -> Option<JobId> {
        debug_assert!(self.owed.count == 0 || self.owed.job == dependant);
        self.owed = Owed { job: dependant, count: self.owed.count + 1 };
        let is_ready = is_all(&self.crew.books.left[dependant.index()], self.owed.count);
        is_ready.then(|| {
            self.owed = Owed::NOTHING;
            dependant
        })
    }

    /// Pays what is owed before `next` is executed, unless that can wait. Returns what is next then.
    #[inline]
    fn pay(&mut self, next: Option<Offer>) -> Option<Offer> {
        let Owed { job, count } = self.owed;
        if next.is_some_and(|next| self.graph.before_nodes(next.job) == [job]) {
            return next;
        }
        self.owed = Owed::NOTHING;
        if !take(&self.crew.books.left[job.index()], count) {
            return next;
        }
        let ready = Offer { job, by: self.id };
        if next.is_none() {
            return Some(ready);
        }
        self.deque.push(ready);
        self.crew.sleep.offer();
        next
    }

    #[cold]
    fn block(&mut self, ended: JobId) {
        let blocked = blocked_by(self.graph, ended, |job| {
            let head = &self.crew.books.heads[job.index()];
            let (new, blocked) = (Head::NEW.to_bits(), Head::BLOCKED.to_bits());
            head.compare_exchange(new, blocked, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        });
        self.worker.tell_blocked(&blocked);
        self.ended += blocked.len();
    }

    /// A try to begin with. Sleeps while there is none. `None`: the run is over.
    fn find(&mut self) -> Option<Try> {
        self.flush();
        loop {
            if let Some(attempt) = self.search() {
                self.worker.look_at_the_clock();
                if self.crew.something_is_ready() {
                    self.crew.sleep.offer(); // whoever was called calls the next, whosever deque there is more in
                }
                return Some(attempt);
            }
            if self.crew.is_over() {
                return None;
            }
            let look = || self.crew.is_over() || self.crew.something_is_ready();
            self.crew.sleep.sleep(look, || self.crew.alarm());
        }
    }

    fn flush(&mut self) {
        let ended = std::mem::take(&mut self.ended);
        if self.crew.ended.add(ended) {
            self.crew.sleep.end();
        }
    }

    /// Looks around for a while: sleeping and being woken costs more than most jobs.
    fn search(&self) -> Option<Try> {
        let backoff = Backoff::new();
        for _ in 0..LOOKS {
            if let Some(job) = self.take_from_stock().or_else(|| self.steal()) {
                return Some(Try::first(job));
            }
            if self.crew.waiting.load(Ordering::Relaxed) > 0
                && let Some(attempt) = self.crew.due_retry()
            {
                return Some(attempt);
            }
            if self.crew.is_over() {
                return None;
            }
            backoff.snooze();
        }
        None
    }

    /// A share of what was ready from the start: the first is returned, the others are this worker's. All that they
    /// waited for ended before this worker began.
    fn take_from_stock(&self) -> Option<JobId> {
        let (first, others) = self.crew.stock.take(self.crew.stealers.len()).split_first()?;
        for job in others.iter().rev() {
            self.deque.push(Offer { job: *job, by: self.id }); // the last one in is the first one out
        }
        Some(*first)
    }

    /// A batch of what another worker has ready: the first is returned, the others are this worker's.
    fn steal(&self) -> Option<JobId> {
        let (id, others) = (usize::from(self.id), self.crew.stealers.len());
        for at in (id + 1..id + others).map(|at| at % others) {
            loop {
                match self.crew.stealers[at].steal_batch_and_pop(&self.deque) {
                    Steal::Success(offer) => return Some(offer.job),
                    Steal::Empty => break,
                    Steal::Retry => std::hint::spin_loop(),
                }
            }
        }
        None
    }
}

fn zeroes(len: usize) -> Vec<AtomicU64> {
    let mut zeroes = Vec::new();
    zeroes.resize_with(len, AtomicU64::default);
    zeroes
}

/// The user's panics are caught before they get here, and ours leave nothing to save.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
