//! What becomes of single units: a person, the scheduler, or too little memory is in their way.

use std::fs;

use crate::site::{output, queue};
use crate::support::World;

#[test]
fn what_a_person_cancels_fails_for_good() {
    let world = World::new();
    let child = world.spawn(&["jobs=2", "part0=long", "part1=waits", "tries=3"]);
    world.wait_for("both runs", |world| world.count("run part0") + world.count("run part1") == 2);
    let ticket = world.began("b0.0").ticket;
    assert_eq!(output("scancel", &[&ticket]), "");
    world.go();
    let told = world.finish(child);
    assert!(told.job("part0").starts_with("failed 1"), "{}", told.job("part0"));
    assert!(told.job("part0").contains("CANCELLED"), "{}", told.job("part0"));
    assert!(told.job("part1").starts_with("changed 1"), "{}", told.out);
    assert_eq!((world.count("cleanup part0"), world.count("cleanup part1")), (1, 1));
}

#[test]
fn too_much_memory_is_a_failed_try() {
    let world = World::new();
    let told = world.run(&["jobs=2", "part1=hog", "mem=60"]);
    let line = told.job("part1");
    assert!(line.starts_with("failed 1") && line.contains("xceeded"), "{line}\n{}", told.err);
    assert!(line.contains("memory limit"), "{line}");
    assert_eq!(world.count("cleanup part1"), 1);
}

#[test]
fn what_slurm_refuses_fails_for_good() {
    let world = World::new();
    let told = world.run(&["jobs=1", "tries=3", "partition=nowhere"]);
    let line = told.job("part0");
    assert!(line.starts_with("failed 1") && line.contains("slurm has refused it"), "{line}");
    assert!(line.contains("invalid partition specified"), "{line}");
}

#[test]
fn what_waits_for_ever_is_told_and_given_up_if_that_is_wanted() {
    let world = World::new();
    let told = world.run(&["jobs=1", "tries=3", "partition=down", "stuck=1000"]);
    assert!(told.err.contains("waits and needs help: PartitionDown"), "{}", told.err);
    let line = told.job("part0");
    assert!(line.starts_with("failed 1") && line.contains("slurm has not begun it: PartitionDown"), "{line}");
    assert!(!queue("%P %T").contains("down PENDING"), "it is taken back");
}

#[test]
fn a_program_that_cannot_be_started_there_is_named() {
    let world = World::new();
    let child = world.spawn(&["jobs=1", "tries=3", "option=--begin=now+3"]);
    world.wait_for("the order", |world| world.has_run() && world.run_folder().join("order/b0.0").exists());
    fs::remove_file(world.run_folder().join("program")).unwrap();
    let told = world.finish(child);
    let line = told.job("part0");
    assert!(line.starts_with("failed 1"), "{line}");
    assert!(line.contains("is the spool on a file system that all machines share?"), "{line}");
}
