//! How many slots of the pools are taken.
//!
//! A try has its slots before it tells its first phase, and until it has told its end: so the slots of all tries that are
//! between these events are taken at the same time, whatever else overlaps.

use crate::graph::JobId;
use crate::judge::facts::Facts;
use crate::judge::wording::{ensure, rules};

rules! {
    /// Rules about the slots of pools.
    SlotRule {
        TooMany: "the jobs inside take more slots than a pool has",
    }
}

/// The slots that are taken.
pub(super) struct Slots {
    taken: Vec<u32>,
    has: Vec<bool>,
}

impl Slots {
    pub(super) fn new(facts: &Facts) -> Self {
        Slots { taken: vec![0; facts.pools.len()], has: vec![false; facts.graph.len()] }
    }

    pub(super) fn take(&mut self, facts: &Facts, job: JobId) -> Result<(), SlotRule> {
        ensure(self.are_free(facts, job), SlotRule::TooMany)?;
        self.has[job.index()] = true;
        facts.job(job).uses.iter().for_each(|(pool, slots)| self.taken[*pool] += slots);
        Ok(())
    }

    pub(super) fn give_back(&mut self, facts: &Facts, job: JobId) {
        if std::mem::take(&mut self.has[job.index()]) {
            facts.job(job).uses.iter().for_each(|(pool, slots)| self.taken[*pool] -= slots);
        }
    }

    /// Whether all slots that a job uses are free.
    pub(super) fn are_free(&self, facts: &Facts, job: JobId) -> bool {
        let is_free =
            |(pool, slots): &(usize, u32)| self.taken[*pool].saturating_add(*slots) <= facts.pools[*pool];
        facts.job(job).uses.iter().all(is_free)
    }
}
