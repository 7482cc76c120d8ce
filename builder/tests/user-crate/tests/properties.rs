//! Property tests with dojobber's test kit, as a user writes them.

use std::sync::Arc;

use dojobber::testkit::{
    Fault, Faults, Shape, Simulation, assert_convergent, assert_dry_run_is_pure, assert_idempotent,
    assert_order_independent, graphs, scripted_worlds,
};
use dojobber::{Context, Kind};
use proptest::prelude::*;
use user_crate::{Directories, Tally, make_all};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The tool's own graphs, whatever it is asked for.
    #[test]
    fn directories_are_made(paths in prop::collection::btree_set("[ab](/[ab]){0,3}", 0..5)) {
        let body = |simulation: &Simulation| {
            let directories = Directories::default();
            let plan = make_all(&directories, paths.clone()).unwrap();
            let _ = simulation.run(&plan, ());
            drop(plan);
            directories.into_paths()
        };
        let made = assert_order_independent(10, body);
        prop_assert!(paths.is_subset(&made));
        prop_assert_eq!(&assert_convergent(1, body), &made);
        prop_assert_eq!(assert_idempotent(1, body), made);
        prop_assert!(assert_dry_run_is_pure(2, body).is_empty());
    }

    /// The tool's observer, on graphs of all kinds in which anything may go wrong.
    #[test]
    fn the_tally_counts_every_job_once(script in scripted_worlds().over(graphs().jobs(0..20)), seed: u64) {
        let (world, tally) = (script.world(), Arc::new(Tally::default()));
        let faults = Faults::none().randomly(0.1, [Fault::Error, Fault::Panic, Fault::Lie]);
        let run = Simulation::new(seed).faults(faults).observer(Arc::clone(&tally)).run(&world.plan(), ());
        let done = run.jobs().filter(|job| job.status().is_done()).count();
        prop_assert_eq!(tally.counts(), (done, script.jobs.len() - done));
    }

    #[test]
    fn a_shape_has_the_edges_that_it_promises(sketch in graphs().jobs(1..20).shape(Shape::Tree).kinds([Kind::Group])) {
        let plan = sketch.graph(|open, _, _| open.group()).compile().unwrap();
        let edges: usize = plan.graph().ids().map(|job| plan.graph().after(job).len()).sum();
        prop_assert_eq!(edges + 1, plan.len());
    }
}

#[test]
fn one_phase_of_one_job() {
    let is_long = |cx: &Context<String>| cx.args().len() > 3;
    assert!(is_long(&Context::detached("directory".to_owned())));
    assert!(!is_long(&Context::detached("a".to_owned())));
}
