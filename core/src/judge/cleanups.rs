//! Which cleanups are due, and in which order.

use std::collections::BTreeMap;

use crate::graph::JobId;
use crate::judge::facts::{Beat, Facts, Venue};
use crate::judge::wording::{ensure, rules};

rules! {
    /// Rules about the numbers of runs, and the cleanups that follow from these.
    CleanupRule {
        NumberOfNoRun: "runs alone have a sequence number",
        NumberedBefore: "a run is numbered before one that it follows",
        NumberTwice: "two runs have the same number",
        NumberMissing: "the numbers of the runs have gaps",
        NoneDue: "no cleanup is due",
        NotBackwards: "cleanups follow the runs backwards",
        NotBegun: "no such cleanup has begun",
        OtherCount: "another number of cleanups is due",
    }
}

/// The numbers of all runs, and the cleanups that are due.
pub(super) struct Cleanups {
    /// The cleanups that are due, by sequence number: the last one comes first.
    due: BTreeMap<u64, (JobId, u32)>,
    /// The one that is being called.
    open: Option<(JobId, u32)>,
    sequences: Vec<u64>,
    /// The sequence number of the last run of each job.
    last: Vec<u64>,
}

impl Cleanups {
    pub(super) fn new(jobs: usize) -> Self {
        Cleanups { due: BTreeMap::new(), open: None, sequences: Vec::new(), last: vec![0; jobs] }
    }

    /// A run begins.
    pub(super) fn run_begins(&mut self, facts: &Facts, beat: Beat, sequence: u64) -> Result<(), CleanupRule> {
        let before = facts.graph.after(beat.job).iter().map(|on| self.last[on.index()]).max().unwrap_or(0);
        let last = &mut self.last[beat.job.index()];
        ensure(sequence > before.max(*last), CleanupRule::NumberedBefore)?;
        *last = sequence;
        self.sequences.push(sequence);
        // a nest that is executed elsewhere cleans up there
        if facts.job(beat.job).cleans_up && facts.venue(beat.job) != Venue::WithNest {
            let other = self.due.insert(sequence, (beat.job, beat.attempt));
            ensure(other.is_none(), CleanupRule::NumberTwice)?;
        }
        Ok(())
    }

    pub(super) fn begin(&mut self, beat: Beat) -> Result<(), CleanupRule> {
        let (_, due) = self.due.pop_last().ok_or(CleanupRule::NoneDue)?;
        ensure(due == (beat.job, beat.attempt), CleanupRule::NotBackwards)?;
        self.open = Some(due);
        Ok(())
    }

    pub(super) fn end(&mut self, beat: Beat) -> Result<(), CleanupRule> {
        ensure(self.open.take() == Some((beat.job, beat.attempt)), CleanupRule::NotBegun)
    }

    /// The cleanup takes long.
    pub(super) fn is_slow(&self, beat: Beat) -> Result<(), CleanupRule> {
        ensure(self.open == Some((beat.job, beat.attempt)), CleanupRule::NotBegun)
    }

    pub(super) fn due(&self) -> usize {
        self.due.len()
    }

    /// The run is over, and says how many cleanups are still due.
    pub(super) fn run_ended(&mut self, due: usize) -> Result<(), CleanupRule> {
        ensure(self.due.len() == due, CleanupRule::OtherCount)?;
        self.sequences.sort_unstable();
        let all = self.sequences.iter().copied().eq(1..=self.sequences.len() as u64);
        ensure(all, CleanupRule::NumberMissing)
    }
}
