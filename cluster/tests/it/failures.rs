//! What every failure becomes.

use crate::support::{ENGINE, Told, World};

/// Runs the trials, and compares what is told of a job: its beginning, and words that must follow.
#[track_caller]
fn check(options: &[&str], job: &str, start: &str, words: &[&str]) -> World {
    let world = World::new();
    let told = world.run(options);
    let line = told.job(job);
    assert!(line.starts_with(start), "{line}\n{}", told.err);
    for word in words {
        assert!(line.contains(word), "{word:?} is not in: {line}\n{}", told.err);
    }
    world
}

#[test]
fn units_are_executed_and_their_outputs_read() {
    let world = World::new();
    let told = world.run(&["jobs=4", "nest=3"]);
    assert!(told.is_success && told.out.contains("sum 60"), "{}\n{}", told.out, told.err);
    assert_eq!(
        (told.job("part2"), told.job("nest/2"), told.job("nest/last")),
        ("changed 1", "changed 1", "satisfied 1")
    );
    assert!(told.out.contains("nodes 16"), "{}", told.out); // three phases of four jobs, and four of the nest
    for part in 0..4 {
        let counts = [format!("run part{part}"), format!("ran part{part}"), format!("cleanup part{part}")];
        assert_eq!(counts.map(|line| world.count(&line)), [1, 1, 1]);
    }
}

#[test]
fn errors_come_home_as_they_were() {
    check(&["part1=error"], "part1", "failed 1 No such file", &[]);
    check(&["part1=panic", "tries=2"], "part1", "failed 2 ", &["No such file"]);
    check(&["part1=once", "tries=2"], "part1", "changed 2", &[]);
    check(&["part1=cause"], "sum", "blocked 0", &[]);
    check(&["nest=3", "nestfails=0"], "nest/0", "failed 3 no", &[]);
    check(&["nest=3", "nestfails=0"], "nest/last", "blocked 0", &[]);
}

#[test]
fn a_program_that_leaves_no_record_has_failed_its_try() {
    let left = "it left no record";
    check(&["part1=abort"], "part1", "failed 1", &[left, "killed by signal 6", "it had begun on"]);
    check(&["part1=exit"], "part1", "failed 1", &[left, "exit code 0"]);
    check(&["part1=exit3", "tries=2"], "part1", "failed 2", &[left, "exit code 3"]);
    let world = check(&["part1=diesonce", "tries=2"], "part1", "changed 2", &[]);
    assert_eq!((world.count("run part1"), world.count("cleanup part1")), (2, 2));
    let told = check(&["elsewise=1"], "part1", "failed 1", &[left, "this program has something else to do"]);
    drop(told);
}

#[test]
fn what_can_never_succeed_fails_for_good() {
    check(
        &["hostgraph=1", "tries=3"],
        "part1",
        "failed 1",
        &["another graph", "of the coordinator", "of a unit"],
    );
    check(&["salt=1", "tries=3"], "part1", "failed 1", &["another graph", "agreed on"]);
    check(&["part1=shared", "tries=3"], "part1", "failed 1", &["the shared store of another machine"]);
    check(
        &["drythere=1", "tries=3"],
        "part1",
        "failed 1",
        &["it is a dry run on", "no dry run where it was started"],
    );
    check(&["stays=1", "part1=x"], "part1", "failed 1", &["No such file"]);
}

#[test]
fn what_a_unit_says_is_told_while_it_goes_on_and_kept() {
    let world = World::new();
    let child = world.spawn(&["jobs=1", "part0=says", "lines=1"]);
    world.wait_for("it says something", |world| world.told("err").contains("part0: half of it is done"));
    world.go();
    let told = world.finish(child);
    assert!(told.is_success && told.err.contains("part0: 2/2"), "{}", told.err);
    assert_eq!(told.err.matches("half of it is done").count(), 1, "{}", told.err);
}

#[test]
fn a_name_may_be_long_and_have_any_characters() {
    let world = World::new();
    let told = world.run(&["jobs=1", "name=1000"]);
    assert!(told.is_success && told.out.contains("changed 1"), "{}\n{}", told.out, told.err);
    assert_eq!(std::fs::read_dir(world.run_folder().join("out")).unwrap().count(), 3);
}

#[test]
fn dry_runs_are_here_unless_it_is_said() {
    let world = check(&["dry=1"], "part1", "would run 1", &[]);
    assert!(!world.has_run(), "nothing is written into the spool");
    let world = check(&["dry=1", "drytoo=1"], "part1", "would run 1", &[]);
    assert_eq!(std::fs::read_dir(world.run_folder().join("out")).unwrap().count(), 3);
}

#[test]
fn a_large_output_has_a_file_of_its_own() {
    let large = ENGINE.pick("large=10000000", "large=100000000");
    let world = check(&[large, "jobs=1", "mem=1000"], "reads", "satisfied 1", &[]);
    let record = std::fs::read_dir(world.run_folder().join("out")).unwrap();
    assert!(record.flatten().all(|file| file.metadata().unwrap().len() < 10_000));
}

#[test]
fn a_stop_ends_what_is_away_and_cleans_up() {
    let world = World::new();
    let told = world.run(&["stops=1", "jobs=6", "most=2", "all=long"]);
    check_stopped(&world, &told);
}

#[test]
fn a_signal_is_a_stop() {
    let world = World::new();
    let child = world.spawn(&["signals=1", "jobs=6", "most=2", "all=long"]);
    world.wait_for("the first runs", |world| {
        world.log().keys().filter(|line| line.starts_with("run ")).count() == 2
    });
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    check_stopped(&world, &world.finish(child));
}

/// Nothing begins any more, and what has begun is cleaned up.
#[track_caller]
fn check_stopped(world: &World, told: &Told) {
    let never_ran = |part: &String| world.count(&format!("run {part}")) == 0;
    let left: Vec<String> = (0..6).map(|part| format!("part{part}")).filter(never_ran).collect();
    assert!(!left.is_empty(), "{}", told.out);
    for part in left {
        assert!(told.job(&part).starts_with("cancelled"), "{part}:\n{}", told.out);
    }
    assert!(told.err.contains("units are ended"), "{}", told.err);
    let log = world.log();
    let runs: Vec<_> = log.iter().filter(|(line, _)| line.starts_with("run ")).collect();
    assert!(!runs.is_empty());
    for (line, count) in runs {
        let part = line.strip_prefix("run ").unwrap();
        assert_eq!(world.count(&format!("cleanup {part}")), *count, "{log:?}\n{}", told.err);
    }
}

#[test]
fn a_program_has_one_run() {
    let world = World::new();
    let told = world.run(&["twice=1", "jobs=1"]);
    assert!(!told.is_success && told.err.contains("a program has one `cluster.run`"), "{}", told.err);
}
