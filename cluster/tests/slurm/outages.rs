//! Nodes and controllers that go and come back. These tests have the site for themselves.

use std::thread::sleep;
use std::time::Duration;

use crate::site::Site;
use crate::support::{Calm, World};

/// Two runs, as it takes long until Slurm misses a node.
#[test]
fn units_of_a_node_that_is_lost_are_executed_elsewhere_or_when_it_is_back() {
    let _alone = Calm::alone();
    let site = Site::here();
    let (spread, pinned) = (World::new(), World::new());
    let pinned_child = pinned.spawn(&["jobs=1", "all=waits", "option=--nodelist=n3"]);
    pinned.wait_for("the pinned run", |world| world.count("run part0") == 1);
    // a unit for each node
    let spread_child = spread.spawn(&["jobs=3", "all=waits", "cpus=4"]);
    let is_begun = |world: &World| (0..3).all(|at| world.count(&format!("run part{at}")) == 1);
    spread.wait_for("a run on each node", is_begun);
    let node = |at: &usize| spread.began(&spread.unit_of(&format!("part{at}"))).node;
    let lost: Vec<usize> = (0..3).filter(|at| node(at) == "n3").collect();
    assert_eq!(lost.len(), 1, "one of them is there");

    site.kill_node("n3");
    spread.go();
    let told = spread.finish(spread_child);
    assert!(told.is_success && told.out.contains("sum 30"), "{}\n{}", told.out, told.err);
    assert!(told.err.contains("is submitted again: it left no record: NODE_FAIL"), "{}", told.err);
    for at in 0..3 {
        assert!(told.job(&format!("part{at}")).starts_with("changed 1"), "{}", told.out);
        let runs = 1 + usize::from(lost.contains(&at));
        assert_eq!(spread.count(&format!("run part{at}")), runs, "{:?}", spread.log());
        assert_eq!(spread.count(&format!("ran part{at}")), 1);
        assert_eq!(spread.count(&format!("cleanup part{at}")), 1);
    }

    assert_eq!(pinned.count("run part0"), 1, "it waits for its node");
    pinned.go();
    site.start_node("n3");
    let told = pinned.finish(pinned_child);
    assert!(told.job("part0").starts_with("changed 1"), "{}\n{}", told.out, told.err);
    assert_eq!((pinned.count("run part0"), pinned.count("ran part0")), (2, 1));
}

/// It numbers jobs anew then, and nodes that still know the old ones may be drained.
#[test]
fn a_controller_may_forget_what_it_has_just_accepted() {
    let _alone = Calm::alone();
    let site = Site::here();
    let world = World::new();
    let child = world.spawn(&["jobs=4", "all=waits"]);
    world.wait_for("a run", |world| world.log().keys().any(|line| line.starts_with("run ")));
    site.end_controller("-KILL");
    site.start_controller();
    world.go();
    let told = site.resume_nodes_while(|| world.finish(child));
    assert!(told.is_success && told.out.contains("sum 60"), "{}\n{}", told.out, told.err);
    for at in 0..4 {
        let line = told.job(&format!("part{at}"));
        assert!(line == "changed 1" || line == "satisfied 1", "{line}\n{}", told.err);
        assert!(world.count(&format!("ran part{at}")) >= 1, "{:?}", world.log());
    }
}

#[test]
fn a_controller_may_be_away_for_a_while() {
    let _alone = Calm::alone();
    let site = Site::here();
    for signal in ["-TERM", "-KILL"] {
        let world = World::new();
        let child = world.spawn(&["jobs=4", "all=waits", "nest=2"]);
        world.wait_for("all runs", |world| (0..4).all(|at| world.count(&format!("run part{at}")) == 1));
        world.wait_for("the nest", |world| world.count("run nest/1") == 1);
        sleep(Duration::from_secs(6)); // it writes down what it knows every five seconds
        site.end_controller(signal);
        world.go(); // records come home all the same
        let all = |world: &World| (0..4).all(|at| world.count(&format!("ran part{at}")) == 1);
        world.wait_for("all runs are over", all);
        sleep(Duration::from_secs(1)); // cleanups are to be submitted, and are not
        site.start_controller();
        let told = world.finish(child);
        assert!(told.is_success && told.out.contains("sum 60"), "{signal}: {}\n{}", told.out, told.err);
        for at in 0..4 {
            let counts = ["run", "ran", "cleanup"].map(|what| world.count(&format!("{what} part{at}")));
            assert_eq!(counts, [1, 1, 1], "{signal}: {:?}\n{}\n{}", world.log(), told.out, told.err);
        }
    }
}
