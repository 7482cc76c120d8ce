//! How long a run is going to take, where it is known from an earlier one how long its jobs take.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use dojobber::{JobGraph, JobId};

/// What is left to do, as long as jobs are expected to take.
#[derive(Debug)]
pub(crate) struct Left {
    expected: Arc<[Duration]>,
    /// From each job, how long the longest way takes to the end.
    ways: Vec<Duration>,
    /// All jobs, those with the longest ways first.
    order: Vec<JobId>,
    /// Up to that place in this order all have begun, or have ended without.
    first: usize,
    begun: Vec<bool>,
    ended: Vec<bool>,
    /// How long all jobs take that have not ended.
    work: Duration,
    /// How long all phases that have ended took.
    worked: Duration,
}

impl Left {
    pub(crate) fn new(graph: &JobGraph, expected: &Arc<[Duration]>) -> Self {
        let ways = graph.longest_ways(|job| expected[job.index()]);
        let mut order: Vec<JobId> = graph.ids().collect();
        order.sort_by_key(|job| Reverse(ways[job.index()]));
        Left {
            expected: Arc::clone(expected),
            ways,
            order,
            first: 0,
            begun: vec![false; graph.len()],
            ended: vec![false; graph.len()],
            work: expected.iter().sum(),
            worked: Duration::ZERO,
        }
    }

    pub(crate) fn begin(&mut self, job: JobId) {
        self.begun[job.index()] = true;
        while self.order.get(self.first).is_some_and(|job| self.begun[job.index()]) {
            self.first += 1;
        }
    }

    /// A phase that took so long has ended.
    pub(crate) fn work(&mut self, length: Duration) {
        self.worked += length;
    }

    pub(crate) fn end(&mut self, job: JobId) {
        self.begin(job); // it may have ended without
        if !std::mem::replace(&mut self.ended[job.index()], true) {
            self.work = self.work.saturating_sub(self.expected[job.index()]);
        }
    }

    /// How long it takes from now, where these run since so long: as long as the longest way that is left, and at least as
    /// long as all work that is left, if as much of it goes on at once as up to now. It is an estimate.
    pub(crate) fn estimate(
        &self,
        now: Duration,
        running: impl Iterator<Item = (JobId, Duration)>,
    ) -> Duration {
        let not_begun = self.order.get(self.first).map_or(Duration::ZERO, |job| self.ways[job.index()]);
        let (mut way, mut done, mut worked, mut count) = (not_begun, Duration::ZERO, self.worked, 0_u32);
        for (job, age) in running.filter(|(job, _)| !self.ended[job.index()]) {
            let over = age.min(self.expected[job.index()]);
            way = way.max(self.ways[job.index()].saturating_sub(over));
            (done, worked, count) = (done + over, worked + age, count + 1);
        }
        let so_far = worked.as_secs_f64() / now.as_secs_f64().max(f64::MIN_POSITIVE);
        let at_once = so_far.max(f64::from(count)).max(1.0);
        let work = self.work.saturating_sub(done).as_secs_f64() / at_once;
        way.max(Duration::try_from_secs_f64(work).unwrap_or(Duration::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dojobber::Graph;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Four jobs of ten seconds, and `last` of 5, which is behind the first.
    fn left() -> (Left, Vec<JobId>) {
        let graph = (0..4).fold(Graph::new(), |graph, at| graph.job(format!("{at}")).run_only(|_| ()));
        let plan = graph.job("last").after("0").run_only(|_| ()).compile().unwrap();
        let expected = [10, 10, 10, 10, 5].map(s);
        (Left::new(plan.graph(), &expected.into()), plan.graph().ids().collect())
    }

    #[track_caller]
    fn check(left: &Left, now: u64, running: &[(JobId, u64)], expected: u64) {
        let running = running.iter().map(|(job, age)| (*job, s(*age)));
        assert_eq!(left.estimate(s(now), running), s(expected));
    }

    #[test]
    fn one_after_another_takes_the_sum() {
        let (mut left, jobs) = left();
        left.begin(jobs[0]);
        check(&left, 0, &[(jobs[0], 0)], 45);
        check(&left, 4, &[(jobs[0], 4)], 41);
        check(&left, 12, &[(jobs[0], 12)], 35); // it takes longer than it should
        left.work(s(12));
        left.end(jobs[0]);
        left.end(jobs[0]);
        check(&left, 12, &[], 35);
    }

    #[test]
    fn more_at_once_take_less() {
        let (mut left, jobs) = left();
        jobs[..4].iter().for_each(|job| left.begin(*job));
        let running = |age| [0, 1, 2, 3].map(|at| (jobs[at], age));
        check(&left, 0, &running(0), 15); // the longest way
        check(&left, 6, &running(6), 9);
        for job in &jobs[..4] {
            left.work(s(10));
            left.end(*job);
        }
        check(&left, 10, &[], 5);
        left.begin(jobs[4]);
        check(&left, 12, &[(jobs[4], 2)], 3);
        left.end(jobs[4]);
        check(&left, 15, &[(jobs[4], 5)], 0);
    }

    #[test]
    fn what_will_not_run_takes_no_time() {
        let (mut left, jobs) = left();
        left.begin(jobs[0]);
        left.end(jobs[4]);
        check(&left, 0, &[(jobs[0], 0)], 40);
        jobs[1..4].iter().for_each(|job| left.end(*job));
        check(&left, 0, &[(jobs[0], 0)], 15); // its way was longer before
    }
}
