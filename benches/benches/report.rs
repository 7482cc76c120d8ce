//! The report of 100,000 jobs as JSON, and back.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dojobber::{Report, Runner};
use dojobber_benches::body::Body;
use dojobber_benches::load::Load;
use dojobber_benches::plans::{Mode, names, plan};
use dojobber_benches::shapes::Shape;

const JOBS: u32 = 100_000;

fn reports(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("report");
    group.sample_size(20);
    for (mode, name) in [(Mode::Satisfied, "sat"), (Mode::Changed, "chg")] {
        let load = Load::new(Shape::Layers.edges(JOBS), Body::Empty);
        let names = names(load.deps.tasks());
        let run = Runner::builder().threads(2).build().run(&plan(&load, &names, mode), ());
        let json = serde_json::to_string(run.report()).expect("a report can be saved");
        group.throughput(Throughput::Bytes(json.len() as u64));
        group.bench_function(format!("{name}: to JSON"), |bencher| {
            bencher.iter(|| serde_json::to_string(run.report()).expect("a report can be saved"));
        });
        group.bench_function(format!("{name}: from JSON"), |bencher| {
            bencher.iter_with_large_drop(|| {
                serde_json::from_str::<Report>(&json).expect("it fits together: it was saved by a run")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, reports);
criterion_main!(benches);
