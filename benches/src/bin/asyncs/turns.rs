//! Samples in turns, as ratios.

use std::time::{Duration, Instant};

use dojobber_benches::measure::median;
use dojobber_benches::table::{Table, number};
use tokio::runtime::{Builder, Runtime};

/// A runtime whose only thread is the one that waits for it.
pub(super) fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime needs no thread")
}

/// What one of these does, and how long it took.
pub(super) type Timed<'a> = (&'static str, Box<dyn FnMut() -> Duration + 'a>);

pub(super) fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Takes one sample of each in turn. A row for each, with its median and the medians of its ratios to the others.
pub(super) fn in_turns(turns: usize, unit: f64, all: &mut [Timed<'_>], table: &mut Table, what: &str) {
    let mut series = vec![Vec::new(); all.len()];
    for _ in 0..turns {
        for ((_, time), series) in all.iter_mut().zip(&mut series) {
            series.push(time().as_secs_f64());
        }
    }
    for ((name, _), own) in all.iter().zip(&series) {
        let ratio = |to: &Vec<f64>| number(median(own.iter().zip(to).map(|(a, b)| a / b)));
        let time = number(median(own.iter().map(|time| time * unit)));
        table.push([format!("{what}: {name}"), time].into_iter().chain(series.iter().map(ratio)));
    }
}
