//! A graph while it is being declared, and its compilation to a plan.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::graph::{Edges, JobGraph, JobId, Rows};
use crate::job::{Body, JobSpec};
use crate::log::debug;
use crate::names::{NameId, Names};
use crate::plan::Plan;
use crate::plan::cycles::shortest_cycles;
use crate::plan::errors::{Edge, PlanError, PlanErrors, Unfit, nearest};

/// Declared jobs, in order: what a builder collects and hands over. Nothing in it is checked before
/// [`compile`](Draft::compile).
///
/// A job is [`open`](Draft::open)ed, says its edges, and is [`close`](Draft::close)d with what it does.
///
/// ```
/// use dojobber_core::{Draft, JobSpec};
///
/// let mut draft = Draft::<()>::default();
/// draft.open("tea");
/// draft.after("water");
/// draft.close(JobSpec::run_only(|_| ()));
/// draft.open("water");
/// draft.close(JobSpec::group());
/// assert!(draft.compile().unwrap().depends("tea", "water"));
/// ```
pub struct Draft<'env, A = ()> {
    names: Names,
    /// For each job, closed or open.
    name_of: Vec<NameId>,
    /// For each job that is closed.
    specs: Vec<JobSpec<'env, A>>,
    /// What each job is after: the row of the open job is the last one, and grows.
    after: Vec<NameId>,
    after_ends: Vec<u32>,
    /// What jobs are before, in order of declaration.
    before: Vec<(JobId, NameId)>,
}

impl<A> Default for Draft<'_, A> {
    fn default() -> Self {
        Draft {
            names: Names::default(),
            name_of: Vec::new(),
            specs: Vec::new(),
            after: Vec::new(),
            after_ends: Vec::new(),
            before: Vec::new(),
        }
    }
}

impl<'env, A> Draft<'env, A> {
    /// Begins a job.
    pub fn open(&mut self, name: &str) {
        debug_assert_eq!(self.specs.len(), self.name_of.len(), "the job before is not closed");
        let name = self.names.intern(name);
        self.name_of.push(name);
    }

    /// The open job waits for that one.
    pub fn after(&mut self, name: &str) {
        let name = self.names.intern(name);
        self.after.push(name);
    }

    /// That one waits for the open job.
    pub fn before(&mut self, name: &str) {
        let name = self.names.intern(name);
        self.before.push((JobId::new(self.specs.len()), name));
    }

    /// Ends the open job.
    ///
    /// # Panics
    ///
    /// If the jobs together name 2^32 others or more.
    pub fn close(&mut self, spec: JobSpec<'env, A>) {
        self.specs.push(spec);
        self.after_ends.push(u32::try_from(self.after.len()).expect("a plan has fewer than 2^32 edges"));
        debug_assert_eq!(self.specs.len(), self.name_of.len(), "no job is open");
    }

    /// Ends the open job as the whole of another graph: its jobs become `name/inner`, wait for what `name` is
    /// after, and `name` is done when they are. Names in it are looked up inside first, then outside.
    pub fn nest(&mut self, inner: Draft<'env, A>, options: JobSpec<'env, A>) {
        let outer = self.pop_open();
        let prefix = |name: &str| format!("{}/{name}", outer.name);
        let declared: HashSet<u32> = inner.name_of.iter().map(|name| name.0).collect();
        let resolve = |name: NameId| {
            let text = inner.names.get(name);
            if declared.contains(&name.0) { prefix(text) } else { text.to_owned() }
        };
        let (firsts, lasts) = inner.ends(&declared);

        let mut jobs = Vec::with_capacity(inner.specs.len());
        for (at, is_first) in firsts.into_iter().enumerate() {
            let own = inner.row(at).iter().map(|name| resolve(*name));
            let from_outside = outer.after.iter().filter(|_| is_first).cloned();
            jobs.push((
                prefix(inner.names.get(inner.name_of[at])),
                own.chain(from_outside).collect::<Vec<_>>(),
            ));
        }
        let before: Vec<(JobId, String)> =
            inner.before.iter().map(|(job, name)| (*job, resolve(*name))).collect();

        let base = self.specs.len();
        for ((name, after), spec) in jobs.iter().zip(inner.specs) {
            self.open(name);
            after.iter().for_each(|name| self.after(name));
            self.close(spec);
        }
        for (job, name) in before {
            let name = self.names.intern(&name);
            self.before.push((JobId::new(base + job.index()), name));
        }

        self.open(&outer.name);
        let waits_for = jobs.iter().zip(&lasts).filter(|(_, last)| **last).map(|((name, _), _)| name);
        waits_for.for_each(|name| self.after(name));
        if jobs.is_empty() {
            outer.after.iter().for_each(|name| self.after(name));
        }
        outer.before.iter().for_each(|name| self.before(name));
        self.close(options);
    }

    /// Adds the jobs of another graph, after those that are here.
    pub fn merge(&mut self, other: Draft<'env, A>) {
        debug_assert_eq!(self.specs.len(), self.name_of.len(), "a job is open");
        let new_name: Vec<NameId> = (0..other.names.len() as u32)
            .map(|name| self.names.intern(other.names.get(NameId(name))))
            .collect();
        let (base, edges) = (self.specs.len(), self.after.len() as u32);
        let rename = |name: &NameId| new_name[name.index()];
        self.name_of.extend(other.name_of.iter().map(rename));
        self.after.extend(other.after.iter().map(rename));
        self.after_ends.extend(other.after_ends.iter().map(|end| edges + end));
        self.before
            .extend(other.before.iter().map(|(job, name)| (JobId::new(base + job.index()), rename(name))));
        self.specs.extend(other.specs);
    }

    /// Checks everything, and makes a plan of it. Linear in jobs and dependencies.
    ///
    /// # Errors
    ///
    /// [`PlanErrors`] with every mistake there is.
    pub fn compile(self) -> Result<Plan<'env, A>, PlanErrors> {
        debug_assert_eq!(self.specs.len(), self.name_of.len(), "a job is open");
        let mut errors = PlanErrors::default();
        let job_of = self.resolve_names(&mut errors);
        self.check_jobs(&job_of, &mut errors);
        let edges = Edges::of(self.rows(&job_of));
        let order = edges.order();
        if order.len() < self.specs.len() {
            for path in shortest_cycles(&edges.left_out(&order), &edges.after) {
                errors.push(|| self.cycle_error(&path));
            }
        }
        errors.into_result()?;
        debug!(jobs = edges.after.len(), edges = edges.after.edges(), "plan compiled");

        let job_of = job_of.into_iter().flatten().collect(); // without a mistake, every name has its job
        let kinds = self.specs.iter().map(JobSpec::kind).collect();
        let descriptions = self.descriptions();
        let graph = JobGraph::new(self.names, self.name_of, job_of, kinds, descriptions, edges);
        Ok(Plan::new(graph, order, Arc::new(self.specs), None))
    }

    fn row(&self, at: usize) -> &[NameId] {
        let start = if at == 0 { 0 } else { self.after_ends[at - 1] };
        &self.after[start as usize..self.after_ends[at] as usize]
    }

    fn name(&self, at: usize) -> String {
        self.names.get(self.name_of[at]).to_owned()
    }

    /// The first job that each name was given to.
    fn resolve_names(&self, errors: &mut PlanErrors) -> Vec<Option<JobId>> {
        let mut job_of = vec![None; self.names.len()];
        let mut reported = HashSet::new();
        for (at, name) in self.name_of.iter().enumerate() {
            match &mut job_of[name.index()] {
                free @ None => *free = Some(JobId::new(at)),
                Some(_) if reported.insert(name.0) => {
                    errors.push(|| PlanError::DuplicateName { job: self.name(at) });
                }
                Some(_) => {}
            }
        }
        job_of
    }

    /// Everything that can be said of a job without looking at the whole.
    fn check_jobs(&self, job_of: &[Option<JobId>], errors: &mut PlanErrors) {
        let mut before = self.before.iter().peekable();
        for (at, spec) in self.specs.iter().enumerate() {
            check_name(self.names.get(self.name_of[at]), at, errors);
            check_options(spec, || self.name(at), errors);
            for name in self.row(at) {
                self.check_edge(at, Edge::After, *name, job_of, errors);
            }
            while let Some((_, name)) = before.next_if(|(job, _)| job.index() == at) {
                self.check_edge(at, Edge::Before, *name, job_of, errors);
            }
        }
    }

    fn check_edge(
        &self,
        at: usize,
        edge: Edge,
        to: NameId,
        job_of: &[Option<JobId>],
        errors: &mut PlanErrors,
    ) {
        match job_of[to.index()] {
            Some(job) if job.index() == at => {
                errors.push(|| PlanError::SelfDependency { job: self.name(at) })
            }
            Some(_) => {}
            None => errors.push(|| {
                let others = self.name_of.iter().filter(|other| **other != self.name_of[at]);
                let declared = others.map(|name| self.names.get(*name));
                let name = self.names.get(to);
                PlanError::UnknownDependency {
                    job: self.name(at),
                    edge,
                    name: name.to_owned(),
                    nearest: nearest(name, declared),
                }
            }),
        }
    }

    /// What each job is after, by id, each once; edges that were reported as mistakes are left out.
    fn rows(&self, job_of: &[Option<JobId>]) -> Rows {
        let jobs = self.specs.len();
        let pulled = self.pulled_edges(job_of);
        let mut pulled = pulled.iter().peekable();
        let mut rows = Rows::with_capacity(jobs, self.after.len() + self.before.len());
        let mut seen_by = vec![u32::MAX; jobs];
        for at in 0..jobs {
            let mut add = |on: JobId| {
                if on.index() != at && seen_by[on.index()] != at as u32 {
                    seen_by[on.index()] = at as u32;
                    rows.push(on);
                }
            };
            self.row(at).iter().filter_map(|name| job_of[name.index()]).for_each(&mut add);
            while let Some((_, on)) = pulled.next_if(|(job, _)| job.index() == at) {
                add(*on);
            }
            rows.end_row();
        }
        rows
    }

    /// The edges that were declared by `before`, as (who waits, for whom), sorted by who waits.
    fn pulled_edges(&self, job_of: &[Option<JobId>]) -> Vec<(JobId, JobId)> {
        let mut edges: Vec<(JobId, JobId)> =
            self.before.iter().filter_map(|(job, name)| Some((job_of[name.index()]?, *job))).collect();
        edges.sort_by_key(|(waits, _)| *waits); // stable: the order of declaration stays
        edges
    }

    fn cycle_error(&self, path: &[JobId]) -> PlanError {
        /// A longer path is told by its ends.
        const SHOWN: usize = 12;
        let elided = path.len().saturating_sub(SHOWN);
        let (start, end) = (path.len().min(SHOWN).div_ceil(2), path.len().min(SHOWN) / 2);
        let shown =
            if elided == 0 { path.to_vec() } else { [&path[..start], &path[path.len() - end..]].concat() };
        PlanError::Cycle { path: shown.iter().map(|job| self.name(job.index())).collect(), elided }
    }

    fn descriptions(&self) -> BTreeMap<JobId, Box<str>> {
        let text = |spec: &JobSpec<'env, A>| spec.options()?.description.clone();
        self.specs.iter().enumerate().filter_map(|(at, spec)| Some((JobId::new(at), text(spec)?))).collect()
    }

    /// Takes back the job that was opened last.
    fn pop_open(&mut self) -> OpenJob {
        let job = JobId::new(self.specs.len());
        let name = self.name_of.pop().expect("a job is open");
        let start = self.after_ends.last().map_or(0, |end| *end as usize);
        let text = |name: NameId| self.names.get(name).to_owned();
        let own_before = self.before.iter().position(|(from, _)| *from == job).unwrap_or(self.before.len());
        OpenJob {
            name: text(name),
            after: self.after.drain(start..).map(text).collect(),
            before: self.before.drain(own_before..).map(|(_, name)| text(name)).collect(),
        }
    }

    /// Which jobs are after none of their own graph, and which have none of it after them.
    fn ends(&self, declared: &HashSet<u32>) -> (Vec<bool>, Vec<bool>) {
        let (mut firsts, mut lasts) = (vec![true; self.specs.len()], vec![true; self.specs.len()]);
        let job_of: BTreeMap<u32, usize> =
            self.name_of.iter().enumerate().map(|(at, name)| (name.0, at)).collect();
        let edges = (0..self.specs.len())
            .flat_map(|at| self.row(at).iter().map(move |name| (at, *name)))
            .filter(|(_, name)| declared.contains(&name.0))
            .map(|(at, name)| (at, job_of[&name.0]));
        let pulled = self.before.iter().filter_map(|(job, name)| Some((*job_of.get(&name.0)?, job.index())));
        for (waits, on) in edges.chain(pulled) {
            firsts[waits] = false;
            lasts[on] = false;
        }
        (firsts, lasts)
    }
}

struct OpenJob {
    name: String,
    after: Vec<String>,
    before: Vec<String>,
}

fn check_name(name: &str, at: usize, errors: &mut PlanErrors) {
    if name.is_empty() {
        errors.push(|| PlanError::EmptyName { place: at + 1 });
    } else if name.chars().any(char::is_control) {
        errors.push(|| PlanError::ControlCharacter { job: name.to_owned() });
    }
}

fn check_options<A>(spec: &JobSpec<'_, A>, name: impl Fn() -> String, errors: &mut PlanErrors) {
    let mut unfit = |why| errors.push(|| PlanError::Unfit { job: name(), why });
    match spec.body {
        Body::Group if spec.tries().is_some() => unfit(Unfit::TriesOfGroup),
        _ => {}
    }
    match spec.body {
        Body::Group if spec.cleanup().is_some() => unfit(Unfit::CleanupOfGroup),
        Body::CheckOnly(_) if spec.cleanup().is_some() => unfit(Unfit::CleanupOfCheckOnly),
        Body::Struct(_) if spec.cleanup().is_some() => unfit(Unfit::CleanupOfStruct),
        _ => {}
    }
    if spec.tries() == Some(0) && !matches!(spec.body, Body::Group) {
        errors.push(|| PlanError::NoTries { job: name() });
    }
}

impl<A> fmt::Debug for Draft<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.name_of.iter().map(|name| self.names.get(*name))).finish()
    }
}
