//! What the jobs of a plan use of pools.

use std::collections::HashMap;

use crate::graph::JobId;
use crate::pool::{Pool, Slots};

/// All pools of a plan, and what each job uses of them: in one row behind another.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// The names and sizes of the pools, in the order in which they are first used.
    pools: Vec<(Box<str>, u32)>,
    /// Where the row of each job ends; empty if no job uses any.
    ends: Vec<u32>,
    /// The pools that a job uses, each once, and how many slots of them.
    uses: Vec<(u32, u32)>,
}

impl Uses {
    /// `jobs`: what each of them has said.
    pub(super) fn new(jobs: impl ExactSizeIterator<Item = Vec<Slots>>) -> Self {
        let (mut known, mut all) = (HashMap::new(), Uses::default());
        all.ends.reserve_exact(jobs.len());
        for said in jobs {
            let row = all.uses.len();
            for slots in said {
                let name = slots.pool().name();
                let pool = known.get(name).copied().unwrap_or_else(|| {
                    let pool = all.pools.len() as u32;
                    all.pools.push((name.into(), slots.pool().size()));
                    known.insert(name.to_owned(), pool);
                    pool
                });
                match all.uses[row..].iter_mut().find(|(other, _)| *other == pool) {
                    Some((_, count)) => *count = count.saturating_add(slots.count()),
                    None => all.uses.push((pool, slots.count())),
                }
            }
            all.ends.push(all.uses.len() as u32);
        }
        if all.pools.is_empty() { Uses::default() } else { all }
    }

    /// What some of the jobs use, without the others. All pools are kept.
    pub(super) fn of_jobs(&self, jobs: &[JobId]) -> Self {
        let mut some = Uses::default();
        if !self.is_empty() {
            some.pools.clone_from(&self.pools);
            for job in jobs {
                some.uses.extend(self.of(*job));
                some.ends.push(some.uses.len() as u32);
            }
        }
        some
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The sizes of all pools.
    pub(crate) fn sizes(&self) -> Vec<u32> {
        self.pools.iter().map(|(_, size)| *size).collect()
    }

    /// The pools that a job uses, each once, and how many slots of them.
    pub(crate) fn of(&self, job: JobId) -> &[(u32, u32)] {
        let Some(end) = self.ends.get(job.index()) else { return &[] };
        let start = job.index().checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.uses[start as usize..*end as usize]
    }

    /// What each job uses of each pool, in order of declaration.
    pub(super) fn slots(&self) -> Vec<(JobId, Slots)> {
        let pools: Vec<Pool> = self.pools.iter().map(|(name, size)| Pool::new(&**name, *size)).collect();
        let slots = |(pool, count): &(u32, u32)| pools[*pool as usize].slots(*count);
        let of = |job| self.of(job).iter().map(move |one| (job, slots(one)));
        (0..self.ends.len()).map(JobId::new).flat_map(of).collect()
    }
}
