//! How much of the pools is in use, and what waits for their slots.

use std::collections::{BTreeMap, BTreeSet};

use dojobber::{Event, JobGraph, JobId, Phase, Pool, Slots, cells};

/// The pools of a run. Nothing, where its jobs use none.
#[derive(Debug, Default)]
pub(crate) struct PoolsInUse {
    /// In the order in which they are first used, each with how many of its slots are taken.
    pools: Vec<(Pool, u32)>,
    /// What jobs use: which pool, and how many slots of it.
    uses: BTreeMap<JobId, Vec<(usize, u32)>>,
    /// How many of the jobs that it depends on have not ended, for each that has no slots yet.
    blocked: BTreeMap<JobId, usize>,
    /// Jobs that could begin if they had slots.
    ready: BTreeSet<JobId>,
    /// Jobs that have their slots.
    holding: BTreeSet<JobId>,
}

impl PoolsInUse {
    pub(crate) fn new(graph: &JobGraph, uses: &[(JobId, Slots)]) -> Self {
        let mut all = PoolsInUse::default();
        for (job, slots) in uses {
            let known = all.pools.iter().position(|(pool, _)| pool == slots.pool());
            let at = known.unwrap_or(all.pools.len());
            if known.is_none() {
                all.pools.push((slots.pool().clone(), 0));
            }
            all.uses.entry(*job).or_default().push((at, slots.count()));
            match graph.after(*job).len() {
                0 => _ = all.ready.insert(*job),
                after => _ = all.blocked.insert(*job, after),
            }
        }
        all
    }

    pub(crate) fn note(&mut self, event: &Event) {
        if self.uses.is_empty() {
            return;
        }
        match event {
            Event::PhaseStarted { phase: Phase::Cleanup, .. } => {}
            Event::PhaseStarted { job, .. } | Event::TrySent { job, .. } => self.take(job.id()),
            Event::RetryPlanned { job, .. } => self.give_back(job.id()),
            Event::JobEnded { job, .. } => {
                self.give_back(job.id());
                self.ready.remove(&job.id());
                self.blocked.remove(&job.id());
                job.graph().before(job.id()).iter().for_each(|behind| self.release(*behind));
            }
            _ => {}
        }
    }

    /// One that this job depends on has ended.
    fn release(&mut self, job: JobId) {
        if let Some(after) = self.blocked.get_mut(&job) {
            *after -= 1;
            if *after == 0 {
                self.blocked.remove(&job);
                self.ready.insert(job);
            }
        }
    }

    fn take(&mut self, job: JobId) {
        self.ready.remove(&job);
        if let Some(uses) = self.uses.get(&job)
            && self.holding.insert(job)
        {
            uses.iter().for_each(|(pool, count)| self.pools[*pool].1 += count);
        }
    }

    fn give_back(&mut self, job: JobId) {
        if let Some(uses) = self.uses.get(&job)
            && self.holding.remove(&job)
        {
            uses.iter().for_each(|(pool, count)| self.pools[*pool].1 -= count);
        }
    }

    /// How many jobs could begin but for slots that others have.
    pub(crate) fn waiting(&self) -> usize {
        let is_short = |(at, count): &(usize, u32)| {
            let (pool, taken) = &self.pools[*at];
            taken + count > pool.size()
        };
        self.ready.iter().filter(|job| self.uses[*job].iter().any(is_short)).count()
    }

    /// `  region 0 20/20 · region 1 3/20`: those in use, as many as there is room for.
    pub(crate) fn line(&self, columns: usize) -> Option<String> {
        let used = self.pools.iter().filter(|(_, taken)| *taken > 0);
        let mut line = String::new();
        for (pool, taken) in used {
            let before = if line.is_empty() { "  " } else { " · " };
            let next = format!("{line}{before}{} {taken}/{}", pool.name(), pool.size());
            if cells(&next) >= columns {
                break;
            }
            line = next;
        }
        (!line.is_empty()).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dojobber::{Graph, Runner};
    use std::sync::{Arc, Mutex};

    /// What is said of the pools whenever a phase begins or ends, or a try has failed, with one worker.
    fn told(graph: Graph<'_>) -> Vec<String> {
        let told = Arc::new(Mutex::new(Vec::new()));
        let (keep, pools) = (Arc::clone(&told), Mutex::new(PoolsInUse::default()));
        let note = move |event: &Event| {
            let mut pools = pools.lock().unwrap();
            if let Event::RunStarted { graph, uses, .. } = event {
                *pools = PoolsInUse::new(graph, uses);
            }
            pools.note(event);
            let what = match event {
                Event::PhaseStarted { job, phase, .. } => format!("{job}.{phase}"),
                Event::RetryPlanned { job, .. } => format!("{job} failed"),
                Event::JobEnded { job, .. } => format!("{job} ended"),
                _ => return,
            };
            let line = pools.line(80).unwrap_or_default();
            keep.lock().unwrap().push(format!("{what}:{line}, {} waiting", pools.waiting()));
        };
        let runner = Runner::builder().threads(1).default_retry_delay(std::time::Duration::ZERO);
        drop(runner.on_event(note).build().run(&graph.compile().unwrap(), ()));
        Arc::into_inner(told).unwrap().into_inner().unwrap()
    }

    #[test]
    fn slots_are_taken_and_given_back() {
        let (disk, line) = (Pool::new("disk", 2), Pool::new("line", 3));
        let tries = std::sync::atomic::AtomicU32::new(0);
        let graph = Graph::new()
            .job("a")
            .uses([disk.slots(2), line.slots(1), line.slots(1)])
            .cleanup(|_| ())
            .check(|_| tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 1)
            .run(|_| ())
            .job("b")
            .uses(&disk)
            .tries(1)
            .run_only(|_| false)
            .job("c")
            .uses(&line)
            .run_only(|_| ())
            .job("behind")
            .after("b")
            .uses(&disk)
            .run_only(|_| ());
        let expected = [
            "a.check:  disk 2/2 · line 2/3, 1 waiting", // c has its slot, and waits for the worker
            "a.run:  disk 2/2 · line 2/3, 1 waiting",
            "a.recheck:  disk 2/2 · line 2/3, 1 waiting",
            "a failed:, 0 waiting",
            "b.run:  disk 1/2, 0 waiting",
            "b ended:, 0 waiting",
            "behind ended:, 0 waiting", // blocked
            "c.run:  line 1/3, 0 waiting",
            "c ended:, 0 waiting",
            "a.check:  disk 2/2 · line 2/3, 0 waiting",
            "a ended:, 0 waiting",
            "a.cleanup:, 0 waiting",
        ];
        assert_eq!(told(graph), expected);
    }

    #[test]
    fn a_job_waits_for_slots_once_it_is_ready() {
        let disk = Pool::new("disk", 1);
        let inner = Graph::new().job("x").uses(&disk).run_only(|_| ()).job("y").uses(&disk).run_only(|_| ());
        let graph = Graph::new().job("a").run_only(|_| ()).job("nest").after("a").nest(inner);
        let expected = [
            "a.run:, 0 waiting",
            "a ended:, 0 waiting",
            "nest/x.run:  disk 1/1, 1 waiting",
            "nest/x ended:, 0 waiting",
            "nest/y.run:  disk 1/1, 0 waiting",
            "nest/y ended:, 0 waiting",
            "nest ended:, 0 waiting",
        ];
        assert_eq!(told(graph), expected);
        assert_eq!(
            told(Graph::new().job("a").run_only(|_| ())),
            ["a.run:, 0 waiting", "a ended:, 0 waiting"]
        );
    }

    #[test]
    fn as_many_pools_as_fit() {
        let pools = ["disk", "日本", "a far longer name"].map(|name| (Pool::new(name, 20), 7));
        let all = PoolsInUse { pools: pools.into(), ..PoolsInUse::default() };
        assert_eq!(all.line(80).as_deref(), Some("  disk 7/20 · 日本 7/20 · a far longer name 7/20"));
        assert_eq!(all.line(24).as_deref(), Some("  disk 7/20 · 日本 7/20"));
        assert_eq!(all.line(23).as_deref(), Some("  disk 7/20"));
        assert_eq!(all.line(11).as_deref(), None);
    }
}
