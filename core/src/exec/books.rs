//! The books of a run: how its jobs have ended, and which tries may begin.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64};

use crate::graph::{JobGraph, JobId};
use crate::report::Head;

/// For each job how far it is, and how much it waits for.
///
/// They are atomics, because several workers may come to share them; one that has them alone reads and writes them as
/// plain numbers.
#[derive(Default)]
pub(super) struct Books {
    /// A [`Head`] each; behind those of the jobs come the starts of nests, which can be blocked, and nothing else.
    pub(super) heads: Vec<AtomicU64>,
    /// Dependencies that are not yet done. Empty as long as nobody has to count.
    pub(super) left: Vec<AtomicU32>,
}

impl Books {
    pub(super) fn of(graph: &JobGraph) -> Self {
        let mut heads = Vec::new();
        heads.resize_with(graph.nodes(), AtomicU64::default);
        Books { heads, left: Vec::new() }
    }

    /// Begins to count, at the start of a run.
    pub(super) fn count_all(&mut self, graph: &JobGraph) {
        self.left = graph.dependencies().map(AtomicU32::new).collect();
    }

    /// Begins to count in the middle of a run: of the jobs that have `begun`, those that are done are not
    /// waited for.
    pub(super) fn count_rest(&mut self, graph: &JobGraph, begun: impl Iterator<Item = JobId>) {
        self.count_all(graph);
        for job in begun {
            if self.head(job).is_done() {
                graph.release(job, |node| self.release(node), |_| ());
            }
        }
    }

    #[inline]
    pub(super) fn head(&mut self, job: JobId) -> Head {
        Head::from_bits(*self.heads[job.index()].get_mut())
    }

    #[inline]
    pub(super) fn set_head(&mut self, job: JobId, head: Head) {
        *self.heads[job.index()].get_mut() = head.to_bits();
    }

    /// Whether a job may begin: it has not ended, and waits for nothing.
    pub(super) fn is_ready(&mut self, job: JobId) -> bool {
        self.head(job) == Head::NEW && *self.left[job.index()].get_mut() == 0
    }

    /// Takes one from what a job waits for, and says whether that was the last.
    #[inline]
    pub(super) fn release(&mut self, job: JobId) -> bool {
        let left = self.left[job.index()].get_mut();
        *left -= 1;
        *left == 0
    }

    /// Everything behind a job that ended without being done, each once, after what blocked it.
    #[cold]
    pub(super) fn block(&mut self, graph: &JobGraph, ended: JobId) -> Vec<Blocked> {
        blocked_by(graph, ended, |job| {
            let is_new = self.head(job) == Head::NEW;
            if is_new {
                self.set_head(job, Head::BLOCKED);
            }
            is_new
        })
    }

    pub(super) fn into_heads(mut self, graph: &JobGraph) -> Vec<Head> {
        self.heads.truncate(graph.len()); // without an iterator's bound, what follows costs nothing
        self.heads.into_iter().map(|head| Head::from_bits(head.into_inner())).collect()
    }
}

/// A job that was blocked, and by which of its dependencies.
pub(super) struct Blocked {
    pub(super) job: JobId,
    pub(super) because: JobId,
}

/// Walks what depends on `ended`, as far as `claim` says that a job is blocked by this. What stands behind the start of a
/// nest is blocked by what the nest waits for.
pub(super) fn blocked_by(
    graph: &JobGraph,
    ended: JobId,
    mut claim: impl FnMut(JobId) -> bool,
) -> Vec<Blocked> {
    let mut blocked: Vec<Blocked> = Vec::new();
    let has_starts = graph.nodes() > graph.len();
    let mut because = ended;
    let mut walked = 0;
    loop {
        if has_starts {
            block_nodes(graph, because, &mut claim, &mut blocked);
        } else {
            let claimed = graph.before_nodes(because).iter().copied().filter(|job| claim(*job));
            blocked.extend(claimed.map(|job| Blocked { job, because }));
        }
        match blocked.get(walked) {
            Some(next) => because = next.job,
            None => return blocked,
        }
        walked += 1;
    }
}

/// What stands behind one job, also by way of the starts of nests.
#[cold]
fn block_nodes(
    graph: &JobGraph,
    because: JobId,
    claim: &mut impl FnMut(JobId) -> bool,
    blocked: &mut Vec<Blocked>,
) {
    let mut nodes = vec![because];
    while let Some(node) = nodes.pop() {
        for node in graph.before_nodes(node).iter().copied().filter(|node| claim(*node)) {
            if graph.is_start(node) {
                nodes.push(node);
            } else {
                blocked.push(Blocked { job: node, because });
            }
        }
    }
}

/// First in, first out.
pub(super) type Ready = VecDeque<JobId>;
