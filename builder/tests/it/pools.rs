//! Pools, weights and priorities: mistakes in them, and random graphs in every way of execution.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use dojobber::testkit::{
    ScriptedWorld, ScriptedWorlds, Simulation, graphs, judge_simulated, scripted_worlds,
};
use dojobber::{Graph, Pool, PoolUses, Report, Run, Runner, Status, judge};
use proptest::prelude::*;

use crate::support::{Trace, cases, within};

/// Worlds whose jobs use up to three pools, and of which some are more urgent than others.
fn worlds() -> ScriptedWorlds {
    let graphs = graphs().jobs(0..16).pools(0..4).priorities(-2..3).async_phases(15);
    scripted_worlds().over(graphs.delays(Duration::ZERO..Duration::from_micros(50)))
}

type Essence = (BTreeMap<String, (Status, u32)>, Vec<[u32; 3]>);

/// What must be the same whoever executes a plan, in whatever order.
fn essence(world: &ScriptedWorld, run: &Run<'_>) -> Essence {
    (run.jobs().map(|job| (job.name().to_owned(), (job.status(), job.tries()))).collect(), world.calls())
}

/// A run of such a world, for its durations, which are never the same.
fn earlier(script: &dojobber::testkit::Script) -> Report {
    Runner::builder().threads(1).build().run(&script.world().plan(), ()).into_report()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// In a simulation it is certain who could have begun: nobody is overtaken, and no time passes for nothing.
    #[test]
    fn simulated_workers_keep_to_the_queues(script in worlds(), seed: u64, dry_run: bool, timed: bool) {
        let (mut first, earlier) = (None, timed.then(|| earlier(&script)));
        for workers in [1, 2, 3, 5] {
            let (world, trace) = (script.world(), Trace::default());
            let plan = world.plan();
            let simulation =
                Simulation::new(seed).workers(workers).dry_run(dry_run).timings(earlier.as_ref());
            let run = simulation.observer(trace.clone()).run(&plan, ());
            prop_assert_eq!(judge_simulated(&plan, &trace.events()), Ok(()));
            prop_assert_eq!(judge(&plan, &trace.events()), Ok(()));
            let essence = essence(&world, &run);
            prop_assert_eq!(first.get_or_insert_with(|| essence.clone()), &essence);
        }
    }

    #[test]
    fn threads_keep_to_the_queues_and_never_wait_for_good(script in worlds(), dry_run: bool, timed: bool) {
        let (mut first, earlier) = (None, timed.then(|| earlier(&script)));
        for threads in [1, 2, 3, 5] {
            let (world, trace) = (script.world(), Trace::default());
            let plan = world.plan();
            let builder = Runner::builder().threads(threads).dry_run(dry_run).timings(earlier.as_ref());
            let runner = builder.observer(trace.clone()).build();
            let run = within("a run with pools", || runner.run(&plan, ()));
            prop_assert_eq!(judge(&plan, &trace.events()), Ok(()), "{} threads", threads);
            let essence = essence(&world, &run);
            prop_assert_eq!(first.get_or_insert_with(|| essence.clone()), &essence);
        }
    }
}

/// A job holds the place of another one back, so that never two of them were ready at once; then the retry of the first
/// and the third go on together.
#[test]
fn a_retry_is_begun_while_the_only_worker_so_far_is_busy() {
    let (left, right) = (Pool::new("left", 1), Pool::new("right", 1));
    let (again, wait) = mpsc::channel();
    let wait = std::sync::Mutex::new(wait);
    let plan = Graph::new()
        .job("a")
        .uses(&left)
        .run_only(|cx| {
            let is_second = cx.attempt() == 2;
            if is_second {
                again.send(()).unwrap();
            }
            is_second
        })
        .job("b")
        .uses([&left, &right])
        .run_only(|_| ())
        .job("c")
        .uses(&right)
        .run_only(|_| wait.lock().unwrap().recv().unwrap())
        .compile()
        .unwrap();
    let runner = Runner::builder().threads(2).default_retry_delay(Duration::from_millis(1)).build();
    let run = within("the retry of a", || runner.run(&plan, ()));
    assert!(run.success(), "{}", run.report());
}

/// What `compile()` says of jobs that use these pools, a line each.
#[track_caller]
fn check<U: PoolUses, const N: usize>(uses: [U; N], expected: &[&str]) {
    let open = |(graph, at): (Graph<'static>, usize), uses| {
        (graph.job(format!("j{at}")).uses(uses).run_only(|_| ()), at + 1)
    };
    let (graph, _) = uses.into_iter().fold((Graph::new(), 0), open);
    let told = graph.compile().map_or_else(|errors| errors.to_string(), |_| String::new());
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn mistakes_in_pools_are_told_all_at_once() {
    let pool = |slots| Pool::new("P", slots);
    check([pool(1).slots(1), pool(1).slots(1)], &[]);
    check([pool(2).slots(2)], &[]);
    let two = "the pool `P` is of size 2 for job `j0`, and of 3 for job `j1`: give it one size, or each its own name";
    check([pool(2), pool(3)], &[two]);
    check([pool(2), pool(3), pool(4), pool(3)], &[two]); // once a name
    let zero = "the pool `P` of job `j0` has no slots: it needs at least 1";
    check([pool(0), pool(0)], &[zero]);
    let one_and_none = "the pool `P` is of size 1 for job `j0`, and of 0 for job `j1`: give it one size, or each its own name";
    check([pool(1), pool(0)], &[one_and_none]);
    let many = "job `j0` uses 3 slots of the pool `P`, which has 2: it could never begin";
    check([pool(2).slots(3)], &[many]);
    check([vec![pool(2).slots(2), pool(2).slots(1)]], &[many]); // uses add up
    let most = "job `j0` uses 4294967295 slots of the pool `P`, which has 2: it could never begin";
    check([vec![pool(2).slots(u32::MAX), pool(2).slots(u32::MAX)]], &[most]);
    let none = "job `j0` uses 0 slots of the pool `P`: it takes at least 1, or does not use it";
    check([pool(2).slots(0)], &[none]);
    check([vec![pool(2).slots(0), pool(2).slots(3)]], &[none, many]);
    let two_in_one = two.replace("j1", "j0");
    check([vec![pool(2), pool(3)]], &[&two_in_one]);
    check([pool(2).slots(3), pool(3).slots(1), pool(3).slots(0)], &[many, two, &none.replace("j0", "j2")]);
    let unseen = "job `j0` uses 3 slots of the pool `a\\nb`, which has 2: it could never begin";
    check([Pool::new("a\nb", 2).slots(3)], &[unseen]);
}

#[test]
fn pools_are_one_for_a_graph_and_its_nests() {
    let inner = Graph::new().job("in").uses(Pool::new("P", 3)).run_only(|_| ());
    let graph = Graph::new().job("out").uses(Pool::new("P", 2)).run_only(|_| ()).job("nest").nest(inner);
    let told = graph.compile().unwrap_err().to_string();
    assert!(told.contains("of size 2 for job `out`, and of 3 for job `nest/in`"), "{told}");
}

#[test]
fn what_cannot_use_a_pool_is_told_that_alone() {
    let told = Graph::new().job("all").uses(Pool::new("P", 0)).group().compile().unwrap_err();
    assert_eq!(told.count(), 1, "{told}");
}
