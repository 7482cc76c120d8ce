//! What the rules ask of a plan and of how it is run.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::clock::nanos;
use crate::elsewhere::Elsewhere;
use crate::graph::{JobGraph, JobId, longest_ways};
use crate::job::JobSpec;
use crate::options::RunOptions;
use crate::plan::Plan;
use crate::words::{DryRun, Kind, Phase, Status};

/// All that is known before the first phase.
pub(super) struct Facts {
    pub(super) graph: Arc<JobGraph>,
    jobs: Vec<JobFacts>,
    /// How many slots each pool has.
    pub(super) pools: Vec<u32>,
    /// The pool that all jobs with async phases use, if there are any.
    in_flight: Option<usize>,
    /// Where each job is executed.
    venues: Vec<Venue>,
    /// For each job, where it is executed if that takes the run: by itself, or with its nest.
    elsewhere: Vec<Option<(Arc<dyn Elsewhere>, Venue)>>,
    /// The options of the run, as its first event tells them.
    pub(super) options: RunOptions,
    pub(super) order: Order,
    /// The expected time from each job to the end of the run, in nanoseconds; only where there are timings.
    ways: Option<Vec<u64>>,
    pub(super) is_simulated: bool,
    /// Whether some job begins its tries with a constructor.
    pub(super) has_constructors: bool,
}

/// What is less comes first.
pub(super) type Wish = (Reverse<i32>, Reverse<u64>);

/// Where a job is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Venue {
    Here,
    /// Each of its tries is sent elsewhere.
    Away,
    /// It is sent elsewhere with its whole nest, which decides there what follows.
    WithNest,
}

/// How much the order of the events of a trace says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// There is one worker: everything happened in the order in which it is told.
    OneWorker,
    /// Several workers took turns: so do those of a simulation.
    InTurns,
    /// Several workers at once: each tells what it has done in its order.
    AtOnce,
}

/// What a job says of itself.
pub(super) struct JobFacts {
    pub(super) kind: Kind,
    tries: Option<u32>,
    delay: Option<Backoff>,
    pub(super) retry_for: Option<Duration>,
    /// How long each of its phases may take, if it says so.
    pub(super) timeout: Option<Duration>,
    /// Whether the job is asked if another try follows.
    pub(super) is_asked: bool,
    pub(super) cleans_up: bool,
    pub(super) describes_run: bool,
    /// Whether some of its phases are futures.
    pub(super) is_async: bool,
    /// Whether a try begins with a constructor, of which nothing is told if it passes.
    pub(super) is_made: bool,
    pub(super) priority: i32,
    /// Pools, each once, and how many slots of them.
    pub(super) uses: Vec<(usize, u32)>,
}

/// What the events of a phase have in common.
#[derive(Clone, Copy)]
pub(super) struct Beat {
    pub(super) job: JobId,
    pub(super) attempt: u32,
    pub(super) phase: Phase,
    pub(super) worker: usize,
    pub(super) at: Duration,
}

/// Where tries are limited by time and not by number, the delay between them is at least this.
const LEAST_DELAY: Duration = Duration::from_millis(1);

impl Facts {
    pub(super) fn of<A>(plan: &Plan<'_, A>, is_simulated: bool) -> Self {
        let graph = Arc::clone(plan.graph());
        let (mut known, mut pools) = (HashMap::new(), Vec::new());
        let mut pool = |name: &str, size| {
            *known.entry(name.to_owned()).or_insert_with(|| {
                pools.push(size);
                pools.len() - 1
            })
        };
        let mut jobs: Vec<_> = graph.ids().map(|job| JobFacts::of(plan.spec(job))).collect();
        for (job, slots) in plan.uses() {
            let pool = pool(slots.pool().name(), slots.pool().size());
            jobs[job.index()].uses.push((pool, slots.count()));
        }
        let in_flight = jobs.iter().any(|job| job.is_async).then_some(pools.len());
        if let Some(pool) = in_flight {
            pools.push(u32::MAX);
            jobs.iter_mut().filter(|job| job.is_async).for_each(|job| job.uses.push((pool, 1)));
        }
        Facts {
            has_constructors: jobs.iter().any(|job| job.is_made),
            venues: vec![Venue::Here; graph.len()],
            elsewhere: if is_simulated { Vec::new() } else { elsewhere(plan) },
            graph,
            jobs,
            pools,
            in_flight,
            options: RunOptions::default(),
            ways: None,
            order: if is_simulated { Order::InTurns } else { Order::AtOnce },
            is_simulated,
        }
    }

    /// The run begins with these options.
    pub(super) fn begin(&mut self, options: RunOptions, expected: Option<&[Duration]>) {
        self.options = options;
        self.ways = expected.map(|expected| longest_ways(&self.graph, |job| nanos(expected[job.index()])));
        for (at, elsewhere) in self.elsewhere.iter().enumerate() {
            if let Some((_, venue)) = elsewhere.as_ref().filter(|(elsewhere, _)| elsewhere.takes(&options)) {
                self.venues[at] = *venue;
                let in_flight = self.in_flight;
                let uses = &mut self.jobs[at].uses;
                uses.retain(|(pool, _)| *venue == Venue::Away && Some(*pool) != in_flight);
            }
        }
        if let Some(pool) = self.in_flight {
            self.pools[pool] = options.max_in_flight.clamp(1, u32::MAX as usize) as u32;
        }
        if options.threads == 1 {
            self.order = Order::OneWorker;
        }
    }

    pub(super) fn venue(&self, job: JobId) -> Venue {
        self.venues[job.index()]
    }

    pub(super) fn job(&self, job: JobId) -> &JobFacts {
        &self.jobs[job.index()]
    }

    /// Whether anything is promised about which of several ready jobs begins first.
    pub(super) fn promises_order(&self) -> bool {
        let is_here = self.venues.iter().all(|venue| *venue == Venue::Here);
        is_here
            && (self.order == Order::OneWorker
                || self.is_simulated
                || !self.pools.is_empty()
                || self.ways.is_some()
                || self.jobs.iter().any(|job| job.priority != 0))
    }

    /// Whether what depends on a job that ended so may begin.
    pub(super) fn goes_on_behind(&self, status: Status) -> bool {
        status.is_done() || self.goes_through() && status == Status::WouldRun
    }

    /// Whether this is a dry run that goes on behind jobs that would run.
    pub(super) fn goes_through(&self) -> bool {
        self.options.dry_run == DryRun::Through
    }

    /// What comes first of several ready jobs, whoever was ready first: higher priority, then the longer way.
    pub(super) fn wish(&self, job: JobId) -> Wish {
        let way = self.ways.as_ref().map_or(0, |ways| ways[job.index()]);
        (Reverse(self.job(job).priority), Reverse(way))
    }

    /// How many tries a job may use.
    pub(super) fn max_tries(&self, job: JobId) -> u32 {
        let job = self.job(job);
        match job.tries {
            Some(tries) => tries,
            None if job.retry_for.is_some() => u32::MAX,
            None => self.options.default_tries,
        }
    }

    /// The least and the longest time between a failed try and the next one, if no error asks for more.
    pub(super) fn delays(&self, job: JobId, attempt: u32) -> (Duration, Duration) {
        if self.venue(job) == Venue::WithNest {
            return (Duration::ZERO, Duration::MAX); // its times are those of another clock
        }
        let job = self.job(job);
        let (least, most) = match job.delay {
            Some(backoff) => (backoff.lower_bound(attempt), backoff.upper_bound(attempt)),
            None => (self.options.default_retry_delay, self.options.default_retry_delay),
        };
        let floor = if job.retry_for.is_some() { LEAST_DELAY } else { Duration::ZERO };
        (least.max(floor), most.max(floor))
    }
}

/// For each job, who may execute it elsewhere: the outermost nest around it that says so, or what it says itself.
fn elsewhere<A>(plan: &Plan<'_, A>) -> Vec<Option<(Arc<dyn Elsewhere>, Venue)>> {
    let graph = plan.graph();
    let mut all: Vec<_> = graph
        .ids()
        .map(|job| {
            let own = plan.spec(job).elsewhere().filter(|_| graph.kind(job) != Kind::Group);
            own.map(|elsewhere| (Arc::clone(elsewhere), Venue::Away))
        })
        .collect();
    let nests: Vec<_> = graph.nests().collect();
    for nest in nests.into_iter().rev() {
        if let Some(elsewhere) = plan.nest_elsewhere(nest) {
            nest.jobs().for_each(|job| all[job.index()] = Some((Arc::clone(elsewhere), Venue::WithNest)));
        }
    }
    all
}

impl JobFacts {
    /// What the job says of itself; what it uses of pools stands elsewhere.
    fn of<A>(spec: &JobSpec<'_, A>) -> Self {
        JobFacts {
            kind: spec.kind(),
            tries: spec.tries(),
            delay: spec.retry_delay(),
            retry_for: spec.retry_for(),
            timeout: spec.timeout(),
            is_asked: spec.retry_if().is_some(),
            cleans_up: spec.cleans_up(),
            describes_run: spec.describe_run().is_some(),
            is_async: spec.is_async(),
            is_made: spec.is_struct(),
            priority: spec.options().and_then(|options| options.priority).unwrap_or(0),
            uses: Vec::new(),
        }
    }
}
