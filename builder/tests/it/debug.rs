//! What `{:?}` shows of the types that hold closures, threads or locks.

use std::fmt::Debug;

use dojobber::{Console, Context, Graph, Key, Runner, Store};

#[track_caller]
fn check(value: impl Debug, expected: &str) {
    assert_eq!(format!("{value:?}"), expected);
}

/// The start of a long one.
#[track_caller]
fn check_start(value: impl Debug, expected: &str) {
    let text = format!("{value:?}");
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn graphs_and_plans_show_their_jobs() {
    let graph = Graph::new().job("a").group().job("b").after("a").run_only(|_| ());
    check_start(&graph, "Graph { jobs: [\"a\", \"b\"], state: ");
    let open = graph.job("c").tries(3);
    check_start(&open, "Graph { jobs: [\"a\", \"b\", \"c\"], state: Open(");
    let checked = open.check(|_| true);
    check_start(&checked, "Graph { jobs: [\"a\", \"b\", \"c\"], state: Checked(");
    let plan = checked.run(|_| ()).compile().unwrap();
    check(&plan, "Plan({\"a\": [], \"b\": [\"a\"], \"c\": []})");
    check(plan.graph().ids().collect::<Vec<_>>(), "[#0, #1, #2]");
    check_start(plan.run(()), "Run(Report ");
}

#[test]
fn runners_show_their_options() {
    check_start(Runner::builder().threads(3).build(), "Runner { options: RunOptions { threads: 3, ");
    check(Console::verbose(), "Console { form: Verbose, .. }");
    #[cfg(feature = "testkit")]
    check_start(dojobber::testkit::Simulation::new(7), "Simulation { seed: 7, options: RunOptions {");
}

#[test]
fn a_store_shows_its_keys() {
    let store = Store::default();
    store.set(Key::new("port"), 80);
    check(store, "{\"port\"}");
}

#[test]
fn a_context_shows_where_it_stands() {
    let shows = |cx: &Context| format!("{cx:?}") == "Context { job: \"a\", phase: Run, attempt: 1, .. }";
    let plan = Graph::new().job("a").run_only(shows).compile().unwrap();
    assert!(plan.run(()).success());
}
