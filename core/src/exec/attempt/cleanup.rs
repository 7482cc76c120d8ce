//! The cleanup of a try, when all jobs have ended.

use crate::cancel::StopLevel;
use crate::error::{ErrorText, Result};
use crate::exec::attempt::instance::{Held, Instance};
use crate::exec::attempt::ledger::Step;
use crate::exec::attempt::leftovers::DueCleanup;
use crate::exec::attempt::worker::Worker;
use crate::exec::tries::Try;
use crate::job::{Body, Own};
use crate::report::Head;
use crate::unwind;
use crate::words::Phase;

impl<'r, 'env, A> Worker<'r, 'env, A> {
    /// Calls one cleanup, with what its try has left. A stop up to the `ignored` level does not cut it short.
    pub(in crate::exec) fn clean_up(
        &mut self,
        due: DueCleanup<'env, A>,
        ignored: StopLevel,
    ) -> (Result, Head) {
        let DueCleanup { job, attempt, local, instance, is_owed, .. } = due;
        let mut attempt = Try { attempt, ..Try::first(job) };
        let spec = self.enter(&attempt);
        let make = match &spec.body {
            Body::Struct(make) | Body::AsyncStruct(make) if is_owed => Some(make),
            _ => None,
        };
        if let Some(local) = local {
            self.cx.swap_local(local);
        }
        if let Some(bounds) = &self.live.bounds {
            let since = self.ledger.now();
            self.cx.set_limits(Some(bounds.of_cleanup(since, spec.timeout(), ignored)));
        }
        let start = self.begin_phase(Step::CLEANUP, &mut attempt);
        let (cx, runtime) = (&self.cx, &self.live.world.runtime);
        let mut held = Held::Own(instance);
        let result = self.live.call(cx.place(), Some(()), || {
            if let Some(make) = make {
                let is_async = matches!(spec.body, Body::AsyncStruct(_));
                let made = if is_async { runtime.enter(|| make(cx)) } else { make(cx) };
                held = Held::Own(Some(made?));
            }
            match spec.cleanup() {
                None => held.call(Phase::Cleanup, cx).map(drop),
                Some(cleanup) => cleanup(cx),
            }
        });
        let dropped = self.let_go(held.take_own());
        let result = result.and(dropped);
        match &result {
            Ok(()) => self.ledger.passed(Step::CLEANUP, &mut attempt, start),
            Err(error) => {
                self.hear(Phase::Cleanup, error, spec);
                self.ledger.failed(Step::CLEANUP, &mut attempt, start);
            }
        }
        (result, attempt.head)
    }

    /// In a unit that cleans up: the struct of its try, made anew.
    pub(in crate::exec) fn make_again(&mut self, attempt: &Try) -> Result<Option<Own<'env, A>>> {
        match &self.enter(attempt).body {
            Body::Struct(make) => unwind::catch(|| make(&self.cx)).map(Some),
            Body::AsyncStruct(make) => {
                let runtime = &self.live.world.runtime;
                unwind::catch(|| runtime.enter(|| make(&self.cx))).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// In a unit: the struct of a cleanup cannot be made, and so the cleanup has failed.
    pub(in crate::exec) fn cleanup_not_made(
        &mut self,
        mut attempt: Try,
        error: &(dyn std::error::Error + 'static),
    ) -> Head {
        let start = self.begin_phase(Step::CLEANUP, &mut attempt);
        self.ledger.keep_error(Some(ErrorText::heard(error).0));
        self.ledger.failed(Step::CLEANUP, &mut attempt, start);
        attempt.head
    }
}
