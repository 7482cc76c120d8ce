//! squares SPOOL [SLOTS | slurm]: the same program here and in each unit.
#![expect(clippy::print_stdout, reason = "a program talks to its user")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use dojobber::{Console, Graph, Key, Result, Runner};
use dojobber_cluster::{Cluster, Processes, Slurm};

const SAMPLES: Key<Vec<u64>> = Key::new("samples").portable();

fn part(at: usize) -> Key<f64> {
    Key::named(format!("part {at}")).portable()
}

#[rustfmt::skip]
fn main() -> Result {
    let mut words = std::env::args().skip(1);
    let spool = words.next().ok_or("squares SPOOL [SLOTS | slurm]: a folder, and how many processes at once")?;
    let folder = Path::new(&spool);
    let cluster = match words.next().as_deref() {
        Some("slurm") => Cluster::new(Slurm::new(), folder.join("run")),
        slots => Cluster::new(Processes::new(slots.map_or(Ok(2), str::parse)?), folder.join("run")),
    };
    let small = || cluster.needs().cpus(1).memory_mb(100).time(Duration::from_secs(60));

    let plan = Graph::new()
        .job(SAMPLES).run_only(|_| Ok((1..=8).collect::<Vec<u64>>())) // here
        .each(0..8, |graph, at| graph
            .job(part(at)).after(SAMPLES).before("total").on(small()).tries(3) // there
                .check(move |_| Ok(fs::read_to_string(folder.join(format!("{at}.txt")))?.parse::<f64>()?))
                .run(move |cx| {
                    let sample = cx.output(SAMPLES)?[at];
                    Ok(fs::write(folder.join(format!("{at}.txt")), (sample * sample).to_string())?)
                }))
        .job("total").run_only(|cx| { // here again
            let mut total = 0.0;
            for at in 0..8 { total += cx.output(part(at))?; }
            println!("total {total}");
            Ok(())
        })
        .compile()?;

    let runner = Runner::builder().observer(Console::verbose()).build();
    println!("{}", cluster.run(&runner, &plan, ())?.into_result()?);
    Ok(())
}
