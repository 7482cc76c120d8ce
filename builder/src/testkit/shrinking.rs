//! How a random graph gets smaller while it still shows what it shows.

use proptest::strategy::ValueTree;

/// Something that is made of jobs, of which each is after earlier ones.
pub trait Shrinks: Clone + std::fmt::Debug {
    /// One of them.
    type Job: AsSketch + Clone + PartialEq + std::fmt::Debug;
    /// All of them.
    fn jobs(&self) -> &[Self::Job];
    /// The same of other jobs.
    fn of_jobs(jobs: Vec<Self::Job>) -> Self;
}

/// A job that has edges, and simpler versions of itself.
pub trait AsSketch {
    /// The places of the jobs that it is after.
    fn after_mut(&mut self) -> &mut Vec<usize>;
    /// Makes it as simple as can be, but for its edges.
    fn simplify(&mut self);
}

/// A random graph that is getting smaller: half of the jobs are left out, then a quarter, .., then single ones; then
/// single edges; then options. What was put back once is not left out again.
#[derive(Debug, Clone)]
pub struct Shrinking<G: Shrinks> {
    current: G,
    /// What it was before the last step.
    before: Option<G>,
    next: Cut,
}

/// What to try next.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// Leaves out that many jobs, of which the last stands before `end`.
    Jobs {
        count: usize,
        end: usize,
    },
    /// An edge: the `nth` of a job.
    Edge {
        job: usize,
        nth: usize,
    },
    Options {
        job: usize,
    },
    Nothing,
}

impl<G: Shrinks> Shrinking<G> {
    pub(super) fn of(current: G) -> Self {
        let count = current.jobs().len();
        Shrinking { current, before: None, next: Cut::Jobs { count, end: count } }
    }

    /// What the next cut leaves; `None` if it cuts nothing. Then comes another one.
    fn cut(&mut self) -> Option<Vec<G::Job>> {
        let mut jobs = self.current.jobs().to_vec();
        match self.next {
            Cut::Jobs { count: 0, .. } => {
                self.next = Cut::Edge { job: 0, nth: 0 };
                None
            }
            Cut::Jobs { count, end: 0 } => {
                self.next = Cut::Jobs { count: count / 2, end: jobs.len() };
                None
            }
            Cut::Jobs { count, end } => {
                let end = end.min(jobs.len());
                let start = end.saturating_sub(count);
                self.next = Cut::Jobs { count, end: start };
                remove(&mut jobs, start, end);
                (start < end).then_some(jobs)
            }
            Cut::Edge { job, nth } => {
                let Some(cut) = jobs.get_mut(job) else {
                    self.next = Cut::Options { job: 0 };
                    return None;
                };
                let after = cut.after_mut();
                if nth >= after.len() {
                    self.next = Cut::Edge { job: job + 1, nth: 0 };
                    return None;
                }
                after.remove(nth);
                self.next = Cut::Edge { job, nth }; // `complicate` goes on to the next one
                Some(jobs)
            }
            Cut::Options { job } => {
                let Some(simpler) = jobs.get_mut(job) else {
                    self.next = Cut::Nothing;
                    return None;
                };
                self.next = Cut::Options { job: job + 1 };
                simpler.simplify();
                (jobs != self.current.jobs()).then_some(jobs)
            }
            Cut::Nothing => None,
        }
    }
}

/// Leaves out the jobs from `start` to `end`, and every edge to them.
fn remove<J: AsSketch>(jobs: &mut Vec<J>, start: usize, end: usize) {
    jobs.drain(start..end);
    for job in jobs {
        let after = job.after_mut();
        after.retain(|on| !(start..end).contains(on));
        after.iter_mut().filter(|on| **on >= end).for_each(|on| *on -= end - start);
    }
}

impl<G: Shrinks> ValueTree for Shrinking<G> {
    type Value = G;

    fn current(&self) -> G {
        self.current.clone()
    }

    fn simplify(&mut self) -> bool {
        while !matches!(self.next, Cut::Nothing) {
            if let Some(jobs) = self.cut() {
                self.before = Some(std::mem::replace(&mut self.current, G::of_jobs(jobs)));
                return true;
            }
        }
        false
    }

    fn complicate(&mut self) -> bool {
        let Some(before) = self.before.take() else { return false };
        self.current = before;
        if let Cut::Edge { job, nth } = self.next {
            self.next = Cut::Edge { job, nth: nth + 1 };
        }
        true
    }
}
