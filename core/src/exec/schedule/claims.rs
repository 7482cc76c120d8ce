//! What the jobs of a run want beside a worker: slots of pools, and a place in the queues.

use crate::exec::schedule::queue::Wish;
use crate::exec::schedule::units::Units;
use crate::graph::JobId;

/// A pool of the run, by its place in the list of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::exec) struct PoolId(pub(in crate::exec) u32);

impl PoolId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// How many slots of a pool a job takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::exec) struct Use {
    pub(in crate::exec) pool: PoolId,
    pub(in crate::exec) slots: u32,
}

/// For each job what it uses and what it wishes.
#[derive(Debug, Default)]
pub(in crate::exec) struct Claims {
    /// How many slots each pool has.
    pub(in crate::exec) sizes: Vec<u32>,
    /// Where the uses of each job begin, and at last where they end; empty if no job uses a pool.
    offsets: Vec<u32>,
    uses: Vec<Use>,
    /// Empty if no job has one.
    wishes: Vec<Wish>,
    /// Nests that are executed elsewhere, each as a whole.
    pub(super) units: Units,
    /// Jobs that were done before this run began, in ascending order.
    pub(super) known: Vec<JobId>,
}

impl Claims {
    /// `uses` are those of each job, in order; none of them names a pool twice.
    pub(in crate::exec) fn new(
        sizes: Vec<u32>,
        jobs: impl Iterator<Item: IntoIterator<Item = Use>>,
        wishes: Vec<Wish>,
    ) -> Self {
        if sizes.is_empty() {
            return Claims { wishes, ..Claims::default() };
        }
        let (mut offsets, mut uses) = (vec![0], Vec::new());
        for job in jobs {
            uses.extend(job);
            offsets.push(uses.len() as u32);
        }
        Claims { sizes, offsets, uses, wishes, ..Claims::default() }
    }

    /// The same, with nests that are executed as a whole, and jobs that were done before.
    pub(in crate::exec) fn with_others(self, units: Units, known: Vec<JobId>) -> Self {
        Claims { units, known, ..self }
    }

    pub(super) fn of(&self, job: JobId) -> &[Use] {
        match self.offsets.get(job.index()..job.index() + 2) {
            Some(bounds) => &self.uses[bounds[0] as usize..bounds[1] as usize],
            None => &[],
        }
    }

    pub(super) fn wish(&self, job: JobId) -> Wish {
        self.wishes.get(job.index()).copied().unwrap_or(Wish::NONE)
    }

    pub(super) fn has_wishes(&self) -> bool {
        !self.wishes.is_empty()
    }
}
