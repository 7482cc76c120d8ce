//! Blocking jobs in layers, alone and beside async ones: as many as one in a hundred of them, which are ready at once.

use dojobber::{Graph, Plan, Runner};
use dojobber_benches::body::Body;
use dojobber_benches::load::Load;
use dojobber_benches::plans::names;
use dojobber_benches::shapes::Shape;
use dojobber_benches::table::Table;

use crate::turns::{Timed, in_turns, timed};

const JOBS: u32 = 10_000;
/// One async job for so many blocking ones.
const BLOCKING: u32 = 100;

pub(super) fn table(turns: usize) -> Table {
    let columns = ["10,000 blocking jobs in layers", "ns a job", "to alone", "to beside"];
    let mut table = Table::new(columns);
    for body in ["empty", "1us", "10us"] {
        let body = body.parse().expect("it is a body");
        let (alone, mixed) = (plan(body, 0), plan(body, JOBS / BLOCKING));
        for threads in [1, 2] {
            let runner = Runner::builder().threads(threads).build();
            let run =
                |plan: &Plan<'_>| timed(|| assert!(runner.run(plan, ()).success(), "they do as they should"));
            let mut all: [Timed<'_>; 2] =
                [("alone", Box::new(|| run(&alone))), ("beside", Box::new(|| run(&mixed)))];
            let what = format!("{}, {threads} workers", body.name());
            in_turns(turns, 1e9 / f64::from(JOBS), &mut all, &mut table, &what);
        }
    }
    table
}

/// Layers of blocking jobs, and beside them that many async ones, each after nothing.
fn plan(body: Body, asyncs: u32) -> Plan<'static> {
    let (load, names) = (Load::new(Shape::Layers.edges(JOBS), body), names(JOBS));
    let mut graph = Graph::new();
    for ((name, row), &work) in names.iter().zip(load.deps.rows()).zip(&load.works) {
        let open = graph.job(name).after(row.iter().map(|&task| &names[task as usize]));
        graph = open.run_only(move |_| work.run());
    }
    for at in 0..asyncs {
        graph = graph.job(format!("async {at}")).run_only_async(async |_| ());
    }
    graph.compile().expect("layers are sound")
}
