//! Random graphs, as plain data.

use std::ops::Range;
use std::time::Duration;

use proptest::strategy::{NewTree, Strategy};
use proptest::test_runner::TestRunner;

use crate::testkit::dice::Dice;
use crate::testkit::shrinking::{AsSketch, Shrinking, Shrinks};
use crate::{Graph, JobNames, Kind, Open, Phase, Pool, Slots};

/// A graph without the code of its jobs. Each job is after earlier ones only, and is called `job` and its place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sketch {
    /// In order of declaration.
    pub jobs: Vec<SketchedJob>,
}

/// A job without its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SketchedJob {
    /// What it is made of.
    pub kind: Kind,
    /// The places of the jobs that it is after, ascending.
    pub after: Vec<usize>,
    /// How many tries it may use. A group has none.
    pub tries: u32,
    /// The least time between two tries.
    pub retry_delay: Duration,
    /// What it uses of pools. A group uses none.
    pub uses: Vec<Slots>,
    /// Its priority. A group has 0.
    pub priority: i32,
    /// Its phases that are to be futures: some of `Check`, which means the recheck, too, `Run` and `Cleanup`. A group
    /// has none.
    pub asyncs: Vec<Phase>,
}

impl Sketch {
    /// The name of the job at a place.
    pub fn name(place: usize) -> String {
        format!("job {place}")
    }

    /// A graph of these jobs: each is opened here, with its edges and options, and closed by `close`.
    ///
    /// ```
    /// # use dojobber::testkit::{Sketch, graphs};
    /// # use proptest::strategy::{Strategy, ValueTree};
    /// # let sketch = graphs().new_tree(&mut Default::default()).unwrap().current();
    /// let plan = sketch.graph(|open, _place, _job| open.check(|_| true).run(|_| ())).compile().unwrap();
    /// assert_eq!(plan.len(), sketch.jobs.len());
    /// ```
    pub fn graph<'env>(
        &self,
        close: impl FnMut(Graph<'env, (), OpenSketched<'env>>, usize, &SketchedJob) -> Graph<'env>,
    ) -> Graph<'env> {
        self.graph_with_args(close)
    }

    /// The same, of a graph whose runs get arguments.
    pub fn graph_with_args<'env, A>(
        &self,
        mut close: impl FnMut(Graph<'env, A, OpenSketched<'env, A>>, usize, &SketchedJob) -> Graph<'env, A>,
    ) -> Graph<'env, A> {
        let jobs = self.jobs.iter().enumerate();
        jobs.fold(Graph::default(), |graph, (place, job)| {
            let after = job.after.iter().map(|on| Sketch::name(*on));
            close(options(graph.job(Sketch::name(place)), job, after), place, job)
        })
    }

    /// A graph that is made of the bytes of a fuzzer: whatever they are.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        graphs().jobs(0..32).roll(&mut Dice::Bytes(bytes.iter()))
    }
}

impl SketchedJob {
    /// Whether that phase is to be a future.
    pub fn is_async(&self, phase: Phase) -> bool {
        self.asyncs.contains(&phase)
    }
}

/// A sketched job that is open in a [`Graph`].
pub type OpenSketched<'env, A = ()> = Open<'env, A, dojobber_core::Untyped>;

/// Edges and options of an open job.
pub(super) fn options<'env, A, N, M>(
    open: Graph<'env, A, Open<'env, A, N>>,
    job: &SketchedJob,
    after: impl JobNames<M>,
) -> Graph<'env, A, Open<'env, A, N>> {
    let open = open.after(after);
    if job.kind == Kind::Group {
        return open;
    }
    let open = open.tries(job.tries).retry_delay(job.retry_delay).uses(job.uses.clone());
    if job.priority == 0 { open } else { open.priority(job.priority) }
}

/// What a random graph looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Shape {
    /// Edges anywhere, as many as the density says.
    #[default]
    Any,
    /// Each job is after the one before it.
    Chain,
    /// All jobs are after the first.
    Fan,
    /// Each job is after one earlier job.
    Tree,
    /// Rows of jobs, in which each is after some of the row before, as many as the density says.
    Layers,
}

/// A strategy for [`Sketch`]es; see [`graphs`].
#[derive(Debug, Clone)]
#[must_use = "a strategy does nothing by itself"]
pub struct Graphs {
    jobs: Range<usize>,
    shape: Shape,
    density: u8,
    kinds: Vec<Kind>,
    tries: Range<u32>,
    delays: Range<Duration>,
    pools: Range<usize>,
    priorities: Range<i32>,
    asyncs: u8,
}

/// A proptest strategy for random graphs: up to 12 jobs of all kinds, each after a fifth of those before it, with one
/// to three tries and delays below 50 ms.
///
/// They shrink by leaving out jobs and edges, and then to fewer tries without delays.
///
/// ```
/// use dojobber::Kind;
/// use dojobber::testkit::{Shape, Simulation, graphs};
/// use proptest::prelude::*;
///
/// proptest! {
///     #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
///     fn whatever_is_done_is_done(sketch in graphs().jobs(1..30).shape(Shape::Layers).kinds([Kind::Job])) {
///         let plan = sketch.graph(|open, _, _| open.check(|_| true).run(|_| ())).compile().unwrap();
///         prop_assert!(Simulation::new(0).run(&plan, ()).success());
///     }
/// }
/// # whatever_is_done_is_done();
/// ```
pub fn graphs() -> Graphs {
    Graphs {
        jobs: 0..13,
        shape: Shape::Any,
        density: 20,
        kinds: [[Kind::Job; 5].as_slice(), &[Kind::RunOnly; 2], &[Kind::CheckOnly; 2], &[Kind::Group]]
            .concat(),
        tries: 1..4,
        delays: Duration::ZERO..Duration::from_millis(50),
        pools: 0..1,
        priorities: 0..1,
        asyncs: 0,
    }
}

impl Graphs {
    /// How many jobs: from the first, up to and without the second.
    pub fn jobs(self, jobs: Range<usize>) -> Self {
        Graphs { jobs, ..self }
    }

    /// What they look like.
    pub fn shape(self, shape: Shape) -> Self {
        Graphs { shape, ..self }
    }

    /// How many of 100 possible edges there are.
    pub fn density(self, percent: u8) -> Self {
        Graphs { density: percent.min(100), ..self }
    }

    /// The kinds of the jobs; one that is named twice is twice as likely. Without any, all are groups.
    pub fn kinds(self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        Graphs { kinds: kinds.into_iter().collect(), ..self }
    }

    /// How many tries a job may use: from the first, which is at least 1, up to and without the second.
    pub fn tries(self, tries: Range<u32>) -> Self {
        Graphs { tries: tries.start.max(1)..tries.end, ..self }
    }

    /// The least time between two tries. Half of the jobs have the shortest.
    pub fn delays(self, delays: Range<Duration>) -> Self {
        Graphs { delays, ..self }
    }

    /// How many pools there are, of one to four slots: a job uses some slots of each third. Default: none.
    pub fn pools(self, pools: Range<usize>) -> Self {
        Graphs { pools, ..self }
    }

    /// The priorities of jobs. Default: all have 0.
    pub fn priorities(self, priorities: Range<i32>) -> Self {
        Graphs { priorities, ..self }
    }

    /// How many of 100 phases are futures: a job may mix both. Default: none. Whoever closes the jobs of a [`Sketch`]
    /// asks [`SketchedJob::is_async`]; the jobs of [`scripted_worlds`](super::scripted_worlds) do.
    pub fn async_phases(self, percent: u8) -> Self {
        Graphs { asyncs: percent.min(100), ..self }
    }

    pub(super) fn roll(&self, dice: &mut Dice<'_>) -> Sketch {
        let count = dice.between(self.jobs.start, self.jobs.end);
        let width = 1 + dice.below(count.max(1).isqrt() + 1);
        let pools = 0..dice.between(self.pools.start, self.pools.end);
        let pools: Vec<Pool> =
            pools.map(|at| Pool::new(format!("pool {at}"), dice.between(1, 5) as u32)).collect();
        Sketch { jobs: (0..count).map(|place| self.job(place, width, &pools, dice)).collect() }
    }

    fn job(&self, place: usize, width: usize, pools: &[Pool], dice: &mut Dice<'_>) -> SketchedJob {
        let kind = self.kinds.get(dice.below(self.kinds.len())).copied().unwrap_or(Kind::Group);
        let shortest = self.delays.start;
        let longer = self.delays.end.saturating_sub(shortest).as_micros() as usize;
        let retry_delay = match dice.percent(50) {
            true => shortest + Duration::from_micros(dice.below(longer) as u64),
            false => shortest,
        };
        let tries = dice.between(self.tries.start as usize, self.tries.end as usize) as u32;
        let after = self.after(place, width, dice);
        if kind == Kind::Group {
            let (uses, asyncs) = (Vec::new(), Vec::new());
            return SketchedJob { kind, after, tries, retry_delay, uses, priority: 0, asyncs };
        }
        let some = |pool: &Pool| {
            let size = pool.size() as usize;
            dice.percent(33).then(|| pool.slots(dice.between(1, size + 1) as u32))
        };
        let uses = pools.iter().filter_map(some).collect();
        let span = self.priorities.end.saturating_sub(self.priorities.start).max(1);
        let priority = self.priorities.start + dice.below(span as usize) as i32;
        let asyncs = self.asyncs(kind, dice);
        SketchedJob { kind, after, tries, retry_delay, uses, priority, asyncs }
    }

    fn asyncs(&self, kind: Kind, dice: &mut Dice<'_>) -> Vec<Phase> {
        let phases: &[Phase] = match kind {
            _ if self.asyncs == 0 => &[],
            Kind::CheckOnly => &[Phase::Check],
            Kind::RunOnly => &[Phase::Run, Phase::Cleanup],
            _ => &[Phase::Check, Phase::Run, Phase::Cleanup],
        };
        phases.iter().copied().filter(|_| dice.percent(self.asyncs)).collect()
    }

    fn after(&self, place: usize, width: usize, dice: &mut Dice<'_>) -> Vec<usize> {
        let mut some = |earlier: Range<usize>| earlier.filter(|_| dice.percent(self.density)).collect();
        match self.shape {
            _ if place == 0 => Vec::new(),
            Shape::Any => some(0..place),
            Shape::Chain => vec![place - 1],
            Shape::Fan => vec![0],
            Shape::Tree => vec![dice.below(place)],
            Shape::Layers => {
                let row = place / width * width;
                some(row.saturating_sub(width)..row)
            }
        }
    }
}

impl Strategy for Graphs {
    type Tree = Shrinking<Sketch>;
    type Value = Sketch;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        Ok(Shrinking::of(self.roll(&mut Dice::random(runner)?)))
    }
}

impl Shrinks for Sketch {
    type Job = SketchedJob;

    fn jobs(&self) -> &[SketchedJob] {
        &self.jobs
    }

    fn of_jobs(jobs: Vec<SketchedJob>) -> Self {
        Sketch { jobs }
    }
}

impl AsSketch for SketchedJob {
    fn after_mut(&mut self) -> &mut Vec<usize> {
        &mut self.after
    }

    fn simplify(&mut self) {
        self.tries = 1;
        self.retry_delay = Duration::ZERO;
        self.uses.clear();
        self.priority = 0;
        self.asyncs.clear();
    }
}
