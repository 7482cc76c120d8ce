//! Subgraphs of a plan, and why one job depends on another.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::graph::{JobGraph, JobId};
use crate::key::{JobName, JobNames};
use crate::plan::Plan;
use crate::plan::errors::{PlanError, PlanErrors};
use crate::plan::nearest::{Candidate, Search};
use crate::plan::needs::Needs;

impl<'env, A> Plan<'env, A> {
    /// The plan of the named jobs and all that they depend on. It shares the closures with this one.
    ///
    /// The name of a nest stands for all jobs in it. Where this plan is itself a subgraph of another one, a name that only
    /// the whole plan has is no mistake: it stands for no job.
    ///
    /// ```
    /// # use dojobber_core::{Draft, JobSpec};
    /// # let mut draft = Draft::<()>::default();
    /// # for name in ["foundation", "walls", "garden"] { draft.open(name); draft.close(JobSpec::group()); }
    /// # draft.open("roof"); draft.after("walls"); draft.close(JobSpec::group());
    /// # let plan = draft.compile().unwrap();
    /// let subgraph = plan.select(["roof"]).unwrap();
    /// assert_eq!(subgraph.names().collect::<Vec<_>>(), ["walls", "roof"]);
    ///
    /// let error = plan.select("rof").unwrap_err();
    /// assert_eq!(error.to_string(), "there is no job `rof`; did you mean `roof`?");
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlanErrors`] with every name that is neither in this plan nor in the one that it is a subgraph of.
    pub fn select<M>(&self, names: impl JobNames<M>) -> Result<Self, PlanErrors> {
        let wanted = self.named(names)?;
        Ok(self.subgraph(self.graph().reach_jobs(wanted, JobGraph::after_nodes)))
    }

    /// The plan without the named jobs and without all that depends on them. It shares the closures with this one.
    ///
    /// Names are looked up as by [`select`](Plan::select).
    ///
    /// ```
    /// # use dojobber_core::{Draft, JobSpec};
    /// # let mut draft = Draft::<()>::default();
    /// # for name in ["foundation", "walls", "garden"] { draft.open(name); draft.close(JobSpec::group()); }
    /// # draft.open("roof"); draft.after("walls"); draft.close(JobSpec::group());
    /// # let plan = draft.compile().unwrap();
    /// let subgraph = plan.exclude("walls").unwrap(); // and the roof that would stand on them
    /// assert_eq!(subgraph.names().collect::<Vec<_>>(), ["foundation", "garden"]);
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlanErrors`] with every name that is neither in this plan nor in the one that it is a subgraph of.
    pub fn exclude<M>(&self, names: impl JobNames<M>) -> Result<Self, PlanErrors> {
        let unwanted = self.graph().reach_jobs(self.named(names)?, JobGraph::before_nodes);
        let is_kept = |job: &JobId| unwanted.binary_search(job).is_err();
        Ok(self.subgraph(self.graph().ids().filter(is_kept).collect()))
    }

    /// The shortest way from `job` to `on`, both included: each waits for the next, by itself or because the nest that it
    /// is inside of does. `None` if `job` does not depend on `on`, or either is not in the plan.
    ///
    /// ```
    /// # use dojobber_core::{Draft, JobSpec};
    /// # let mut draft = Draft::<()>::default();
    /// # draft.open("walls"); draft.close(JobSpec::group());
    /// # draft.open("roof"); draft.after("walls"); draft.close(JobSpec::group());
    /// # draft.open("party"); draft.after("roof"); draft.close(JobSpec::group());
    /// # let plan = draft.compile().unwrap();
    /// assert_eq!(plan.why_depends("party", "walls").unwrap(), ["party", "roof", "walls"]);
    /// assert_eq!(plan.why_depends("walls", "party"), None);
    /// ```
    pub fn why_depends<M, N>(&self, job: impl JobName<M>, on: impl JobName<N>) -> Option<Vec<&str>> {
        let graph = self.graph();
        let (job, on) = (graph.find(job)?, graph.find(on)?);
        let way = shortest_way(graph, job, on)?;
        Some(way.into_iter().map(|job| graph.name(job)).collect())
    }

    /// The jobs of those names, in this plan.
    fn named<M>(&self, names: impl JobNames<M>) -> Result<Vec<JobId>, PlanErrors> {
        let graph = self.graph();
        let (mut jobs, mut errors, mut search) = (Vec::new(), PlanErrors::default(), Search::new());
        names.for_each_name(&mut |name| {
            let job = graph.find(name);
            jobs.extend(job);
            let nest = graph.find_nest(name);
            jobs.extend(nest.into_iter().flat_map(|nest| nest.jobs()));
            if job.is_none() && nest.is_none() && graph.whole().find(name).is_none() {
                errors.push(|| PlanError::UnknownJob {
                    name: name.to_owned(),
                    nearest: search.nearest(name, candidates(graph)),
                });
            }
        });
        errors.into_result()?;
        Ok(jobs)
    }

    /// The subgraph of these jobs, in ascending order, and with each of them all that it depends on.
    fn subgraph(&self, jobs: Vec<JobId>) -> Self {
        let subgraph = self.graph().subgraph(&jobs);
        let order = subgraph.order();
        let needs = Needs {
            elsewhere: self.needs().elsewhere, // as a nest may be whose end is not in the subgraph
            ..Needs::of(jobs.iter().map(|job| self.spec(*job)), self.needs().uses.of_jobs(&jobs))
        };
        let origin = jobs.into_iter().map(|job| self.origin(job)).collect();
        Plan::new(subgraph, order, Arc::clone(&self.inner.specs), Some(origin), needs)
    }

    /// These jobs, and all that they depend on.
    pub(crate) fn with_ancestors(&self, jobs: &[JobId]) -> Self {
        self.subgraph(self.graph().reach_jobs(jobs.iter().copied(), JobGraph::after_nodes))
    }
}

fn candidates(graph: &JobGraph) -> impl Iterator<Item = Candidate<'_>> {
    let nest = |job| graph.nest_of(job).map(|nest| nest.name());
    graph.ids().map(move |job| Candidate { name: graph.name(job), nest: nest(job) })
}

/// Breadth first. The start of a nest is no job, and so no step of its own.
fn shortest_way(graph: &JobGraph, job: JobId, on: JobId) -> Option<Vec<JobId>> {
    let mut came_from: HashMap<JobId, JobId, foldhash::fast::FixedState> = HashMap::default();
    let mut queue = VecDeque::from([job]);
    while let Some(node) = queue.pop_front() {
        for next in graph.after_nodes(node).iter().copied() {
            if next == job || came_from.contains_key(&next) {
                continue;
            }
            came_from.insert(next, node);
            if next == on {
                let back = std::iter::successors(Some(on), |node| came_from.get(node).copied());
                let mut way: Vec<JobId> = back.filter(|node| !graph.is_start(*node)).collect();
                way.reverse();
                return Some(way);
            }
            if graph.is_start(next) { queue.push_front(next) } else { queue.push_back(next) }
        }
    }
    None
}
