//! What becomes of processes of this machine.

use std::fs;
use std::process::Command;

use crate::support::World;

#[test]
fn a_unit_that_is_killed_while_nobody_looks_is_executed_again() {
    let world = World::new();
    let mut first = world.spawn(&["jobs=1", "part0=long"]);
    world.wait_for("the run", |world| world.count("run part0") == 1);
    first.kill().unwrap();
    first.wait().unwrap();
    let process = world.began("b0.0").process;
    assert!(Command::new("kill").args(["-9", &process]).status().unwrap().success());
    fs::write(world.spool().join("../world/done-0"), "0").unwrap();
    let told = world.run(&["jobs=1", "part0=long"]);
    assert!(told.is_success && told.job("part0").starts_with("satisfied"), "{}\n{}", told.out, told.err);
}

#[test]
fn a_time_that_is_over_is_a_failed_try() {
    let world = World::new();
    let told = world.run(&["part1=long", "time=300", "jobs=2"]);
    let line = told.job("part1");
    assert!(line.starts_with("failed 1") && line.contains("its time was over"), "{line}\n{}", told.err);
    assert_eq!(world.count("cleanup part1"), 1, "its run had begun");
}
