//! The jobs of a plan, what depends on what, and what is nested in what.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::graph::{Edges, JobId, NestId, Nests, Rows, StartEdges};
use crate::key::JobName;
use crate::names::{NameId, Names};
use crate::words::Kind;

/// The jobs of a plan, by name, kind and dependency: what a [`Plan`](crate::Plan) and the
/// [`Report`](crate::Report)s of its runs share, and what pictures are drawn from.
///
/// ```
/// # use dojobber_core::{Draft, JobSpec};
/// # let mut draft = Draft::<()>::default();
/// # draft.open("roof"); draft.after("walls"); draft.close(JobSpec::group());
/// # draft.open("walls"); draft.close(JobSpec::group());
/// # let plan = draft.compile().unwrap();
/// let graph = plan.graph();
/// let roof = graph.find("roof").unwrap();
/// let names: Vec<&str> = graph.after(roof).iter().map(|job| graph.name(*job)).collect();
/// assert_eq!(names, ["walls"]);
/// ```
#[derive(Clone)]
pub struct JobGraph {
    names: Names,
    name_of: Vec<NameId>,
    job_of: Vec<JobId>,
    kinds: Vec<Kind>,
    descriptions: BTreeMap<JobId, Box<str>>,
    edges: Edges,
    nests: Nests,
    /// The graph that this one is a subgraph of. Names are looked up there too.
    whole: Option<Arc<JobGraph>>,
}

impl JobGraph {
    /// `job_of` has a job for every name, `name_of` is its inverse. The rows of `after` are those of the jobs, and
    /// behind them those of the starts that `nests` knows.
    pub(crate) fn new(
        names: Names,
        name_of: Vec<NameId>,
        job_of: Vec<JobId>,
        kinds: Vec<Kind>,
        descriptions: BTreeMap<JobId, Box<str>>,
        edges: Edges,
        nests: Nests,
    ) -> Self {
        debug_assert!(name_of.len() == kinds.len() && kinds.len() <= edges.after.len());
        debug_assert_eq!(names.len(), job_of.len());
        JobGraph { names, name_of, job_of, kinds, descriptions, edges, nests, whole: None }
    }

    /// How many jobs there are.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there is no job at all.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// How many dependencies there are, each counted once. A nest of m jobs after n others has n + m at most: what it
    /// waits for, and which of its jobs wait for that.
    pub fn edges(&self) -> usize {
        self.edges.after.edges()
    }

    /// All jobs, in order of declaration.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = JobId> + DoubleEndedIterator + use<> {
        (0..self.kinds.len() as u32).map(JobId)
    }

    /// The job of that name.
    pub fn find<M>(&self, name: impl JobName<M>) -> Option<JobId> {
        self.names.find(name.job_name()).map(|name| self.job_of[name.index()])
    }

    /// The name of a job.
    pub fn name(&self, job: JobId) -> &str {
        self.names.get(self.name_of[job.index()])
    }

    /// What kind of job it is.
    pub fn kind(&self, job: JobId) -> Kind {
        self.kinds[job.index()]
    }

    /// What its author says about it, if anything.
    pub fn description(&self, job: JobId) -> Option<&str> {
        self.descriptions.get(&job).map(|text| &**text)
    }

    /// What it depends on directly, each once, in order of declaration. What the nest around it is after is among
    /// these, unless the job waits for another one inside of that nest, and so for all that this one waits for.
    ///
    /// It is borrowed from the graph, but for jobs that wait with their nest: then it is put together, in a time that
    /// grows with its length. [`own_after`](JobGraph::own_after) and [`Nest::after`] are the two parts of it.
    pub fn after(&self, job: JobId) -> Cow<'_, [JobId]> {
        self.jobs_among(self.after_nodes(job), JobGraph::after_nodes)
    }

    /// What depends on it directly, each once, in order of declaration; also by way of nests, as in
    /// [`after`](JobGraph::after).
    pub fn before(&self, job: JobId) -> Cow<'_, [JobId]> {
        self.jobs_among(self.before_nodes(job), JobGraph::before_nodes)
    }

    /// What it depends on by itself, and not because the nest that it is inside of does. In order of declaration.
    pub fn own_after(&self, job: JobId) -> &[JobId] {
        match self.after_nodes(job) {
            [own @ .., last] if self.is_start(*last) => own, // a row has one start at most
            own => own,
        }
    }

    /// All nests, each after the one that it is inside of.
    pub fn nests(&self) -> impl ExactSizeIterator<Item = Nest<'_>> {
        self.nests.ids().map(|id| Nest::new(self, id))
    }

    /// The innermost nest that a job is inside of.
    pub fn nest_of(&self, job: JobId) -> Option<Nest<'_>> {
        self.nests.nest_of(job).map(|id| Nest::new(self, id))
    }

    /// The nest of that name.
    pub fn find_nest<M>(&self, name: impl JobName<M>) -> Option<Nest<'_>> {
        let name = name.job_name();
        self.nests().find(|nest| nest.name() == name)
    }

    /// The graph that this one is a subgraph of, or itself.
    pub(crate) fn whole(&self) -> &JobGraph {
        self.whole.as_deref().unwrap_or(self)
    }

    /// How many nodes the rows of edges have: the jobs, and behind them the starts of nests.
    pub(crate) fn nodes(&self) -> usize {
        self.edges.after.len()
    }

    /// Whether a node is the start of a nest, and no job.
    #[inline]
    pub(crate) fn is_start(&self, node: JobId) -> bool {
        node.index() >= self.kinds.len()
    }

    /// What a job or a start waits for: jobs, and the start of the nest that it is inside of.
    #[inline]
    pub(crate) fn after_nodes(&self, node: JobId) -> &[JobId] {
        self.edges.after.row(node)
    }

    /// What waits for a job or a start: jobs, and starts of nests.
    #[inline]
    pub(crate) fn before_nodes(&self, node: JobId) -> &[JobId] {
        self.edges.before.row(node)
    }

    /// Calls `ready` with each job that may begin when `ended` is done; see [`Edges::release`].
    #[inline]
    pub(crate) fn release(&self, ended: JobId, release: impl FnMut(JobId) -> bool, ready: impl FnMut(JobId)) {
        self.edges.release(ended, release, ready);
    }

    /// For each node, how many it waits for.
    pub(crate) fn dependencies(&self) -> impl Iterator<Item = u32> {
        self.edges.after.lengths()
    }

    /// The order in which jobs become ready.
    pub(crate) fn order(&self) -> Vec<JobId> {
        self.edges.order()
    }

    /// Whether a job waits for that one, directly or by way of others. Walks all that it waits for.
    pub(crate) fn is_after(&self, job: JobId, on: JobId) -> bool {
        job != on && self.reach([job], JobGraph::after_nodes).binary_search(&on).is_ok()
    }

    /// Whether a job waits for that one itself, or as all in its nest do.
    pub(crate) fn is_directly_after(&self, job: JobId, on: JobId) -> bool {
        let start =
            |node: &JobId| self.after_nodes(*node).last().copied().filter(|last| self.is_start(*last));
        std::iter::successors(Some(job), start).any(|node| self.after_nodes(node).binary_search(&on).is_ok())
    }

    /// The job that a name means to another one: what stands inside of the nests around it, from the innermost on, and
    /// then outside. The nearest that exists decides, also if it is in the whole plan alone.
    pub(crate) fn find_from(&self, reader: JobId, name: &str) -> Lookup {
        for nest in self.nests.around(self.nests.nest_of(reader)) {
            let nest = self.nests.name(nest);
            match self.find_whole(&format!("{nest}/{name}"), Some(nest)) {
                Lookup::Unknown => {}
                nearest => return nearest,
            }
        }
        self.find_whole(name, None)
    }

    /// The job of that whole name, here or in the plan that this is a subgraph of; only if it is inside of that nest.
    fn find_whole(&self, name: &str, nest: Option<&str>) -> Lookup {
        let is_in = |graph: &JobGraph, job| match nest {
            None => true,
            Some(name) => {
                graph.nests.around(graph.nests.nest_of(job)).any(|nest| graph.nests.name(nest) == name)
            }
        };
        let find = |graph: &JobGraph| graph.find(name).filter(|job| is_in(graph, *job));
        match find(self) {
            Some(job) => Lookup::Found(job),
            None if self.whole.as_deref().and_then(find).is_some() => Lookup::LeftOut,
            None => Lookup::Unknown,
        }
    }

    /// The subgraph of `jobs` (ascending), with all edges between them.
    pub(crate) fn subgraph(self: &Arc<Self>, jobs: &[JobId]) -> JobGraph {
        let mut names = Names::default();
        jobs.iter().for_each(|job| _ = names.intern(self.name(*job)));
        let new_id = |job: &JobId| jobs.binary_search(job).ok().map(JobId::new);
        let kept_of = |own: &[JobId], rows: &mut Rows| {
            own.iter().filter_map(new_id).for_each(|target| rows.push(target));
            rows.end_row();
        };
        let mut own = Rows::with_capacity(jobs.len(), jobs.len());
        jobs.iter().for_each(|job| kept_of(self.own_after(*job), &mut own));
        let (kept, mut nests) = self.nests.subgraph(jobs);
        let mut nests_after = Rows::with_capacity(kept.len(), kept.len());
        kept.iter().for_each(|nest| kept_of(Nest::new(self, *nest).after(), &mut nests_after));
        let after = nests.with_starts(own, &nests_after, StartEdges::Few);

        let descriptions = jobs
            .iter()
            .enumerate()
            .filter_map(|(at, job)| self.descriptions.get(job).map(|text| (JobId::new(at), text.clone())));
        let edges = Edges::new(after, jobs.len(), nests.nodes(jobs.len()));
        JobGraph {
            names,
            name_of: (0..jobs.len() as u32).map(NameId).collect(),
            job_of: (0..jobs.len() as u32).map(JobId).collect(),
            kinds: jobs.iter().map(|job| self.kind(*job)).collect(),
            descriptions: descriptions.collect(),
            edges,
            nests,
            whole: Some(self.whole.clone().unwrap_or_else(|| Arc::clone(self))),
        }
    }

    /// Every node that can be reached from `start` by `next`, `start` included, in ascending order.
    pub(crate) fn reach<'a>(
        &'a self,
        start: impl IntoIterator<Item = JobId>,
        next: impl Fn(&'a JobGraph, JobId) -> &'a [JobId],
    ) -> Vec<JobId> {
        let mut seen: HashSet<JobId, foldhash::fast::FixedState> = HashSet::default();
        let mut found: Vec<JobId> = start.into_iter().filter(|job| seen.insert(*job)).collect();
        let mut at = 0;
        while let Some(job) = found.get(at) {
            let more = next(self, *job).iter().copied().filter(|job| seen.insert(*job));
            found.extend(more);
            at += 1;
        }
        found.sort_unstable();
        found
    }

    /// Every job that can be reached, as by [`reach`](JobGraph::reach).
    pub(crate) fn reach_jobs<'a>(
        &'a self,
        start: impl IntoIterator<Item = JobId>,
        next: impl Fn(&'a JobGraph, JobId) -> &'a [JobId],
    ) -> Vec<JobId> {
        let mut reached = self.reach(start, next);
        reached.truncate(reached.partition_point(|node| !self.is_start(*node)));
        reached
    }

    /// The jobs among `nodes`, and in the place of a start those that `next` leads to from there.
    fn jobs_among<'a>(
        &'a self,
        nodes: &'a [JobId],
        next: impl Fn(&'a JobGraph, JobId) -> &'a [JobId],
    ) -> Cow<'a, [JobId]> {
        if self.nodes() == self.len() || !nodes.iter().any(|node| self.is_start(*node)) {
            return Cow::Borrowed(nodes);
        }
        let (mut jobs, mut starts) = (Vec::new(), Vec::new());
        let mut sort = |nodes: &[JobId], starts: &mut Vec<JobId>| {
            for node in nodes {
                if self.is_start(*node) { starts.push(*node) } else { jobs.push(*node) }
            }
        };
        sort(nodes, &mut starts);
        while let Some(start) = starts.pop() {
            sort(next(self, start), &mut starts);
        }
        jobs.sort_unstable();
        jobs.dedup();
        Cow::Owned(jobs)
    }
}

/// What a name means to a job.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    Found(JobId),
    /// Only the plan that this is a subgraph of has such a job.
    LeftOut,
    Unknown,
}

impl PartialEq for JobGraph {
    fn eq(&self, other: &Self) -> bool {
        self.kinds == other.kinds
            && self.edges == other.edges
            && self.nests == other.nests
            && self.descriptions == other.descriptions
            && self.ids().all(|job| self.name(job) == other.name(job))
    }
}

impl Eq for JobGraph {}

impl fmt::Debug for JobGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = |job| self.after(job).iter().map(|on| self.name(*on)).collect::<Vec<_>>();
        f.debug_map().entries(self.ids().map(|job| (self.name(job), after(job)))).finish()
    }
}

/// Jobs that were nested: a view into a [`JobGraph`].
///
/// ```
/// # use dojobber_core::{Draft, JobSpec};
/// # let mut inner = Draft::<()>::default();
/// # inner.open("install"); inner.close(JobSpec::group());
/// # let mut draft = Draft::default();
/// # draft.open("disk"); draft.close(JobSpec::group());
/// # draft.open("db"); draft.after("disk"); draft.nest(inner, JobSpec::group());
/// # let plan = draft.compile().unwrap();
/// let graph = plan.graph(); // a job `disk`, and a nest `db` after it with a job `install` inside
/// let nest = graph.nest_of(graph.find("db/install").unwrap()).unwrap();
/// assert_eq!((nest.name(), nest.parent().is_none()), ("db", true));
/// assert_eq!(nest.job(), graph.find("db"));
/// assert_eq!(nest.after(), [graph.find("disk").unwrap()]);
/// assert_eq!(*nest.firsts(), [graph.find("db/install").unwrap()]);
/// ```
#[derive(Clone, Copy)]
pub struct Nest<'a> {
    graph: &'a JobGraph,
    id: NestId,
}

impl<'a> Nest<'a> {
    fn new(graph: &'a JobGraph, id: NestId) -> Self {
        Nest { graph, id }
    }

    /// Its place among the nests of the graph.
    pub fn id(self) -> NestId {
        self.id
    }

    /// Its whole name, which is that of the job that ends it: `a/b` for a nest `b` inside of a nest `a`.
    pub fn name(self) -> &'a str {
        self.graph.nests.name(self.id)
    }

    /// The nest that it is inside of.
    pub fn parent(self) -> Option<Nest<'a>> {
        self.graph.nests.parent(self.id).map(|id| Nest::new(self.graph, id))
    }

    /// The group that is done when all in it are. `None` in a subgraph that does not have it.
    pub fn job(self) -> Option<JobId> {
        self.graph.find(self.name())
    }

    /// All jobs inside, at any depth, in order of declaration. The group that ends the nest is not inside.
    pub fn jobs(self) -> impl ExactSizeIterator<Item = JobId> + DoubleEndedIterator + use<> {
        self.graph.nests.jobs(self.id).map(JobId)
    }

    /// Whether a job is inside, at any depth.
    pub fn contains(self, job: JobId) -> bool {
        self.graph.nests.holds(self.id, job)
    }

    /// What the nest as a whole is after: everything inside waits for it. Nests around it may be after more.
    pub fn after(self) -> &'a [JobId] {
        self.graph.nests.start(self.id).map_or(&[], |start| self.graph.own_after(start))
    }

    /// The jobs inside that stand directly behind what the nest is [`after`](Nest::after): those that wait for nothing
    /// else inside. None if the nest is after nothing.
    pub fn firsts(self) -> Cow<'a, [JobId]> {
        let start = self.graph.nests.start(self.id);
        let behind = start.map_or(&[][..], |start| self.graph.before_nodes(start));
        self.graph.jobs_among(behind, JobGraph::before_nodes)
    }
}

impl fmt::Debug for Nest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Nest").field(&self.name()).finish()
    }
}
