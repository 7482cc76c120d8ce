//! Coordinators that are killed and started again.

use std::sync::Mutex;
use std::time::Duration;

use crate::support::{ENGINE, World, finished};

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
    let (pause, longest) = ENGINE.pick(("ms=60", 260), ("ms=300", 2600));
    let options = ["jobs=6", "slots=3", pause, "nest=3"];
    let kills = Mutex::new(numbers(7).take(20).enumerate());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let next = kills.lock().unwrap().next();
                    let Some((kill, number)) = next else { return };
                    check_kill(kill, Duration::from_millis(number % longest), &options);
                }
            });
        }
    });
}

/// A coordinator is killed after that time, and started again.
#[track_caller]
fn check_kill(kill: usize, after: Duration, options: &[&str]) {
    let world = World::new();
    let mut child = world.spawn(options);
    std::thread::sleep(after); // whenever it is: any moment is one
    child.kill().unwrap();
    child.wait().unwrap();
    let was_over = world.has_ended(); // then the next run is another one, and the nest has no checks
    let told = world.run(options);
    assert!(told.out.contains("sum 150") && told.is_success, "kill {kill}\n{}\n{}", told.out, told.err);
    let parts = (0..6).map(|at| (format!("run part{at}"), 1));
    let nest = (0..3).map(|at| (format!("run nest/{at}"), 1 + usize::from(was_over)));
    for (line, expected) in parts.chain(nest) {
        assert_eq!(world.count(&line), expected, "kill {kill}: {:?}\n{}", world.log(), told.err);
    }
}

#[test]
fn a_unit_whose_order_is_gone_ends_at_once() {
    let world = World::new();
    assert!(world.run(&["jobs=1"]).is_success);
    let order = world.run_folder().join("order/b0.9");
    let mut unit = world.command_of(&world.run_folder().join("program"), &["jobs=1"]);
    let status = finished(unit.env("DOJOBBER_UNIT", order).spawn().unwrap());
    assert_eq!(status.code(), Some(65));
    assert!(world.told("err").contains("it was given up, or the spool is not shared"));
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
    assert!(told.err.contains("it is given up, and 1 unit is ended"), "{}", told.err);
    assert!(told.is_success && told.out.contains("sum 10"), "{}", told.out);
}

#[test]
fn who_is_started_again_attaches_itself_to_what_goes_on() {
    let world = World::new();
    world.kill_coordinator_after(2, &["jobs=2", "all=waits"]);
    let again = world.spawn(&["jobs=2", "all=waits"]);
    world.wait_for("it attaches itself", |world| world.told("err").contains("units are under way"));
    world.go();
    let told = world.finish(again);
    assert!(told.err.contains("2 units are under way"), "{}", told.err);
    assert_eq!((world.count("run part0"), world.count("run part1")), (1, 1));
    assert!(told.out.contains("sum 10"));
}
