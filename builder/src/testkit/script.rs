//! Random worlds whose jobs do as a script says.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dojobber_core::testkit::interruption;
use proptest::strategy::{NewTree, Strategy};
use proptest::test_runner::TestRunner;

use crate::testkit::dice::Dice;
use crate::testkit::shrinking::{AsSketch, Shrinking, Shrinks};
use crate::testkit::sketch::{Graphs, Sketch, SketchedJob, graphs, options};
use crate::testkit::waits::{Calls, Waits};
use crate::{Context, Graph, Key, Kind, Phase, Plan, Result};

/// A graph, and what its jobs do: plain data. [`world`](Script::world) makes it happen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// In order of declaration.
    pub jobs: Vec<ScriptedJob>,
}

/// What one job does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptedJob {
    /// Its place in the graph.
    pub sketch: SketchedJob,
    /// How many runs it takes until its check passes, or a run_only works; `None`: no number is enough.
    pub needs_runs: Option<u32>,
    /// Its check passes from that try on, whatever was run: time repairs it.
    pub repaired_at: Option<u32>,
    /// How its runs end.
    pub run: Behaviour,
    /// How its cleanups end, if it has any.
    pub cleanup: Option<Behaviour>,
    /// How its async phases wait, if it has any.
    pub waits: Waits,
}

/// How a phase ends, when its work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Well.
    Works,
    /// With an error.
    Errs,
    /// With a panic.
    Panics,
}

/// The world of a [`Script`]: it counts what is called.
///
/// The check of a job passes when it was run as often as it needs, and returns how often that was. Runs and cleanups have
/// an interruption point each.
#[derive(Debug)]
pub struct ScriptedWorld {
    script: Script,
    calls: Vec<[AtomicU32; 3]>,
    all: Calls,
}

impl Script {
    /// A new world in which it happens.
    pub fn world(&self) -> ScriptedWorld {
        let calls = self.jobs.iter().map(|_| Default::default()).collect();
        ScriptedWorld { script: self.clone(), calls, all: Calls::default() }
    }

    /// A script that is made of the bytes of a fuzzer: whatever they are. The first says whether there are async phases, and
    /// whether there are pools and priorities.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (mut dice, graphs) = (Dice::Bytes(bytes.iter()), graphs().jobs(0..24));
        let graphs = match dice.below(3) {
            0 => graphs,
            1 => graphs.async_phases(40),
            _ => graphs.async_phases(20).pools(0..3).priorities(-1..2),
        };
        scripted_worlds().over(graphs).roll(&mut dice)
    }
}

impl ScriptedWorld {
    /// The key of the job at a place.
    pub fn key(place: usize) -> Key<u32> {
        Key::named(Sketch::name(place))
    }

    /// The plan whose jobs change this world.
    ///
    /// # Panics
    ///
    /// If the script was made by hand and is not a graph of jobs that are each after earlier ones.
    pub fn plan(&self) -> Plan<'_> {
        let jobs = self.script.jobs.iter().enumerate();
        let graph = jobs.fold(Graph::new(), |graph, (place, job)| self.add(graph, place, job));
        graph.compile().unwrap_or_else(|errors| panic!("the script is no graph: {errors}"))
    }

    fn add<'w>(&'w self, graph: Graph<'w>, place: usize, job: &'w ScriptedJob) -> Graph<'w> {
        let after = job.sketch.after.iter().map(|on| Sketch::name(*on));
        if job.sketch.kind == Kind::Group {
            return options(graph.job(Sketch::name(place)), &job.sketch, after).group();
        }
        let mut open = options(graph.job(Self::key(place)), &job.sketch, after);
        let is_async = |phase| job.sketch.is_async(phase);
        if job.cleanup.is_some() && matches!(job.sketch.kind, Kind::Job | Kind::RunOnly) {
            open = match is_async(Phase::Cleanup) {
                true => open.cleanup_async(move |cx| {
                    self.count(place, CLEANUP);
                    async move {
                        job.waits.wait(&cx, &self.all).await;
                        self.clean_up(place)
                    }
                }),
                false => open.cleanup(move |_| {
                    self.count(place, CLEANUP);
                    self.clean_up(place)
                }),
            };
        }
        let check = move |cx: &Context| {
            self.count(place, CHECK);
            self.check(place, cx.attempt())
        };
        let check_async = move |cx: Context| {
            self.count(place, CHECK);
            async move {
                job.waits.wait(&cx, &self.all).await;
                self.check(place, cx.attempt())
            }
        };
        let run = move |_: &Context| {
            let runs = self.count(place, RUN);
            self.run(place, runs)
        };
        let run_async = move |cx: Context| {
            let runs = self.count(place, RUN);
            async move {
                job.waits.wait(&cx, &self.all).await;
                self.run(place, runs)
            }
        };
        match (job.sketch.kind, is_async(Phase::Check), is_async(Phase::Run)) {
            (Kind::CheckOnly, false, _) => open.check_only(check),
            (Kind::CheckOnly, true, _) => open.check_only_async(check_async),
            (Kind::RunOnly, _, false) => open.run_only(run),
            (Kind::RunOnly, _, true) => open.run_only_async(run_async),
            (_, false, false) => open.check(check).run(run),
            (_, false, true) => open.check(check).run_async(run_async),
            (_, true, false) => open.check_async(check_async).run(run),
            (_, true, true) => open.check_async(check_async).run_async(run_async),
        }
    }

    /// How often the check, the run and the cleanup of each job were called.
    pub fn calls(&self) -> Vec<[u32; 3]> {
        self.calls.iter().map(|calls| calls.each_ref().map(|count| count.load(Ordering::SeqCst))).collect()
    }

    /// What happens in it.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// A phase is called: the so manieth call of this kind, from 1.
    fn count(&self, place: usize, what: usize) -> u32 {
        self.all.add();
        self.calls[place][what].fetch_add(1, Ordering::SeqCst) + 1
    }

    fn check(&self, place: usize, attempt: u32) -> Result<u32> {
        let (job, runs) = (&self.script.jobs[place], self.calls[place][RUN].load(Ordering::SeqCst));
        let is_repaired = job.repaired_at.is_some_and(|at| attempt >= at);
        let is_done = is_repaired || job.needs_runs.is_some_and(|needed| runs >= needed);
        if is_done { Ok(runs) } else { Err(format!("{place} is not done").into()) }
    }

    fn run(&self, place: usize, runs: u32) -> Result<u32> {
        interruption();
        let job = &self.script.jobs[place];
        behave(job.run, place)?;
        let works = job.sketch.kind != Kind::RunOnly || job.needs_runs.is_some_and(|needed| runs >= needed);
        if works { Ok(runs) } else { Err(format!("{place} does not work yet").into()) }
    }

    fn clean_up(&self, place: usize) -> Result {
        interruption();
        behave(self.script.jobs[place].cleanup.unwrap_or(Behaviour::Works), place)
    }
}

/// What is counted of each job.
const CHECK: usize = 0;
const RUN: usize = 1;
const CLEANUP: usize = 2;

fn behave(behaviour: Behaviour, place: usize) -> Result {
    match behaviour {
        Behaviour::Works => Ok(()),
        Behaviour::Errs => Err(format!("{place} errs").into()),
        // no panic hook has anything to say about it
        Behaviour::Panics => std::panic::resume_unwind(Box::new(format!("{place} panics"))),
    }
}

/// A strategy for [`Script`]s; see [`scripted_worlds`].
#[derive(Debug, Clone)]
#[must_use = "a strategy does nothing by itself"]
pub struct ScriptedWorlds {
    graphs: Graphs,
    time_repairs: u8,
    trouble: u8,
    longest_wait: Duration,
}

/// A proptest strategy for random graphs of jobs that do as a random script says: some need no run, some several, some
/// never get done; runs and cleanups err and panic; time repairs what no run does; async phases wait for time, threads and
/// other jobs, if there are any.
///
/// It is for tests of what is built around plans: an observer, a driver, a picture, a store of reports.
///
/// ```
/// use dojobber::testkit::{graphs, scripted_worlds, Simulation};
/// use proptest::prelude::*;
///
/// proptest! {
///     #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
///     fn reports_count_every_job(script in scripted_worlds().over(graphs().jobs(0..20)), seed: u64) {
///         let world = script.world();
///         let run = Simulation::new(seed).run(&world.plan(), ());
///         prop_assert_eq!(run.jobs().len(), script.jobs.len());
///     }
/// }
/// # reports_count_every_job();
/// ```
pub fn scripted_worlds() -> ScriptedWorlds {
    ScriptedWorlds {
        graphs: graphs(),
        time_repairs: 20,
        trouble: 30,
        longest_wait: Duration::from_micros(100),
    }
}

impl ScriptedWorlds {
    /// The graphs that the scripts are written for.
    pub fn over(self, graphs: Graphs) -> Self {
        ScriptedWorlds { graphs, ..self }
    }

    /// How many of 100 jobs are repaired by time alone, at the second or a later try. Default: 20.
    pub fn time_repairs(self, percent: u8) -> Self {
        ScriptedWorlds { time_repairs: percent, ..self }
    }

    /// How many of 100 runs or cleanups err or panic. Half as many jobs are never done. Default: 30.
    pub fn trouble(self, percent: u8) -> Self {
        ScriptedWorlds { trouble: percent, ..self }
    }

    /// How long an async phase waits for time to pass, at most, each time that it does. Default: 100 us. Which phases are
    /// async is said by [`Graphs::async_phases`].
    pub fn longest_wait(self, longest: Duration) -> Self {
        ScriptedWorlds { longest_wait: longest, ..self }
    }

    pub(super) fn roll(&self, dice: &mut Dice<'_>) -> Script {
        let jobs = self.graphs.roll(dice).jobs.into_iter();
        Script { jobs: jobs.map(|sketch| self.job(sketch, dice)).collect() }
    }

    fn job(&self, sketch: SketchedJob, dice: &mut Dice<'_>) -> ScriptedJob {
        let behaviour = |dice: &mut Dice<'_>| match (dice.percent(self.trouble), dice.percent(50)) {
            (false, _) => Behaviour::Works,
            (true, false) => Behaviour::Errs,
            (true, true) => Behaviour::Panics,
        };
        let run = behaviour(dice);
        let cleanup = behaviour(dice);
        let waits =
            if sketch.asyncs.is_empty() { Waits::Never } else { Waits::roll(self.longest_wait, dice) };
        ScriptedJob {
            sketch,
            needs_runs: (!dice.percent(self.trouble / 2)).then(|| dice.below(3) as u32),
            repaired_at: dice.percent(self.time_repairs).then(|| dice.between(1, 4) as u32),
            run,
            cleanup: dice.percent(40).then_some(cleanup),
            waits,
        }
    }
}

impl Strategy for ScriptedWorlds {
    type Tree = Shrinking<Script>;
    type Value = Script;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        Ok(Shrinking::of(self.roll(&mut Dice::random(runner)?)))
    }
}

impl Shrinks for Script {
    type Job = ScriptedJob;

    fn jobs(&self) -> &[ScriptedJob] {
        &self.jobs
    }

    fn of_jobs(jobs: Vec<ScriptedJob>) -> Self {
        Script { jobs }
    }
}

impl AsSketch for ScriptedJob {
    fn after_mut(&mut self) -> &mut Vec<usize> {
        &mut self.sketch.after
    }

    fn simplify(&mut self) {
        self.sketch.simplify();
        self.run = Behaviour::Works;
        self.cleanup = None;
        self.waits = Waits::Never;
    }
}
