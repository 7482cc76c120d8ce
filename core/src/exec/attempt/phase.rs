//! One phase of a try: the code of the user, the books, and what follows from what it has come to.

use crate::clock::Stamp;
use crate::error::{BoxError, Result};
use crate::exec::attempt::failure::{is_plain_false, went};
use crate::exec::attempt::instance::{Held, Instance};
use crate::exec::attempt::ledger::Step;
use crate::exec::attempt::worker::Worker;
use crate::exec::stages::{self, Stage, Went};
use crate::exec::tries::{Try, TryEnd};
use crate::job::{Body, Constructor, JobSpec, Own};
use crate::unwind;
use crate::verdict::Value;
use crate::words::{Kind, Phase};

/// What a phase leads to.
pub(super) enum After {
    /// Another phase of the same try, whatever this one failed with.
    Due(Option<BoxError>),
    Over(TryEnd),
}

impl<'r, 'env, A> Worker<'r, 'env, A> {
    /// What the phases are called on, and the first of them. `Err`: the try is over without one.
    #[inline(always)]
    pub(super) fn open(
        &mut self,
        attempt: &mut Try,
        spec: &'r JobSpec<'env, A>,
    ) -> Result<(Held<'r, 'env, A>, Phase), TryEnd> {
        let first = stages::first(spec.kind(), self.dry_run);
        if spec.kind() == Kind::RunOnly && spec.describe_run().is_some() {
            self.cx.place_mut().phase = Phase::Run;
            self.describe_run(*attempt, spec);
        }
        let due = match first {
            Stage::Due(phase) => phase,
            Stage::WouldRun => {
                let _ = self.let_go(None); // what describes the run may have stored something
                return Err(self.would_run(*attempt, None));
            }
            Stage::Passed | Stage::Failed => return Err(self.done(*attempt, None)),
        };
        let held = match &spec.body {
            Body::Struct(make) | Body::AsyncStruct(make) => Held::Own(Some(self.make(attempt, spec, make)?)),
            Body::Both(closures) | Body::CheckOnly(closures) | Body::RunOnly(closures) => {
                Held::Shared(&**closures)
            }
            Body::Async(body) => Held::Async(body),
            Body::Group => unreachable!("a group has no phase"),
        };
        Ok((held, due))
    }

    /// The struct of this try. A constructor that fails is a failed try.
    #[inline(never)]
    fn make(
        &mut self,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        make: &Constructor<'env, A>,
    ) -> Result<Own<'env, A>, TryEnd> {
        self.ledger.begin_constructor(attempt);
        let made = self.live.call(self.cx.place(), None, || make(&self.cx));
        self.ledger.end_constructor(attempt);
        made.map_err(|error| {
            let start = self.begin_phase(Step::CREATE, attempt);
            self.hear(Phase::Create, &error, spec);
            let _ = self.let_go(None); // what else it does is no news
            self.ledger.failed(Step::CREATE, attempt, start);
            self.failed(*attempt, error)
        })
    }

    /// Executes a phase that is known only now.
    #[inline(always)]
    pub(super) fn due_phase(
        &mut self,
        due: Phase,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        held: &mut Held<'r, 'env, A>,
    ) -> After {
        let kind = spec.kind();
        let step = match due {
            Phase::Run if kind == Kind::RunOnly => Step::RUN_ONLY,
            Phase::Run => Step::RUN,
            Phase::Recheck => Step::RECHECK,
            _ => Step::CHECK,
        };
        let start = self.begin_phase(step, attempt);
        let cx = &self.cx;
        let result = self.live.call(cx.place(), Some(None), || held.call(step.phase, cx));
        self.finish(step, kind, attempt, spec, held, start, result)
    }

    /// Executes a phase of closures in a quiet run.
    #[inline(always)]
    pub(super) fn phase<I: Instance<'env, A>>(
        &mut self,
        step: Step,
        kind: Kind,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        instance: &mut I,
    ) -> After {
        let step = step.quiet();
        let start = self.begin_phase(step, attempt);
        let result = unwind::catch(|| instance.call(step.phase, &self.cx));
        self.finish(step, kind, attempt, spec, instance, start, result)
    }

    /// What follows from what a phase has come to.
    ///
    /// Where the phase is the last one of the try, what the try owned is dropped as a part of it: a panic there is this
    /// phase's failure. It is put aside instead where a cleanup will want it.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "the locals of a phase, which stay in registers")]
    pub(super) fn finish<I: Instance<'env, A>>(
        &mut self,
        step: Step,
        kind: Kind,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        instance: &mut I,
        start: Stamp,
        result: Result<Value>,
    ) -> After {
        let dry_run = self.dry_run;
        let after = |went| stages::after(kind, dry_run, step.phase, went);
        let keeps = step.phase != Phase::Check && after(Went::Passed) == Stage::Passed && spec.cleans_up();
        let error = match result {
            Ok(_) if matches!(after(Went::Passed), Stage::Due(_)) => {
                self.ledger.passed(step, attempt, start);
                return After::Due(None);
            }
            Ok(value) => match if keeps { Ok(()) } else { self.let_go(instance.take_own()) } {
                Ok(()) => {
                    self.ledger.passed(step, attempt, start);
                    if keeps {
                        self.keep_for_cleanup(*attempt, instance);
                    }
                    return After::Over(self.done(*attempt, value));
                }
                Err(panic) => {
                    // a second panic, while the value is dropped, has nothing to add
                    let _ = unwind::discard(value);
                    panic
                }
            },
            Err(error) => error,
        };
        let stage = after(self.hear(step.phase, &error, spec));
        let is_last = !matches!(stage, Stage::Due(_));
        if step.phase == Phase::Check
            && spec.describe_run().is_some()
            && (stage != Stage::Failed || self.live.behind.holds(attempt.job))
        {
            self.describe_run(*attempt, spec);
        }
        if is_last && !keeps {
            self.let_go_failed(instance);
        }
        self.ledger.failed(step, attempt, start);
        if !is_last {
            return After::Due(Some(error));
        }
        if keeps {
            self.keep_for_cleanup(*attempt, instance);
        }
        After::Over(match stage {
            Stage::WouldRun => self.would_run(*attempt, Some(error)),
            _ => self.failed(*attempt, error),
        })
    }

    /// Asks a job what its run does, when one is due for the first time and somebody wants to know. What goes wrong there
    /// is no news: the job's description stands.
    #[cold]
    fn describe_run(&mut self, attempt: Try, spec: &JobSpec<'env, A>) {
        let is_wanted = !attempt.has_run() && (self.dry_run || self.ledger.is_watched());
        let Some(describe) = spec.describe_run().filter(|_| is_wanted) else { return };
        if let Ok(text) = self.live.call_beside(self.cx.place(), || describe(&self.cx)) {
            self.ledger.tell_run_described(&attempt, &text);
            self.leftovers.descriptions.push((attempt.job, text));
        }
    }

    #[inline(always)]
    pub(super) fn begin_phase(&mut self, step: Step, attempt: &mut Try) -> Stamp {
        self.cx.place_mut().phase = step.phase;
        if step.phase == Phase::Run {
            attempt.sequence = self.live.next_sequence();
        }
        self.ledger.begin(step, attempt)
    }

    /// Listens to what the phase that is about to end has failed with, and says how it went.
    #[inline(always)]
    pub(super) fn hear(&mut self, phase: Phase, error: &BoxError, spec: &JobSpec<'env, A>) -> Went {
        self.notes.was_cut = false;
        if is_plain_false(&**error, spec) {
            return Went::Failed;
        }
        let text = self.notes.hear(phase, &**error, spec);
        let went = text.as_ref().map_or(Went::Failed, |text| went(text.class()));
        self.ledger.keep_error(text);
        went
    }
}

/// The phase after one of a job that has both a check and a run.
pub(super) fn following(phase: Phase) -> Phase {
    if phase == Phase::Check { Phase::Run } else { Phase::Recheck }
}
