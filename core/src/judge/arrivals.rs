//! Which jobs have become ready, in which order, and since when that is certain.
//!
//! A worker tells the end of a job first, and then books it: what waited for that job becomes ready in between. So a job is
//! certainly ready when each worker that told the end of something it depends on has told something else since. It is
//! certainly not ready before the last of these ends is told.

use std::collections::BTreeMap;

use crate::graph::{JobGraph, JobId};
use crate::judge::facts::{Facts, Order};

/// A place in the trace.
pub(super) type Moment = usize;

/// When a job became ready.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    /// The place among all jobs that became ready, as far as it is told.
    pub(super) number: usize,
    /// The event before which it cannot have been.
    pub(super) earliest: Moment,
    /// The event at which it had been; `None` if that is not known yet.
    pub(super) latest: Option<Moment>,
    /// Whether it became ready with the end that the earliest event told, and with nothing later.
    pub(super) is_prompt: bool,
}

/// When the dependencies of a node were known to be booked, so far.
#[derive(Debug, Clone, Copy, Default)]
struct Booked {
    last: Moment,
    /// All but those of the last moment.
    before: Moment,
}

/// What is known of the order in which jobs become ready.
pub(super) struct Arrivals {
    /// For each node, how many dependencies were not told to be done.
    untold: Vec<u32>,
    /// For each node, how many are not known to be booked.
    unbooked: Vec<u32>,
    /// For each node, when what it waits for was known to be booked.
    booked: Vec<Booked>,
    arrivals: Vec<Option<Arrival>>,
    count: usize,
    /// The jobs whose ends each worker has told last.
    told_last: BTreeMap<usize, Vec<JobId>>,
    /// What each worker has told last.
    last: BTreeMap<usize, Moment>,
}

impl Arrivals {
    pub(super) fn new(facts: &Facts) -> Self {
        let waits: Vec<u32> = facts.graph.dependencies().collect();
        Arrivals {
            booked: vec![Booked::default(); waits.len()],
            untold: waits.clone(),
            unbooked: waits,
            arrivals: vec![None; facts.graph.len()],
            count: 0,
            told_last: BTreeMap::new(),
            last: BTreeMap::new(),
        }
    }

    pub(super) fn of(&self, job: JobId) -> Option<Arrival> {
        self.arrivals[job.index()]
    }

    /// The run begins. Returns the jobs that depend on nothing.
    pub(super) fn begin(&mut self, facts: &Facts) -> Vec<JobId> {
        let ready: Vec<JobId> = facts.graph.ids().filter(|job| self.untold[job.index()] == 0).collect();
        for job in &ready {
            self.arrive(*job, Arrival { number: 0, earliest: 0, latest: Some(0), is_prompt: true });
        }
        ready
    }

    /// Something that this worker tells now comes after this event: it was told before the worker chose what to do.
    pub(super) fn chosen_after(&self, facts: &Facts, job: JobId, worker: usize, now: Moment) -> Moment {
        let is_told_at_once =
            facts.order == Order::OneWorker || facts.order == Order::InTurns && !facts.job(job).is_made; // nothing is told of constructors
        if is_told_at_once { now - 1 } else { self.last.get(&worker).copied().unwrap_or(0) }
    }

    /// A worker tells something of a job.
    pub(super) fn tells(&mut self, graph: &JobGraph, worker: usize, now: Moment) {
        self.last.insert(worker, now);
        self.tells_anything(graph, worker, now);
    }

    /// A worker tells something: what it has told before is booked. A stop may be told between a choice and its first phase.
    pub(super) fn tells_anything(&mut self, graph: &JobGraph, worker: usize, now: Moment) {
        for job in self.told_last.remove(&worker).unwrap_or_default() {
            self.book(graph, job, now);
        }
    }

    /// A worker tells that a job is done. Returns the jobs that become ready by it.
    pub(super) fn done(&mut self, facts: &Facts, done: JobId, worker: usize, now: Moment) -> Vec<JobId> {
        let (graph, untold, mut ready) = (&*facts.graph, &mut self.untold, Vec::new());
        graph.release(done, |node| takes_last(untold, node), |job| ready.push(job));
        for job in &ready {
            let is_last = self.unbooked[job.index()] == 1;
            let is_prompt = is_last && graph.after_nodes(*job).binary_search(&done).is_ok();
            self.arrive(*job, Arrival { number: 0, earliest: now, latest: None, is_prompt });
        }
        match facts.order {
            Order::AtOnce => self.told_last.entry(worker).or_default().push(done),
            Order::OneWorker | Order::InTurns => self.book(graph, done, now),
        }
        ready
    }

    /// The moment at which the ends of all that a job waited for were known, but for those that are known with the last event.
    pub(super) fn booked_before(&self, job: JobId) -> Moment {
        self.booked[job.index()].before
    }

    fn book(&mut self, graph: &JobGraph, done: JobId, now: Moment) {
        let (unbooked, booked, arrivals) = (&mut self.unbooked, &mut self.booked, &mut self.arrivals);
        let mut by_starts = 0; // what the start of a nest has waited for counts for all in it
        let mut is_last = |node: JobId| {
            let booked = &mut booked[node.index()];
            if booked.last < now {
                *booked = Booked { last: now, before: booked.last };
            }
            booked.before = booked.before.max(by_starts);
            let is_last = takes_last(unbooked, node);
            if is_last && graph.is_start(node) {
                by_starts = by_starts.max(booked.before);
            }
            is_last
        };
        let certain = |job: JobId| {
            if let Some(arrival) = &mut arrivals[job.index()] {
                arrival.latest = Some(now);
            }
        };
        graph.release(done, &mut is_last, certain);
    }

    fn arrive(&mut self, job: JobId, arrival: Arrival) {
        self.count += 1;
        self.arrivals[job.index()] = Some(Arrival { number: self.count, ..arrival });
    }
}

/// Takes one from what a node waits for, and says whether it was the last. A trace may tell too many.
fn takes_last(left: &mut [u32], node: JobId) -> bool {
    let left = &mut left[node.index()];
    *left = left.saturating_sub(1);
    *left == 0
}
