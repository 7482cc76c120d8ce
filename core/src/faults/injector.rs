//! Injects faults: stands between a phase and its code in one simulated run.

use std::sync::Arc;
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::clock::{Clock, nanos};
use crate::context::Place;
use crate::error::{BoxError, Result};
use crate::faults::baton::Baton;
use crate::faults::inside::Inside;
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
        nothing: Option<T>,
        code: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let Place { job, phase, attempt, .. } = place;
        let call = Call { run: self.process.run, step: Step { job, attempt, phase, part: 0 } };
        let number = self.process.recorder.push(call);
        let inside =
            Inside { process: Arc::clone(&self.process), call, clock: clock.clone(), baton: Baton::take() };
        let code = || inside.enter(|| unwind::catch(code));
        let result = match self.process.fault(call, number) {
            None => code(),
            Some(Fault::Slow(time)) => {
                let result = code();
                clock.advance(nanos(time));
                result
            }
            Some(Fault::TimedOut) => match allowed {
                Some(time) => {
                    clock.advance(nanos(time));
                    code()
                }
                None => Err(injected("injected error")),
            },
            Some(Fault::Stop(level)) => {
                self.process.stop(level);
                code()
            }
            Some(Fault::Panic) => {
                // no panic hook has anything to say about it
                unwind::catch(|| std::panic::resume_unwind(Box::new("injected panic".to_owned())))
            }
            Some(Fault::ErrorAfter) => code().and_then(|value| {
                unwind::discard(value)?;
                Err(injected("injected error, after the work was done"))
            }),
            Some(Fault::Lie) => match (code(), nothing) {
                (Ok(value), _) => unwind::discard(value).and(Err(injected("injected lie: it did work"))),
                (Err(_), Some(nothing)) => Ok(nothing),
                (Err(error), None) => Err(error),
            },
            Some(Fault::Nothing) => nothing.ok_or_else(|| injected("injected error")),
            Some(Fault::Error) => Err(injected("injected error")),
            Some(Fault::Crash) => {
                self.process.kill();
                Err(injected("the process is killed"))
            }
        };
        clock.advance(TICK);
        if self.is_killed() { result.and(Err(injected("the process is killed"))) } else { result }
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
