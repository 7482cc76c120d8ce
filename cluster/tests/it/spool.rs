//! Files of a spool that are torn, of another version, or not there.

use std::fs;

use crate::support::World;

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
fn closed_runs_are_removed_but_for_the_last_three() {
    let world = World::new();
    for _ in 0..6 {
        assert!(world.run(&["jobs=1"]).is_success);
    }
    let runs =
        fs::read_dir(world.spool()).unwrap().flatten().filter(|entry| entry.path().join("run.json").exists());
    assert_eq!(runs.count(), 4, "three that were there, and the last one");
}

#[test]
fn a_spool_that_cannot_be_written_is_told() {
    let world = World::new();
    fs::write(world.spool(), "a file").unwrap();
    let told = world.run(&["jobs=1"]);
    assert!(
        !told.is_success && told.err.contains("the spool ") && told.err.contains("cannot be used"),
        "{}",
        told.err
    );
}
