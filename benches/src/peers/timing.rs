//! The two ways to time a contender. Both warm up first, for [`WARM_UP`] and at least one run.

use std::time::{Duration, Instant};

use super::contender::Sample;
use crate::load::Load;

pub(super) const WARM_UP: Duration = Duration::from_millis(10);

/// Times a graph that is built once and can be run again and again.
pub fn repeatedly<G>(load: &Load, build: impl FnOnce() -> G, mut run: impl FnMut(&mut G)) -> Sample {
    let (build, mut graph) = timed(build);
    warm_up(|| run(&mut graph));
    let (runs, ()) = timed(|| (0..load.rounds).for_each(|_| run(&mut graph)));
    Sample { build, run: runs / load.rounds }
}

/// Times a graph that each run uses up.
pub fn once_each<G>(load: &Load, mut build: impl FnMut() -> G, mut run: impl FnMut(G)) -> Sample {
    warm_up(|| run(build()));
    let mut sum = Sample::default();
    for _ in 0..load.rounds {
        let (build, graph) = timed(&mut build);
        sum.build += build;
        sum.run += timed(|| run(graph)).0;
    }
    Sample { build: sum.build / load.rounds, run: sum.run / load.rounds }
}

fn warm_up(mut run: impl FnMut()) {
    let start = Instant::now();
    run();
    while start.elapsed() < WARM_UP {
        run();
    }
}

fn timed<T>(f: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let value = f();
    (start.elapsed(), value)
}
