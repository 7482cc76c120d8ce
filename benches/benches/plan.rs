//! Building and compiling plans, with names.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dojobber_benches::body::Body;
use dojobber_benches::load::Load;
use dojobber_benches::plans::{Mode, names, plan};
use dojobber_benches::shapes::Shape;

fn plans(criterion: &mut Criterion) {
    for shape in Shape::ALL {
        let mut group = criterion.benchmark_group(format!("plan/{shape}"));
        group.sample_size(10); // of a million
        for size in [100, 10_000, 1_000_000] {
            let load = Load::new(shape.edges(size), Body::Empty);
            let names = names(load.deps.tasks());
            group.throughput(Throughput::Elements(names.len() as u64));
            group.bench_function(BenchmarkId::new("build and compile", size), |bencher| {
                bencher.iter_with_large_drop(|| plan(&load, &names, Mode::Satisfied));
            });
            group.bench_function(BenchmarkId::new("drop", size), |bencher| {
                let make = || plan(&load, &names, Mode::Satisfied);
                bencher.iter_batched(make, drop, BatchSize::LargeInput);
            });
        }
        group.finish();
    }
}

criterion_group!(benches, plans);
criterion_main!(benches);
