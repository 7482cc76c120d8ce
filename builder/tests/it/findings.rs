//! What the test kit's reports say, and where its panics point to.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use dojobber::testkit::{
    OrderIndependence, Script, Shape, Simulation, Sketch, assert_cleans_up, assert_convergent,
    assert_dry_run_is_pure, assert_idempotent, assert_order_independent, check_cleans_up, check_convergent,
    check_idempotent, check_order_independent, explore, graphs, scripted_worlds, try_explore,
};
use dojobber::{Graph, Kind, Phase, ensure};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

/// The text of a panic.
#[track_caller]
fn panic_of<T>(f: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).err().expect("it did not panic");
    *payload.downcast::<String>().expect("a report is text")
}

type Log = Mutex<Vec<&'static str>>;

/// A body that returns what its jobs have written down.
fn noted(graph: impl for<'l> Fn(&'l Log) -> Graph<'l>) -> impl Fn(&Simulation) -> Vec<&'static str> {
    move |simulation| {
        let log = Log::default();
        let _ = simulation.run(&graph(&log).compile().unwrap(), ());
        log.into_inner().unwrap()
    }
}

fn two_appends(log: &Log) -> Graph<'_> {
    Graph::new()
        .each(["a", "b"], |graph, name| graph.job(name).run_only(move |_| log.lock().unwrap().push(name)))
}

#[test]
fn a_difference_of_orders() {
    let report = "it makes a difference whether `b` or `a` comes first
  `a`.run, then `b`.run: [\"a\", \"b\"]
  `b`.run, then `a`.run: [\"b\", \"a\"]
  neither is after the other: if one needs what the other does, say so with `.after(..)`
  an order that shows it: `b`.run, `a`.run
  found after 9 simulated runs";
    assert_eq!(panic_of(|| explore(100, noted(two_appends))), report);
    assert_eq!(panic_of(|| assert_order_independent(100, noted(two_appends))), report);
    let finding = try_explore(100, noted(two_appends)).unwrap_err();
    assert_eq!(
        (finding.jobs(), finding.phase(), finding.seed()),
        (["b", "a"].map(String::from).as_slice(), Some(Phase::Run), None)
    );
    assert_eq!((finding.runs(), format!("{finding:?}")), (9, report.to_owned()));
}

#[test]
fn a_difference_of_statuses() {
    let body = |simulation: &Simulation| {
        let there = Mutex::new(false);
        let plan = Graph::new()
            .job("make")
            .run_only(|_| *there.lock().unwrap() = true)
            .job("need")
            .tries(1)
            .check_only(|_| *there.lock().unwrap())
            .compile()
            .unwrap();
        let _ = simulation.run(&plan, ());
    };
    // a run that fails in some order is a finding, though the body sees nothing of it
    for finding in [check_order_independent(10, body), try_explore(10, body)] {
        let report = finding.unwrap_err().to_string();
        assert!(report.contains("`need` is satisfied or failed"), "{report}");
    }
}

/// Which of two jobs makes what both need is their own business, unless somebody insists.
#[test]
fn who_changes_something_may_differ() {
    let body = |simulation: &Simulation| {
        let there = Mutex::new(false);
        let plan = Graph::new()
            .each(["one", "two"], |graph, name| {
                graph.job(name).check(|_| *there.lock().unwrap()).run(|_| *there.lock().unwrap() = true)
            })
            .compile()
            .unwrap();
        let _ = simulation.run(&plan, ());
    };
    assert_order_independent(100, body);
    let report = OrderIndependence::new(100).statuses(true).check(body).unwrap_err().to_string();
    assert!(report.contains("`two` is satisfied or changed"), "{report}");
}

/// A body may insist that its run succeeds: an order in which it does not is another outcome.
#[test]
fn a_body_that_panics_in_one_order() {
    let body = |simulation: &Simulation| {
        let there = Mutex::new(false);
        let plan = Graph::new()
            .job("make")
            .run_only(|_| *there.lock().unwrap() = true)
            .job("need")
            .tries(1)
            .run_only(|_| ensure(*there.lock().unwrap(), "it is not there"))
            .compile()
            .unwrap();
        simulation.run(&plan, ()).into_result().unwrap();
    };
    let report = panic_of(|| explore(10, body));
    assert!(report.starts_with("it makes a difference whether `need` or `make` comes first"), "{report}");
    assert!(
        report.contains("  + `need`.run, then `make`.run\n") && report.contains("    + a panic: "),
        "{report}"
    );
    let report = panic_of(|| explore(10, |_| panic!("always")));
    assert!(report.starts_with("the body panics though nothing goes wrong: always"), "{report}");
}

#[test]
fn a_second_run() {
    let report = panic_of(|| assert_idempotent(1, noted(two_appends)));
    assert!(report.starts_with("a second run changes something: job `b` is run again"), "{report}");
    assert!(report.contains("it is a run_only, which runs every time: give it a check"), "{report}");
    let broken = noted(|_| Graph::new().job("broken").tries(1).check_only(|_| ensure(false, "why not")));
    let finding = check_idempotent(1, broken).unwrap_err();
    assert_eq!((finding.phase(), finding.seed(), finding.runs()), (Some(Phase::Check), Some(0), 1));
    assert!(finding.to_string().starts_with("a run without a fault fails at job `broken`\n"), "{finding}");
    assert!(finding.to_string().contains("why not"), "{finding}");
}

#[test]
fn what_does_not_converge() {
    let report = panic_of(|| assert_convergent(1, noted(two_appends)));
    assert!(report.contains("`a`.run changes the world again, though the job was done"), "{report}");
    assert!(report.contains("`a` is run 2 times, not 1"), "{report}");
    // a check that passes once only: so what was done is not done any more
    let body = |simulation: &Simulation| {
        let ticket = Mutex::new(true);
        let used = || std::mem::take(&mut *ticket.lock().unwrap());
        let plan = Graph::new()
            .job("ticket")
            .tries(1)
            .check_only(move |_| used())
            .job("ride")
            .after("ticket")
            .run_only(|_| ())
            .compile()
            .unwrap();
        let _ = simulation.run(&plan, ());
    };
    let finding = check_convergent(1, body).unwrap_err();
    assert_eq!(finding.jobs(), ["ticket"], "{finding}");
    let report = "job `ticket` was done, and fails when all is run again\n  its check says: returned false\n  \
        after a run without a fault";
    assert!(finding.to_string().starts_with(report), "{finding}");
}

#[test]
fn what_is_not_cleaned_up() {
    let body = |mended: bool| {
        move |simulation: &Simulation| {
            let (mounted, copied) = (Mutex::new(false), Mutex::new(false));
            let plan = Graph::new()
                .job("mount")
                .cleanup(|_| {
                    ensure(mended || *copied.lock().unwrap(), "nothing was copied")?;
                    *mounted.lock().unwrap() = false;
                    Ok(())
                })
                .run_only(|_| *mounted.lock().unwrap() = true)
                .job("copy")
                .tries(1)
                .after("mount")
                .run_only(|_| *copied.lock().unwrap() = true)
                .compile()
                .unwrap();
            let _ = simulation.run(&plan, ());
            *mounted.lock().unwrap()
        }
    };
    let report = panic_of(|| assert_cleans_up(1, body(false)));
    assert!(report.starts_with("the cleanup of `mount` fails\n  it says: nothing was copied"), "{report}");
    assert!(report.contains("after an error in `copy`.run"), "{report}");
    assert!(!assert_cleans_up(1, body(true)));
}

/// It is the same whatever the order: what is compared with is the world before.
#[test]
fn what_is_never_cleaned_up() {
    let finding = check_cleans_up(1, noted(two_appends)).unwrap_err();
    let report = "cleanups leave the world another than it was before\n  before: []\n  after:  [\"b\", \"a\"]\n  \
        it began with `b`.run";
    assert!(finding.to_string().starts_with(report), "{finding}");
    assert_eq!((finding.jobs(), finding.phase()), (["b".to_owned()].as_slice(), Some(Phase::Run)));
}

#[test]
fn a_dry_run_that_leaves_something() {
    let body = noted(|log| {
        let look = |_: &dojobber::Context| log.lock().unwrap().len() > 1;
        Graph::new().job("fine").check(look).run(|_| ()).job("writes").check_only(|_| {
            log.lock().unwrap().push("looked");
            true
        })
    });
    let report = panic_of(|| assert_dry_run_is_pure(4, body));
    assert!(report.starts_with("a dry run changes something: `writes`.check does\n  before: []"), "{report}");
    let insists = |simulation: &Simulation| {
        let there = Mutex::new(false);
        let plan = Graph::new()
            .job("job")
            .check(|_| *there.lock().unwrap())
            .run(|_| *there.lock().unwrap() = true)
            .compile()
            .unwrap();
        simulation.run(&plan, ()).into_result().unwrap();
    };
    assert_dry_run_is_pure(1, insists);
}

#[test]
fn a_body_that_panics_though_nothing_goes_wrong() {
    let finding = check_convergent(1, |_: &Simulation| panic!("always")).unwrap_err();
    assert!(
        finding.to_string().starts_with("the body panics though nothing goes wrong: always"),
        "{finding}"
    );
}

#[test]
fn only_what_differs_is_shown_of_a_long_value() {
    let long = |simulation: &Simulation| {
        let first = noted(two_appends)(simulation)[0];
        (0..100).map(|at| (at, if at == 70 { first } else { "same" })).collect::<Vec<_>>()
    };
    let report = try_explore(100, long).unwrap_err().to_string();
    let shown = "\n  - `a`.run, then `b`.run\n  + `b`.run, then `a`.run\n          (\n              70,\n    -         \"a\",\n    +         \"b\",\n";
    assert!(report.contains(shown), "{report}");
    let longer = |simulation: &Simulation| "\u{e9}".repeat(3000) + noted(two_appends)(simulation)[0];
    let report = try_explore(100, longer).unwrap_err().to_string();
    assert!(report.lines().all(|line| line.chars().count() < 250), "{report}");
}

/// Two plans in one body, of which one is run only when the other was.
#[test]
fn a_body_with_several_runs() {
    let body = |simulation: &Simulation| {
        let log = Log::default();
        let plan = two_appends(&log).compile().unwrap();
        let _ = simulation.run(&plan.select("a").unwrap(), ());
        let _ = simulation.run(&plan.select("b").unwrap(), ());
        drop(plan);
        log.into_inner().unwrap()
    };
    assert_eq!(explore(100, body), ["a", "b"]);
    let report = panic_of(|| assert_convergent(1, body));
    assert!(report.contains("running again leads to something else"), "{report}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shapes_are_what_they_are_called(jobs in 2..30_usize, seed: u64) {
        let edges = |shape| {
            let mut runner = proptest::test_runner::TestRunner::deterministic();
            (0..seed % 5).for_each(|_| _ = runner.new_rng());
            let strategy = graphs().jobs(jobs..jobs + 1).shape(shape).kinds([Kind::Group]).tries(2..3);
            let sketch = strategy.new_tree(&mut runner).unwrap().current();
            assert!(sketch.jobs.iter().all(|job| (job.kind, job.tries) == (Kind::Group, 2)));
            assert_eq!(sketch.graph(|open, _, _| open.group()).compile().unwrap().len(), jobs);
            sketch.jobs.into_iter().map(|job| job.after).collect::<Vec<_>>()
        };
        for (place, after) in edges(Shape::Chain).into_iter().enumerate().skip(1) {
            prop_assert_eq!(after, [place - 1]);
        }
        prop_assert!(edges(Shape::Fan)[1..].iter().all(|after| *after == [0]));
        prop_assert!(edges(Shape::Tree)[1..].iter().all(|after| after.len() == 1));
        prop_assert!(edges(Shape::Layers).iter().enumerate().all(|(at, after)| after.iter().all(|on| *on < at)));
    }

    #[test]
    fn a_calm_script_succeeds(script in scripted_worlds().trouble(0).over(graphs().kinds([Kind::RunOnly, Kind::Job]))) {
        let needs_at_most_its_tries = script.jobs.iter().all(|job| job.needs_runs <= Some(job.sketch.tries));
        let world = script.world();
        let run = Simulation::new(0).run(&world.plan(), ());
        prop_assert!(run.success() || !needs_at_most_its_tries, "{}", run.report());
    }

    #[test]
    fn any_bytes_are_a_script(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let script = Script::from_bytes(&bytes);
        prop_assert_eq!(&script, &Script::from_bytes(&bytes));
        prop_assert_eq!(script.world().plan().len(), script.jobs.len());
        prop_assert!(Sketch::from_bytes(&bytes).jobs.iter().all(|job| job.retry_delay < Duration::from_secs(1)));
    }
}
