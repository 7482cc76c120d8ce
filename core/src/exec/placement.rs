//! Which jobs and nests of a run are executed elsewhere, and the records of what was.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::elsewhere::{Elsewhere, Input};
use crate::exec::schedule::Units;
use crate::graph::{JobId, Nest};
use crate::options::RunOptions;
use crate::outputs::Outputs;
use crate::plan::Plan;
use crate::report::Log;

/// What of a plan is executed elsewhere. A plan without such jobs has none of this.
pub(crate) struct Placement {
    /// In order of declaration; none is inside of another.
    nests: Vec<PlacedNest>,
    /// Jobs whose output may go to other machines, in ascending order.
    portable: Vec<JobId>,
    lanes: Mutex<Lanes>,
}

/// A nest that is executed as a whole.
pub(super) struct PlacedNest {
    pub(super) name: Box<str>,
    pub(super) jobs: Range<u32>,
    pub(super) elsewhere: Arc<dyn Elsewhere>,
}

/// How a job is executed elsewhere.
pub(super) enum Venue<'p> {
    /// Each try by itself.
    Try(&'p Arc<dyn Elsewhere>),
    /// With its nest.
    Nest(&'p PlacedNest),
}

/// A place on another machine, as a worker of the report: it executes one thing at a time.
pub(super) struct Lane {
    pub(super) node: Arc<str>,
    pub(super) log: Log,
    /// Up to when it is known to be busy.
    pub(super) until: u64,
}

/// All lanes of a run, but for those that are in use.
struct Lanes {
    /// The number of the next one.
    next: u16,
    free: Vec<Lane>,
}

impl Placement {
    /// `None`: all is executed here.
    pub(super) fn of<A>(plan: &Plan<'_, A>, options: &RunOptions) -> Option<Self> {
        if !plan.needs().elsewhere {
            return None;
        }
        let graph = plan.graph();
        let mut nests: Vec<PlacedNest> = Vec::new();
        for nest in graph.nests() {
            let Some(jobs) = span(nest) else { continue };
            let is_inside = nests.last().is_some_and(|around| around.jobs.end >= jobs.end);
            if let Some(elsewhere) =
                plan.nest_elsewhere(nest).filter(|other| other.takes(options) && !is_inside)
            {
                nests.push(PlacedNest { name: nest.name().into(), jobs, elsewhere: Arc::clone(elsewhere) });
            }
        }
        let portable = graph.ids().filter(|job| plan.portable(*job).is_some()).collect();
        let first = options.threads.min(plan.len()).max(1); // the workers here come before
        let lanes = Lanes { next: u16::try_from(first).unwrap_or(u16::MAX), free: Vec::new() };
        Some(Placement { nests, portable, lanes: Mutex::new(lanes) })
    }

    /// How a job is executed elsewhere; `None`: it is executed here.
    pub(super) fn venue<'p, A>(
        &'p self,
        plan: &'p Plan<'_, A>,
        options: &RunOptions,
        job: JobId,
    ) -> Option<Venue<'p>> {
        let at = self.nests.partition_point(|nest| nest.jobs.end <= job.0);
        if let Some(nest) = self.nests.get(at).filter(|nest| nest.jobs.contains(&job.0)) {
            return Some(Venue::Nest(nest));
        }
        let spec = plan.spec(job);
        if matches!(spec.body, crate::job::Body::Group) {
            return None; // the end of a nest
        }
        spec.elsewhere().filter(|elsewhere| elsewhere.takes(options)).map(Venue::Try)
    }

    pub(super) fn units<A>(&self, plan: &Plan<'_, A>) -> Units {
        Units::new(plan.graph(), self.nests.iter().map(|nest| nest.jobs.clone()))
    }

    /// What these jobs may ask for: the portable outputs of all that they depend on.
    pub(super) fn inputs<'p, A>(
        &self,
        plan: &'p Plan<'_, A>,
        outputs: &'p Outputs,
        jobs: &[JobId],
    ) -> Vec<Input<'p>> {
        if self.portable.is_empty() {
            return Vec::new();
        }
        let before = plan.graph().reach_jobs(jobs.iter().copied(), crate::graph::JobGraph::after_nodes);
        let is_there = |job: &&JobId| before.binary_search(job).is_ok() && jobs.binary_search(job).is_err();
        let input = |job: &JobId| {
            let (portable, value) = (plan.portable(*job)?, outputs.get(*job)?);
            Some(Input { job: *job, portable, value })
        };
        self.portable.iter().filter(is_there).filter_map(input).collect()
    }

    /// A lane on that machine which was free at that time, or a new one. `None`: there can be no more.
    pub(super) fn take_lane(&self, node: &str, from: u64) -> Option<Lane> {
        let mut lanes = self.lanes();
        if let Some(at) = lanes.free.iter().position(|lane| *lane.node == *node && lane.until <= from) {
            return Some(lanes.free.swap_remove(at));
        }
        if lanes.next == u16::MAX {
            return lanes.free.pop();
        }
        lanes.next += 1;
        Some(Lane { node: node.into(), log: Log::of(lanes.next - 1), until: 0 })
    }

    pub(super) fn give_lane(&self, lane: Lane) {
        self.lanes().free.push(lane);
    }

    /// Adds the logs of all lanes to those of the workers, and says which machine each stands for.
    pub(super) fn add_logs(&self, logs: &mut Vec<Log>) -> Vec<(u16, Arc<str>)> {
        let mut lanes = self.lanes();
        if lanes.free.is_empty() {
            return Vec::new();
        }
        lanes.free.sort_by_key(|lane| lane.log.worker());
        let first = lanes.free[0].log.worker();
        let there: Vec<u16> = logs.iter().map(Log::worker).collect();
        logs.extend((0..first).filter(|id| !there.contains(id)).map(Log::of));
        let mut nodes = Vec::new();
        for lane in lanes.free.drain(..) {
            nodes.push((lane.log.worker(), lane.node));
            logs.push(lane.log);
        }
        nodes
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The jobs inside of a nest.
fn span(nest: Nest<'_>) -> Option<Range<u32>> {
    let mut jobs = nest.jobs();
    let (first, count) = (jobs.next()?, jobs.len() as u32);
    Some(first.0..first.0 + count + 1)
}
