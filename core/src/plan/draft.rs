//! A graph while it is being declared, and its compilation to a plan.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::graph::{Edges, JobGraph, JobId, NestId, NestSpan, Nests, Rows, StartEdges};
use crate::job::{JobDefaults, JobForm, JobOption, JobSpec, Said, Unfit};
use crate::log::debug;
use crate::names::{NameId, Names};
use crate::plan::Plan;
use crate::plan::cycles::shortest_cycles;
use crate::plan::errors::{Edge, PlanError, PlanErrors};
use crate::plan::nearest::{Candidate, Search};
use crate::plan::needs::Needs;
use crate::plan::pools::Pools;
use crate::plan::uses::Uses;
use crate::text::{NameFault, name_fault};

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
    /// The jobs of each nest, at any depth. The one behind them is its end, and its edges are those of the nest.
    nests: Vec<Range<u32>>,
    defaults: JobDefaults,
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
            nests: Vec::new(),
            defaults: JobDefaults::default(),
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

    /// The named job waits for the open one.
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

    /// Says what holds for all jobs, those that follow too, that do not say otherwise themselves. Called again, it goes on
    /// from what was said before.
    pub fn defaults(&mut self, change: impl FnOnce(JobDefaults) -> JobDefaults) {
        self.defaults = change(std::mem::take(&mut self.defaults));
    }

    /// Ends the open job as the whole of another graph: its jobs become `name/inner`, and `name` is done when they are.
    /// An edge to `name` holds all of them back, an edge from `name` waits for all of them, whichever end declares it.
    /// Names in it are looked up inside first, then outside.
    pub fn nest(&mut self, inner: Draft<'env, A>, options: JobSpec<'env, A>) {
        let outer = self.pop_open();
        let prefix = self.names.get(outer.name).to_owned();
        let mut is_declared = vec![false; inner.names.len()];
        inner.name_of.iter().for_each(|name| is_declared[name.index()] = true);
        let jobs = inner.specs.len();
        self.append(inner, |name, text| match is_declared[name.index()] {
            true => Cow::Owned(format!("{prefix}/{text}")),
            false => Cow::Borrowed(text),
        });

        let end = self.specs.len();
        self.nests.push((end - jobs) as u32..end as u32);
        self.name_of.push(outer.name);
        self.after.extend(outer.after);
        self.before.extend(outer.before.into_iter().map(|name| (JobId::new(end), name)));
        self.close(options);
    }

    /// Adds the jobs of another graph, after those that are here.
    pub fn merge(&mut self, other: Draft<'env, A>) {
        debug_assert_eq!(self.specs.len(), self.name_of.len(), "a job is open");
        self.append(other, |_, text| Cow::Borrowed(text));
    }

    /// Adds the jobs of another graph, with their names and those that they name put through `rename`.
    fn append(&mut self, other: Draft<'env, A>, rename: impl Fn(NameId, &str) -> Cow<'_, str>) {
        let new_name: Vec<NameId> = (0..other.names.len() as u32)
            .map(NameId)
            .map(|name| self.names.intern(&rename(name, other.names.get(name))))
            .collect();
        let (base, edges) = (self.specs.len(), self.after.len() as u32);
        let new_name = |name: &NameId| new_name[name.index()];
        self.name_of.extend(other.name_of.iter().map(new_name));
        self.after.extend(other.after.iter().map(new_name));
        self.after_ends.extend(other.after_ends.iter().map(|end| edges + end));
        self.before
            .extend(other.before.iter().map(|(job, name)| (JobId::new(base + job.index()), new_name(name))));
        let moved = |jobs: &Range<u32>| jobs.start + base as u32..jobs.end + base as u32;
        self.nests.extend(other.nests.iter().map(moved));
        let start = self.specs.len();
        self.specs.extend(other.specs);
        fill_in(&mut self.specs[start..], &other.defaults);
    }

    /// Checks everything, and makes a plan of it. Linear in jobs and dependencies.
    ///
    /// # Errors
    ///
    /// [`PlanErrors`] with every mistake there is.
    pub fn compile(mut self) -> Result<Plan<'env, A>, PlanErrors> {
        debug_assert_eq!(self.specs.len(), self.name_of.len(), "a job is open");
        fill_in(&mut self.specs, &self.defaults);
        let mut errors = PlanErrors::default();
        let job_of = self.resolve_names(&mut errors);
        self.check_jobs(&job_of, &mut errors);
        let (nests, edges) = self.edges(&job_of, StartEdges::Few);
        let order = edges.order();
        if order.len() < self.specs.len() {
            self.tell_cycles(&job_of, &mut errors);
        }
        errors.into_result()?;
        debug!(jobs = self.specs.len(), edges = edges.after.edges(), "plan compiled");

        let job_of = job_of.into_iter().flatten().collect(); // without a mistake, every name has its job
        let kinds = self.specs.iter().map(JobSpec::kind).collect();
        self.specs.shrink_to_fit(); // a plan may be kept for long
        let (descriptions, uses) = self.take_out_options();
        let needs = Needs::of(self.specs.iter(), uses);
        let graph = JobGraph::new(self.names, self.name_of, job_of, kinds, descriptions, edges, nests);
        Ok(Plan::new(graph, order, Arc::new(self.specs), None, needs))
    }

    /// What waits for what. Edges that were reported as mistakes are left out.
    fn edges(&self, job_of: &[Option<JobId>], which: StartEdges) -> (Nests, Edges) {
        let (jobs, mut nests) = (self.specs.len(), self.nests());
        let declared = Declared::new(self, job_of);
        let (own, nests_after) = if nests.is_empty() {
            (declared.rows((0..jobs).map(JobId::new)), Rows::with_capacity(0, 0))
        } else {
            let ends = Ends::new(&nests, jobs, &declared, which);
            let end_of = |nest| JobId(nests.jobs(nest).end);
            (ends.own_rows(&declared, jobs), declared.rows(nests.ids().map(end_of)))
        };
        let after = nests.with_starts(own, &nests_after, which);
        let edges = Edges::new(after, jobs, nests.nodes(jobs));
        (nests, edges)
    }

    fn nests(&self) -> Nests {
        let span =
            |jobs: &Range<u32>| NestSpan { name: self.name(jobs.end as usize).into(), jobs: jobs.clone() };
        Nests::new(self.nests.iter().filter(|jobs| !jobs.is_empty()).map(span).collect()) // an empty one is a group
    }

    fn tell_cycles(&self, job_of: &[Option<JobId>], errors: &mut PlanErrors) {
        let (nests, edges) = self.edges(job_of, StartEdges::All);
        for path in shortest_cycles(&edges.left_out(&edges.order()), &edges.after) {
            errors.push(|| self.cycle_error(&path, &nests));
        }
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
        let (nests, mut search) = (self.nests(), Search::new());
        let mut is_nest = vec![false; self.specs.len()];
        self.nests.iter().for_each(|jobs| is_nest[jobs.end as usize] = true);
        let (mut before, mut pools) = (self.before.iter().peekable(), Pools::default());
        for (at, spec) in self.specs.iter().enumerate() {
            self.check_name(at, &nests, errors);
            if let Some(options) = spec.options() {
                let form = if is_nest[at] { JobForm::Nest } else { spec.form() };
                self.check_options(at, options, form, errors);
                self.check_pools(at, options, form, &mut pools, errors);
            }
            let mut check = |edge, to: NameId| match job_of[to.index()] {
                Some(job) if job.index() == at => {
                    errors.push(|| PlanError::SelfDependency { job: self.name(at) });
                }
                Some(_) => {}
                None => errors.push(|| self.unknown(at, edge, to, &nests, &mut search)),
            };
            self.row(at).iter().for_each(|name| check(Edge::After, *name));
            while let Some((_, name)) = before.next_if(|(job, _)| job.index() == at) {
                check(Edge::Before, *name);
            }
        }
    }

    /// The name that a job was given; that of the nest around it is looked at where that ends.
    fn check_name(&self, at: usize, nests: &Nests, errors: &mut PlanErrors) {
        let job = || self.name(at);
        let Some(fault) = name_fault(self.candidate(at, nests).last_part()) else { return };
        errors.push(|| match fault {
            NameFault::Empty => PlanError::EmptyName { place: at + 1 },
            NameFault::Acts => PlanError::ControlCharacter { job: job() },
            NameFault::Unseen => PlanError::UnseenName { job: job() },
        });
    }

    fn check_options(&self, at: usize, options: &Said<'env, A>, form: JobForm, errors: &mut PlanErrors) {
        for why in options.said().filter_map(|option| Unfit::of(option, form)) {
            errors.push(|| PlanError::Unfit { job: self.name(at), why });
        }
        if options.tries == Some(0) && Unfit::of(JobOption::Tries, form).is_none() {
            errors.push(|| PlanError::NoTries { job: self.name(at) });
        }
    }

    fn check_pools<'s>(
        &self,
        at: usize,
        options: &'s Said<'env, A>,
        form: JobForm,
        pools: &mut Pools<'s>,
        errors: &mut PlanErrors,
    ) {
        if Unfit::of(JobOption::Uses, form).is_none() {
            let tell = |mistake| errors.push(|| PlanError::Pool(mistake));
            pools.check(at, &options.uses, |at| self.name(at), tell);
        }
    }

    fn unknown(&self, at: usize, edge: Edge, to: NameId, nests: &Nests, search: &mut Search) -> PlanError {
        let others = (0..self.specs.len()).filter(|other| self.name_of[*other] != self.name_of[at]);
        let name = self.names.get(to);
        let nearest = search.nearest(name, others.map(|other| self.candidate(other, nests)));
        PlanError::UnknownDependency { job: self.name(at), edge, name: name.to_owned(), nearest }
    }

    fn candidate<'a>(&'a self, at: usize, nests: &'a Nests) -> Candidate<'a> {
        let nest = nests.nest_of(JobId::new(at)).map(|nest| nests.name(nest));
        Candidate { name: self.names.get(self.name_of[at]), nest }
    }

    fn cycle_error(&self, path: &[JobId], nests: &Nests) -> PlanError {
        /// A longer path is told by its ends.
        const SHOWN: usize = 12;
        let elided = path.len().saturating_sub(SHOWN);
        let (start, end) = (path.len().min(SHOWN).div_ceil(2), path.len().min(SHOWN) / 2);
        let shown =
            if elided == 0 { path.to_vec() } else { [&path[..start], &path[path.len() - end..]].concat() };
        let name = |node: &JobId| match nests.nest_of_start(*node) {
            Some(nest) => format!("(nest {})", nests.name(nest)),
            None => self.name(node.index()),
        };
        PlanError::Cycle { path: shown.iter().map(name).collect(), elided }
    }

    /// What jobs have said and a plan keeps for all of them together.
    fn take_out_options(&mut self) -> (BTreeMap<JobId, Box<str>>, Uses) {
        if self.specs.iter().all(|spec| spec.options().is_none()) {
            return (BTreeMap::new(), Uses::default());
        }
        let mut descriptions = Vec::new();
        let uses = Uses::new(self.specs.iter_mut().enumerate().map(|(at, spec)| {
            let (description, uses) = spec.take_out();
            descriptions.extend(description.map(|text| (JobId::new(at), text)));
            uses
        }));
        (descriptions.into_iter().collect(), uses)
    }

    /// Takes back the job that was opened last.
    fn pop_open(&mut self) -> OpenJob {
        let job = JobId::new(self.specs.len());
        let start = self.after_ends.last().map_or(0, |end| *end as usize);
        let own_before = self.before.iter().rposition(|(from, _)| *from != job).map_or(0, |last| last + 1);
        OpenJob {
            name: self.name_of.pop().expect("a job is open"),
            after: self.after.split_off(start),
            before: self.before.split_off(own_before).into_iter().map(|(_, name)| name).collect(),
        }
    }
}

struct OpenJob {
    name: NameId,
    after: Vec<NameId>,
    before: Vec<NameId>,
}

/// The edges of a draft as they were declared, by the job that waits. Those of a nest stand with the job that ends it.
struct Declared<'d, 'env, A> {
    draft: &'d Draft<'env, A>,
    job_of: &'d [Option<JobId>],
    /// The edges that were declared by `before`, seen from the job that waits.
    pulled: Option<Rows>,
}

impl<'d, 'env, A> Declared<'d, 'env, A> {
    fn new(draft: &'d Draft<'env, A>, job_of: &'d [Option<JobId>]) -> Self {
        let edge = |(job, name): &(JobId, NameId)| Some((job_of[name.index()]?, *job));
        let pairs: Vec<(JobId, JobId)> = draft.before.iter().filter_map(edge).collect();
        let pulled = (!pairs.is_empty()).then(|| Rows::of_pairs(draft.specs.len(), &pairs));
        Declared { draft, job_of, pulled }
    }

    /// Calls `each` with what a job waits for, whichever of the two says so; possibly more than once.
    #[inline]
    fn of(&self, job: JobId, mut each: impl FnMut(JobId)) {
        for name in self.draft.row(job.index()) {
            if let Some(on) = self.job_of[name.index()].filter(|on| *on != job) {
                each(on);
            }
        }
        if let Some(pulled) = &self.pulled {
            pulled.row(job).iter().copied().filter(|on| *on != job).for_each(each);
        }
    }

    fn rows(&self, jobs: impl ExactSizeIterator<Item = JobId>) -> Rows {
        let mut rows = Rows::with_capacity(jobs.len(), self.draft.after.len().min(4 * jobs.len()));
        for job in jobs {
            self.of(job, |on| rows.push(on));
            rows.end_row();
        }
        rows
    }
}

/// What the ends of nests wait for: the jobs that nothing else inside of the same nest waits for.
struct Ends {
    /// For each job, whether it is the end of a nest.
    is_end: Vec<bool>,
    lasts: Rows,
}

impl Ends {
    fn new<A>(nests: &Nests, jobs: usize, declared: &Declared<'_, '_, A>, which: StartEdges) -> Self {
        let ids = || (0..jobs).map(JobId::new);
        let nest_of: Vec<Option<NestId>> = ids().map(|job| nests.nest_of(job)).collect();
        let mut is_last = vec![true; jobs];
        if which == StartEdges::Few {
            for job in ids() {
                declared.of(job, |on| {
                    // the job may be the end of a nest, which is inside of the same nests as its start
                    if nest_of[on.index()].is_some_and(|nest| nests.holds(nest, job)) {
                        is_last[on.index()] = false;
                    }
                });
            }
        }
        let mut is_end = vec![false; jobs];
        nests.ids().for_each(|nest| is_end[nests.jobs(nest).end as usize] = true);
        let last = |job: JobId| {
            let nest = nest_of[job.index()].filter(|_| is_last[job.index()])?;
            Some((JobId(nests.jobs(nest).end), job))
        };
        let lasts: Vec<(JobId, JobId)> = ids().filter_map(last).collect();
        Ends { is_end, lasts: Rows::of_pairs(jobs, &lasts) }
    }

    /// What each job waits for by itself.
    fn own_rows<A>(&self, declared: &Declared<'_, '_, A>, jobs: usize) -> Rows {
        let mut rows = Rows::with_capacity(jobs, declared.draft.after.len() + jobs);
        for job in (0..jobs).map(JobId::new) {
            if self.is_end[job.index()] {
                self.lasts.row(job).iter().for_each(|last| rows.push(*last));
            } else {
                declared.of(job, |on| rows.push(on));
            }
            rows.end_row();
        }
        rows
    }
}

fn fill_in<A>(specs: &mut [JobSpec<'_, A>], defaults: &JobDefaults) {
    if *defaults != JobDefaults::default() {
        specs.iter_mut().for_each(|spec| spec.fill_in(defaults));
    }
}

impl<A> fmt::Debug for Draft<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.name_of.iter().map(|name| self.names.get(*name))).finish()
    }
}
