//! The books of a run: which tries may begin, and in which order.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::exec::attempt::{TryEnd, Turn};
use crate::graph::{JobGraph, JobId};
use crate::words::Status;

pub(super) struct Progress {
    /// Dependencies that are not yet done, per job.
    left: Vec<u32>,
    statuses: Vec<Option<Status>>,
    /// First in, first out.
    ready: VecDeque<JobId>,
    retries: BinaryHeap<Reverse<Retry>>,
}

/// Retries are taken by due time, then by declaration.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Retry {
    due: u64,
    job: JobId,
    attempt: u32,
    ran: bool,
}

/// What a worker that is free does next.
pub(super) enum Next {
    Try(Turn),
    WaitUntil(u64),
    /// Nothing is ready, and nothing waits for its time.
    Nothing,
}

/// A job that was blocked, and by which of its dependencies.
pub(super) struct Blocked {
    pub(super) job: JobId,
    pub(super) because: JobId,
}

impl Progress {
    pub(super) fn new(graph: &JobGraph) -> Self {
        let left: Vec<u32> = graph.ids().map(|job| graph.after(job).len() as u32).collect();
        let ready = graph.ids().filter(|job| left[job.index()] == 0).collect();
        Progress { left, statuses: vec![None; graph.len()], ready, retries: BinaryHeap::new() }
    }

    /// A retry is taken only when nothing is ready.
    pub(super) fn next(&mut self, now: impl FnOnce() -> u64) -> Next {
        if let Some(job) = self.ready.pop_front() {
            return Next::Try(Turn { job, attempt: 1, ran: false });
        }
        match self.retries.peek() {
            None => Next::Nothing,
            Some(Reverse(retry)) if retry.due > now() => Next::WaitUntil(retry.due),
            Some(_) => {
                let Reverse(retry) = self.retries.pop().expect("it was just looked at");
                Next::Try(Turn { job: retry.job, attempt: retry.attempt, ran: retry.ran })
            }
        }
    }

    /// Whether someone else would find something to do, now or later.
    pub(super) fn has_more(&self) -> bool {
        !self.ready.is_empty() || !self.retries.is_empty()
    }

    /// Books the end of a try. Returns what it blocked: each job after the one that blocked it.
    pub(super) fn settle(&mut self, graph: &JobGraph, turn: Turn, end: TryEnd) -> Vec<Blocked> {
        match end {
            TryEnd::Again { due, ran } => {
                self.retries.push(Reverse(Retry { due, job: turn.job, attempt: turn.attempt + 1, ran }));
                Vec::new()
            }
            TryEnd::Ended(status) => {
                self.statuses[turn.job.index()] = Some(status);
                if status.is_done() {
                    self.release(graph, turn.job);
                    Vec::new()
                } else {
                    self.block(graph, turn.job)
                }
            }
        }
    }

    pub(super) fn into_statuses(self) -> Vec<Status> {
        let ended = |status: Option<Status>| status.expect("a run ends when all its jobs have ended");
        self.statuses.into_iter().map(ended).collect()
    }

    fn release(&mut self, graph: &JobGraph, done: JobId) {
        for dependant in graph.before(done) {
            let left = &mut self.left[dependant.index()];
            *left -= 1;
            if *left == 0 {
                self.ready.push_back(*dependant);
            }
        }
    }

    /// Everything behind a job that ended without being done, each once.
    fn block(&mut self, graph: &JobGraph, ended: JobId) -> Vec<Blocked> {
        let mut blocked: Vec<Blocked> = Vec::new();
        let mut causes = std::iter::once(ended).collect::<VecDeque<_>>();
        while let Some(because) = causes.pop_front() {
            for job in graph.before(because) {
                let status = &mut self.statuses[job.index()];
                if status.is_none() {
                    *status = Some(Status::Blocked);
                    blocked.push(Blocked { job: *job, because });
                    causes.push_back(*job);
                }
            }
        }
        blocked
    }
}
