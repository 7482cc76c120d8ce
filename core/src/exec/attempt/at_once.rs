//! Tries whose futures are ready at their first poll: a short way for what is most common where async phases are small.

use std::task::{Poll, Waker};

use crate::exec::attempt::async_call::{AsyncCall, dropped, poll};
use crate::exec::attempt::ending::forget;
use crate::exec::attempt::flight::Flight;
use crate::exec::attempt::instance::Held;
use crate::exec::attempt::ledger::Step;
use crate::exec::attempt::phase::{After, following};
use crate::exec::attempt::worker::Worker;
use crate::exec::tries::{Try, TryEnd};
use crate::job::{AsyncBody, Body, Called};
use crate::unwind;
use crate::words::{Kind, Phase};

impl<'r, 'env, A> Worker<'r, 'env, A> {
    /// The body of a job for which there is the short way: it has no struct, and nothing is to be looked at beside its
    /// phases, no stop, no limit, no fault, and nobody who listens.
    pub(in crate::exec) fn short_body(&self, attempt: &Try) -> Option<&'r AsyncBody<'env, A>> {
        let live = self.live;
        let Body::Async(body) = &live.plan.spec(attempt.job).body else { return None };
        let is_short = live.bounds.is_none()
            && !self.dry_run
            && self.is_quiet
            && !live.plan.needs().retry_for
            && live.plan.spec(attempt.job).describe_run().is_none();
        is_short.then_some(body)
    }

    /// Executes such a try up to its end. `Err`: a future waits.
    pub(in crate::exec) fn attempt_at_once(
        &mut self,
        attempt: &mut Try,
        body: &'r AsyncBody<'env, A>,
        waker: &Waker,
    ) -> Result<TryEnd, Box<Flight<'r, 'env, A>>> {
        let spec = self.enter(attempt);
        let local = self.spares.local();
        self.cx.set_shared_local(Some(local));
        let kind = body.kind();
        let (mut held, mut error) = (Held::Async(body), None);
        let mut due = if kind == Kind::RunOnly { Phase::Run } else { Phase::Check };
        loop {
            let step = Step::linked(due).quiet();
            let start = self.begin_phase(step, attempt);
            let result = match unwind::catch(|| Ok(body.call(due, &self.cx))) {
                Ok(Called::Later(mut future)) => match poll(&mut future, waker) {
                    Poll::Ready(result) => dropped(future, result),
                    Poll::Pending => {
                        let local = self.cx.take_shared_local();
                        let call = AsyncCall::begin(self.live, self.cx.place()); // nothing: the run is quiet
                        let (said, goes_on) = ((error, self.notes), (call, future));
                        let flight = Flight::new(*attempt, due, held, start, said, local, None, goes_on);
                        return Err(Box::new(flight));
                    }
                },
                Ok(Called::Returned(result)) => result,
                Err(panic) => Err(panic),
            };
            let result = if body.drops_output_of(due) { result.map(|_| None) } else { result };
            match self.finish(step, kind, attempt, spec, &mut held, start, result) {
                After::Due(None) => {}
                After::Due(failed) => forget(std::mem::replace(&mut error, failed)),
                After::Over(end) => {
                    forget(error);
                    let local = self.cx.take_shared_local();
                    self.spares.keep_local(local);
                    return Ok(end);
                }
            }
            due = following(due);
        }
    }
}
