//! Whole tries, as the drivers of plain plans execute them: check, run, recheck.

use crate::exec::attempt::ending::forget;
use crate::exec::attempt::instance::Instance;
use crate::exec::attempt::ledger::Step;
use crate::exec::attempt::phase::{After, following};
use crate::exec::attempt::worker::Worker;
use crate::exec::tries::{Try, TryEnd};
use crate::job::{Body, JobSpec};
use crate::words::{Kind, Phase};

impl<'r, 'env, A> Worker<'r, 'env, A> {
    /// Executes one whole try.
    #[inline(always)] // for a first try, a driver then passes nothing but the job
    pub(in crate::exec) fn attempt(&mut self, attempt: &mut Try) -> TryEnd {
        let spec = self.enter(attempt);
        match &spec.body {
            Body::Both(closures) if self.is_quiet => {
                let mut closures = &**closures;
                match self.phase(Step::CHECK, Kind::Job, attempt, spec, &mut closures) {
                    After::Over(end) => end, // the common case, straight ahead
                    After::Due(error) => {
                        forget(error);
                        aside(attempt, |attempt| self.repair(attempt, spec, closures))
                    }
                }
            }
            _ => aside(attempt, |attempt| self.execute_other(attempt, spec)),
        }
    }

    /// The rest of the try of a job whose check has failed.
    #[inline(never)]
    fn repair<I: Instance<'env, A>>(
        &mut self,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        mut instance: I,
    ) -> TryEnd {
        if let After::Due(error) = self.phase(Step::RUN, Kind::Job, attempt, spec, &mut instance) {
            forget(error);
        }
        match self.phase(Step::RECHECK, Kind::Job, attempt, spec, &mut instance) {
            After::Over(end) => end,
            After::Due(_) => unreachable!("a recheck ends its try"),
        }
    }

    #[inline(never)]
    fn execute_other(&mut self, attempt: &mut Try, spec: &'r JobSpec<'env, A>) -> TryEnd {
        match &spec.body {
            _ if !self.is_quiet => self.execute_any(attempt, spec),
            Body::CheckOnly(closures) => self.execute_only(Step::CHECK, attempt, spec, &**closures),
            Body::RunOnly(closures) if !self.dry_run && spec.describe_run().is_none() => {
                self.execute_only(Step::RUN_ONLY, attempt, spec, &**closures)
            }
            _ => self.execute_any(attempt, spec),
        }
    }

    /// Executes the phase of a job that has no more than one, and no struct.
    #[inline(never)]
    fn execute_only<I: Instance<'env, A>>(
        &mut self,
        step: Step,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        mut instance: I,
    ) -> TryEnd {
        let kind = if step.phase == Phase::Run { Kind::RunOnly } else { Kind::CheckOnly };
        match self.phase(step, kind, attempt, spec, &mut instance) {
            After::Over(end) => end,
            After::Due(_) => unreachable!("the only phase ends its try"),
        }
    }

    #[inline(never)]
    fn execute_any(&mut self, attempt: &mut Try, spec: &'r JobSpec<'env, A>) -> TryEnd {
        let (mut held, mut due) = match self.open(attempt, spec) {
            Ok(open) => open,
            Err(end) => return end,
        };
        loop {
            match self.due_phase(due, attempt, spec, &mut held) {
                After::Due(error) => forget(error),
                After::Over(end) => return end,
            }
            due = following(due);
        }
    }
}

/// Passes a copy by reference, so that `attempt` itself stays in registers.
#[inline(always)]
fn aside(attempt: &mut Try, execute: impl FnOnce(&mut Try) -> TryEnd) -> TryEnd {
    let mut copy = *attempt;
    let end = execute(&mut copy);
    *attempt = copy;
    end
}
