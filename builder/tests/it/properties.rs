//! Random graphs of random scripted jobs: the drivers agree, the judge accepts every trace and rejects every forged one,
//! and reports survive being saved.

use std::collections::BTreeMap;
use std::time::Duration;

use dojobber::testkit::{Fault, Faults, ScriptedWorld, ScriptedWorlds, Simulation, graphs, scripted_worlds};
use dojobber::{CancelToken, Cleanup, Event, Kind, Phase, Plan, Report, Run, Runner, Status, judge};
use dojobber_viz::Picture;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::Trace;

/// Worlds in which nobody waits for long.
fn worlds() -> ScriptedWorlds {
    scripted_worlds().over(graphs().jobs(0..14).delays(Duration::ZERO..Duration::from_micros(50)))
}

/// What is done in them stays done.
fn lasting_worlds() -> ScriptedWorlds {
    worlds().time_repairs(0)
}

/// Faults of all kinds but one: real threads cannot be killed.
fn faults(chance: f64) -> Faults {
    let slow = Fault::Slow(Duration::from_secs(1));
    let all = [Fault::Error, Fault::Panic, Fault::ErrorAfter, Fault::Nothing, Fault::Lie, slow];
    Faults::none().randomly(chance, all)
}

fn cleanup_mode() -> impl Strategy<Value = Cleanup> {
    prop_oneof![Just(Cleanup::AtEnd), Just(Cleanup::OnDrop), Just(Cleanup::ByHand)]
}

fn runner(threads: usize) -> Runner {
    Runner::builder().threads(threads).build()
}

/// What must be the same whoever executes a plan, in whatever order.
type Essence = (BTreeMap<String, (Status, u32, Option<u32>, Option<String>)>, Vec<[u32; 3]>, bool);

fn essence(world: &ScriptedWorld, run: &Run<'_>) -> Essence {
    let job = |at: usize| {
        let (key, job) = (ScriptedWorld::key(at), run.report().job(ScriptedWorld::key(at)).unwrap());
        let error = run.error(&key).map(ToString::to_string);
        assert_eq!(error, job.error().map(ToString::to_string));
        (key.to_string(), (job.status(), job.tries(), run.output(&key).copied(), error))
    };
    let jobs = (0..world.script().jobs.len()).map(job).collect();
    (jobs, world.calls(), run.cleanup_failures().is_empty())
}

/// All events of one run, late cleanups included.
fn trace(plan: &Plan<'_>, threads: usize, dry_run: bool, cleanup: Cleanup) -> Vec<Event> {
    let trace = Trace::default();
    let token = (threads % 2 == 1).then(CancelToken::new); // both ways of execution
    let builder =
        Runner::builder().threads(threads).dry_run(dry_run).cleanup(cleanup).cancel_token(token.as_ref());
    let mut run = builder.observer(trace.clone()).build().run(plan, ());
    if cleanup == Cleanup::ByHand {
        run.cleanup();
    }
    drop(run);
    trace.events()
}

/// Pairs of events of which the first must come before the second: it leads to it, by the rules of a run alone.
fn causes(plan: &Plan<'_>, trace: &[Event]) -> Vec<(usize, usize)> {
    let graph = plan.graph();
    let ended = |job| {
        trace
            .iter()
            .position(|event| matches!(event, Event::JobEnded { job: ended, .. } if ended.id() == job))
    };
    let is_cleanup = |event: &Event| match event {
        Event::PhaseStarted { phase, .. } | Event::PhaseEnded { phase, .. } => *phase == Phase::Cleanup,
        _ => false,
    };
    let all_ended = trace.iter().rposition(|event| matches!(event, Event::JobEnded { .. }));
    let run_ended = trace.iter().position(|event| matches!(event, Event::RunEnded { .. })).unwrap();
    let mut pairs = vec![(0, 1)];
    for (at, event) in trace.iter().enumerate() {
        pairs.extend((at > 0).then_some((0, at)));
        pairs.extend((at < run_ended).then_some((at, run_ended)));
        pairs.extend((at > run_ended).then_some((run_ended, at)));
        let before = || trace[..at].iter().enumerate();
        match event {
            _ if is_cleanup(event) => {
                pairs.extend(all_ended.map(|ended| (ended, at)));
                pairs.extend(before().filter(|(_, other)| is_cleanup(other)).map(|(other, _)| (other, at)));
            }
            Event::JobEnded { job, because: Some(because), .. } => {
                pairs.extend(ended(because.id()).map(|cause| (cause, at)));
                assert!(graph.after(job.id()).contains(&because.id()));
            }
            Event::CleanupEnded { .. } => pairs.extend((0..at).map(|other| (other, at))),
            _ => {
                let Some(job) = event.job() else { continue };
                pairs.extend(
                    graph.after(job.id()).iter().filter_map(|on| ended(*on)).map(|cause| (cause, at)),
                );
                let same = before().filter(|(_, other)| other.job() == Some(job) && !is_cleanup(other));
                pairs.extend(same.map(|(other, _)| (other, at)));
            }
        }
    }
    pairs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_drivers_come_to_the_same(script in worlds(), dry_run: bool, mode in cleanup_mode()) {
        let never = CancelToken::new(); // a run that can be stopped is executed in the general way
        let come_to = |threads, token: Option<&CancelToken>| {
            let world = script.world();
            let plan = world.plan();
            let builder = Runner::builder().threads(threads).dry_run(dry_run).cleanup(mode).cancel_token(token);
            let mut run = builder.build().run(&plan, ());
            let failures = run.cleanup();
            prop_assert!(mode != Cleanup::AtEnd || failures.is_empty());
            Ok(essence(&world, &run))
        };
        let serial = come_to(1, None)?;
        for (threads, token) in [(2, None), (4, None), (1, Some(&never)), (2, Some(&never)), (5, Some(&never))] {
            prop_assert_eq!(&come_to(threads, token)?, &serial);
        }
    }

    #[test]
    fn simulations_come_to_the_same_as_threads_whatever_goes_wrong(
        script in worlds(), seed: u64, dry_run: bool, mode in cleanup_mode(), chance in 0.0..0.3,
    ) {
        let faults = faults(chance);
        let real = |threads| {
            let world = script.world();
            let runner = Runner::builder().threads(threads).dry_run(dry_run).cleanup(mode).build();
            let mut run = faults.run_on(&runner, seed, &world.plan(), ());
            run.cleanup();
            essence(&world, &run)
        };
        let serial = real(1);
        prop_assert_eq!(&real(3), &serial);
        for workers in [1, 2, 5] {
            let (world, trace) = (script.world(), Trace::default());
            let simulation = Simulation::new(seed).workers(workers).dry_run(dry_run).cleanup(mode);
            let plan = world.plan();
            let mut run = simulation.faults(faults.clone()).observer(trace.clone()).run(&plan, ());
            run.cleanup();
            prop_assert_eq!(&essence(&world, &run), &serial);
            prop_assert_eq!(judge(&plan, &trace.events()), Ok(()));
        }
    }

    #[test]
    fn the_last_run_after_crashes_obeys_the_plan(script in worlds(), seed: u64, workers in 1..5_usize) {
        let (world, trace) = (script.world(), Trace::default());
        let plan = world.plan();
        let faults = Faults::none().randomly(0.05, [Fault::Crash]);
        let _ = Simulation::new(seed).workers(workers).faults(faults).observer(trace.clone()).run(&plan, ());
        let events = trace.events();
        let last = events.iter().rposition(|event| matches!(event, Event::RunStarted { .. })).unwrap();
        prop_assert_eq!(judge(&plan, &events[last..]), Ok(()));
    }

    #[test]
    fn the_judge_accepts_every_trace(script in worlds(), dry_run: bool, mode in cleanup_mode()) {
        for threads in [1, 2, 4] {
            let world = script.world();
            let plan = world.plan();
            let trace = trace(&plan, threads, dry_run, mode);
            prop_assert_eq!(judge(&plan, &trace), Ok(()));
        }
    }

    #[test]
    fn the_judge_rejects_every_forgery(
        script in worlds(), dry_run: bool, mode in cleanup_mode(), places: [Index; 8],
    ) {
        let world = script.world();
        let plan = world.plan();
        let trace = trace(&plan, 3, dry_run, mode);
        let causes = causes(&plan, &trace);
        for place in places {
            let at = place.index(trace.len());
            let mut deleted = trace.clone();
            let event = deleted.remove(at);
            prop_assert!(judge(&plan, &deleted).is_err(), "without {at}: {event:?}");
            let mut doubled = trace.clone();
            doubled.insert(at, event.clone());
            prop_assert!(judge(&plan, &doubled).is_err(), "twice {at}: {event:?}");
            let (cause, effect) = causes[place.index(causes.len())];
            let mut swapped = trace.clone();
            swapped.swap(cause, effect);
            prop_assert!(judge(&plan, &swapped).is_err(), "{:?} after {:?}", trace[cause], trace[effect]);
        }
    }

    #[test]
    fn a_second_run_after_success_runs_nothing_that_is_checked(script in lasting_worlds(), threads in 1..4_usize) {
        let world = script.world();
        let plan = world.plan();
        let runner = runner(threads);
        if runner.run(&plan, ()).failure() {
            return Ok(());
        }
        let again = runner.run(&plan, ());
        for job in again.jobs().filter(|job| job.kind() != Kind::RunOnly) {
            prop_assert_eq!((job.name(), job.status()), (job.name(), Status::Satisfied));
            prop_assert!(job.phases().iter().all(|record| record.phase() == Phase::Check));
        }
    }

    #[test]
    fn a_report_is_what_was_saved(script in worlds(), threads in 1..4_usize, dry_run: bool) {
        let world = script.world();
        let plan = world.plan();
        let run = Runner::builder().threads(threads).dry_run(dry_run).build().run(&plan, ());
        let saved = serde_json::to_string(run.report()).unwrap();
        let read: Report = serde_json::from_str(&saved).unwrap();
        prop_assert_eq!(&read, run.report());
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), saved);
        prop_assert_eq!(read.to_string(), run.report().to_string());
        let (picture, live) = (Picture::from_report(&read), Picture::from_report(&run));
        prop_assert_eq!(picture.to_svg(), live.to_svg());
        prop_assert_eq!(picture.to_dot(), live.to_dot());
    }

    /// Every time that a report tells fits every other.
    #[test]
    fn no_job_begins_before_what_it_depends_on_has_ended(script in worlds(), threads in 1..4_usize) {
        let world = script.world();
        let plan = world.plan();
        let run = runner(threads).run(&plan, ());
        let end_of = |job| {
            let job = run.jobs().nth(dojobber::JobId::index(job)).unwrap();
            job.phases().iter().filter(|record| record.phase() != Phase::Cleanup).map(|last| last.end()).max()
        };
        for job in run.jobs() {
            let tries = job.phases();
            if let Some(first) = tries.first() {
                let latest = plan.graph().after(job.id()).iter().filter_map(|on| end_of(*on)).max();
                prop_assert!(latest.is_none_or(|latest| latest <= first.start()), "{job:?}");
            }
            let delay = script.jobs[job.id().index()].sketch.retry_delay;
            for pair in tries.windows(2) {
                let pause = if pair[0].attempt() == pair[1].attempt() { Duration::ZERO } else { delay };
                let pause = if pair[1].phase() == Phase::Cleanup { Duration::ZERO } else { pause };
                prop_assert!(pair[0].end() + pause <= pair[1].start(), "{job:?}");
            }
            prop_assert!(tries.iter().all(|record| record.end() <= run.elapsed()));
        }
    }
}
