//! Runs of the seven shapes, as criterion sees them.

use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dojobber_benches::body::Body;
use dojobber_benches::load::Load;
use dojobber_benches::peers::{Contender, contender};
use dojobber_benches::shapes::Shape;

const CONTENDERS: [&str; 3] = ["dojobber-sat", "dojobber-chg", "rayon"];

/// Sizes, and what their tasks do: a million of 10 us would take its time.
const LOADS: [(u32, &[&str]); 3] =
    [(100, &["empty"]), (10_000, &["empty", "1us", "10us", "uneven"]), (1_000_000, &["empty"])];

fn run(criterion: &mut Criterion) {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    for shape in Shape::ALL {
        let mut group = criterion.benchmark_group(format!("run/{shape}"));
        group.sample_size(10);
        for (size, body) in
            LOADS.iter().flat_map(|(size, bodies)| bodies.iter().map(move |body| (*size, *body)))
        {
            let load = Load::new(shape.edges(size), body.parse::<Body>().expect("these bodies exist"));
            group.throughput(Throughput::Elements(u64::from(load.deps.tasks())));
            for workers in [1, all] {
                for name in CONTENDERS {
                    let mut contender = contender(name, workers, Path::new("")).expect("nothing is compiled");
                    let id = BenchmarkId::new(name, format!("{size} {body}, {workers} workers"));
                    group.bench_function(id, |bencher| {
                        bencher.iter_custom(|rounds| runs(&mut *contender, &load, rounds));
                    });
                }
            }
        }
        group.finish();
    }
}

fn runs(contender: &mut dyn Contender, load: &Load, rounds: u64) -> Duration {
    let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
    let load = Load { rounds, ..load.clone() };
    contender.sample(&load).expect("runs all shapes").run * rounds
}

criterion_group!(benches, run);
criterion_main!(benches);
