//! The validated, immutable, cycle-free graph that a builder compiles to.

mod cycles;
mod alike;
mod nearest;
mod pools;
mod errors;
mod uses;
mod needs;
mod draft;
mod subgraph;

use std::fmt;
use std::sync::Arc;

pub use draft::Draft;
pub use errors::{Edge, PlanError, PlanErrors};
pub(crate) use needs::Needs;
pub use pools::PoolMistake;

use crate::elsewhere::Elsewhere;
use crate::graph::{JobGraph, JobId, Nest};
use crate::job::JobSpec;
use crate::key::{JobName, Portable};
use crate::pool::Slots;
use crate::unwind;
use crate::words::Kind;

/// Jobs that are known to fit together. A cheap handle: clones share everything.
///
/// A plan is compiled once and may be run any number of times, also at the same time.
pub struct Plan<'env, A = ()> {
    inner: Arc<Inner<'env, A>>,
}

struct Inner<'env, A> {
    graph: Arc<JobGraph>,
    specs: Arc<Vec<JobSpec<'env, A>>>,
    /// The place in `specs` of each job, if this is a subgraph of another plan.
    origin: Option<Vec<JobId>>,
    /// The order in which one worker executes the jobs, if none is tried again; `None` if it is that of declaration.
    order: Option<Vec<JobId>>,
    /// Length of the start of `order` in which each job depends on the one before it, so that a second worker would find
    /// nothing to do.
    alone: usize,
    /// The jobs that return something, in ascending order.
    with_output: Arc<[JobId]>,
    needs: Needs,
}

impl<'env, A> Plan<'env, A> {
    /// `order` has each job after all that it depends on, and after those that were ready before it.
    fn new(
        graph: JobGraph,
        order: Vec<JobId>,
        specs: Arc<Vec<JobSpec<'env, A>>>,
        origin: Option<Vec<JobId>>,
        needs: Needs,
    ) -> Self {
        let both_ready = |pair: &[JobId]| !graph.is_directly_after(pair[1], pair[0]);
        let alone = order.windows(2).position(both_ready).unwrap_or(order.len());
        let order = if order.is_sorted() { None } else { Some(order) };
        let at = |job: JobId| origin.as_ref().map_or(job, |origin| origin[job.index()]);
        let with_output = graph.ids().filter(|job| specs[at(*job).index()].has_output).collect();
        let graph = Arc::new(graph);
        Plan { inner: Arc::new(Inner { graph, specs, origin, order, alone, with_output, needs }) }
    }

    /// What depends on what.
    pub fn graph(&self) -> &Arc<JobGraph> {
        &self.inner.graph
    }

    /// How many jobs there are.
    pub fn len(&self) -> usize {
        self.graph().len()
    }

    /// Whether there is no job at all. Such a plan succeeds.
    pub fn is_empty(&self) -> bool {
        self.graph().is_empty()
    }

    /// The names of all jobs, in order of declaration.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        self.graph().ids().map(|job| self.graph().name(job))
    }

    /// Whether `job` can only begin when `on` is done, directly or by way of others.
    ///
    /// `false` if either is not in the plan.
    pub fn depends<M, N>(&self, job: impl JobName<M>, on: impl JobName<N>) -> bool {
        let graph = self.graph();
        let (Some(job), Some(on)) = (graph.find(job), graph.find(on)) else { return false };
        graph.is_after(job, on)
    }

    /// All jobs in the order in which one worker executes them, if none is tried again: each after all that it depends
    /// on; those that are ready at the same time as they became so, and then by declaration.
    ///
    /// ```
    /// # use dojobber_core::{Draft, JobSpec};
    /// # let mut draft = Draft::<()>::default();
    /// # draft.open("roof"); draft.after("walls"); draft.close(JobSpec::group());
    /// # draft.open("walls"); draft.close(JobSpec::group());
    /// # let plan = draft.compile().unwrap();
    /// let names: Vec<&str> = plan.order().map(|job| plan.graph().name(job)).collect();
    /// assert_eq!(names, ["walls", "roof"]);
    /// ```
    pub fn order(&self) -> impl ExactSizeIterator<Item = JobId> + DoubleEndedIterator {
        let order = self.inner.order.as_deref();
        self.graph().ids().map(move |job| order.map_or(job, |order| order[job.index()]))
    }

    /// The slots of pools that jobs use, in order of declaration; what a job uses of one pool adds up. Empty if no job uses any.
    pub fn uses(&self) -> Vec<(JobId, Slots)> {
        self.needs().uses.slots()
    }

    pub(crate) fn spec(&self, job: JobId) -> &JobSpec<'env, A> {
        self.specs().of(job)
    }

    pub(crate) fn specs(&self) -> Specs<'_, 'env, A> {
        Specs { specs: &self.inner.specs, origin: self.inner.origin.as_deref() }
    }

    /// How many jobs at the start of the order have no other one ready beside them.
    pub(crate) fn alone(&self) -> usize {
        self.inner.alone
    }

    pub(crate) fn with_output(&self) -> &Arc<[JobId]> {
        &self.inner.with_output
    }

    /// What its jobs need of their execution beside workers.
    pub(crate) fn needs(&self) -> &Needs {
        &self.inner.needs
    }

    /// Where the jobs of a nest are executed, if not here: what the nest's end says, also if a subgraph does not have it.
    pub(crate) fn nest_elsewhere(&self, nest: Nest<'_>) -> Option<&Arc<dyn Elsewhere>> {
        let end = self.graph().whole().find(nest.name())?; // the specs are those of the whole plan
        self.inner.specs[end.index()].elsewhere()
    }

    /// Whether the tries of a job are executed elsewhere: because it says so, or a nest that it is inside of.
    pub fn is_elsewhere(&self, job: JobId) -> bool {
        let own = |job: JobId| self.graph().kind(job) != Kind::Group && self.spec(job).elsewhere().is_some();
        let around = std::iter::successors(self.graph().nest_of(job), |nest| nest.parent());
        self.needs().elsewhere
            && (own(job) || around.into_iter().any(|nest| self.nest_elsewhere(nest).is_some()))
    }

    /// How what a job returns goes to another machine; `None` if it returns nothing, or its key is not portable.
    pub fn portable(&self, job: JobId) -> Option<Portable> {
        self.spec(job).portable()
    }

    /// Whether a job returns something.
    pub fn has_output(&self, job: JobId) -> bool {
        self.spec(job).has_output
    }

    fn origin(&self, job: JobId) -> JobId {
        self.inner.origin.as_ref().map_or(job, |origin| origin[job.index()])
    }
}

/// What the jobs of a plan do.
pub(crate) struct Specs<'p, 'env, A> {
    specs: &'p [JobSpec<'env, A>],
    origin: Option<&'p [JobId]>,
}

impl<'p, 'env, A> Specs<'p, 'env, A> {
    #[inline]
    pub(crate) fn of(&self, job: JobId) -> &'p JobSpec<'env, A> {
        &self.specs[self.origin.map_or(job, |origin| origin[job.index()]).index()]
    }
}

/// Drops what the closures hold job by job: a panic in one destructor keeps no other from being dropped.
impl<A> Drop for Inner<'_, A> {
    fn drop(&mut self) {
        if let Some(specs) = Arc::into_inner(std::mem::take(&mut self.specs)) {
            let _ = unwind::discard_all(specs);
        }
    }
}

impl<A> Clone for Plan<'_, A> {
    fn clone(&self) -> Self {
        Plan { inner: Arc::clone(&self.inner) }
    }
}

impl<A> fmt::Debug for Plan<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Plan").field(self.graph()).finish()
    }
}
