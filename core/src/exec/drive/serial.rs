//! The driver for one worker: the caller's thread, and an order that is known beforehand.

use crate::exec::attempt::Worker;
use crate::exec::books::{Books, Ready};
use crate::exec::finished::Finished;
use crate::exec::live::Live;
use crate::exec::retries::{Retries, Waiting};
use crate::exec::tries::{Try, TryEnd};
use crate::graph::JobId;
use crate::report::Head;

pub(super) fn execute<'env, A: Send + Sync>(live: &Live<'env, A>) -> Finished<'env, A> {
    let mut alone = Alone::new(live);
    alone.follow_order(live.graph().len());
    while let Some(attempt) = alone.next() {
        alone.follow(attempt);
    }
    alone.finish()
}

/// A worker that has a run for itself.
pub(super) struct Alone<'r, 'env, A> {
    pub(super) live: &'r Live<'env, A>,
    pub(super) worker: Worker<'r, 'env, A>,
    pub(super) books: Books,
    pub(super) ready: Ready,
    pub(super) retries: Retries,
    /// How many jobs have ended so far.
    pub(super) ended: usize,
}

impl<'r, 'env, A: Send + Sync> Alone<'r, 'env, A> {
    #[inline(always)] // it is large, and is to be made where it is used
    pub(super) fn new(live: &'r Live<'env, A>) -> Self {
        Alone {
            live,
            worker: Worker::expecting(live, 0, live.graph().len()),
            books: Books::of(live.graph()),
            ready: Ready::new(),
            retries: Retries::default(),
            ended: 0,
        }
    }

    #[inline]
    pub(super) fn finish(&mut self) -> Finished<'env, A> {
        let (log, leftovers) = self.worker.take_parts();
        Finished {
            nodes: Vec::new(),
            heads: std::mem::take(&mut self.books).into_heads(self.live.graph()),
            logs: vec![log],
            leftovers,
            stop_reason: None,
        }
    }

    /// As long as no try has to be repeated, the plan knows the order: jobs that are blocked fall out of it, and
    /// change nothing for the others. So nothing is counted, for that many jobs or until a retry is planned.
    pub(super) fn follow_order(&mut self, jobs: usize) {
        let mut some_blocked = false;
        let mut order = self.live.plan.order().take(jobs);
        while let Some(job) = order.next() {
            if some_blocked && self.books.head(job) == Head::BLOCKED {
                continue;
            }
            let mut attempt = Try::first(job);
            match self.worker.attempt(&mut attempt) {
                TryEnd::Ended(head) => {
                    self.books.set_head(job, head);
                    self.ended += 1;
                    if !head.is_done() {
                        some_blocked = true;
                        self.block(job);
                    }
                }
                TryEnd::Again { due } => {
                    self.retries.push(attempt.again(due));
                    return self.leave_order(jobs - order.len());
                }
            }
        }
        self.leave_order(jobs);
    }

    /// From here on it matters what is ready.
    #[cold]
    fn leave_order(&mut self, at: usize) {
        let (plan, books) = (&self.live.plan, &mut self.books);
        if at >= plan.len() {
            return;
        }
        books.count_rest(plan.graph(), plan.order().take(at));
        for job in plan.order().skip(at) {
            if books.is_ready(job) {
                self.ready.push_back(job);
            } else if books.head(job) != Head::BLOCKED {
                break; // a job that waits stands behind all that are ready
            }
        }
    }

    /// Waits for a try that may begin. `None`: the run is over.
    pub(super) fn next(&mut self) -> Option<Try> {
        loop {
            if let Some(job) = self.ready.pop_front() {
                return Some(Try::first(job));
            }
            match self.retries.next(|| self.live.world.clock.now()) {
                Waiting::Try(attempt) => {
                    self.worker.look_at_the_clock();
                    return Some(attempt);
                }
                Waiting::Until(due) => std::thread::sleep(self.live.world.clock.until(due)),
                Waiting::Nothing => return None,
            }
        }
    }

    /// Whether a second worker would find something to do, now or later.
    #[inline]
    pub(super) fn has_surplus(&self) -> bool {
        !self.ready.is_empty() || !self.retries.is_empty()
    }

    /// Executes a try, and what follows from it for as long as that is the only thing to do.
    pub(super) fn follow(&mut self, mut attempt: Try) {
        while let Some(job) = self.execute(attempt) {
            attempt = Try::first(job);
        }
    }

    /// Returns what is ready now, if there is nothing else to do.
    fn execute(&mut self, mut attempt: Try) -> Option<JobId> {
        match self.worker.attempt(&mut attempt) {
            TryEnd::Ended(head) => {
                self.books.set_head(attempt.job, head);
                self.ended += 1;
                if head.is_done() { self.release(attempt.job) } else { self.block(attempt.job) }
            }
            TryEnd::Again { due } => {
                self.retries.push(attempt.again(due));
                None
            }
        }
    }

    #[inline]
    fn release(&mut self, done: JobId) -> Option<JobId> {
        let (books, ready, mut first) = (&mut self.books, &mut self.ready, None);
        let mut is_only = ready.is_empty() && self.retries.is_empty();
        self.live.graph().release(
            done,
            |node| books.release(node),
            |job| match first {
                None if is_only => first = Some(job), // not queued: most often there is nothing else to do
                _ => {
                    ready.extend(first.take());
                    is_only = false;
                    ready.push_back(job);
                }
            },
        );
        first
    }

    #[cold]
    fn block(&mut self, ended: JobId) -> Option<JobId> {
        let blocked = self.books.block(self.live.graph(), ended);
        self.ended += blocked.len();
        self.worker.tell_blocked(&blocked);
        None
    }
}
