//! What a contender is, and what is measured of it.

use std::time::Duration;

use crate::load::Load;

/// Something that runs graphs on a number of threads, which it keeps from one sample to the next.
pub trait Contender {
    /// Builds and runs the graph; `None` where this contender cannot, or not in reasonable time.
    fn sample(&mut self, load: &Load) -> Option<Sample>;
}

/// What one sample took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Building the graph.
    pub build: Duration,
    /// One run of it.
    pub run: Duration,
}
