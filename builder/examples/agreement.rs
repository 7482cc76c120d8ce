//! Whether simulation, drivers and judge agree on random graphs, worlds and faults; and how fast that is.
//!
//! `cargo run --release --example agreement --features testkit -- [RUNS] [SEED]`
#![expect(clippy::print_stdout, reason = "a program says what it does")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dojobber::testkit::{Fault, Faults, Script, ScriptedWorld, Simulation, graphs, scripted_worlds};
use dojobber::{CancelToken, Event, Observer, Run, Runner, Status, StopLevel, judge};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

#[derive(Default)]
struct Trace(Mutex<Vec<Event>>);

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

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse().expect("a number"));
    let runs: u64 = arguments.next().unwrap_or(1000);
    let mut seeds = [0; 32];
    seeds[..8].copy_from_slice(&arguments.next().unwrap_or(0).to_le_bytes());

    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seeds);
    let mut random = TestRunner::new_with_rng(Config::default(), rng);
    let graphs = graphs().jobs(20..21).delays(Duration::ZERO..Duration::ZERO);
    let scripts = scripted_worlds().over(graphs);
    let faults = Faults::none().randomly(
        0.05,
        [
            Fault::Error,
            Fault::Panic,
            Fault::ErrorAfter,
            Fault::Nothing,
            Fault::Lie,
            Fault::Slow(Duration::from_secs(1)),
        ],
    );
    // with one worker the order is the same everywhere, and so is what a stop leaves undone
    let stops = Faults::none().randomly(
        0.03,
        [
            Fault::Error,
            Fault::Panic,
            Fault::Stop(StopLevel::Drain),
            Fault::Stop(StopLevel::Cancel),
            Fault::Stop(StopLevel::Kill),
        ],
    );
    let crashes = Faults::none().randomly(0.02, [Fault::Crash, Fault::Error, Fault::Stop(StopLevel::Cancel)]);
    let never = CancelToken::new(); // a run that can be stopped is executed in the general way
    let real = [
        Runner::builder().threads(1).build(),
        Runner::builder().threads(1).cancel_token(&never).build(),
        Runner::builder().threads(3).cancel_token(&never).build(),
    ];

    let mut took = [Duration::ZERO; 2];
    for seed in 0..runs {
        let script: Script = scripts.new_tree(&mut random).expect("every graph is legal").current();
        let (simulated, start) = (script.world(), Instant::now());
        let ended =
            essence(&simulated, &Simulation::new(seed).faults(faults.clone()).run(&simulated.plan(), ()));
        took[0] += start.elapsed();

        let (watched, start) = (script.world(), Instant::now());
        let (plan, trace) = (watched.plan(), Arc::new(Trace::default()));
        let simulation = Simulation::new(seed).faults(faults.clone()).observer(Arc::clone(&trace));
        assert_eq!(essence(&watched, &simulation.run(&plan, ())), ended, "seed {seed}: {script:?}");
        let judged = judge(&plan, &trace.0.lock().unwrap());
        took[1] += start.elapsed();
        assert_eq!(judged, Ok(()), "seed {seed}: {script:?}");

        let stopped = script.world();
        let simulation = Simulation::new(seed).workers(1).faults(stops.clone());
        let ended_early = essence(&stopped, &simulation.run(&stopped.plan(), ()));
        let real_world = script.world();
        let run = stops.run_on(&real[1], seed, &real_world.plan(), ());
        assert_eq!(essence(&real_world, &run), ended_early, "stopped, seed {seed}: {script:?}");

        let (killed, trace) = (script.world(), Arc::new(Trace::default()));
        let plan = killed.plan();
        let simulation = Simulation::new(seed).faults(crashes.clone()).observer(Arc::clone(&trace));
        let _ = simulation.run(&plan, ());
        let events = trace.0.lock().unwrap();
        let last = events.iter().rposition(|event| matches!(event, Event::RunStarted { .. }));
        assert_eq!(judge(&plan, &events[last.unwrap_or(0)..]), Ok(()), "killed, seed {seed}: {script:?}");
        drop(events);

        for runner in &real {
            let real = script.world();
            let run = faults.run_on(runner, seed, &real.plan(), ());
            assert_eq!(essence(&real, &run), ended, "seed {seed}: {script:?}");
        }
    }
    println!("{runs} simulated runs of 20 jobs agree with the drivers and the judge");
    let speed = took.map(|took| runs as f64 / took.as_secs_f64());
    println!(
        "{:.0} runs a second, plans included; {:.0} when they are watched and judged",
        speed[0], speed[1]
    );
}
