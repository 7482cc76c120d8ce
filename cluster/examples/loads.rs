//! loads SPOOL [slurm]: a hundred small jobs as one unit, and a hundred short units that pilots take.
//!
//! Many small jobs belong into one nest: they are executed by one process, on one machine. Where each needs a process of its
//! own, pilots start them without a job of Slurm's for each.
#![expect(clippy::print_stdout, reason = "a program talks to its user")]

use dojobber::{Console, Graph, Key, Result, Runner, ensure};
use dojobber_cluster::{Cluster, Processes, Slurm};

fn load(host: usize) -> Key<u64> {
    Key::named(format!("load {host}")).portable()
}

#[rustfmt::skip]
fn main() -> Result {
    let mut words = std::env::args().skip(1);
    let spool = words.next().ok_or("loads SPOOL [slurm]: a folder, and where units are executed")?;
    let cluster = match words.next().as_deref() {
        Some("slurm") => Cluster::new(Slurm::new().pilots(2).pilot_workers(4), spool),
        _ => Cluster::new(Processes::new(4), spool),
    };

    let names = Graph::new().each(0..100, |graph, host| graph
        .job(format!("{host}")).check_only(move |_| ensure(host < 100, "there is no such host")));
    let plan = Graph::new()
        .job("names").on(&cluster).nest(names) // one unit
        .each(0..100, |graph, host| graph
            .job(load(host)).after("names").before("total").on(&cluster).tries(3) // a unit each
                .run_only(move |cx| {
                    cx.progress(1, 1);
                    Ok(host as u64)
                }))
        .job("total").run_only(|cx| {
            let mut total = 0;
            for host in 0..100 { total += cx.output(load(host))?; }
            println!("total {total}");
            Ok(())
        })
        .compile()?;

    let runner = Runner::builder().observer(Console::verbose()).build();
    println!("{}", cluster.run(&runner, &plan, ())?.into_result()?);
    Ok(())
}
