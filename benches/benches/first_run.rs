//! Ten jobs, as a program has them that has just started: a runner of its own, threads and all, and one that has run
//! before.

use criterion::{Criterion, criterion_group, criterion_main};
use dojobber::Runner;
use dojobber_benches::body::Body;
use dojobber_benches::load::Load;
use dojobber_benches::plans::{Mode, names, plan};
use dojobber_benches::shapes::Shape;

fn first_runs(criterion: &mut Criterion) {
    for shape in [Shape::Chain, Shape::Fan] {
        let load = Load::new(shape.edges(10), Body::Empty);
        let names = names(load.deps.tasks());
        let plan = plan(&load, &names, Mode::Satisfied);
        let (many, one) = (Runner::default(), Runner::builder().threads(1).build());
        let mut group = criterion.benchmark_group(format!("first_run/{shape}"));
        group.bench_function("fresh", |bencher| bencher.iter(|| plan.run(())));
        group.bench_function("reused", |bencher| bencher.iter(|| many.run(&plan, ())));
        group.bench_function("reused, one worker", |bencher| bencher.iter(|| one.run(&plan, ())));
        group.finish();
    }
}

criterion_group!(benches, first_runs);
criterion_main!(benches);
