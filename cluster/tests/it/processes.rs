//! What becomes of processes of this machine.

use std::fs;
use std::process::Command;

use crate::support::{World, example};

#[test]
fn the_other_examples_run() {
    for (name, total) in [("loads", "total 4950"), ("squares", "total 204")] {
        let spool = tempfile::tempdir().unwrap();
        let output = Command::new(example(name)).arg(spool.path()).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && out.contains(total), "{name}: {out}\n{err}");
    }
}

#[test]
fn a_unit_that_is_killed_while_nobody_looks_is_executed_again() {
    let world = World::new();
    world.kill_coordinator_after(1, &["jobs=1", "part0=long"]);
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

/// Its own units are not mistaken for the one in which it was started, nor for those of a pilot that has started that. It is
/// started in another directory, and the spool has a relative path.
#[test]
fn a_unit_may_start_a_program_with_units_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world");
    fs::create_dir(&world).unwrap();
    fs::write(world.join("inner"), example("squares").to_str().unwrap()).unwrap();
    let mut outer = Command::new(example("trials"));
    outer.arg("spool").arg(&world).args(["engine=processes", "jobs=1", "part0=inner"]);
    outer.current_dir(folder.path()).env("DOJOBBER_PILOT", "1 spool/r/order/b0.0");
    let output = outer.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("part0: changed 1"), "{out}\n{err}");
    assert!(world.join("squares/run").exists(), "it has had a run of its own");
}

/// Commands of a phase with a limit stand in groups of their own.
#[test]
fn what_a_unit_has_started_ends_with_it() {
    for (options, how) in [(["part0=starts", "time=1000"], "time"), (["part0=starts", "jobs=1"], "signal 9")]
    {
        let world = World::new();
        let child = world.spawn(&[&options[..], &["jobs=1", "limit=900", "tries=1"]].concat());
        world.wait_for("the run", |world| world.count("run part0") == 1);
        world.wait_for("its command", |world| world.processes().len() == 2);
        if how == "signal 9" {
            let process = world.began("b0.0").process;
            assert!(Command::new("kill").args(["-9", &process]).status().unwrap().success());
        }
        let told = world.finish(child);
        assert!(told.job("part0").starts_with("failed 1"), "{}\n{}", told.out, told.err);
        world.wait_for("nothing is left", |world| world.processes().is_empty());
    }
}

#[test]
fn a_record_that_cannot_be_written_is_tried_again() {
    let world = World::new();
    let child = world.spawn(&["jobs=2", "all=waits"]);
    let all = |what: &'static str| {
        move |world: &World| (0..2).all(|part| world.count(&format!("{what} part{part}")) == 1)
    };
    world.wait_for("both runs", all("run"));
    let (folder, away) = (world.run_folder().join("tmp"), world.run_folder().join("away"));
    fs::rename(&folder, &away).unwrap(); // nothing can be written whole: so it is on a full disk, too
    world.go();
    world.wait_for("both runs are over", all("ran"));
    let is_told = |world: &World| {
        let logs = fs::read_dir(world.run_folder().join("log")).unwrap().flatten();
        let has = |log: &fs::DirEntry| {
            fs::read_to_string(log.path()).unwrap().contains("cannot be written, once more")
        };
        logs.filter(|log| log.file_name().to_string_lossy().starts_with('b')).filter(|log| has(log)).count()
            == 2
    };
    world.wait_for("both say so", is_told);
    fs::rename(&away, &folder).unwrap();
    let told = world.finish(child);
    assert!(told.is_success && told.out.contains("sum 10"), "{}\n{}", told.out, told.err);
    for part in 0..2 {
        let counts = ["run", "ran", "cleanup"].map(|what| world.count(&format!("{what} part{part}")));
        assert_eq!(counts, [1, 1, 1], "{:?}", world.log());
    }
}

#[test]
fn a_spool_that_is_gone_fails_tries() {
    let world = World::new();
    let child = world.spawn(&["jobs=2", "all=waits"]);
    world.wait_for("both runs", |world| world.count("run part0") + world.count("run part1") == 2);
    fs::remove_dir_all(world.run_folder()).unwrap();
    world.go();
    let told = world.finish(child);
    let line = told.job("part0");
    assert!(!told.is_success || line.starts_with("failed"), "{}\n{}", told.out, told.err);
    assert!(line.contains("the folder of the run is gone from the spool"), "{line}\n{}", told.err);
}

#[test]
fn a_program_that_cannot_be_started_is_named() {
    let world = World::new();
    let child = world.spawn(&["jobs=2", "slots=1", "all=waits"]);
    world.wait_for("a run", |world| world.count("run part0") + world.count("run part1") == 1);
    fs::remove_file(world.run_folder().join("program")).unwrap();
    world.go();
    let told = world.finish(child);
    let parts = [told.job("part0"), told.job("part1")];
    let words = "is the spool on a file system that all machines share?";
    assert!(parts.iter().any(|line| line.starts_with("failed 1") && line.contains(words)), "{parts:?}");
}
