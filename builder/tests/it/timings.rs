//! What begins first where it is known how long jobs take.

use std::time::Duration;

use dojobber::testkit::{Simulation, judge_simulated};
use dojobber::{Event, Graph, Phase, Plan, Report, Runner, judge};

use crate::support::Trace;

/// Jobs that sleep, by name and seconds.
fn sleepers(graph: Graph<'static>, jobs: &[(&'static str, u64)]) -> Graph<'static> {
    jobs.iter().fold(graph, |graph, (name, seconds)| {
        let time = Duration::from_secs(*seconds);
        graph.job(*name).run_only(move |cx| cx.sleep(time))
    })
}

/// What one simulated run has taken, in virtual time.
fn measured(graph: Graph<'static>) -> Report {
    Simulation::new(0).run(&graph.compile().unwrap(), ()).into_report()
}

/// The order in which jobs begin.
#[track_caller]
fn check(plan: &Plan<'_>, earlier: Option<&Report>, expected: &str) {
    let started = |trace: &Trace| {
        let begins = |event: &Event| match event {
            Event::PhaseStarted { job, phase: Phase::Run, .. } => Some(job.name().to_owned()),
            _ => None,
        };
        trace.events().iter().filter_map(begins).collect::<Vec<_>>().join(" ")
    };
    let trace = Trace::default();
    let runner = Runner::builder().threads(1).timings(earlier).observer(trace.clone()).build();
    assert!(runner.run(plan, ()).success());
    judge(plan, &trace.events()).unwrap();
    assert_eq!(started(&trace), expected);
    let trace = Trace::default();
    let simulation = Simulation::new(1).workers(1).timings(earlier).observer(trace.clone());
    assert!(simulation.run(plan, ()).success());
    judge_simulated(plan, &trace.events()).unwrap();
    assert_eq!(started(&trace), expected);
}

/// The same jobs, which take no time.
fn quick() -> Graph<'static> {
    ["a", "b", "c", "d"].into_iter().fold(Graph::new(), |graph, name| graph.job(name).run_only(|_| ()))
}

#[test]
fn the_longest_way_begins_first() {
    let plan = quick().compile().unwrap();
    check(&plan, None, "a b c d");
    let earlier = measured(sleepers(Graph::new(), &[("a", 1), ("b", 4), ("c", 2), ("d", 3)]));
    check(&plan, Some(&earlier), "b d c a");
}

#[test]
fn what_is_not_known_takes_the_mean() {
    let plan = quick().compile().unwrap();
    // others are not in the plan, and count for nothing
    let earlier = measured(sleepers(Graph::new(), &[("a", 1), ("d", 5), ("other", 1000)]));
    check(&plan, Some(&earlier), "d b c a");
    check(&plan, Some(&measured(sleepers(Graph::new(), &[("other", 9)]))), "a b c d");
    check(&plan, Some(&measured(Graph::new())), "a b c d");
}

#[test]
fn a_way_leads_to_the_end_of_the_run() {
    let inner = Graph::new().job("slow").run_only(|_| ());
    let graph = quick().job("all").after(["c"]).group().job("nest").after("all").nest(inner);
    let plan = graph.compile().unwrap();
    let inner = sleepers(Graph::new(), &[("slow", 5)]);
    let earlier = sleepers(Graph::new(), &[("a", 1), ("b", 4), ("c", 2), ("d", 3)]).job("nest").nest(inner);
    check(&plan, Some(&measured(earlier)), "c nest/slow b d a");
}

#[test]
fn tries_count_and_neither_delays_nor_cleanups_do() {
    let earlier = Graph::new()
        .job("a")
        .retry_delay(Duration::from_secs(100))
        .cleanup(|cx| cx.sleep(Duration::from_secs(100)))
        .run_only(|cx| {
            cx.sleep(Duration::from_secs(2))?;
            dojobber::ensure(cx.attempt() == 2, "again")
        });
    let earlier = measured(sleepers(earlier, &[("b", 5), ("c", 3), ("d", 1)]));
    check(&quick().compile().unwrap(), Some(&earlier), "b a c d");
}

#[test]
fn a_run_ends_sooner() {
    let jobs = [("a", 1), ("b", 1), ("c", 1), ("d", 3)];
    let plan = quick().compile().unwrap();
    let takes = |job: &str| Duration::from_secs(jobs.iter().find(|(name, _)| *name == job).unwrap().1);
    let simulation = Simulation::new(0).workers(2);
    assert_eq!(simulation.makespan(&plan, takes), Duration::from_secs(4));
    let earlier = measured(sleepers(Graph::new(), &jobs));
    assert_eq!(simulation.timings(&earlier).makespan(&plan, takes), Duration::from_secs(3));
}
