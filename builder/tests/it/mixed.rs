//! Random graphs that mix blocking and async phases: wherever they are executed, they come to the same.

use std::collections::BTreeMap;
use std::time::Duration;

use dojobber::testkit::{
    Fault, Faults, ScriptedWorld, ScriptedWorlds, Simulation, Waits, graphs, judge_simulated,
    scripted_worlds, try_explore,
};
use dojobber::{Kind, Phase, Run, Runner, Status, judge};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::support::{Trace, cases, within};

/// Worlds of all kinds of phases, which wait for time, for threads and for each other.
fn worlds() -> ScriptedWorlds {
    let graphs = graphs().jobs(0..16).async_phases(50).delays(Duration::ZERO..Duration::from_micros(50));
    scripted_worlds().over(graphs).longest_wait(Duration::from_micros(50))
}

type Essence = (BTreeMap<String, (Status, u32, Option<u32>, Option<String>)>, Vec<[u32; 3]>, usize);

/// What must be the same whoever executes a plan, in whatever order: statuses, tries, outputs, errors, calls.
fn essence(world: &ScriptedWorld, run: &Run<'_>) -> Essence {
    let job = |(at, job): (usize, dojobber::JobReport<'_>)| {
        let output = run.output(ScriptedWorld::key(at)).copied();
        (job.name().to_owned(), (job.status(), job.tries(), output, job.error().map(ToString::to_string)))
    };
    (run.jobs().enumerate().map(job).collect(), world.calls(), run.cleanup_failures().len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn they_come_to_the_same_everywhere(script in worlds(), seed: u64, dry_run: bool, chance in 0.0..0.2) {
        let all = [Fault::Error, Fault::Panic, Fault::ErrorAfter, Fault::Nothing, Fault::Lie];
        let faults = Faults::none().randomly(chance, all);
        let mut first = None;
        for workers in [1, 16] {
            let (world, trace) = (script.world(), Trace::default());
            let plan = world.plan();
            let simulation = Simulation::new(seed).workers(workers).dry_run(dry_run).faults(faults.clone());
            let run = simulation.observer(trace.clone()).run(&plan, ());
            prop_assert_eq!(judge(&plan, &trace.events()), Ok(()));
            prop_assert_eq!(judge_simulated(&plan, &trace.events()), Ok(()));
            let essence = essence(&world, &run);
            prop_assert_eq!(first.get_or_insert_with(|| essence.clone()), &essence);
        }
        for threads in [1, 2, 8] {
            let (world, trace) = (script.world(), Trace::default());
            let plan = world.plan();
            let runner = Runner::builder().threads(threads).dry_run(dry_run).observer(trace.clone()).build();
            let run = within("a run that mixes phases", || faults.run_on(&runner, seed, &plan, ()));
            prop_assert_eq!(judge(&plan, &trace.events()), Ok(()), "{} threads", threads);
            prop_assert_eq!(Some(&essence(&world, &run)), first.as_ref(), "{} threads", threads);
        }
    }

    /// A simulation of them follows from its seed, to the byte.
    #[test]
    fn a_simulation_of_them_follows_from_its_seed(script in worlds(), seed: u64) {
        let trace = || {
            let (world, trace) = (script.world(), Trace::default());
            let simulation = Simulation::new(seed).observer(trace.clone());
            let _ = simulation.run(&world.plan(), ());
            format!("{:?}", trace.events())
        };
        prop_assert_eq!(trace(), trace());
    }

    /// Whatever order, and whatever goes on at their interruption points.
    #[test]
    fn exploration_finds_nothing_in_them(script in lasting_worlds()) {
        let seen = try_explore(8, |simulation| {
            let world = script.world();
            let _ = simulation.run(&world.plan(), ());
            world.calls()
        });
        prop_assert!(seen.is_ok(), "{:?}", seen);
    }
}

/// Worlds in which all is well: a job needs two runs at most.
fn lasting_worlds() -> ScriptedWorlds {
    let kinds = [Kind::Job, Kind::Job, Kind::RunOnly, Kind::Group];
    let graphs = graphs().jobs(0..10).async_phases(50).kinds(kinds).tries(3..4);
    scripted_worlds().over(graphs).trouble(0).time_repairs(0)
}

/// The strategy makes all five kinds of async phases, beside blocking ones, and all ways to wait.
#[test]
fn they_are_of_all_kinds() {
    let mut random = TestRunner::deterministic();
    let (mut phases, mut waits) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..64 {
        let script = worlds().new_tree(&mut random).unwrap().current();
        for job in script.jobs.iter().filter(|job| job.sketch.kind != Kind::Group) {
            for phase in [Phase::Check, Phase::Run, Phase::Cleanup] {
                let key = format!("{:?} {phase:?} {}", job.sketch.kind, job.sketch.is_async(phase));
                *phases.entry(key).or_insert(0) += 1;
            }
            let name = match job.waits {
                Waits::Never => "never",
                Waits::Polls(_) => "polls",
                Waits::Twice(_) => "twice",
                Waits::Sleeps(..) => "sleeps",
                Waits::Threads(_) => "threads",
                _ => "others",
            };
            *waits.entry(name).or_insert(0) += 1;
        }
    }
    for async_phase in
        ["Job Check", "Job Run", "Job Cleanup", "RunOnly Run", "RunOnly Cleanup", "CheckOnly Check"]
    {
        for is_async in [true, false] {
            assert!(phases[&format!("{async_phase} {is_async}")] > 10, "{async_phase}: {phases:?}");
        }
    }
    assert!(!phases.contains_key("CheckOnly Run true") && !phases.contains_key("RunOnly Check true"));
    assert_eq!(waits.len(), 6, "{waits:?}");
}
