//! Rows of edges, without a vector for each.

use crate::graph::JobId;

/// For each node a row of others. Nodes are jobs, and behind them the starts of nests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows {
    offsets: Vec<u32>,
    targets: Vec<JobId>,
}

impl Rows {
    pub(crate) fn with_capacity(rows: usize, edges: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Rows { offsets, targets: Vec::with_capacity(edges) }
    }

    /// Sorts `(source, target)` pairs into rows by their source. A row keeps the order of its pairs.
    pub(crate) fn of_pairs(rows: usize, pairs: &[(JobId, JobId)]) -> Self {
        let mut targets = vec![JobId(0); pairs.len()];
        let (offsets, mut free) = places(rows, pairs.iter().map(|(source, _)| *source));
        for (source, target) in pairs {
            targets[next(&mut free, *source)] = *target;
        }
        Rows { offsets, targets }
    }

    /// Adds to the row that is not yet ended.
    pub(crate) fn push(&mut self, target: JobId) {
        self.targets.push(target);
    }

    /// Ends a row. It is kept in ascending order, and each target once: what was said in another order, or twice, is
    /// the same.
    pub(crate) fn end_row(&mut self) {
        let start = self.offsets.last().map_or(0, |end| *end as usize);
        if self.targets[start..].windows(2).any(|pair| pair[0] >= pair[1]) {
            self.sort_from(start);
        }
        self.offsets.push(u32::try_from(self.targets.len()).expect("a plan has fewer than 2^32 edges"));
    }

    #[inline]
    pub(crate) fn row(&self, node: JobId) -> &[JobId] {
        let bounds = &self.offsets[node.index()..][..2];
        &self.targets[bounds[0] as usize..bounds[1] as usize]
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// How many targets there are in each row.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = u32> {
        self.offsets.windows(2).map(|row| row[1] - row[0])
    }

    pub(crate) fn edges(&self) -> usize {
        self.targets.len()
    }

    /// The same edges, seen from their targets. The sources in each row stand in the order of `sources`, which has all
    /// of them. A counting sort.
    pub(crate) fn reversed(&self, sources: impl Iterator<Item = JobId>) -> Rows {
        let mut targets = vec![JobId(0); self.targets.len()];
        let (offsets, mut free) = places(self.len(), self.targets.iter().copied());
        for source in sources {
            for target in self.row(source) {
                targets[next(&mut free, *target)] = source;
            }
        }
        Rows { offsets, targets }
    }

    #[cold]
    fn sort_from(&mut self, start: usize) {
        self.targets[start..].sort_unstable();
        let mut kept = start;
        for at in start..self.targets.len() {
            if kept == start || self.targets[kept - 1] != self.targets[at] {
                self.targets[kept] = self.targets[at];
                kept += 1;
            }
        }
        self.targets.truncate(kept);
    }
}

/// Where the row of each node begins, once as the result and once to be counted up by [`next`].
fn places(rows: usize, nodes: impl Iterator<Item = JobId>) -> (Vec<u32>, Vec<u32>) {
    let mut offsets = vec![0; rows + 1];
    for node in nodes {
        offsets[node.index() + 1] += 1;
    }
    for at in 1..offsets.len() {
        offsets[at] += offsets[at - 1];
    }
    let free = offsets.clone();
    (offsets, free)
}

fn next(free: &mut [u32], node: JobId) -> usize {
    let place = &mut free[node.index()];
    *place += 1;
    *place as usize - 1
}

/// What each node waits for, and the same seen from the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edges {
    pub(crate) after: Rows,
    pub(crate) before: Rows,
    /// Nodes from here on are starts of nests.
    jobs: usize,
}

impl Edges {
    /// `nodes` has all nodes in order of declaration, the start of a nest before the first job in it.
    pub(crate) fn new(after: Rows, jobs: usize, nodes: impl Iterator<Item = JobId>) -> Self {
        // without nests the order is that of the ids, which is counted faster
        let plain = after.len() == jobs;
        let before = if plain { after.reversed((0..jobs).map(JobId::new)) } else { after.reversed(nodes) };
        Edges { after, before, jobs }
    }

    /// Calls `ready` with each job that may begin when `ended` is done. `release` takes one away from what a node waits
    /// for, and says whether that was the last.
    ///
    /// The start of a nest takes no time: what waits for it is released in its place.
    #[inline]
    pub(crate) fn release(
        &self,
        ended: JobId,
        mut release: impl FnMut(JobId) -> bool,
        mut ready: impl FnMut(JobId),
    ) {
        for node in self.before.row(ended) {
            if release(*node) {
                if node.index() < self.jobs {
                    ready(*node);
                } else {
                    self.release_start(*node, &mut release, &mut ready);
                }
            }
        }
    }

    #[cold]
    fn release_start(
        &self,
        start: JobId,
        release: &mut dyn FnMut(JobId) -> bool,
        ready: &mut dyn FnMut(JobId),
    ) {
        let mut open = vec![self.before.row(start).iter()];
        while let Some(row) = open.last_mut() {
            match row.next() {
                None => _ = open.pop(),
                Some(node) if !release(*node) => {}
                Some(job) if job.index() < self.jobs => ready(*job),
                Some(start) => open.push(self.before.row(*start).iter()),
            }
        }
    }

    /// The jobs in the order in which one worker executes them, if none is tried again: first ready, first served, and
    /// the dependants that a job made ready in order of declaration. Jobs in a cycle, and those behind one, are left
    /// out.
    pub(crate) fn order(&self) -> Vec<JobId> {
        let mut left: Vec<u32> = self.after.lengths().collect();
        let mut order: Vec<JobId> = Vec::with_capacity(self.jobs);
        order.extend((0..self.jobs).filter(|at| left[*at] == 0).map(JobId::new));
        let mut at = 0;
        while let Some(job) = order.get(at).copied() {
            let release = |node: JobId| {
                let left = &mut left[node.index()];
                *left -= 1;
                *left == 0
            };
            self.release(job, release, |ready| order.push(ready));
            at += 1;
        }
        order
    }

    /// The nodes that an `order` has left out: those in a cycle, and those behind one.
    pub(crate) fn left_out(&self, order: &[JobId]) -> Vec<JobId> {
        let mut is_placed = vec![false; self.after.len()];
        order.iter().for_each(|job| is_placed[job.index()] = true);
        for start in self.jobs..self.after.len() {
            // outer nests come first, so that what a start waits for is known
            is_placed[start] = self.after.row(JobId::new(start)).iter().all(|on| is_placed[on.index()]);
        }
        (0..self.after.len()).filter(|at| !is_placed[*at]).map(JobId::new).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[u32]]) -> Rows {
        let mut made = Rows::with_capacity(0, 0);
        for row in rows {
            row.iter().for_each(|target| made.push(JobId(*target)));
            made.end_row();
        }
        made
    }

    #[track_caller]
    fn check(made: &Rows, expected: &[&[u32]]) {
        let all: Vec<Vec<u32>> =
            (0..made.len()).map(|at| made.row(JobId::new(at)).iter().map(|to| to.0).collect()).collect();
        assert_eq!(all, expected);
        assert_eq!(made.edges(), expected.iter().map(|row| row.len()).sum::<usize>());
    }

    #[test]
    fn a_row_is_sorted_and_holds_each_target_once() {
        check(&rows(&[&[2, 1, 2], &[], &[0, 1], &[3, 3, 3]]), &[&[1, 2], &[], &[0, 1], &[3]]);
        check(&rows(&[]), &[]);
    }

    #[test]
    fn pairs_become_rows() {
        let pairs = [(2, 5), (0, 7), (2, 1), (0, 0)].map(|(from, to)| (JobId(from), JobId(to)));
        check(&Rows::of_pairs(3, &pairs), &[&[7, 0], &[], &[5, 1]]);
        check(&Rows::of_pairs(1, &[]), &[&[]]);
    }

    #[test]
    fn the_other_side_stands_in_the_order_of_the_sources() {
        let after = rows(&[&[], &[0], &[0, 1], &[0]]);
        check(&after.reversed([0, 1, 2, 3].into_iter().map(JobId)), &[&[1, 2, 3], &[2], &[], &[]]);
        check(&after.reversed([0, 3, 1, 2].into_iter().map(JobId)), &[&[3, 1, 2], &[2], &[], &[]]);
    }

    #[test]
    fn a_start_is_no_part_of_an_order() {
        // 0; 1 and 2 in a nest whose start is 4; 3 beside it
        let after = rows(&[&[], &[4], &[1], &[0], &[0]]);
        let edges = Edges::new(after, 4, [0, 4, 1, 2, 3].into_iter().map(JobId));
        assert_eq!(edges.order(), [0, 1, 3, 2].map(JobId));
        assert_eq!(edges.left_out(&edges.order()), []);
    }
}
