//! Random worlds whose jobs do as a script says.

use std::sync::atomic::{AtomicU32, Ordering};

use dojobber_core::testkit::interruption;
use proptest::strategy::{NewTree, Strategy};
use proptest::test_runner::TestRunner;

use crate::testkit::dice::Dice;
use crate::testkit::shrinking::{AsSketch, Shrinking, Shrinks};
use crate::testkit::sketch::{Graphs, Sketch, SketchedJob, graphs, options};
use crate::{Graph, Key, Kind, Plan, Result};

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
}

impl Script {
    /// A new world in which it happens.
    pub fn world(&self) -> ScriptedWorld {
        ScriptedWorld { script: self.clone(), calls: self.jobs.iter().map(|_| Default::default()).collect() }
    }

    /// A script that is made of the bytes of a fuzzer: whatever they are.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        scripted_worlds().over(graphs().jobs(0..24)).roll(&mut Dice::Bytes(bytes.iter()))
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
        let graph = self.script.jobs.iter().enumerate().fold(Graph::new(), |graph, (place, job)| {
            let after = job.sketch.after.iter().map(|on| Sketch::name(*on));
            if job.sketch.kind == Kind::Group {
                return options(graph.job(Sketch::name(place)), &job.sketch, after).group();
            }
            let mut open = options(graph.job(Self::key(place)), &job.sketch, after);
            if let (Some(behaviour), Kind::Job | Kind::RunOnly) = (job.cleanup, job.sketch.kind) {
                open = open.cleanup(move |_| self.cleanup(place, behaviour));
            }
            match job.sketch.kind {
                Kind::CheckOnly => open.check_only(move |cx| self.check(place, cx.attempt())),
                Kind::RunOnly => open.run_only(move |_| self.run(place)),
                _ => open.check(move |cx| self.check(place, cx.attempt())).run(move |_| self.run(place)),
            }
        });
        graph.compile().unwrap_or_else(|errors| panic!("the script is no graph: {errors}"))
    }

    /// How often the check, the run and the cleanup of each job were called.
    pub fn calls(&self) -> Vec<[u32; 3]> {
        self.calls.iter().map(|calls| calls.each_ref().map(|count| count.load(Ordering::SeqCst))).collect()
    }

    /// What happens in it.
    pub fn script(&self) -> &Script {
        &self.script
    }

    fn count(&self, place: usize, what: usize) -> u32 {
        self.calls[place][what].fetch_add(1, Ordering::SeqCst) + 1
    }

    fn check(&self, place: usize, attempt: u32) -> Result<u32> {
        self.count(place, 0);
        let (job, runs) = (&self.script.jobs[place], self.calls[place][1].load(Ordering::SeqCst));
        let is_repaired = job.repaired_at.is_some_and(|at| attempt >= at);
        let is_done = is_repaired || job.needs_runs.is_some_and(|needed| runs >= needed);
        if is_done { Ok(runs) } else { Err(format!("{place} is not done").into()) }
    }

    fn run(&self, place: usize) -> Result<u32> {
        let runs = self.count(place, 1);
        interruption();
        let job = &self.script.jobs[place];
        behave(job.run, place)?;
        let works = job.sketch.kind != Kind::RunOnly || job.needs_runs.is_some_and(|needed| runs >= needed);
        if works { Ok(runs) } else { Err(format!("{place} does not work yet").into()) }
    }

    fn cleanup(&self, place: usize, behaviour: Behaviour) -> Result {
        self.count(place, 2);
        interruption();
        behave(behaviour, place)
    }
}

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
}

/// A proptest strategy for random graphs of jobs that do as a random script says: some need no run, some several, some
/// never get done; runs and cleanups err and panic; time repairs what no run does.
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
    ScriptedWorlds { graphs: graphs(), time_repairs: 20, trouble: 30 }
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
        ScriptedJob {
            sketch,
            needs_runs: (!dice.percent(self.trouble / 2)).then(|| dice.below(3) as u32),
            repaired_at: dice.percent(self.time_repairs).then(|| dice.between(1, 4) as u32),
            run,
            cleanup: dice.percent(40).then_some(cleanup),
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
    }
}
