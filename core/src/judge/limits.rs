//! Whether phases end in time, where all of them are known to pay attention.
//!
//! A limit does not decide by itself: a blocking phase that pays no attention may take as long as it likes. So this is looked
//! at only where it is asked for, with a tolerance for clocks, and for threads that the system lets wait.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cancel::StopLevel;
use crate::graph::JobId;
use crate::judge::facts::{Beat, Facts};
use crate::judge::wording::{ensure, rules};
use crate::words::Phase;

rules! {
    /// Rules about the time that phases take.
    LimitRule {
        PastLimit: "the phase has gone on when its time and the grace period were over",
        PastRun: "the phase has gone on when the time of the run and the grace period were over",
        PastCancel: "the phase has gone on when the run was cancelled and the grace period was over",
        PastKill: "the phase has gone on when the run was killed",
    }
}

/// When phases have begun, and the run was stopped.
pub(super) struct Limits {
    /// `None`: phases need not pay attention.
    tolerance: Option<Duration>,
    open: BTreeMap<JobId, Duration>,
    cancelled: Option<Duration>,
    killed: Option<Duration>,
}

impl Limits {
    pub(super) fn new(tolerance: Option<Duration>) -> Self {
        Limits { tolerance, open: BTreeMap::new(), cancelled: None, killed: None }
    }

    pub(super) fn begin(&mut self, beat: Beat) {
        self.open.insert(beat.job, beat.at);
    }

    /// The level has risen.
    pub(super) fn rise(&mut self, level: StopLevel, at: Duration) {
        if level >= StopLevel::Cancel {
            self.cancelled.get_or_insert(at);
        }
        if level >= StopLevel::Kill {
            self.killed.get_or_insert(at);
        }
    }

    pub(super) fn end(&mut self, facts: &Facts, beat: Beat) -> Result<(), LimitRule> {
        let began = self.open.remove(&beat.job).unwrap_or(beat.at);
        let Some(tolerance) = self.tolerance else { return Ok(()) };
        let grace = facts.options.grace_period.saturating_add(tolerance);
        let is_by = |moment: Duration, more| beat.at <= moment.max(began).saturating_add(more);
        let allowed = facts.job(beat.job).timeout.unwrap_or(facts.options.default_timeout);
        ensure(is_by(began.saturating_add(allowed), grace), LimitRule::PastLimit)?;
        if beat.phase == Phase::Cleanup {
            return Ok(()); // what has stopped the run does not cut it short
        }
        ensure(is_by(facts.options.run_timeout, grace), LimitRule::PastRun)?;
        ensure(self.cancelled.is_none_or(|at| is_by(at, grace)), LimitRule::PastCancel)?;
        ensure(self.killed.is_none_or(|at| is_by(at, tolerance)), LimitRule::PastKill)
    }
}
