//! Limits of time. Tests come by their names, and this one takes longest: so it begins first.

use crate::support::World;

/// Slurm counts minutes, and looks twice in one.
#[test]
fn a_time_that_is_over_is_a_failed_try() {
    let world = World::new().untouched(); // it takes long, and its node stays
    let told = world.run(&["jobs=2", "part1=long", "time=300", "option=--nodelist=n1"]);
    let line = told.job("part1");
    assert!(line.starts_with("failed 1") && line.contains("TIMEOUT"), "{line}\n{}", told.err);
    assert_eq!(world.count("cleanup part1"), 1, "its run had begun");
}
