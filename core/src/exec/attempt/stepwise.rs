//! Tries a phase at a time, as the other drivers execute them: between two phases a try is a value that may wait.

use std::task::{Poll, Waker};

use crate::error::{BoxError, Result};
use crate::exec::attempt::async_call::{AsyncCall, dropped, poll};
use crate::exec::attempt::ending::forget;
use crate::exec::attempt::failure::Notes;
use crate::exec::attempt::flight::Flight;
use crate::exec::attempt::instance::{Held, Instance};
use crate::exec::attempt::ledger::Step;
use crate::exec::attempt::phase::{After, following};
use crate::exec::attempt::worker::Worker;
use crate::exec::tries::{Try, TryEnd};
use crate::job::Called;
use crate::unwind;
use crate::verdict::Value;
use crate::words::Phase;

/// A try between two of its phases.
pub(in crate::exec) struct Open<'r, 'env, A> {
    pub(in crate::exec) attempt: Try,
    pub(in crate::exec) due: Phase,
    held: Held<'r, 'env, A>,
    /// Before the first phase: when the try began, from which its limit counts.
    since: Option<u64>,
    /// What the last phase that failed did so with.
    error: Option<BoxError>,
    notes: Notes,
}

/// How far a try has come.
pub(in crate::exec) enum Progress<'r, 'env, A> {
    Open(Open<'r, 'env, A>),
    /// Its phase is a future, which was pending when it was polled last.
    InFlight(Box<Flight<'r, 'env, A>>),
    Over(Try, TryEnd),
}

impl<'r, 'env, A> Worker<'r, 'env, A> {
    /// Begins a try, up to its first phase that is recorded. A constructor is called here.
    pub(in crate::exec) fn begin(&mut self, mut attempt: Try) -> Progress<'r, 'env, A> {
        let spec = self.enter(&attempt);
        let since = self.look_at_the_clock().0;
        if attempt.attempt == 1 {
            self.live.note_begin(attempt.job, since);
        }
        self.limit(spec, since);
        match self.open(&mut attempt, spec) {
            Ok((held, due)) => {
                let (since, error, notes) = (Some(since), None, self.notes);
                Progress::Open(Open { attempt, due, held, since, error, notes })
            }
            Err(end) => Progress::Over(attempt, end),
        }
    }

    /// Executes the phase that is due, and no more. One that is a future is polled once with this waker; without one it is
    /// waited for.
    pub(in crate::exec) fn advance(
        &mut self,
        open: Open<'r, 'env, A>,
        waker: Option<&Waker>,
    ) -> Progress<'r, 'env, A> {
        let Open { mut attempt, due, mut held, since, error, notes } = open;
        let spec = self.enter(&attempt);
        self.notes = notes;
        if since.is_none() {
            self.limit(spec, self.ledger.stamp().0); // else a constructor's time counts into the first phase
        }
        if let Some(waker) = waker {
            let step = Step::linked(due);
            let start = self.begin_phase(step, &mut attempt);
            let mut call = AsyncCall::begin(self.live, self.cx.place());
            let called = match call.instead() {
                Some(result) => Ok(Some(Called::Returned(result))),
                None => call.enter(|| unwind::catch(|| Ok(held.call_async(due, &self.cx)))),
            };
            let result = match called {
                Ok(Some(Called::Later(mut future))) => {
                    self.cx.limits().into_iter().for_each(|limits| limits.tell_over());
                    match call.enter(|| poll(&self.live.world.timers, waker, &mut future)) {
                        Poll::Ready(result) => call.end(self.live, dropped(future, result)),
                        Poll::Pending => {
                            let local = self.spares.take_local(&mut self.cx);
                            let limits = self.cx.limits().cloned();
                            let (said, goes_on) = ((error, self.notes), (call, future));
                            let flight = Flight::new(attempt, due, held, start, said, local, limits, goes_on);
                            return Progress::InFlight(Box::new(flight));
                        }
                    }
                }
                Ok(Some(Called::Returned(result))) => call.end(self.live, result),
                Ok(None) => call.end(self.live, held.call(due, &self.cx)), // its struct is gone
                Err(panic) => call.end(self.live, Err(panic)),
            };
            let result = if held.drops_output_of(due) { result.map(|_| None) } else { result };
            let after = self.finish(step, spec.kind(), &mut attempt, spec, &mut held, start, result);
            return self.progress(attempt, due, held, error, after);
        }
        let after = self.due_phase(due, &mut attempt, spec, &mut held);
        self.progress(attempt, due, held, error, after)
    }

    /// Polls the future of a phase once more.
    pub(in crate::exec) fn go_on(
        &mut self,
        mut flight: Box<Flight<'r, 'env, A>>,
        waker: &Waker,
    ) -> Progress<'r, 'env, A> {
        flight.tell_over();
        let Flight { future, call, .. } = &mut *flight;
        match call.enter(|| poll(&self.live.world.timers, waker, future)) {
            Poll::Ready(result) => self.land(*flight, result),
            Poll::Pending => Progress::InFlight(flight),
        }
    }

    /// Ends an async phase: with what its future has returned, or with why it is dropped.
    pub(in crate::exec) fn land(
        &mut self,
        flight: Flight<'r, 'env, A>,
        result: Result<Value>,
    ) -> Progress<'r, 'env, A> {
        let Flight { mut attempt, phase, mut held, start, error, notes, local, limits, call, future, .. } =
            flight;
        let spec = self.enter(&attempt);
        self.cx.place_mut().phase = phase;
        self.notes = notes;
        self.cx.set_limits(limits);
        self.spares.put_local_back(&mut self.cx, local);
        let result = call.end(self.live, dropped(future, result));
        let result = if held.drops_output_of(phase) { result.map(|_| None) } else { result };
        let step = Step::linked(phase);
        let after = self.finish(step, spec.kind(), &mut attempt, spec, &mut held, start, result);
        self.progress(attempt, phase, held, error, after)
    }

    /// How far a try has come with a phase.
    fn progress(
        &mut self,
        attempt: Try,
        phase: Phase,
        held: Held<'r, 'env, A>,
        before: Option<BoxError>,
        after: After,
    ) -> Progress<'r, 'env, A> {
        match after {
            After::Due(error) => {
                let due = following(phase);
                let error = match error {
                    Some(error) => {
                        forget(before);
                        Some(error)
                    }
                    None => before,
                };
                Progress::Open(Open { attempt, due, held, since: None, error, notes: self.notes })
            }
            After::Over(end) => {
                forget(before);
                Progress::Over(attempt, end)
            }
        }
    }

    /// Ends a try whose next phase does not begin, because the run is stopped.
    pub(in crate::exec) fn cut_short(&mut self, open: Open<'r, 'env, A>) -> (Try, TryEnd) {
        let Open { attempt, due, mut held, error, .. } = open;
        let spec = self.enter(&attempt);
        if due == Phase::Recheck && spec.cleans_up() {
            self.keep_for_cleanup(attempt, &mut held);
        } else {
            self.let_go_failed(&mut held);
        }
        (attempt, self.cancelled(attempt, error))
    }
}
