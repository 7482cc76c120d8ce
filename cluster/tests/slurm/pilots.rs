//! Units that pilots take for themselves: the same becomes of them.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::site::queue;
use crate::support::World;

/// Runs the trials with two pilots of two workers, and compares what is told of a job.
#[track_caller]
fn check(options: &[&str], job: &str, start: &str, words: &[&str]) -> World {
    let world = World::new();
    let told = world.run(&[&["pilots=2", "workers=2"], options].concat());
    let line = told.job(job);
    assert!(line.starts_with(start), "{line}\n{}", told.err);
    for word in words {
        assert!(line.contains(word), "{word:?} is not in: {line}\n{}", told.err);
    }
    world
}

/// What Slurm has of a run: names of jobs, and their states.
fn jobs_of(world: &World) -> Vec<String> {
    let run = format!("dojobber:{}:", world.run_folder().file_name().unwrap().to_str().unwrap());
    let text = queue("%k|%j %T %i");
    text.lines().filter_map(|line| Some(line.strip_prefix(&*run)?.split_once('|')?.1.to_owned())).collect()
}

#[test]
fn units_are_executed_by_few_jobs() {
    let world = check(&["jobs=20", "nest=3"], "part19", "changed 1", &[]);
    for part in 0..20 {
        let counts = ["run", "ran", "cleanup"].map(|what| world.count(&format!("{what} part{part}")));
        assert_eq!(counts, [1, 1, 1], "{:?}", world.log());
    }
    let jobs = jobs_of(&world);
    assert!((1..=2).contains(&jobs.len()) && jobs.iter().all(|job| job.starts_with("dj.pilot")), "{jobs:?}");
}

#[test]
fn what_needs_more_is_submitted_by_itself() {
    let world = check(&["jobs=2", "mem=100"], "part1", "changed 1", &[]);
    assert!(jobs_of(&world).iter().all(|job| job.starts_with("dj.part")), "{:?}", jobs_of(&world));
}

#[test]
fn failures_are_what_they_are_without() {
    let left = "it left no record";
    check(&["part1=error"], "part1", "failed 1 No such file", &[]);
    check(&["part1=abort"], "part1", "failed 1", &[left, "killed by signal 6"]);
    check(&["part1=exit3", "tries=2"], "part1", "failed 2", &[left, "exit code 3"]);
    let world = check(&["part1=long", "time=300"], "part1", "failed 1", &["its time was over"]);
    assert_eq!(world.count("cleanup part1"), 1);
    check(&["hostgraph=1", "tries=3"], "part1", "failed 1", &["another graph"]);
}

#[test]
fn a_stop_ends_what_pilots_execute() {
    let world = World::new();
    let told = world.run(&["pilots=1", "workers=2", "stops=1", "jobs=6", "all=long"]);
    assert!(told.job("part5").starts_with("cancelled"), "{}", told.out);
    for part in 0..6 {
        let [runs, cleanups] = ["run", "cleanup"].map(|what| world.count(&format!("{what} part{part}")));
        assert_eq!(runs, cleanups, "{:?}\n{}", world.log(), told.err);
    }
    world
        .wait_for("its pilots have ended", |world| jobs_of(world).iter().all(|job| !job.contains("RUNNING")));
}

/// Kills the first of the processes of a pilot and its units. All of them end, and another pilot executes the units again.
#[track_caller]
fn check_killed(killed: usize) {
    let world = World::new();
    let child = world.spawn(&["pilots=1", "workers=3", "jobs=3", "all=waits"]);
    let all =
        |runs: usize| move |world: &World| (0..3).all(|part| world.count(&format!("run part{part}")) == runs);
    world.wait_for("all runs", all(1));
    let processes = world.processes();
    assert!(processes.len() >= 4, "a pilot and three units: {processes:?}");
    let first = &processes[..killed.min(processes.len())];
    assert!(Command::new("kill").arg("-KILL").args(first).status().unwrap().success());
    // not even a process that nobody has waited for has an environment
    let are_gone = |world: &World| !world.processes().iter().any(|process| processes.contains(process));
    world.wait_for("its units have ended", are_gone);
    world.wait_for("all runs again", all(2));
    world.go();
    let told = world.finish(child);
    assert!(told.is_success && told.err.contains("is submitted again"), "{}\n{}", told.out, told.err);
    for part in 0..3 {
        assert!(told.job(&format!("part{part}")).starts_with("changed 1"), "{}", told.out);
        assert_eq!(world.count(&format!("ran part{part}")), 1);
    }
}

#[test]
fn units_of_a_pilot_that_is_lost_are_executed_by_another() {
    check_killed(usize::MAX);
}

/// As where no proctrack plugin ends what a job leaves behind.
#[test]
fn units_end_with_their_pilot() {
    check_killed(1);
}

#[test]
fn who_cancels_a_pilot_cancels_its_units() {
    let world = World::new();
    let child = world.spawn(&["pilots=1", "workers=3", "jobs=3", "all=waits", "tries=2"]);
    world.wait_for("all runs", |world| (0..3).all(|part| world.count(&format!("run part{part}")) == 1));
    let job = jobs_of(&world).pop().unwrap();
    assert!(Command::new("scancel").arg(job.rsplit(' ').next().unwrap()).status().unwrap().success());
    let told = world.finish(child);
    for part in 0..3 {
        let line = told.job(&format!("part{part}"));
        assert!(line.starts_with("failed 1") && line.contains("CANCELLED"), "{line}\n{}", told.err);
    }
}

#[test]
fn pilots_go_on_while_no_coordinator_is_there() {
    const OPTIONS: [&str; 5] = ["pilots=2", "workers=2", "jobs=6", "ms=300", "nest=3"];
    for kill in 0..5 {
        let world = World::new();
        let mut child = world.spawn(&OPTIONS);
        sleep(Duration::from_millis(kill * 400)); // whenever it is: any moment is one
        child.kill().unwrap();
        child.wait().unwrap();
        let was_over = world.has_ended(); // then the next run is another one, and the nest has no checks
        let told = world.run(&OPTIONS);
        assert!(told.is_success && told.out.contains("sum 150"), "kill {kill}\n{}\n{}", told.out, told.err);
        for part in 0..6 {
            assert_eq!(
                world.count(&format!("run part{part}")),
                1,
                "kill {kill}: {:?}\n{}",
                world.log(),
                told.err
            );
        }
        assert_eq!(world.count("run nest/2"), 1 + usize::from(was_over), "kill {kill}");
    }
}
