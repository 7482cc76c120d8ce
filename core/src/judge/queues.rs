//! Which of several ready jobs begins first.
//!
//! A job is overtaken if another one begins that comes later in a queue in which both stand. With one worker, and in a
//! simulation, that is seen at once. Workers that work at once tell what they do a little later than they choose it; so
//! all of these must be certain:
//!
//! - the overtaken job was ready, and came first, when the other one's worker told the last thing before: only then did
//!   it choose;
//! - the overtaken job had not been chosen when the other one began: its worker has told something else since.
//!
//! What is not certain is accepted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use crate::graph::{JobId, JobRef};
use crate::judge::arrivals::{Arrivals, Moment};
use crate::judge::facts::{Facts, Order, Wish};
use crate::judge::slots::Slots;

/// Rules about the order in which ready jobs begin. Each names the other job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueRule {
    /// The job begins before one that comes first.
    Overtakes(JobRef),
    /// The job begins after one that it comes before.
    Overtaken(JobRef),
    /// A retry begins while a job may begin.
    RetryFirst(JobRef),
    /// A retry begins before one that was due earlier.
    RetryOvertakes(JobRef),
    /// Time passes while a worker is free and a job may begin.
    Idle(JobRef),
}

impl fmt::Display for QueueRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QueueRule::Overtakes(job) => write!(f, "`{job}` is ready and comes first"),
            QueueRule::Overtaken(job) => write!(f, "`{job}` has begun before it, and comes later"),
            QueueRule::RetryFirst(job) => write!(f, "a retry begins while `{job}` is ready"),
            QueueRule::RetryOvertakes(job) => write!(f, "the retry of `{job}` was due earlier"),
            QueueRule::Idle(job) => write!(f, "time passes while a worker is free and `{job}` may begin"),
        }
    }
}

/// The ready jobs that have not begun, and the retries that are planned.
pub(super) struct Queues {
    /// Whether anything is promised about their order.
    is_on: bool,
    /// The ready jobs that use no pool.
    unpooled: BTreeSet<Place>,
    pools: Vec<BTreeSet<Place>>,
    /// Jobs that stand in no queue here any more, since one that comes later has begun: which, and when.
    passed: BTreeMap<JobId, (Moment, JobId)>,
    retries: BTreeSet<(Duration, JobId)>,
}

/// Higher priority first, then the longer way where there are timings, then what became ready first.
type Place = (Wish, usize, JobId);

/// A try that begins.
#[derive(Clone, Copy)]
pub(super) struct Begins {
    pub(super) job: JobId,
    /// Its worker has chosen it after this event.
    pub(super) chosen_after: Moment,
    pub(super) now: Moment,
}

impl Queues {
    pub(super) fn new(pools: usize) -> Self {
        Queues {
            is_on: false,
            unpooled: BTreeSet::new(),
            pools: vec![BTreeSet::new(); pools],
            passed: BTreeMap::new(),
            retries: BTreeSet::new(),
        }
    }

    pub(super) fn start(&mut self, facts: &Facts) {
        self.is_on = facts.promises_order();
    }

    /// A job has become ready.
    pub(super) fn enter(&mut self, facts: &Facts, arrivals: &Arrivals, job: JobId) {
        if let Some(place) = place(facts, arrivals, job).filter(|_| self.is_on) {
            self.for_each_queue_of(facts, job, |queue| _ = queue.insert(place));
        }
    }

    /// A job has ended, or begins.
    pub(super) fn leave(&mut self, facts: &Facts, arrivals: &Arrivals, job: JobId) {
        if let Some(place) = place(facts, arrivals, job).filter(|_| self.is_on) {
            self.for_each_queue_of(facts, job, |queue| _ = queue.remove(&place));
        }
    }

    /// The first try of a job begins, or the job ends by itself without one.
    pub(super) fn begin(
        &mut self,
        facts: &Facts,
        arrivals: &Arrivals,
        slots: &Slots,
        begins: Begins,
    ) -> Result<(), QueueRule> {
        let Some(own) = place(facts, arrivals, begins.job).filter(|_| self.is_on) else { return Ok(()) };
        self.leave(facts, arrivals, begins.job);
        if let Some((at, by)) = self.passed.remove(&begins.job)
            && begins.chosen_after >= at
        {
            return Err(QueueRule::Overtaken(name(facts, by)));
        }
        // of two that share no queue, several workers may begin with either, unless their wishes differ
        let alone = facts.order == Order::OneWorker;
        let before = if alone { own } else { (own.0, 0, JobId(0)) };
        let is_first = |other: &Place| is_first(facts, arrivals, other, own);
        let passed = &mut self.passed;
        for (pool, _) in &facts.job(begins.job).uses {
            pass(facts, arrivals, &mut self.pools[*pool], begins, own, is_first, passed)?;
        }
        pass(facts, arrivals, &mut self.unpooled, begins, before, |_| true, passed)?;
        match self.may_begin(facts, slots).filter(|other| *other < before) {
            Some((.., other)) => Err(QueueRule::Overtakes(name(facts, other))),
            None => Ok(()),
        }
    }

    /// A try that is not the first begins: no job may begin that is ready.
    pub(super) fn retry(
        &mut self,
        facts: &Facts,
        arrivals: &Arrivals,
        slots: &Slots,
        begins: Begins,
        due: Duration,
    ) -> Result<(), QueueRule> {
        if !self.is_on {
            return Ok(());
        }
        self.retries.remove(&(due, begins.job));
        let last = ((Reverse(i32::MIN), Reverse(0)), usize::MAX, begins.job);
        pass(facts, arrivals, &mut self.unpooled, begins, last, |_| true, &mut self.passed).map_err(
            |broken| match broken {
                QueueRule::Overtakes(job) => QueueRule::RetryFirst(job),
                other => other,
            },
        )?;
        if let Some((.., other)) = self.may_begin(facts, slots) {
            return Err(QueueRule::RetryFirst(name(facts, other)));
        }
        let mut earlier = self.retries.range(..(due, begins.job)).filter(|_| facts.order == Order::OneWorker);
        match earlier.find(|(_, other)| slots.are_free(facts, *other)) {
            Some((_, other)) => Err(QueueRule::RetryOvertakes(name(facts, *other))),
            None => Ok(()),
        }
    }

    pub(super) fn plan(&mut self, due: Duration, job: JobId) {
        if self.is_on {
            self.retries.insert((due, job));
        }
    }

    /// Time passes, and a worker is free.
    pub(super) fn wait(&self, facts: &Facts, slots: &Slots) -> Result<(), QueueRule> {
        let unpooled = self.unpooled.first().copied();
        match unpooled.or_else(|| self.may_begin(facts, slots)) {
            Some((.., job)) => Err(QueueRule::Idle(name(facts, job))),
            None => Ok(()),
        }
    }

    /// The first of the jobs with pools that may begin, where that can be known: the first in all its queues, whose
    /// slots are free.
    fn may_begin(&self, facts: &Facts, slots: &Slots) -> Option<Place> {
        let is_known = match facts.order {
            Order::OneWorker => true,
            Order::InTurns => !facts.has_constructors, // they take slots before anything is told
            Order::AtOnce => false,
        };
        let is_first = |place: &Place| {
            let mut queues = facts.job(place.2).uses.iter().map(|(pool, _)| &self.pools[*pool]);
            queues.all(|queue| queue.first() == Some(place))
        };
        let firsts = self.pools.iter().filter_map(|queue| queue.first()).filter(|_| is_known);
        firsts.filter(|place| is_first(place) && slots.are_free(facts, place.2)).min().copied()
    }

    fn for_each_queue_of(&mut self, facts: &Facts, job: JobId, mut change: impl FnMut(&mut BTreeSet<Place>)) {
        let uses = &facts.job(job).uses;
        if uses.is_empty() {
            change(&mut self.unpooled);
        }
        uses.iter().for_each(|(pool, _)| change(&mut self.pools[*pool]));
    }
}

/// Looks for jobs in a queue before its `end` that come before one that begins, and notes them as passed by it; where it is certain that
/// they have not begun, that is told at once.
fn pass(
    facts: &Facts,
    arrivals: &Arrivals,
    queue: &mut BTreeSet<Place>,
    begins: Begins,
    end: Place,
    comes_first: impl Fn(&Place) -> bool,
    passed: &mut BTreeMap<JobId, (Moment, JobId)>,
) -> Result<(), QueueRule> {
    let since = |job| arrivals.of(job).and_then(|arrival| arrival.latest);
    // what the worker has booked itself is certain by this very event; the rest must have been before it chose
    let by_itself = |job| arrivals.booked_before(job) <= begins.chosen_after;
    let was_ready = |job| {
        since(job).is_some_and(|since| since <= begins.chosen_after || since == begins.now && by_itself(job))
    };
    let before = queue.range(..end).filter(|other| comes_first(other) && was_ready(other.2));
    let before: Vec<Place> = before.copied().collect();
    for place in before {
        let job = place.2;
        let is_told_at_once = facts.order == Order::OneWorker
            || facts.order == Order::InTurns && !facts.job(job).is_made && !facts.job(begins.job).is_made;
        if is_told_at_once {
            return Err(QueueRule::Overtakes(name(facts, job)));
        }
        queue.remove(&place);
        passed.entry(job).or_insert((begins.now, begins.job));
    }
    Ok(())
}

/// Whether a job certainly comes first in a queue that it shares with another one.
fn is_first(facts: &Facts, arrivals: &Arrivals, one: &Place, other: Place) -> bool {
    let (Some(first), Some(second)) = (arrivals.of(one.2), arrivals.of(other.2)) else { return false };
    let is_earlier = first.latest.is_some_and(|latest| latest <= second.earliest)
        || first.earliest == second.earliest && first.is_prompt
        || facts.order != Order::AtOnce;
    one.0 < other.0 || one.0 == other.0 && first.number < second.number && is_earlier
}

fn place(facts: &Facts, arrivals: &Arrivals, job: JobId) -> Option<Place> {
    arrivals.of(job).map(|arrival| (facts.wish(job), arrival.number, job))
}

fn name(facts: &Facts, job: JobId) -> JobRef {
    JobRef::new(&facts.graph, job)
}
