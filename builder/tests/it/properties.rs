//! Random graphs of random scripted jobs: the drivers agree, the judge accepts every trace and rejects every forged one,
//! and reports survive being saved.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dojobber::{Cleanup, Event, Graph, Key, Kind, Observer, Phase, Plan, Report, Run, Runner, Status, judge};
use proptest::prelude::*;
use proptest::sample::Index;

/// A job that does as it is told.
#[derive(Debug, Clone)]
struct Script {
    kind: Kind,
    /// Earlier jobs that it is after.
    after: Vec<usize>,
    tries: u32,
    delay: Duration,
    /// How many runs it takes until the check passes, or a run_only works; `None`: no number is enough.
    needs_runs: Option<u32>,
    /// The check passes from that try on, whatever was run: time repairs it.
    repaired_at: Option<u32>,
    run: Behaviour,
    cleanup: Option<Behaviour>,
}

#[derive(Debug, Clone, Copy)]
enum Behaviour {
    Works,
    Errs,
    Panics,
}

/// How often the phases of a job were called: checks, runs, cleanups.
type Calls = [AtomicU32; 3];

/// What the jobs of a plan change, and how they are told to.
struct World {
    scripts: Vec<Script>,
    calls: Vec<Calls>,
}

impl World {
    fn of(scripts: &[Script]) -> Self {
        World { scripts: scripts.to_vec(), calls: scripts.iter().map(|_| Calls::default()).collect() }
    }

    fn check(&self, job: usize, attempt: u32) -> dojobber::Result<u32> {
        self.calls[job][0].fetch_add(1, Ordering::SeqCst);
        let (script, runs) = (&self.scripts[job], self.calls[job][1].load(Ordering::SeqCst));
        let repaired = script.repaired_at.is_some_and(|at| attempt >= at);
        let done = repaired || script.needs_runs.is_some_and(|needed| runs >= needed);
        if done { Ok(runs) } else { Err(format!("{job} is not done").into()) }
    }

    fn run(&self, job: usize) -> dojobber::Result<u32> {
        let runs = self.calls[job][1].fetch_add(1, Ordering::SeqCst) + 1;
        let script = &self.scripts[job];
        behave(script.run, job)?;
        let works = script.kind != Kind::RunOnly || script.needs_runs.is_some_and(|needed| runs >= needed);
        if works { Ok(runs) } else { Err(format!("{job} does not work yet").into()) }
    }

    fn cleanup(&self, job: usize, behaviour: Behaviour) -> dojobber::Result {
        self.calls[job][2].fetch_add(1, Ordering::SeqCst);
        behave(behaviour, job)
    }

    fn plan(&self) -> Plan<'_> {
        Graph::new().each(0..self.scripts.len(), |graph, job| self.add(graph, job)).compile().unwrap()
    }

    fn add<'w>(&'w self, graph: Graph<'w>, job: usize) -> Graph<'w> {
        let script = &self.scripts[job];
        let after = script.after.iter().map(|on| key(*on));
        if script.kind == Kind::Group {
            return graph.job(key(job)).after(after).group();
        }
        let mut open = graph.job(key(job)).after(after).tries(script.tries).retry_delay(script.delay);
        if let Some(behaviour) = script.cleanup.filter(|_| script.kind != Kind::CheckOnly) {
            open = open.cleanup(move |_| self.cleanup(job, behaviour));
        }
        match script.kind {
            Kind::CheckOnly => open.check_only(move |cx| self.check(job, cx.attempt())),
            Kind::RunOnly => open.run_only(move |_| self.run(job)),
            _ => open.check(move |cx| self.check(job, cx.attempt())).run(move |_| self.run(job)),
        }
    }

    fn calls(&self) -> Vec<[u32; 3]> {
        self.calls.iter().map(|calls| calls.each_ref().map(|count| count.load(Ordering::SeqCst))).collect()
    }
}

fn key(job: usize) -> Key<u32> {
    Key::named(format!("job {job}"))
}

fn behave(behaviour: Behaviour, job: usize) -> dojobber::Result {
    match behaviour {
        Behaviour::Works => Ok(()),
        Behaviour::Errs => Err(format!("{job} errs").into()),
        Behaviour::Panics => std::panic::panic_any(format!("{job} panics")),
    }
}

fn behaviour() -> impl Strategy<Value = Behaviour> {
    prop_oneof![4 => Just(Behaviour::Works), 1 => Just(Behaviour::Errs), 1 => Just(Behaviour::Panics)]
}

fn scripts(time_repairs: bool) -> impl Strategy<Value = Vec<Script>> {
    let kind = prop_oneof![
        5 => Just(Kind::Job), 2 => Just(Kind::RunOnly), 2 => Just(Kind::CheckOnly), 1 => Just(Kind::Group)
    ];
    let delay = prop_oneof![3 => Just(0), 1 => 1..50_u64].prop_map(Duration::from_micros);
    let needs_runs = prop_oneof![5 => (0..3_u32).prop_map(Some), 1 => Just(None)];
    let repaired_at =
        (0..10_u32, 1..4_u32).prop_map(move |(one, at)| (time_repairs && one < 2).then_some(at));
    let after = proptest::collection::vec(any::<Index>(), 0..4);
    let cleanup = proptest::option::weighted(0.4, behaviour());
    let script = (kind, after, 1..4_u32, delay, needs_runs, repaired_at, behaviour(), cleanup);
    proptest::collection::vec(script, 0..14).prop_map(|all| {
        let earlier = |at: usize, on: Vec<Index>| match at {
            0 => Vec::new(),
            _ => on.into_iter().map(|on| on.index(at)).collect(),
        };
        let script = |(at, (kind, after, tries, delay, needs_runs, repaired_at, run, cleanup))| Script {
            after: earlier(at, after),
            kind,
            tries,
            delay,
            needs_runs,
            repaired_at,
            run,
            cleanup,
        };
        all.into_iter().enumerate().map(script).collect()
    })
}

fn cleanup_mode() -> impl Strategy<Value = Cleanup> {
    prop_oneof![Just(Cleanup::AtEnd), Just(Cleanup::OnDrop), Just(Cleanup::ByHand)]
}

fn runner(threads: usize) -> Runner {
    Runner::builder().threads(threads).build()
}

/// What must be the same whoever executes a plan, in whatever order.
type Essence = (BTreeMap<String, (Status, u32, Option<u32>, Option<String>)>, Vec<[u32; 3]>, bool);

fn essence(world: &World, run: &Run<'_>) -> Essence {
    let job = |at: usize| {
        let (key, job) = (key(at), run.report().job(key(at)).unwrap());
        let error = run.error(&key).map(ToString::to_string);
        assert_eq!(error, job.error().map(ToString::to_string));
        (key.to_string(), (job.status(), job.tries(), run.output(&key).copied(), error))
    };
    let jobs = (0..world.scripts.len()).map(job).collect();
    (jobs, world.calls(), run.cleanup_failures().is_empty())
}

#[derive(Default)]
struct Trace(Mutex<Vec<Event>>);

impl Observer for Trace {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// All events of one run, late cleanups included.
fn trace(plan: &Plan<'_>, threads: usize, dry_run: bool, cleanup: Cleanup) -> Vec<Event> {
    let trace = Arc::new(Trace::default());
    let builder = Runner::builder().threads(threads).dry_run(dry_run).cleanup(cleanup);
    let mut run = builder.observer(Arc::clone(&trace)).build().run(plan, ());
    if cleanup == Cleanup::ByHand {
        run.cleanup();
    }
    drop(run);
    trace.0.lock().unwrap().clone()
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
    fn all_drivers_come_to_the_same(scripts in scripts(true), dry_run: bool, mode in cleanup_mode()) {
        let come_to = |threads| {
            let world = World::of(&scripts);
            let plan = world.plan();
            let builder = Runner::builder().threads(threads).dry_run(dry_run).cleanup(mode);
            let mut run = builder.build().run(&plan, ());
            let failures = run.cleanup();
            prop_assert!(mode != Cleanup::AtEnd || failures.is_empty());
            Ok(essence(&world, &run))
        };
        let serial = come_to(1)?;
        for threads in [2, 4] {
            prop_assert_eq!(&come_to(threads)?, &serial);
        }
    }

    #[test]
    fn the_judge_accepts_every_trace(scripts in scripts(true), dry_run: bool, mode in cleanup_mode()) {
        for threads in [1, 2, 4] {
            let world = World::of(&scripts);
            let plan = world.plan();
            let trace = trace(&plan, threads, dry_run, mode);
            prop_assert_eq!(judge(&plan, &trace), Ok(()));
        }
    }

    #[test]
    fn the_judge_rejects_every_forgery(
        scripts in scripts(true), dry_run: bool, mode in cleanup_mode(), places: [Index; 8],
    ) {
        let world = World::of(&scripts);
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
    fn a_second_run_after_success_runs_nothing_that_is_checked(scripts in scripts(false), threads in 1..4_usize) {
        let world = World::of(&scripts);
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
    fn a_report_is_what_was_saved(scripts in scripts(true), threads in 1..4_usize, dry_run: bool) {
        let world = World::of(&scripts);
        let plan = world.plan();
        let run = Runner::builder().threads(threads).dry_run(dry_run).build().run(&plan, ());
        let saved = serde_json::to_string(run.report()).unwrap();
        let read: Report = serde_json::from_str(&saved).unwrap();
        prop_assert_eq!(&read, run.report());
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), saved);
        prop_assert_eq!(read.to_string(), run.report().to_string());
    }

    /// Every time that a report tells fits every other.
    #[test]
    fn no_job_begins_before_what_it_depends_on_has_ended(scripts in scripts(true), threads in 1..4_usize) {
        let world = World::of(&scripts);
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
            let delay = world.scripts[job.id().index()].delay;
            for pair in tries.windows(2) {
                let pause = if pair[0].attempt() == pair[1].attempt() { Duration::ZERO } else { delay };
                let pause = if pair[1].phase() == Phase::Cleanup { Duration::ZERO } else { pause };
                prop_assert!(pair[0].end() + pause <= pair[1].start(), "{job:?}");
            }
            prop_assert!(tries.iter().all(|record| record.end() <= run.elapsed()));
        }
    }
}
