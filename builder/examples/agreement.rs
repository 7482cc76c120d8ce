//! Whether simulation, drivers and judge agree on random graphs, worlds, faults and stops; and how fast that is.
//!
//! `cargo run --release --example agreement --features testkit -- [RUNS] [SEED] [plain|mixed|all] [FIRST]`
//!
//! Graphs take turns: one is plain, so that the lock-free drivers execute it, too; one mixes blocking and async phases; one
//! has pools and priorities besides. `plain` and `mixed` want only the first kind, or the other two. `FIRST` is the number of
//! the graph to begin with: for one that did not agree.
#![expect(clippy::print_stdout, reason = "a program says what it does")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dojobber::testkit::{
    Fault, Faults, Script, ScriptedWorld, ScriptedWorlds, Simulation, graphs, judge_simulated,
    scripted_worlds,
};
use dojobber::{CancelToken, Event, Observer, Run, Runner, RunnerBuilder, Status, StopLevel, judge};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<Event>>>);

impl Trace {
    fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Trace {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

type Essence = (Vec<(Status, u32, Option<String>)>, Vec<[u32; 3]>);

/// The facts about a run that must not depend on how it was executed.
fn essence(world: &ScriptedWorld, run: &Run<'_>) -> Essence {
    let job =
        |job: dojobber::JobReport<'_>| (job.status(), job.tries(), job.error().map(ToString::to_string));
    (run.jobs().map(job).collect(), world.calls())
}

/// What may go wrong so that the end is the same in every order.
fn faults() -> Faults {
    let slow = Fault::Slow(Duration::from_secs(1));
    let all = [Fault::Error, Fault::Panic, Fault::ErrorAfter, Fault::Nothing, Fault::Lie, slow];
    Faults::none().randomly(0.05, all)
}

/// What a stop leaves undone hangs on the order.
fn stops() -> Faults {
    let [drain, cancel, kill] = [StopLevel::Drain, StopLevel::Cancel, StopLevel::Kill].map(Fault::Stop);
    Faults::none().randomly(0.03, [Fault::Error, Fault::Panic, drain, cancel, kill])
}

/// Real runs cannot be killed.
fn crashes() -> Faults {
    Faults::none().randomly(0.02, [Fault::Crash, Fault::Error, Fault::Stop(StopLevel::Cancel)])
}

/// One script after the other.
struct Scripts {
    worlds: Vec<ScriptedWorlds>,
    random: TestRunner,
    next: usize,
}

impl Scripts {
    fn new(seed: u64, kind: Option<&str>) -> Self {
        let graphs = graphs().jobs(20..21).delays(Duration::ZERO..Duration::ZERO);
        let (mixed, claims) = (graphs.clone().async_phases(30), graphs.clone().pools(0..3).priorities(-1..2));
        let all = [graphs, mixed, claims.async_phases(20)];
        let range = match kind {
            Some("plain") => 0..1,
            Some("mixed") => 1..3,
            _ => 0..3,
        };
        let worlds =
            |graphs: &_| scripted_worlds().longest_wait(Duration::from_micros(20)).over(Clone::clone(graphs));
        let mut seeds = [0; 32];
        seeds[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seeds);
        let random = TestRunner::new_with_rng(Config::default(), rng);
        Scripts { worlds: all[range].iter().map(worlds).collect(), random, next: 0 }
    }

    fn next(&mut self) -> Script {
        let worlds = &self.worlds[self.next % self.worlds.len()];
        self.next += 1;
        worlds.new_tree(&mut self.random).expect("every graph is legal").current()
    }
}

/// A runner that goes the general way, because its runs may be stopped.
fn general(threads: usize, trace: &Trace) -> Runner {
    watched(threads, trace).cancel_token(&CancelToken::new()).build()
}

fn watched(threads: usize, trace: &Trace) -> RunnerBuilder {
    Runner::builder().threads(threads).observer(trace.clone())
}

/// All that executes a script.
struct Agreement {
    trace: Trace,
    /// The first three take turns, and so do the others.
    real: [Runner; 6],
    /// With one thread, and nobody watches.
    alone: Runner,
    faults: Faults,
    stops: Faults,
    crashes: Faults,
    /// How long simulated runs took, and those that were watched and judged.
    took: [Duration; 2],
}

impl Agreement {
    fn new() -> Self {
        let trace = Trace::default();
        let real = [
            watched(1, &trace).build(),
            watched(3, &trace).build(),
            general(1, &trace),
            general(2, &trace),
            general(3, &trace),
            general(8, &trace),
        ];
        let alone = Runner::builder().threads(1).cancel_token(&CancelToken::new()).build();
        let [faults, stops, crashes] = [faults(), stops(), crashes()];
        Agreement { trace, real, alone, faults, stops, crashes, took: [Duration::ZERO; 2] }
    }

    fn check(&mut self, script: &Script, seed: u64) {
        let ended = self.simulate(script, seed);
        let turn = seed as usize % 3;
        for runner in [&self.real[turn], &self.real[turn + 3]] {
            let real = script.world();
            let plan = real.plan();
            let run = self.faults.run_on(runner, seed, &plan, ());
            assert_eq!(essence(&real, &run), ended, "seed {seed}: {script:?}");
            assert_eq!(judge(&plan, &self.trace.take()), Ok(()), "seed {seed}: {script:?}");
        }
        self.stop(script, seed);
        self.kill(script, seed);
    }

    /// What the script comes to; whether it is watched makes no difference.
    fn simulate(&mut self, script: &Script, seed: u64) -> Essence {
        let start = Instant::now();
        let world = script.world();
        let simulation = Simulation::new(seed).faults(self.faults.clone());
        let ended = essence(&world, &simulation.run(&world.plan(), ()));
        self.took[0] += start.elapsed();

        let start = Instant::now();
        let world = script.world();
        let plan = world.plan();
        let run = simulation.observer(self.trace.clone()).run(&plan, ());
        let trace = self.trace.take();
        let judged = (judge(&plan, &trace), judge_simulated(&plan, &trace));
        self.took[1] += start.elapsed();
        assert_eq!(essence(&world, &run), ended, "seed {seed}: {script:?}");
        assert_eq!(judged, (Ok(()), Ok(())), "seed {seed}: {script:?}");
        ended
    }

    /// With one worker and without phases that wait, the order is the same everywhere, and so is what a stop leaves undone.
    /// Elsewhere the judge says whether it may be so.
    fn stop(&self, script: &Script, seed: u64) {
        let world = script.world();
        let simulation = Simulation::new(seed).workers(1).faults(self.stops.clone());
        let ended = essence(&world, &simulation.run(&world.plan(), ()));
        if script.jobs.iter().all(|job| job.sketch.asyncs.is_empty()) {
            let real = script.world();
            let run = self.stops.run_on(&self.alone, seed, &real.plan(), ());
            assert_eq!(essence(&real, &run), ended, "stopped, seed {seed}: {script:?}");
        }
        let world = script.world();
        let plan = world.plan();
        let _ = self.stops.run_on(&self.real[seed as usize % self.real.len()], seed, &plan, ());
        assert_eq!(judge(&plan, &self.trace.take()), Ok(()), "stopped, seed {seed}: {script:?}");
    }

    /// The judge accepts the last run, after those that were killed.
    fn kill(&self, script: &Script, seed: u64) {
        let world = script.world();
        let plan = world.plan();
        let simulation = Simulation::new(seed).faults(self.crashes.clone()).observer(self.trace.clone());
        let _ = simulation.run(&plan, ());
        let events = self.trace.take();
        let last = events.iter().rposition(|event| matches!(event, Event::RunStarted { .. }));
        assert_eq!(judge(&plan, &events[last.unwrap_or(0)..]), Ok(()), "killed, seed {seed}: {script:?}");
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).map(|number| number.parse().expect("a number"));
    let (runs, seed): (u64, u64) = (number(0).unwrap_or(1000), number(1).unwrap_or(0));
    let mut scripts = Scripts::new(seed, arguments.get(2).map(String::as_str));
    let first = number(3).unwrap_or(0);
    let mut agreement = Agreement::new();
    for seed in 0..first + runs {
        let script = scripts.next();
        if seed >= first {
            agreement.check(&script, seed);
        }
    }
    println!("{runs} random graphs of 20 jobs: simulation, drivers and judge agree");
    let speed = agreement.took.map(|took| runs as f64 / took.as_secs_f64());
    println!(
        "{:.0} simulated runs a second, plans included; {:.0} when they are watched and judged",
        speed[0], speed[1]
    );
}
