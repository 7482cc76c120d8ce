//! What the jobs of a plan need of their execution beside workers.

use std::collections::HashMap;

use crate::graph::JobId;
use crate::job::JobSpec;
use crate::pool::{Pool, Slots};

/// Pools, priorities and limits. A plan that needs none of them is plain, and is executed in the fastest way.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// Whether some job says how long a phase may take.
    pub(crate) timeouts: bool,
    /// Whether some job says for how long it is tried again.
    pub(crate) retry_for: bool,
    /// Whether some job, or a nest, is executed elsewhere.
    pub(crate) elsewhere: bool,
    /// The jobs that have an async phase, in ascending order.
    pub(crate) asyncs: Vec<JobId>,
    /// The priority of each job; empty if none has one.
    pub(crate) priorities: Vec<i32>,
    /// The names and sizes of all pools, in the order in which they are first used.
    pub(crate) pools: Vec<(Box<str>, u32)>,
    /// For each job the pools that it uses, each once, and how many slots of them; empty if no job uses any.
    pub(crate) uses: Vec<Box<[(u32, u32)]>>,
}

impl Needs {
    pub(super) fn of<'s, 'env: 's, A: 's>(
        specs: impl ExactSizeIterator<Item = &'s JobSpec<'env, A>>,
    ) -> Self {
        let mut needs = Needs::default();
        let mut known = HashMap::new();
        let jobs = specs.len();
        for (at, spec) in specs.enumerate() {
            if spec.is_async() {
                needs.asyncs.push(JobId::new(at));
            }
            let Some(options) = spec.options() else { continue };
            needs.timeouts |= options.timeout.is_some();
            needs.retry_for |= options.retry_for.is_some();
            needs.elsewhere |= options.elsewhere.is_some();
            if let Some(priority) = options.priority {
                needs.priorities.resize(jobs, 0);
                needs.priorities[at] = priority;
            }
            if options.uses.is_empty() {
                continue;
            }
            needs.uses.resize_with(jobs, Box::default);
            let mut uses: Vec<(u32, u32)> = Vec::new();
            for slots in &options.uses {
                let pool = slots.pool();
                let id = *known.entry(pool.name().to_owned()).or_insert_with(|| {
                    needs.pools.push((pool.name().into(), pool.size()));
                    needs.pools.len() as u32 - 1
                });
                match uses.iter_mut().find(|(pool, _)| *pool == id) {
                    Some((_, count)) => *count = count.saturating_add(slots.count()),
                    None => uses.push((id, slots.count())),
                }
            }
            needs.uses[at] = uses.into();
        }
        needs
    }

    /// What each job uses of each pool, in order of declaration.
    pub(crate) fn slots(&self) -> Vec<(JobId, Slots)> {
        let pools: Vec<Pool> = self.pools.iter().map(|(name, size)| Pool::new(&**name, *size)).collect();
        let of = |(job, uses): (usize, &[(u32, u32)])| {
            let slots = |(pool, count): &(u32, u32)| pools[*pool as usize].slots(*count);
            uses.iter().map(|one| (JobId::new(job), slots(one))).collect::<Vec<_>>()
        };
        self.uses.iter().map(|uses| &**uses).enumerate().flat_map(of).collect()
    }

    /// Whether it has to be executed in the general way.
    pub(crate) fn are_plain(&self) -> bool {
        self.asyncs.is_empty()
            && !self.timeouts
            && !self.retry_for
            && !self.elsewhere
            && self.priorities.is_empty()
            && self.uses.is_empty()
    }
}
