//! Coordinators that are killed and started again.

use std::process::Command;
use std::time::Duration;

use crate::support::{World, finished};

/// Small numbers that look random, and are the same each time.
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1), |last| {
        let mut next = *last;
        next ^= next << 13;
        next ^= next >> 7;
        Some(next ^ (next << 17))
    })
}

#[test]
fn every_run_is_executed_once_whenever_the_coordinator_is_killed() {
    const OPTIONS: [&str; 4] = ["jobs=6", "slots=3", "ms=60", "nest=3"];
    for (kill, number) in numbers(7).take(20).enumerate() {
        let world = World::new();
        let mut child = world.spawn(&OPTIONS);
        std::thread::sleep(Duration::from_millis(number % 260)); // whenever it is: any moment is one
        child.kill().unwrap();
        child.wait().unwrap();
        let was_over = world.has_ended(); // then the next run is another one, and the nest has no checks
        let told = world.run(&OPTIONS);
        assert!(told.out.contains("sum 150") && told.is_success, "kill {kill}\n{}\n{}", told.out, told.err);
        let parts = (0..6).map(|at| (format!("run part{at}"), 1));
        let nest = (0..3).map(|at| (format!("run nest/{at}"), 1 + usize::from(was_over)));
        for (line, expected) in parts.chain(nest) {
            assert_eq!(world.count(&line), expected, "kill {kill}: {:?}\n{}", world.log(), told.err);
        }
    }
}

#[test]
fn a_unit_whose_order_is_gone_ends_at_once() {
    let world = World::new();
    assert!(world.run(&["jobs=1"]).is_success);
    let order = world.run_folder().join("order/b0.9");
    let output = finished(world.command(&["jobs=1"]).env("DOJOBBER_UNIT", order).spawn().unwrap());
    assert_eq!(output.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&output.stderr).contains("it was given up, or the spool is not shared"));
}

#[test]
fn a_second_coordinator_is_refused_and_told_of_the_first() {
    let world = World::new();
    let mut first = world.spawn(&["jobs=1", "part0=long"]);
    world.wait_for("the first run", |world| world.count("run part0") == 1);
    let told = world.run(&["jobs=1", "part0=long"]);
    assert!(!told.is_success && told.err.contains(&format!("process {} on ", first.id())), "{}", told.err);
    first.kill().unwrap();
    first.wait().unwrap();
    // what it had begun is ended by who comes with another graph
    let told = world.run(&["jobs=2"]);
    assert!(told.err.contains("it is given up, 1 units of it are ended"), "{}", told.err);
    assert!(told.is_success && told.out.contains("sum 10"), "{}", told.out);
}

#[test]
fn who_is_started_again_attaches_itself_to_what_goes_on() {
    let world = World::new();
    let mut first = world.spawn(&["jobs=2", "ms=1500", "slots=2"]);
    world.wait_for("both runs", |world| world.count("run part0") + world.count("run part1") == 2);
    first.kill().unwrap();
    first.wait().unwrap();
    let told = world.run(&["jobs=2", "ms=1500", "slots=2"]);
    assert!(told.err.contains("2 units are under way"), "{}", told.err);
    assert_eq!((world.count("run part0"), world.count("run part1")), (1, 1));
    assert!(told.out.contains("sum 10"));
}

#[test]
fn a_unit_that_is_killed_while_nobody_looks_is_executed_again() {
    let world = World::new();
    let mut first = world.spawn(&["jobs=1", "part0=long"]);
    world.wait_for("the run", |world| world.count("run part0") == 1);
    first.kill().unwrap();
    first.wait().unwrap();
    let began = std::fs::read_to_string(world.run_folder().join("began/b0.0")).unwrap();
    let pid = began.split("\"pid\":").nth(1).unwrap().split(',').next().unwrap();
    assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
    std::fs::write(world.spool().join("../world/done-0"), "0").unwrap();
    let told = world.run(&["jobs=1", "part0=long"]);
    assert!(told.is_success && told.job("part0").starts_with("satisfied"), "{}\n{}", told.out, told.err);
}
