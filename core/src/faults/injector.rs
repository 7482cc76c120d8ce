//! Injects faults: stands between a phase and its code in one simulated run.

use std::sync::Arc;
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::clock::{Clock, nanos};
use crate::context::Place;
use crate::error::{BoxError, Result};
use crate::faults::baton::Baton;
use crate::faults::inside::{Inside, be_dead};
use crate::faults::process::{Circumstances, Points, Process};
use crate::faults::record::{Call, Step};
use crate::faults::{Fault, Faults};
use crate::graph::JobGraph;
use crate::graph::JobId;
use crate::unwind;

/// How long a phase takes in virtual time, so that no two stamps of a simulation are alike.
const TICK: u64 = 1;

/// Calls the code of phases in one simulated run, and lets faults take its place.
#[derive(Debug)]
pub(crate) struct FaultInjector {
    process: Arc<Process>,
}

impl FaultInjector {
    /// # Panics
    ///
    /// If a fault is to happen to a job that is not in the graph.
    pub(crate) fn new(faults: &Faults, graph: &JobGraph, seed: u64, circumstances: Circumstances) -> Self {
        FaultInjector { process: Arc::new(Process::new(faults, graph, seed, circumstances)) }
    }

    /// For a real run, which cannot be killed.
    ///
    /// # Panics
    ///
    /// If a fault is to happen to a job that is not in the graph.
    pub(crate) fn harmless(faults: &Faults, graph: &JobGraph, seed: u64, stop: Option<CancelToken>) -> Self {
        let circumstances = Circumstances { stop, ..Circumstances::default() };
        let process = Process::new(faults, graph, seed, circumstances).immortal();
        FaultInjector { process: Arc::new(process) }
    }

    /// What faults stop the run with.
    pub(crate) fn stop(&self) -> Option<&CancelToken> {
        self.process.stop_token()
    }

    /// The number of its run, from 0.
    pub(crate) fn run(&self) -> usize {
        self.process.run
    }

    /// Phases that may be left at their interruption points.
    pub(crate) fn points(&self) -> &Points {
        self.process.points()
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.process.is_killed()
    }

    /// Calls `code`, or does something else. `nothing` is what it would return if it did nothing; `allowed` is the time
    /// that it may take, if there is a limit.
    pub(crate) fn call<T>(
        &self,
        place: Place,
        clock: &Clock,
        allowed: Option<Duration>,
        mut nothing: Option<T>,
        code: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let mut call = self.begin(place, clock, allowed);
        let result = match call.instead(&mut nothing) {
            Some(result) => result,
            None => call.enter(|| unwind::catch(code)),
        };
        call.end(result, nothing)
    }

    /// Calls code that is no phase, and to which no faults happen. A process that was killed calls nothing.
    pub(crate) fn beside<T>(
        &self,
        place: Place,
        clock: &Clock,
        code: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        if self.is_killed() {
            return Err(injected("the process is killed"));
        }
        let Place { job, phase, attempt, .. } = place;
        let call = Call { run: self.process.run, step: Step { job, attempt, phase, part: 0 } };
        let mut inside = Inside { is_beside: true, ..self.inside(call, clock, None) };
        inside.enter(|| unwind::catch(code))
    }

    fn inside(&self, call: Call, clock: &Clock, baton: Option<Arc<Baton>>) -> Inside {
        Inside { process: Arc::clone(&self.process), call, clock: clock.clone(), baton, is_beside: false }
    }

    /// The process was killed: what this thread still does is to drop what it had.
    pub(crate) fn bury(&self) {
        debug_assert!(self.is_killed());
        be_dead();
    }

    /// Begins a call that may go on for a while: what the code is called in, and what ends with it.
    pub(crate) fn begin(&self, place: Place, clock: &Clock, allowed: Option<Duration>) -> FaultyCall {
        let Place { job, phase, attempt, .. } = place;
        let call = Call { run: self.process.run, step: Step { job, attempt, phase, part: 0 } };
        let number = self.process.recorder.push(call);
        let inside = self.inside(call, clock, Baton::take());
        let fault = match (self.process.fault(call, number), allowed) {
            (Some(Fault::TimedOut), None) => Some(Fault::Error),
            (fault, _) => fault,
        };
        match (fault, allowed) {
            (Some(Fault::TimedOut), Some(time)) => clock.advance(nanos(time)),
            (Some(Fault::Stop(level)), _) => self.process.stop(level),
            (Some(Fault::Crash), _) => self.process.kill(),
            _ => {}
        }
        FaultyCall { inside, fault }
    }
}

/// A call of a phase's code, and what goes wrong with it.
#[derive(Debug)]
pub(crate) struct FaultyCall {
    inside: Inside,
    fault: Option<Fault>,
}

impl FaultyCall {
    /// What the phase comes to without its code, if that is not called. `nothing` is what it would return if it did
    /// nothing.
    pub(crate) fn instead<T>(&self, nothing: &mut Option<T>) -> Option<Result<T>> {
        Some(match self.fault? {
            Fault::Error => Err(injected("injected error")),
            // no panic hook has anything to say about it
            Fault::Panic => {
                unwind::catch(|| std::panic::resume_unwind(Box::new("injected panic".to_owned())))
            }
            Fault::Nothing => nothing.take().ok_or_else(|| injected("injected error")),
            Fault::Crash => Err(injected("the process is killed")),
            Fault::ErrorAfter | Fault::Lie | Fault::Slow(_) | Fault::TimedOut | Fault::Stop(_) => {
                return None;
            }
        })
    }

    /// Calls some of its code, such as one poll of a future.
    pub(crate) fn enter<T>(&mut self, code: impl FnOnce() -> T) -> T {
        self.inside.enter(code)
    }

    /// What it comes to when its code has come to that.
    pub(crate) fn end<T>(self, result: Result<T>, nothing: Option<T>) -> Result<T> {
        let Inside { process, clock, .. } = &self.inside;
        let result = match (self.fault, result) {
            (Some(Fault::ErrorAfter), Ok(value)) => {
                unwind::discard(value).and(Err(injected("injected error, after the work was done")))
            }
            (Some(Fault::Lie), Ok(value)) => {
                unwind::discard(value).and(Err(injected("injected lie: it did work")))
            }
            (Some(Fault::Lie), Err(error)) => nothing.ok_or(error),
            (_, result) => result,
        };
        if let Some(Fault::Slow(time)) = self.fault {
            clock.advance(nanos(time));
        }
        clock.advance(TICK);
        if process.is_killed() {
            be_dead();
            return result.and(Err(injected("the process is killed")));
        }
        result
    }
}

impl FaultInjector {
    /// A number for what is left to chance in that try.
    pub(crate) fn random(&self, job: JobId, attempt: u32) -> u64 {
        self.process.random(job, attempt)
    }
}

fn injected(what: &'static str) -> BoxError {
    what.into()
}
