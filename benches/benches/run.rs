//! Runs of the seven shapes, as criterion sees them.

use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dojobber_benches::body::Body;
use dojobber_benches::peers::{Contender, Load, contender};
use dojobber_benches::shapes::Shape;

const CONTENDERS: [&str; 1] = ["rayon"];
const TASKS: u32 = 10_000;

fn run(criterion: &mut Criterion) {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    for shape in Shape::ALL {
        let load = Load::new(shape.edges(TASKS), Body::Empty);
        let mut group = criterion.benchmark_group(format!("run/{shape}"));
        group.throughput(Throughput::Elements(u64::from(load.deps.tasks())));
        for workers in [1, all] {
            for name in CONTENDERS {
                let mut contender = contender(name, workers, Path::new("")).expect("nothing is compiled");
                group.bench_function(BenchmarkId::new(name, workers), |bencher| {
                    bencher.iter_custom(|rounds| runs(&mut *contender, &load, rounds));
                });
            }
        }
        group.finish();
    }
}

fn runs(contender: &mut dyn Contender, load: &Load, rounds: u64) -> std::time::Duration {
    let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
    let load = Load { rounds, ..load.clone() };
    contender.sample(&load).expect("runs all shapes").run * rounds
}

criterion_group!(benches, run);
criterion_main!(benches);
