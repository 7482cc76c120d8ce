//! The trait of all contenders, and what is measured of each.

use std::time::Duration;

use crate::load::Load;

/// Something that runs graphs on a number of threads, which it keeps from one sample to the next.
pub trait Contender {
    /// Builds and runs the graph; `None` where this contender cannot, or not in reasonable time.
    fn sample(&mut self, load: &Load) -> Option<Sample>;
}

/// The times of one sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Building the graph.
    pub build: Duration,
    /// One run of it.
    pub run: Duration,
}
