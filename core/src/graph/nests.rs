//! Which jobs belong together because they were nested, and what a nest as a whole waits for.

use std::fmt;
use std::ops::Range;

use crate::graph::{JobId, Rows};

/// A nest of one [`JobGraph`](crate::JobGraph).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NestId(u32);

impl NestId {
    /// Its place among all nests of the graph, from 0. A nest stands after the one that it is inside of.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for NestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nest #{}", self.0)
    }
}

/// A nest while a graph is put together: its name, and the jobs inside of it, at any depth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NestSpan {
    pub(crate) name: Box<str>,
    pub(crate) jobs: Range<u32>,
}

/// All nests of a graph, each after the one that it is inside of. None is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Nests {
    spans: Vec<NestSpan>,
    parents: Vec<Option<NestId>>,
    /// The node that everything inside waits for, of nests that wait for something.
    starts: Vec<Option<JobId>>,
}

/// Which jobs of a nest have an edge to its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartEdges {
    /// The jobs that wait for nothing inside. The others wait for these.
    Few,
    /// Every one, as if nothing else were known: the shortest ways in a graph with cycles are told from these.
    All,
}

impl Nests {
    /// Makes the tree. Any two nests must either stand one inside of the other, or have no job in common.
    pub(crate) fn new(mut spans: Vec<NestSpan>) -> Self {
        // stable: of two nests with the same jobs, the one that comes first is outside
        spans.sort_by_key(|span| (span.jobs.start, u32::MAX - span.jobs.end));
        let mut parents = Vec::with_capacity(spans.len());
        let mut open: Vec<NestId> = Vec::new();
        for (at, span) in spans.iter().enumerate() {
            while open.pop_if(|nest| spans[nest.index()].jobs.end <= span.jobs.start).is_some() {}
            parents.push(open.last().copied());
            open.push(NestId(at as u32));
        }
        let starts = vec![None; spans.len()];
        Nests { spans, parents, starts }
    }

    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    pub(crate) fn ids(&self) -> impl ExactSizeIterator<Item = NestId> + use<> {
        (0..self.spans.len() as u32).map(NestId)
    }

    pub(crate) fn name(&self, nest: NestId) -> &str {
        &self.spans[nest.index()].name
    }

    pub(crate) fn parent(&self, nest: NestId) -> Option<NestId> {
        self.parents[nest.index()]
    }

    pub(crate) fn jobs(&self, nest: NestId) -> Range<u32> {
        self.spans[nest.index()].jobs.clone()
    }

    pub(crate) fn start(&self, nest: NestId) -> Option<JobId> {
        self.starts[nest.index()]
    }

    /// Whether a job is inside, at any depth.
    pub(crate) fn holds(&self, nest: NestId, job: JobId) -> bool {
        self.spans[nest.index()].jobs.contains(&job.0)
    }

    /// The innermost nest that a job is inside of.
    #[inline]
    pub(crate) fn nest_of(&self, job: JobId) -> Option<NestId> {
        if self.is_empty() { None } else { self.look_for_nest(job) }
    }

    fn look_for_nest(&self, job: JobId) -> Option<NestId> {
        let begun = self.spans.partition_point(|span| span.jobs.start <= job.0);
        let last = begun.checked_sub(1).map(|at| NestId(at as u32));
        self.around(last).find(|nest| self.holds(*nest, job))
    }

    /// The nest that a start belongs to.
    pub(crate) fn nest_of_start(&self, start: JobId) -> Option<NestId> {
        self.ids().find(|nest| self.start(*nest) == Some(start))
    }

    /// A nest, and those that it is inside of, from the innermost on.
    pub(crate) fn around(&self, nest: Option<NestId>) -> impl Iterator<Item = NestId> {
        std::iter::successors(nest, |nest| self.parent(*nest))
    }

    /// Gives each nest that waits for something a start of its own: a node behind all jobs. `own` has what jobs wait
    /// for by themselves, `nests_after` what each nest waits for.
    pub(crate) fn with_starts(&mut self, own: Rows, nests_after: &Rows, which: StartEdges) -> Rows {
        if nests_after.edges() == 0 {
            return own;
        }
        let jobs = own.len();
        let waits = |nest: &NestId| !nests_after.row(JobId(nest.0)).is_empty();
        for (at, nest) in self.ids().filter(waits).enumerate() {
            self.starts[nest.index()] = Some(JobId::new(jobs + at));
        }
        let mut rows = Rows::with_capacity(jobs + self.len(), own.edges() + jobs + nests_after.edges());
        for job in (0..jobs).map(JobId::new) {
            self.push_row(&mut rows, own.row(job), self.nest_of(job), which);
        }
        for nest in self.ids().filter(waits) {
            self.push_row(&mut rows, nests_after.row(JobId(nest.0)), self.parent(nest), which);
        }
        rows
    }

    /// What a job or a nest waits for, inside of `nest`.
    fn push_row(&self, rows: &mut Rows, own: &[JobId], nest: Option<NestId>, which: StartEdges) {
        own.iter().for_each(|on| rows.push(*on));
        if let Some(nest) = self.around(nest).find(|nest| self.start(*nest).is_some()) {
            let waits_inside = || own.iter().any(|on| self.holds(nest, *on));
            if which == StartEdges::All || !waits_inside() {
                self.start(nest).into_iter().for_each(|start| rows.push(start));
            }
        }
        rows.end_row();
    }

    /// All nodes of a graph of so many jobs, in order of declaration; the start of a nest stands before its first job.
    pub(crate) fn nodes(&self, jobs: usize) -> impl Iterator<Item = JobId> {
        let mut starts =
            self.ids().filter_map(|nest| Some((self.jobs(nest).start, self.start(nest)?))).peekable();
        let mut next = 0;
        std::iter::from_fn(move || match starts.next_if(|(first, _)| *first <= next) {
            Some((_, start)) => Some(start),
            None if next as usize == jobs => None,
            None => {
                next += 1;
                Some(JobId(next - 1))
            }
        })
    }

    /// The nests of the subgraph of those `jobs`, which are in ascending order.
    pub(crate) fn subgraph(&self, jobs: &[JobId]) -> (Vec<NestId>, Nests) {
        let place = |job: u32| jobs.partition_point(|kept| kept.0 < job) as u32;
        let within = |nest: &NestId| place(self.jobs(*nest).start)..place(self.jobs(*nest).end);
        let kept: Vec<NestId> = self.ids().filter(|nest| !within(nest).is_empty()).collect();
        let span = |nest: &NestId| NestSpan { name: self.name(*nest).into(), jobs: within(nest) };
        let nests = Nests::new(kept.iter().map(span).collect());
        (kept, nests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nests(spans: &[Range<u32>]) -> Nests {
        Nests::new(spans.iter().map(|jobs| NestSpan { name: "".into(), jobs: jobs.clone() }).collect())
    }

    fn ids(nodes: impl IntoIterator<Item = JobId>) -> Vec<u32> {
        nodes.into_iter().map(|node| node.0).collect()
    }

    #[test]
    fn a_job_is_in_the_innermost_nest_that_holds_it() {
        let nests = nests(&[2..3, 1..5, 7..8, 4..5]);
        let nest_of = |job| nests.nest_of(JobId(job)).map(|nest| nests.jobs(nest));
        let expected = [None, Some(1..5), Some(2..3), Some(1..5), Some(4..5), None, None, Some(7..8), None];
        assert_eq!((0..9).map(nest_of).collect::<Vec<_>>(), expected);
        let parents: Vec<_> = nests.ids().map(|nest| nests.parent(nest).map(NestId::index)).collect();
        assert_eq!(parents, [None, Some(0), Some(0), None]);
    }

    #[test]
    fn starts_stand_before_the_first_job_of_their_nest() {
        // 0; a nest of 1, 2 and a nest of 2 alone, whose ends are 4 and 3
        let mut nests = nests(&[1..4, 2..3]);
        let own = [&[][..], &[], &[1], &[2], &[3]];
        let rows = |rows: &[&[u32]]| {
            let mut made = Rows::with_capacity(0, 0);
            for row in rows {
                row.iter().for_each(|to| made.push(JobId(*to)));
                made.end_row();
            }
            made
        };
        let after = nests.with_starts(rows(&own), &rows(&[&[0], &[1]]), StartEdges::Few);
        assert_eq!(ids(nests.nodes(5)), [0, 5, 1, 6, 2, 3, 4]);
        let made: Vec<_> = (0..7).map(|node| ids(after.row(JobId(node)).to_vec())).collect();
        // 2 waits for 1 itself, which is in the outer nest alone; the inner nest waits for 1, too
        let expected: [&[u32]; 7] = [&[], &[5], &[1, 6], &[2], &[3], &[0], &[1]];
        assert_eq!(made, expected);
    }
}
