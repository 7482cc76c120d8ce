//! What a worker has at hand: the job that it is in, its books, and what its tries leave.

use std::sync::Arc;

use crate::cancel::StopLevel;
use crate::clock::Stamp;
use crate::context::{Context, Place};
use crate::exec::attempt::failure::Notes;
use crate::exec::attempt::ledger::Ledger;
use crate::exec::attempt::leftovers::Leftovers;
use crate::exec::attempt::spares::Spares;
use crate::exec::books::Blocked;
use crate::exec::live::Live;
use crate::exec::tries::Try;
use crate::graph::JobId;
use crate::job::JobSpec;
use crate::plan::Specs;
use crate::report::Log;
use crate::words::{Phase, Status};

/// Executes tries, one after the other. All of them use one context, which is set anew for each.
pub(in crate::exec) struct Worker<'r, 'env, A> {
    pub(super) live: &'r Live<'env, A>,
    pub(super) specs: Specs<'r, 'env, A>,
    pub(super) dry_run: bool,
    /// Whether nobody listens, and nobody stands between a phase and the user's code.
    pub(super) is_quiet: bool,
    /// Whether nothing is to be looked at beside the phases of a try.
    pub(super) has_short_ways: bool,
    default_tries: u32,
    pub(super) cx: Context<A>,
    /// What the errors of the try that is being executed have said.
    pub(super) notes: Notes,
    pub(super) ledger: Ledger<'r>,
    pub(super) leftovers: Leftovers<'env, A>,
    /// What async phases that have ended leave for others.
    pub(in crate::exec) spares: Spares,
}

impl<'r, 'env, A> Worker<'r, 'env, A> {
    pub(in crate::exec) fn new(live: &'r Live<'env, A>, id: u16) -> Self {
        Worker::expecting(live, id, 0)
    }

    /// With place for the records of that many jobs.
    pub(in crate::exec) fn expecting(live: &'r Live<'env, A>, id: u16, jobs: usize) -> Self {
        let nowhere = Place { job: JobId(0), phase: Phase::Check, attempt: 0, max_tries: 0 };
        Worker {
            live,
            specs: live.plan.specs(),
            dry_run: live.options.dry_run.is_on(),
            is_quiet: live.is_quiet(),
            has_short_ways: live.has_short_ways(),
            default_tries: if live.options.dry_run.is_on() { 1 } else { live.options.default_tries },
            cx: Context::new(Arc::clone(&live.world), nowhere),
            notes: Notes::default(),
            ledger: Ledger::new(live.graph(), &live.watch, &live.world.clock, id, jobs),
            leftovers: Leftovers::default(),
            spares: Spares::default(),
        }
    }

    /// What is left of it when it has nothing more to do. It is taken out of a worker that stays where it is: that is large
    /// beside a small run.
    #[inline]
    pub(in crate::exec) fn take_parts(&mut self) -> (Log, Leftovers<'env, A>) {
        (self.ledger.take_log(), std::mem::take(&mut self.leftovers))
    }

    /// When the last phase ended.
    pub(in crate::exec) fn stamp(&self) -> Stamp {
        self.ledger.stamp()
    }

    /// After a time of doing nothing, which belongs to no phase.
    pub(in crate::exec) fn look_at_the_clock(&mut self) -> Stamp {
        self.ledger.look_at_the_clock()
    }

    /// The next phase begins no earlier.
    pub(in crate::exec) fn not_before(&mut self, stamp: Stamp) {
        self.ledger.not_before(stamp);
    }

    /// How much of the run is stopped. It is told before anything follows from it.
    pub(in crate::exec) fn see_stop(&mut self) -> StopLevel {
        let Some(bounds) = &self.live.bounds else { return StopLevel::None };
        let ledger = &mut self.ledger;
        bounds.see(|level, reason| {
            ledger.look_at_the_clock();
            ledger.tell_stop(level, reason);
        })
    }

    /// Tells the end of a job that has ended without a try.
    pub(in crate::exec) fn tell_ended(&self, job: JobId, status: Status, because: Option<JobId>) {
        self.live.spans.job_ended(job, status);
        self.ledger.tell_job_ended(job, status, because);
    }

    pub(in crate::exec) fn tell_blocked(&self, blocked: &[Blocked]) {
        self.ledger.tell_blocked(blocked);
    }

    /// Enters the job of a try: from now on the context and the notes are about it.
    #[inline(always)]
    pub(super) fn enter(&mut self, attempt: &Try) -> &'r JobSpec<'env, A> {
        let Try { job, attempt, .. } = *attempt;
        let spec = self.specs.of(job);
        let max_tries = match spec.tries() {
            Some(tries) if !self.dry_run => tries,
            None if spec.retry_for().is_some() && !self.dry_run => Place::ANY_TRIES,
            _ => self.default_tries,
        };
        *self.cx.place_mut() = Place { job, phase: Phase::Create, attempt, max_tries };
        self.notes = Notes::default();
        spec
    }

    /// What may end the phases of a try, from a moment on; nothing, in a run that has no limits.
    pub(super) fn limit(&mut self, spec: &JobSpec<'env, A>, since: u64) {
        if let Some(bounds) = &self.live.bounds {
            self.cx.set_limits(Some(bounds.of_phase(since, spec.timeout())));
        }
    }

    /// How many tries the job that was entered last may use; `None` if they are limited by time alone.
    pub(super) fn allowed_tries(&self) -> Option<u32> {
        self.cx.max_tries()
    }

    /// How long the next try is to wait, if an error has asked for that.
    pub(in crate::exec) fn pause(&self) -> u64 {
        self.notes.pause
    }
}
