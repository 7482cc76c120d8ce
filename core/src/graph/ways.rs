//! The longest way from each job to the end of the run.

use std::time::Duration;

use crate::graph::{JobGraph, JobId};

impl JobGraph {
    /// For each job how long the longest way takes from it to the end of the run, itself included, if each job takes as long
    /// as `length` says: no run with that graph is over sooner than the longest of these. In linear time.
    ///
    /// ```
    /// # use dojobber_core::{Draft, JobSpec};
    /// # use std::time::Duration;
    /// # let mut draft = Draft::<()>::default();
    /// # draft.open("walls"); draft.close(JobSpec::group());
    /// # draft.open("roof"); draft.after("walls"); draft.close(JobSpec::group());
    /// # let plan = draft.compile().unwrap();
    /// let ways = plan.graph().longest_ways(|_| Duration::from_secs(3));
    /// assert_eq!(ways, [Duration::from_secs(6), Duration::from_secs(3)]); // the roof is behind the walls
    /// ```
    pub fn longest_ways(&self, length: impl Fn(JobId) -> Duration) -> Vec<Duration> {
        let nanos = |job| u64::try_from(length(job).as_nanos()).unwrap_or(u64::MAX);
        longest_ways(self, nanos).into_iter().map(Duration::from_nanos).collect()
    }
}

/// For each job the longest sum from it to the end of the run, itself included, if each takes as long as `own` says.
pub(crate) fn longest_ways(graph: &JobGraph, own: impl Fn(JobId) -> u64) -> Vec<u64> {
    let mut ways = vec![0_u64; graph.nodes()]; // first what comes behind a node, then with itself
    let mut left: Vec<usize> =
        (0..graph.nodes()).map(|node| graph.before_nodes(JobId::new(node)).len()).collect();
    let mut ready: Vec<JobId> =
        (0..graph.nodes()).map(JobId::new).filter(|node| left[node.index()] == 0).collect();
    while let Some(node) = ready.pop() {
        let itself = if graph.is_start(node) { 0 } else { own(node) };
        let way = ways[node.index()].saturating_add(itself);
        ways[node.index()] = way;
        for on in graph.after_nodes(node) {
            let behind = &mut ways[on.index()];
            *behind = way.max(*behind);
            left[on.index()] -= 1;
            if left[on.index()] == 0 {
                ready.push(*on);
            }
        }
    }
    ways.truncate(graph.len());
    ways
}
