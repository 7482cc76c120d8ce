//! What depends on what: all of a plan but what its jobs do.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::key::JobName;
use crate::names::{NameId, Names};
use crate::words::Kind;

/// A job of one [`JobGraph`]: its place in the order of declaration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub(crate) u32);

impl JobId {
    /// Its place in the order of declaration, from 0.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    #[inline]
    pub(crate) fn new(index: usize) -> Self {
        JobId(index as u32)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// For each job a row of others, without a vector for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows {
    offsets: Vec<u32>,
    targets: Vec<JobId>,
}

impl Rows {
    pub(crate) fn with_capacity(jobs: usize, edges: usize) -> Self {
        let mut offsets = Vec::with_capacity(jobs + 1);
        offsets.push(0);
        Rows { offsets, targets: Vec::with_capacity(edges) }
    }

    pub(crate) fn push(&mut self, target: JobId) {
        self.targets.push(target);
    }

    pub(crate) fn end_row(&mut self) {
        self.offsets.push(u32::try_from(self.targets.len()).expect("a plan has fewer than 2^32 edges"));
    }

    #[inline]
    pub(crate) fn row(&self, job: JobId) -> &[JobId] {
        let bounds = &self.offsets[job.index()..][..2];
        &self.targets[bounds[0] as usize..bounds[1] as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// How many there are in each row.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = u32> {
        self.offsets.windows(2).map(|row| row[1] - row[0])
    }

    pub(crate) fn edges(&self) -> usize {
        self.targets.len()
    }

    /// The same edges, seen from their targets; each row in ascending order. A counting sort.
    pub(crate) fn reversed(&self) -> Rows {
        let mut offsets = vec![0; self.offsets.len()];
        for target in &self.targets {
            offsets[target.index() + 1] += 1;
        }
        for at in 1..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
        let mut free = offsets.clone();
        let mut targets = vec![JobId(0); self.targets.len()];
        for (at, bounds) in self.offsets.windows(2).enumerate() {
            for target in &self.targets[bounds[0] as usize..bounds[1] as usize] {
                let place = &mut free[target.index()];
                targets[*place as usize] = JobId::new(at);
                *place += 1;
            }
        }
        Rows { offsets, targets }
    }
}

/// What each job is after, and the same seen from the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edges {
    pub(crate) after: Rows,
    pub(crate) before: Rows,
}

impl Edges {
    pub(crate) fn of(after: Rows) -> Self {
        let before = after.reversed();
        Edges { after, before }
    }

    /// The jobs in the order in which one worker executes them, if none is tried again: first ready, first served, and
    /// the dependants that a job made ready in order of declaration. Jobs in a circle, and those behind one, are left
    /// out.
    pub(crate) fn order(&self) -> Vec<JobId> {
        let mut left: Vec<u32> = self.after.lengths().collect();
        let mut order: Vec<JobId> = Vec::with_capacity(left.len());
        order.extend((0..left.len()).filter(|at| left[*at] == 0).map(JobId::new));
        let mut at = 0;
        while let Some(job) = order.get(at) {
            for dependant in self.before.row(*job) {
                let left = &mut left[dependant.index()];
                *left -= 1;
                if *left == 0 {
                    order.push(*dependant);
                }
            }
            at += 1;
        }
        order
    }

    /// The jobs that an `order` has left out: those in a circle, and those behind one.
    pub(crate) fn left_out(&self, order: &[JobId]) -> Vec<JobId> {
        let mut is_placed = vec![false; self.after.len()];
        order.iter().for_each(|job| is_placed[job.index()] = true);
        (0..self.after.len()).filter(|at| !is_placed[*at]).map(JobId::new).collect()
    }
}

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
}

impl JobGraph {
    /// `job_of` has a job for every name, `name_of` is its inverse.
    pub(crate) fn new(
        names: Names,
        name_of: Vec<NameId>,
        job_of: Vec<JobId>,
        kinds: Vec<Kind>,
        descriptions: BTreeMap<JobId, Box<str>>,
        edges: Edges,
    ) -> Self {
        debug_assert!(name_of.len() == kinds.len() && kinds.len() == edges.after.len());
        debug_assert_eq!(names.len(), job_of.len());
        JobGraph { names, name_of, job_of, kinds, descriptions, edges }
    }

    /// How many jobs there are.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there is no job at all.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// How many dependencies there are, each counted once.
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

    /// What it depends on directly, each once, in the order in which that was said.
    #[inline]
    pub fn after(&self, job: JobId) -> &[JobId] {
        self.edges.after.row(job)
    }

    /// What depends on it directly, in order of declaration.
    #[inline]
    pub fn before(&self, job: JobId) -> &[JobId] {
        self.edges.before.row(job)
    }

    /// For each job, how many it is after.
    pub(crate) fn dependencies(&self) -> impl Iterator<Item = u32> {
        self.edges.after.lengths()
    }

    /// The order in which jobs become ready.
    pub(crate) fn order(&self) -> Vec<JobId> {
        self.edges.order()
    }

    /// The part that has `jobs` (ascending) and all edges between them.
    pub(crate) fn part(&self, jobs: &[JobId]) -> JobGraph {
        let new_id = |job: &JobId| jobs.binary_search(job).ok().map(JobId::new);
        let mut names = Names::default();
        let mut after = Rows::with_capacity(jobs.len(), jobs.len());
        for job in jobs {
            names.intern(self.name(*job));
            self.after(*job).iter().filter_map(new_id).for_each(|target| after.push(target));
            after.end_row();
        }
        let descriptions = jobs
            .iter()
            .enumerate()
            .filter_map(|(at, job)| self.descriptions.get(job).map(|text| (JobId::new(at), text.clone())));
        JobGraph::new(
            names,
            (0..jobs.len() as u32).map(NameId).collect(),
            (0..jobs.len() as u32).map(JobId).collect(),
            jobs.iter().map(|job| self.kind(*job)).collect(),
            descriptions.collect(),
            Edges::of(after),
        )
    }

    /// Everything that can be reached from `start` by `next`, `start` included, in ascending order.
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
}

impl PartialEq for JobGraph {
    fn eq(&self, other: &Self) -> bool {
        self.kinds == other.kinds
            && self.edges == other.edges
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

/// One job of a shared graph: cheap to clone, and prints as its name.
#[derive(Clone)]
pub struct JobRef {
    graph: Arc<JobGraph>,
    id: JobId,
}

impl JobRef {
    pub(crate) fn new(graph: &Arc<JobGraph>, id: JobId) -> Self {
        JobRef { graph: Arc::clone(graph), id }
    }

    /// Its place in the order of declaration.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.graph.name(self.id)
    }

    /// What kind of job it is.
    pub fn kind(&self) -> Kind {
        self.graph.kind(self.id)
    }

    /// The graph that it stands in.
    pub fn graph(&self) -> &Arc<JobGraph> {
        &self.graph
    }
}

impl PartialEq for JobRef {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.name() == other.name()
    }
}

impl Eq for JobRef {}

impl fmt::Display for JobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for JobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.name(), f)
    }
}
