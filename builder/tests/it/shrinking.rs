//! How random graphs shrink.

use dojobber::testkit::{Sketch, graphs};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// Shrinks every random graph for which `fails` holds, as proptest does.
#[track_caller]
fn check(fails: impl Fn(&Sketch) -> bool, smallest: &str) {
    let mut runner = TestRunner::deterministic();
    let strategy = graphs().jobs(8..20).density(60);
    for _ in 0..20 {
        let mut tree = strategy.new_tree(&mut runner).unwrap();
        if !fails(&tree.current()) {
            continue;
        }
        while tree.simplify() {
            if !fails(&tree.current()) {
                assert!(tree.complicate());
                assert!(fails(&tree.current()));
            }
        }
        let edges: Vec<_> = tree.current().jobs.into_iter().map(|job| job.after).collect();
        assert_eq!(format!("{edges:?}"), smallest);
    }
}

#[test]
fn what_does_not_matter_is_left_out() {
    check(|_| true, "[]");
    check(|sketch| sketch.jobs.len() > 2, "[[], [], []]");
    check(|sketch| sketch.jobs.iter().any(|job| job.after.len() > 1), "[[], [], [0, 1]]");
    check(|sketch| sketch.jobs.iter().any(|job| !job.after.is_empty()), "[[], [0]]");
}

#[test]
fn every_step_leaves_a_graph() {
    let mut runner = TestRunner::deterministic();
    let mut tree = graphs().jobs(12..13).density(50).new_tree(&mut runner).unwrap();
    let mut steps = 0;
    loop {
        let sketch = tree.current();
        for (place, job) in sketch.jobs.iter().enumerate() {
            assert!(job.after.iter().all(|on| *on < place), "{sketch:?}");
        }
        steps += 1;
        let keep = steps % 3 == 0;
        if !tree.simplify() || (!keep && !tree.complicate()) {
            break;
        }
    }
    assert!(steps > 5);
}
