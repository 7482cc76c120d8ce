//! Files of a spool that are torn, of another version, or not there.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use crate::support::{World, example, finished};

#[test]
fn a_run_of_another_version_is_not_touched() {
    let world = World::new();
    assert!(world.run(&["jobs=1"]).is_success);
    let folder = world.run_folder();
    fs::remove_file(folder.join("ended")).unwrap();
    let run = fs::read_to_string(folder.join("run.json")).unwrap();
    fs::write(folder.join("run.json"), run.replace("\"dojobber_run\": 1", "\"dojobber_run\": 9")).unwrap();
    let told = world.run(&["jobs=1"]);
    assert!(!told.is_success && told.err.contains("a run of version 9 that has not ended"), "{}", told.err);
}

#[test]
fn torn_files_lose_nothing_but_what_stood_in_them() {
    let world = World::new();
    assert!(world.run(&["jobs=2"]).is_success);
    let folder = world.run_folder();
    fs::remove_file(folder.join("ended")).unwrap();
    let record = folder.join("out/1.1");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, &text[..text.len() / 2]).unwrap();
    let told = world.run(&["jobs=2"]);
    assert!(told.is_success && told.out.contains("sum 10"), "{}\n{}", told.out, told.err);
    assert_eq!(
        (world.count("run part0"), world.count("run part1")),
        (1, 1),
        "its check has passed this time"
    );

    fs::write(world.run_folder().join("run.json"), "{").unwrap();
    fs::remove_file(world.run_folder().join("ended")).unwrap();
    let told = world.run(&["jobs=2"]);
    assert!(told.is_success && told.err.contains("is left behind"), "{}", told.err);
    fs::write(world.spool().join("run"), "").unwrap();
    assert!(world.run(&["jobs=2"]).is_success);
}

#[test]
fn a_torn_file_of_a_unit_that_has_a_record_is_not_missed() {
    let world = World::new();
    assert!(world.run(&["jobs=2"]).is_success);
    for file in ["order/b0.1", "began/b0.1", "graph", "log/b0.1.log"] {
        fs::remove_file(world.run_folder().join("ended")).unwrap();
        fs::write(world.run_folder().join(file), "{").unwrap();
        fs::write(world.run_folder().join("new/nothing"), "").unwrap();
        let told = world.run(&["jobs=2"]);
        assert!(
            told.is_success && told.err.contains("goes on with run"),
            "{file}: {}\n{}",
            told.out,
            told.err
        );
    }
    assert_eq!((world.count("run part0"), world.count("run part1")), (1, 1));
}

/// A unit, started by hand in a folder after something was done to its run; its exit code, and its record if it has one.
#[track_caller]
fn unit_by_hand(change: impl FnOnce(&Path), cwd: &str) -> (Option<i32>, String) {
    let world = World::new();
    assert!(world.run(&["jobs=1"]).is_success);
    let run = world.run_folder();
    fs::remove_file(run.join("out/1.1")).unwrap();
    change(&run);
    let mut unit = world.command_of(&run.join("program"), &["jobs=1"]);
    let unit = unit.env("DOJOBBER_UNIT", run.join("order/b0.0")).current_dir(cwd).spawn().unwrap();
    (finished(unit).code(), fs::read_to_string(run.join("out/1.1")).unwrap_or_default())
}

#[test]
fn a_unit_that_cannot_be_executed_says_why() {
    let here = std::env::current_dir().unwrap();
    let (code, record) = unit_by_hand(|_| {}, here.to_str().unwrap());
    assert!(code == Some(0) && record.contains("\"status\""), "{record}");
    // where Slurm does not find a directory, it takes another one
    let (code, record) = unit_by_hand(|_| {}, "/");
    let why = format!("it was started in /, not in {}", here.display());
    assert!(code == Some(1) && record.contains(&why) && record.contains("\"is_final\":true"), "{record}");
    let tear = |run: &Path| fs::write(run.join("order/b0.0"), "{\"dojobber_order\":1,\"na").unwrap();
    assert_eq!(unit_by_hand(tear, "/"), (Some(65), String::new()));
}

#[test]
fn another_program_begins_anew() {
    let world = World::new();
    world.kill_coordinator_after(1, &["jobs=1", "part0=long"]);
    let run = world.run_folder();
    let other = world.spool().with_file_name("other");
    fs::copy(example("trials"), &other).unwrap();
    File::options().append(true).open(&other).unwrap().write_all(b"built anew").unwrap();
    fs::write(world.spool().with_file_name("world").join("done-0"), "0").unwrap();
    let told = world.finish(world.command_of(&other, &["jobs=1", "part0=long"]).spawn().unwrap());
    assert!(told.err.contains("it is given up, and 1 unit is ended"), "{}", told.err);
    assert!(told.job("part0").starts_with("satisfied") && world.run_folder() != run, "{}", told.out);
}

#[test]
fn closed_runs_are_removed_but_for_the_last_three() {
    let world = World::new();
    for _ in 0..6 {
        assert!(world.run(&["jobs=1"]).is_success);
    }
    let runs =
        fs::read_dir(world.spool()).unwrap().flatten().filter(|entry| entry.path().join("run.json").exists());
    assert_eq!(runs.count(), 4, "three that were there, and the last one");
}

/// A program of a few megabytes is copied there before a run begins.
#[test]
fn what_could_not_begin_leaves_nothing_behind() {
    let world = World::new();
    let folders = || {
        let entries = fs::read_dir(world.spool()).unwrap().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.retain(|name| name != "lock" && name != "run");
        names.sort();
        names
    };
    // the name of the run cannot be written down
    fs::create_dir_all(world.spool().join("run")).unwrap();
    let told = world.run(&["jobs=1"]);
    assert!(!told.is_success && told.err.contains("cannot be used"), "{}", told.err);
    assert_eq!(folders(), [""; 0]);
    fs::remove_dir(world.spool().join("run")).unwrap();
    // as if its coordinator was killed while it copied; the others are somebody's
    for name in ["1-a", "mine", "1-mine", "2-b"] {
        fs::create_dir_all(world.spool().join(name)).unwrap();
        fs::write(world.spool().join(name).join(if name == "2-b" { "notes" } else { "program" }), "")
            .unwrap();
    }
    assert!(world.run(&["jobs=1"]).is_success);
    let run = world.run_folder().file_name().unwrap().to_str().unwrap().to_owned();
    let mut left = ["1-mine".to_owned(), "2-b".to_owned(), "mine".to_owned(), run];
    left.sort();
    assert_eq!(folders(), left);
}

#[test]
fn a_spool_that_cannot_be_written_is_told() {
    let world = World::new();
    fs::write(world.spool(), "a file").unwrap();
    let told = world.run(&["jobs=1"]);
    let why = format!("the spool {} cannot be used: not a directory", world.spool().display());
    assert!(!told.is_success && told.err.contains(&why), "{}", told.err);
}
