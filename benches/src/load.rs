//! A load: the graph and the work that every contender is given.

use crate::body::{Body, Work};
use crate::shapes::Deps;

/// A graph and what its tasks do.
#[derive(Clone, Debug)]
pub struct Load {
    /// The graph.
    pub deps: Deps,
    /// What each task does.
    pub works: Vec<Work>,
    /// How many runs one sample takes the mean of.
    pub rounds: u32,
}

impl Load {
    /// The graph with this body, with as many rounds as may take about 20 ms.
    pub fn new(deps: Deps, body: Body) -> Self {
        const NANOS_OF_A_SAMPLE: u64 = 20_000_000;
        const NANOS_OF_A_TASK: u64 = 100;
        let works = body.works(deps.tasks());
        let nanos: u64 = works.iter().map(|work| NANOS_OF_A_TASK + u64::from(work.nanos)).sum();
        let rounds = (NANOS_OF_A_SAMPLE / nanos).clamp(1, 1_000) as u32;
        Self { deps, works, rounds }
    }
}

#[cfg(test)]
mod tests {
    use super::Load;
    use crate::body::Body;
    use crate::shapes::Shape;

    #[test]
    fn rounds_shrink_as_graphs_grow() {
        let rounds = |n, body| Load::new(Shape::Chain.edges(n), body).rounds;
        assert_eq!(rounds(10, Body::Empty), 1_000);
        assert_eq!(rounds(10_000, Body::Empty), 20);
        assert_eq!(rounds(10_000, "1us".parse().unwrap()), 1);
        assert_eq!(rounds(1_000_000, Body::Empty), 1);
    }
}
