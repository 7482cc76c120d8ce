//! What was seen of a unit while it was away: its phases, as they are recorded on a lane of the run's report.

use std::time::Duration;

use crate::clock::{Stamp, nanos};
use crate::elsewhere::{PhaseDone, SaidThere};
use crate::exec::attempt::ledger::Step;
use crate::exec::attempt::worker::Worker;
use crate::exec::placement::{Lane, Placement};
use crate::exec::tries::Try;
use crate::process::Spot;
use crate::words::Phase;

/// How much of a try was seen while it was away.
pub(super) struct Seen {
    pub(super) lane: Lane,
    /// When the unit began, by the run's clock.
    pub(super) origin: u64,
    /// The phases that have ended, which are recorded.
    pub(super) phases: Vec<PhaseDone>,
    /// The phase that goes on, and when it was told to begin.
    pub(super) open: Option<(Phase, u64)>,
    /// When the last phase ended.
    pub(super) last: u64,
    /// How many lines of its job were heard.
    pub(super) heard: u64,
}

impl Seen {
    /// Nothing yet, of what began then.
    pub(super) fn new(lane: Lane, origin: u64) -> Self {
        Seen { lane, origin, phases: Vec::new(), open: None, last: origin, heard: 0 }
    }

    /// These phases, or what was seen before, if that is more.
    pub(super) fn at_least(&self, phases: Vec<PhaseDone>) -> Vec<PhaseDone> {
        if phases.len() >= self.phases.len() + usize::from(self.open.is_some()) {
            return phases;
        }
        let open = self.open.map(|(phase, start)| {
            let start = Duration::from_nanos(start.saturating_sub(self.origin));
            PhaseDone { attempt: 0, phase, worker: 0, start, length: Duration::ZERO, error: None } // the try is known
        });
        self.phases.iter().cloned().chain(open).collect()
    }

    /// A time of the unit as one of the run: not before what came before, and not in the future.
    pub(super) fn at(&self, time: Duration, now: u64) -> u64 {
        self.origin.saturating_add(nanos(time)).max(self.last).min(now)
    }
}

impl<'r, 'env, A> Worker<'r, 'env, A> {
    /// The unit began so long ago on that machine.
    pub(super) fn seen(&self, sent_at: u64, node: &str, elapsed: Duration) -> Option<Seen> {
        let origin = self.ledger.now().saturating_sub(nanos(elapsed)).max(sent_at);
        let lane = self.placement().take_lane(if node.is_empty() { NOWHERE } else { node }, origin)?;
        Some(Seen::new(lane, origin))
    }

    /// Records the phases that were not seen before.
    pub(super) fn record_phases(&mut self, attempt: &mut Try, seen: &mut Seen, phases: &[PhaseDone]) {
        for done in phases.iter().skip(seen.phases.len()) {
            let now = self.ledger.now();
            let start = match seen.open.take() {
                Some((phase, start)) if phase == done.phase => start,
                _ => {
                    let start = seen.at(done.start, now);
                    self.begin_there(attempt, seen, done.phase, start);
                    start
                }
            };
            seen.open = None;
            let end = seen.at(done.start + done.length, now).max(start);
            let (step, error) = (Step::linked(done.phase), done.error.clone());
            self.ledger.with_log(&mut seen.lane.log, |ledger| {
                ledger.ended_at(step, attempt, Stamp(start), Stamp(end), error);
            });
            seen.last = end;
            seen.phases.push(done.clone());
        }
    }

    pub(super) fn begin_there(&mut self, attempt: &mut Try, seen: &mut Seen, phase: Phase, start: u64) {
        if phase == Phase::Run {
            attempt.sequence = self.live.next_sequence();
        }
        let Lane { node, log, .. } = &mut seen.lane;
        self.ledger.with_log(log, |ledger| {
            ledger.begin_at(Step::linked(phase), attempt, Stamp(start), node);
        });
        seen.open = Some((phase, start));
    }

    /// What a job has said in a unit that began then, but for what was heard before. Returns how many lines that are.
    pub(super) fn hear_there(&self, said: &SaidThere, attempt: u32, origin: u64, heard: u64) -> u64 {
        let (sayings, now) = (&self.live.world.sayings, self.ledger.now());
        sayings.leave_out(said.job, said.left_out.saturating_sub(heard));
        let old = usize::try_from(heard.saturating_sub(said.left_out)).unwrap_or(usize::MAX);
        for line in said.lines.iter().skip(old) {
            let spot = Spot { job: said.job, attempt: line.attempt, phase: line.phase };
            sayings.log(spot, origin.saturating_add(line.at).min(now), &line.text);
        }
        if let Some(progress) = said.progress {
            // in which phase is not told: in the run, if such a job has one
            let has_run = self.live.graph().kind(said.job).may_have(Phase::Run);
            let phase = if has_run { Phase::Run } else { Phase::Check };
            sayings.progress(Spot { job: said.job, attempt, phase }, now, progress);
        }
        heard.max(said.left_out.saturating_add(said.lines.len() as u64))
    }

    pub(super) fn leave_lane(&self, mut seen: Seen) {
        seen.lane.until = seen.last;
        self.placement().give_lane(seen.lane);
    }

    pub(super) fn placement(&self) -> &'r Placement {
        self.live.placement.as_ref().expect("something is elsewhere")
    }
}

/// The machine of units that were lost before any had them.
pub(super) const NOWHERE: &str = "nowhere";
