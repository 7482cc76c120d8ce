//! Tries whose futures are ready at their first poll: a short way for what is most common where async phases are small.

use std::task::Waker;

use crate::exec::attempt::async_call::{AsyncCall, call_and_poll};
use crate::exec::attempt::ending::forget;
use crate::exec::attempt::flight::Flight;
use crate::exec::attempt::instance::Held;
use crate::exec::attempt::ledger::Step;
use crate::exec::attempt::phase::{After, following};
use crate::exec::attempt::worker::Worker;
use crate::exec::tries::{Try, TryEnd};
use crate::graph::JobId;
use crate::job::{AsyncBody, Body};
use crate::words::{Kind, Phase};

/// A way to execute a try where nothing is to be looked at beside its phases.
pub(in crate::exec) enum ShortWay<'r, 'env, A> {
    /// All at once, unless a future waits.
    AtOnce(&'r AsyncBody<'env, A>),
    /// All at once: none of its phases is a future.
    Whole,
}

impl<'r, 'env, A> Worker<'r, 'env, A> {
    /// The short way to execute a job, if there is one: not for a struct whose phases are futures.
    #[inline]
    pub(in crate::exec) fn short_way(&self, job: JobId) -> Option<ShortWay<'r, 'env, A>> {
        if !self.has_short_ways {
            return None;
        }
        match &self.specs.of(job).body {
            Body::Async(body) => Some(ShortWay::AtOnce(body)),
            Body::AsyncStruct(_) => None,
            _ => Some(ShortWay::Whole),
        }
    }

    /// Executes a try with futures up to its end. `Err`: one waits.
    pub(in crate::exec) fn attempt_at_once(
        &mut self,
        attempt: &mut Try,
        mut body: &'r AsyncBody<'env, A>,
        waker: &Waker,
    ) -> Result<TryEnd, Box<Flight<'r, 'env, A>>> {
        let spec = self.enter(attempt);
        let kind = body.kind();
        let (mut due, mut error) = (if kind == Kind::RunOnly { Phase::Run } else { Phase::Check }, None);
        loop {
            let step = Step::linked(due).quiet();
            let start = self.begin_phase(step, attempt);
            let mut result = match call_and_poll(&self.live.world.timers, waker, || body.begin(due, &self.cx))
            {
                Ok(result) => result,
                Err(future) => {
                    let local = self.spares.take_local(&mut self.cx);
                    let call = AsyncCall::begin(self.live, self.cx.place()); // nothing: the run is quiet
                    let (held, said, goes_on) = (Held::Async(body), (error, self.notes), (call, future));
                    let flight = Flight::new(*attempt, due, held, start, said, local, None, goes_on);
                    return Err(Box::new(flight));
                }
            };
            if body.drops_output_of(due) {
                result = result.map(|_| None);
            }
            match self.finish(step, kind, attempt, spec, &mut body, start, result) {
                After::Due(None) => {}
                After::Due(failed) => forget(std::mem::replace(&mut error, failed)),
                After::Over(end) => {
                    forget(error);
                    return Ok(end);
                }
            }
            due = following(due);
        }
    }
}
