//! Random worlds whose runs are stopped at any event, with any level.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use dojobber::testkit::{
    ScriptedWorld, ScriptedWorlds, Simulation, graphs, judge_simulated, scripted_worlds,
};
use dojobber::{CancelToken, Event, Graph, Observer, Plan, Run, Runner, Status, StopReason, ensure, judge};
use proptest::prelude::*;

use crate::support::{Trace, cases, within};

/// Raises a token at one event, and once more at a later one.
struct StopsAt {
    seen: AtomicUsize,
    at: [usize; 2],
    by: [fn(&CancelToken); 2],
    token: CancelToken,
}

impl Observer for StopsAt {
    fn on_event(&self, _: &Event) {
        let seen = self.seen.fetch_add(1, SeqCst);
        for (at, raise) in self.at.iter().zip(self.by) {
            if *at == seen {
                raise(&self.token);
            }
        }
    }
}

const RAISE: [fn(&CancelToken); 3] = [CancelToken::drain, CancelToken::cancel, CancelToken::kill];

fn stop() -> impl Strategy<Value = ([usize; 2], [usize; 2])> {
    ([0..60_usize, 0..60_usize], [0..3_usize, 0..3_usize])
}

fn observer(token: &CancelToken, (at, by): ([usize; 2], [usize; 2])) -> StopsAt {
    StopsAt { seen: AtomicUsize::new(0), at, by: by.map(|level| RAISE[level]), token: token.clone() }
}

fn worlds() -> ScriptedWorlds {
    let graphs = graphs().jobs(0..14).pools(0..3).priorities(-1..2).async_phases(25);
    let worlds = scripted_worlds().over(graphs.delays(Duration::ZERO..Duration::from_micros(50)));
    worlds.longest_wait(Duration::from_micros(50))
}

/// What must hold of every run that was stopped, beside what the judge says.
fn is_legal(world: &ScriptedWorld, run: &Run<'_>) -> Result<(), TestCaseError> {
    let is_cut = run.jobs().any(|job| job.status() == Status::Cancelled);
    prop_assert!(!is_cut || run.stop_reason() == Some(StopReason::Cancelled));
    prop_assert!(run.success() || !run.jobs().all(|job| job.status().is_done()));
    for (at, [_, runs, cleanups]) in world.calls().into_iter().enumerate() {
        let is_due = world.script().jobs[at].cleanup.is_some();
        prop_assert_eq!(cleanups, if is_due { runs } else { 0 }, "job {}", at);
    }
    for job in run.jobs() {
        let after = run.report().graph().after(job.id());
        let status_of = |on: dojobber::JobId| run.jobs().nth(on.index()).unwrap().status();
        let worst = |status| after.iter().any(|on| status_of(*on) == status);
        match job.status() {
            Status::Blocked => prop_assert!(worst(Status::Failed) || worst(Status::Blocked), "{:?}", job),
            Status::Cancelled => {}
            _ => prop_assert!(!worst(Status::Cancelled) && !worst(Status::Failed), "{:?}", job),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn simulated_runs_end_by_the_rules_wherever_they_are_stopped(script in worlds(), seed: u64, stop in stop()) {
        for workers in [1, 2, 5] {
            let (world, trace, token) = (script.world(), Trace::default(), CancelToken::new());
            let plan = world.plan();
            let simulation = Simulation::new(seed).workers(workers).cancel_token(&token);
            let run = simulation.observer(trace.clone()).observer(observer(&token, stop)).run(&plan, ());
            prop_assert_eq!(judge_simulated(&plan, &trace.events()), Ok(()), "{} workers", workers);
            prop_assert_eq!(judge(&plan, &trace.events()), Ok(()), "{} workers", workers);
            is_legal(&world, &run)?;
        }
    }

    #[test]
    fn runs_end_by_the_rules_wherever_they_are_stopped(script in worlds(), stop in stop()) {
        for threads in [1, 2, 3, 5] {
            let (world, trace, token) = (script.world(), Trace::default(), CancelToken::new());
            let plan = world.plan();
            let builder = Runner::builder().threads(threads).cancel_token(&token).observer(trace.clone());
            let runner = builder.observer(observer(&token, stop)).build();
            let run = within("a run that is stopped", || runner.run(&plan, ()));
            prop_assert_eq!(judge(&plan, &trace.events()), Ok(()), "{} threads", threads);
            is_legal(&world, &run)?;
        }
    }

    /// The same, with the runner's own reason to stop.
    #[test]
    fn runs_end_at_their_last_failure_that_is_allowed(script in worlds(), failures in 1..4_usize) {
        for threads in [1, 2, 3, 5] {
            let (world, trace) = (script.world(), Trace::default());
            let plan = world.plan();
            let builder = Runner::builder().threads(threads).max_failures(failures).observer(trace.clone());
            let run = builder.build().run(&plan, ());
            prop_assert_eq!(judge(&plan, &trace.events()), Ok(()), "{} threads", threads);
            let failed = run.jobs().filter(|job| job.status() == Status::Failed).count();
            // what is in flight when the run is drained may still fail
            let in_flight = script.jobs.iter().filter(|job| !job.sketch.asyncs.is_empty()).count();
            prop_assert!(failed < failures + threads + in_flight, "{} threads: {}", threads, failed);
            let is_cut = run.jobs().any(|job| job.status() == Status::Cancelled);
            prop_assert!(!is_cut || run.stop_reason() == Some(StopReason::MaxFailures));
        }
    }
}

/// A job of a small graph: which of those before it waits for, by bits, and whether it has a cleanup and async phases.
type Small = Vec<u8>;

/// Its jobs repair the world, which outlives a run.
fn repairs<'w>(small: &Small, done: &'w [AtomicUsize], cleaned: &'w AtomicUsize) -> Plan<'w> {
    let mut graph = Graph::new();
    for (at, bits) in small.iter().copied().enumerate() {
        let after = (0..at).filter(|before| bits & 1 << before != 0).map(|before| before.to_string());
        let is_done = move || ensure(done[at].load(SeqCst) > 0, "not done");
        let repair = move || _ = done[at].fetch_add(1, SeqCst);
        let mut open = graph.job(at.to_string()).after(after.collect::<Vec<_>>());
        if bits & 64 != 0 {
            open = open.cleanup(|_| _ = cleaned.fetch_add(1, SeqCst));
        }
        graph = if bits & 128 != 0 {
            let check = move |_| std::future::ready(is_done());
            let repair = move |_| {
                repair();
                std::future::ready(true)
            };
            open.check_async(check).run_async(repair)
        } else {
            open.check(move |_| is_done()).run(move |_| repair())
        };
    }
    graph.compile().unwrap()
}

/// Stops a run at one event, and has the next one go on.
fn check_stopped(
    small: &Small,
    seed: u64,
    workers: usize,
    at: usize,
    level: usize,
) -> Result<bool, TestCaseError> {
    let done: Vec<AtomicUsize> = small.iter().map(|_| AtomicUsize::new(0)).collect();
    let (cleaned, token, trace) = (AtomicUsize::new(0), CancelToken::new(), Trace::default());
    let plan = repairs(small, &done, &cleaned);
    let stops = observer(&token, ([at, usize::MAX], [level, 0]));
    let simulation = Simulation::new(seed).workers(workers).cancel_token(&token);
    let run = simulation.observer(trace.clone()).observer(stops).run(&plan, ());
    let told = || format!("{small:?}, {workers} workers, level {level} at event {at}: {}", run.report());
    prop_assert_eq!(judge_simulated(&plan, &trace.events()), Ok(()), "{}", told());
    let mut cleanups = 0;
    for (job, bits) in run.jobs().zip(small) {
        let runs = done[job.id().index()].load(SeqCst);
        cleanups += if bits & 64 != 0 { runs } else { 0 };
        match job.status() {
            Status::Changed => prop_assert_eq!(runs, 1, "{}", told()),
            // a run that is not rechecked any more; one that is drained goes on
            Status::Cancelled => prop_assert!(runs <= usize::from(level > 0), "{}", told()),
            _ => prop_assert!(false, "nothing fails here: {}", told()),
        }
        let after = run.report().graph().after(job.id());
        let all_done = after.iter().all(|on| run.jobs().nth(on.index()).unwrap().status().is_done());
        prop_assert!(all_done || job.status() == Status::Cancelled && runs == 0, "{}", told());
    }
    prop_assert_eq!(cleaned.load(SeqCst), cleanups, "{}", told());
    prop_assert!(run.success() || run.stop_reason().is_some(), "{}", told());
    let next = Simulation::new(seed + 1).workers(workers).run(&plan, ());
    prop_assert!(next.success(), "{}{}", told(), next.report());
    prop_assert!(done.iter().all(|runs| runs.load(SeqCst) == 1), "nothing is done twice: {}", told());
    Ok(trace.events().len() > at)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases() / 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// Graphs of up to 6 jobs are stopped at every event that there is, with every level.
    #[test]
    fn every_point_may_be_the_last(small in prop::collection::vec(any::<u8>(), 1..=6), seed in 0..1000_u64) {
        for workers in [1, 2, 6] {
            for level in 0..3 {
                let mut at = 0;
                while check_stopped(&small, seed, workers, at, level)? {
                    at += 1;
                }
            }
        }
    }
}
