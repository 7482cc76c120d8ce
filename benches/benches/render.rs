//! How long pictures take, by the graphs that their layout is judged by.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dojobber_benches::quality::suite::{self, Sample};
use dojobber_viz::Picture;
use dojobber_viz::scene::{Scene, SceneNode, Status};

const SAMPLES: [&str; 6] = ["movie", "pipeline", "dense", "random 1000", "chain 2000", "fan 200"];

fn render(criterion: &mut Criterion) {
    let samples: Vec<Sample> =
        suite::all().into_iter().filter(|sample| SAMPLES.contains(&sample.name.as_str())).collect();
    assert_eq!(samples.len(), SAMPLES.len(), "the suite has them all");
    let mut group = criterion.benchmark_group("render");
    for sample in &samples {
        let picture = picture(sample);
        group.throughput(Throughput::Elements(sample.nodes.len() as u64));
        group.bench_function(BenchmarkId::new("svg", &sample.name), |bencher| {
            bencher.iter(|| picture.to_svg())
        });
        group.bench_function(BenchmarkId::new("text", &sample.name), |bencher| {
            bencher.iter(|| picture.to_text())
        });
    }
    group.finish();
}

fn picture(sample: &Sample) -> Picture {
    let node = |name: &String| SceneNode::new(name.clone()).with_status(Status::Changed);
    let (nodes, edges) = (sample.nodes.iter().map(node).collect(), sample.edges.clone());
    Picture::from(Scene { nodes, edges, ..Scene::default() })
}

criterion_group!(benches, render);
criterion_main!(benches);
