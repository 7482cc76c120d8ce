//! A property test (with the test kit): the fake world is borrowed, the kit's body makes it and says what it saw.
#![expect(clippy::print_stdout, reason = "a program says what it does")]
use dojobber::{
    Graph,
    testkit::{Simulation, assert_idempotent, explore},
};
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Mutex};

trait Db: Sync {
    fn databases(&self) -> Vec<String>;
    fn create(&self, db: &str);
    fn version(&self, db: &str) -> u32;
    fn migrate(&self, db: &str, to: u32);
}
#[derive(Default, Debug)]
struct Fake {
    state: Mutex<BTreeMap<String, u32>>,
    log: Mutex<Vec<String>>,
}
impl Db for Fake {
    fn databases(&self) -> Vec<String> {
        self.state.lock().unwrap().keys().cloned().collect()
    }
    fn create(&self, db: &str) {
        self.log.lock().unwrap().push(format!("create {db}"));
        self.state.lock().unwrap().insert(db.into(), 0);
    }
    fn version(&self, db: &str) -> u32 {
        self.state.lock().unwrap().get(db).copied().unwrap_or(0)
    }
    fn migrate(&self, db: &str, to: u32) {
        self.log.lock().unwrap().push(format!("migrate {db} {to}"));
        self.state.lock().unwrap().insert(db.into(), to);
    }
}

/// The code under test.
fn setup<'a>(db: &'a impl Db, databases: &'a BTreeMap<String, u32>) -> Graph<'a> {
    Graph::new()
        .job("ready")
        .group()
        .each(databases, |graph, (name, &to)| graph.job(name).before("ready").nest(database(db, name, to)))
}
fn database<'a>(db: &'a impl Db, name: &'a str, to: u32) -> Graph<'a> {
    let mut graph = Graph::new()
        .job("create")
        .check(move |_| db.databases().iter().any(|d| d == name))
        .run(move |_| db.create(name));
    for step in 1..=to {
        graph = graph
            .job(format!("migrate {step}"))
            .after(if step == 1 { "create".to_owned() } else { format!("migrate {}", step - 1) })
            .check(move |_| db.version(name) >= step)
            .run(move |_| db.migrate(name, step));
    }
    graph
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]
    fn graph_properties(databases in prop::collection::btree_map("[a-z]{1,4}", 0u32..4, 0..4)) {
        let body = |sim: &Simulation| {
            let fake = Fake::default();
            let plan = setup(&fake, &databases).compile().unwrap();
            sim.run(&plan, ()).into_result().unwrap();
            drop(plan);
            fake.state.into_inner().unwrap()
        };
        prop_assert_eq!(&explore(8, body), &databases);
        prop_assert_eq!(assert_idempotent(1, body), databases);
    }
}
fn main() {
    graph_properties();
    println!("64 cases pass");
    // the kit finds a forgotten edge: two appends whose order nothing fixes
    let found = std::panic::catch_unwind(|| {
        explore(50, |sim| {
            let log = Mutex::new(vec![]);
            let plan = Graph::new()
                .job("a")
                .run_only(|_| {
                    std::thread::yield_now();
                    log.lock().unwrap().push("a")
                })
                .job("b")
                .run_only(|_| log.lock().unwrap().push("b"))
                .compile()
                .unwrap();
            sim.run(&plan, ()).into_result().unwrap();
            drop(plan);
            log.into_inner().unwrap()
        })
    });
    assert!(found.is_err(), "the forgotten edge was not found");
}
