//! A try that is away: its phases as they are told, and what it comes to.

use std::time::Duration;

use crate::clock::nanos;
use crate::elsewhere::{PhaseDone, UnitDone, UnitProgress};
use crate::error::{ErrorClass, Reported};
use crate::exec::attempt::away::seen::Seen;
use crate::exec::attempt::failure::{Notes, went};
use crate::exec::attempt::leftovers::DueCleanup;
use crate::exec::attempt::mend::whole_try;
use crate::exec::attempt::worker::Worker;
use crate::exec::stages::{self, Stage};
use crate::exec::tries::{Try, TryEnd};
use crate::job::JobSpec;
use crate::verdict::Value;
use crate::words::Phase;

impl<'r, 'env, A> Worker<'r, 'env, A> {
    /// Records what a try has done so far.
    pub(super) fn see_progress(
        &mut self,
        attempt: &mut Try,
        sent_at: u64,
        progress: &mut Option<Seen>,
        told: UnitProgress,
    ) {
        let UnitProgress { node, phases, open, elapsed, said } = told;
        self.enter(attempt);
        let mut seen = match progress.take() {
            Some(seen) => seen,
            None => match self.seen(sent_at, &node, elapsed) {
                Some(seen) => seen,
                None => return,
            },
        };
        self.record_phases(attempt, &mut seen, &phases);
        if let Some((phase, start)) = open.filter(|_| seen.open.is_none()) {
            let start = seen.at(start, self.ledger.now());
            self.begin_there(attempt, &mut seen, phase, start);
        }
        if let Some(said) = said {
            seen.heard = self.hear_there(&said, attempt.attempt, seen.origin, seen.heard);
        }
        *progress = Some(seen);
    }

    /// A try has come back, or is lost.
    pub(super) fn finish_try(
        &mut self,
        mut attempt: Try,
        sent_at: u64,
        progress: Option<Seen>,
        done: UnitDone,
    ) -> (Try, TryEnd) {
        let UnitDone { node, mut jobs, lost, ran_before, is_another, said, pause } = done;
        let spec = self.enter(&attempt);
        let (phases, output) = jobs.pop().map_or((Vec::new(), None), |job| (job.phases, job.output));
        // what has ended tells all of itself; and another submission may have seen more than the one that ended
        let seen = progress.iter().filter(|_| lost.is_some());
        let phases = seen.fold(phases, |phases, seen| seen.at_least(phases));
        let phases = whole_try(spec.kind(), attempt.attempt, phases, ran_before, lost.as_ref());
        let total = phases.last().map_or(Duration::ZERO, |last| last.start + last.length);
        let has_begun = progress.is_some() || !phases.is_empty();
        let seen = progress.or_else(|| has_begun.then(|| self.seen(sent_at, &node, total))?);
        if let Some(mut seen) = seen {
            self.record_phases(&mut attempt, &mut seen, &phases);
            let (origin, heard) = match is_another {
                true => (self.ledger.now().saturating_sub(nanos(total)).max(sent_at), 0),
                false => (seen.origin, seen.heard),
            };
            said.iter().for_each(|said| _ = self.hear_there(said, attempt.attempt, origin, heard));
            self.leave_lane(seen);
        }
        self.look_at_the_clock();
        if phases.iter().any(|done| done.phase == Phase::Run) && spec.cleans_up() {
            self.owe_cleanup(&attempt);
        }
        self.notes = notes_of(&phases);
        self.notes.pause = self.notes.pause.max(nanos(pause));
        let end = match lost {
            Some(lost) if lost.is_cancelled && phases.is_empty() => self.cancelled(attempt, None),
            _ => self.decide(attempt, spec, phases.last(), output.map(|output| output.0)),
        };
        (attempt, end)
    }

    /// What a try comes to by its last phase.
    fn decide(
        &mut self,
        attempt: Try,
        spec: &JobSpec<'env, A>,
        last: Option<&PhaseDone>,
        output: Value,
    ) -> TryEnd {
        let Some(last) = last else { return self.would_run(attempt, None) }; // a run_only, dry
        let went = last.error.as_ref().map_or(stages::Went::Passed, |error| went(error.class()));
        match (stages::after(spec.kind(), self.dry_run, last.phase, went), &last.error) {
            (Stage::Passed, _) => self.done(attempt, output),
            (Stage::WouldRun, error) => self.would_run(attempt, error.as_ref().map(Reported::of)),
            (Stage::Due(_), error) if self.notes.was_cut => {
                self.cancelled(attempt, error.as_ref().map(Reported::of))
            }
            (_, error) => self.failed(attempt, error.as_ref().map_or_else(|| CUT_SHORT.into(), Reported::of)),
        }
    }

    fn owe_cleanup(&mut self, attempt: &Try) {
        let Try { job, attempt, sequence, .. } = *attempt;
        let (local, instance, is_owed) = (None, None, false);
        let due = DueCleanup { sequence, job, attempt, local, instance, is_owed };
        self.leftovers.cleanups.push(due);
    }
}

/// What the errors of a try have said.
fn notes_of(phases: &[PhaseDone]) -> Notes {
    let mut notes = Notes::default();
    for error in phases.iter().filter_map(|done| done.error.as_ref()) {
        notes.is_last |= error.class() == ErrorClass::Permanent;
        notes.was_cut = error.class() == ErrorClass::Cancelled;
    }
    notes
}

/// A try that ended between two phases, although nothing has stopped it.
const CUT_SHORT: &str = "it ended before its try was over";
