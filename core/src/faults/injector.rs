//! Injects faults: stands between a phase and its code in one simulated run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::{Clock, nanos};
use crate::context::Place;
use crate::error::{BoxError, Result};
use crate::faults::{Fault, Faults};
use crate::graph::{JobGraph, JobId};
use crate::unwind;
use crate::words::Phase;

/// How long a phase takes in virtual time, so that no two stamps of a simulation are alike.
const TICK: u64 = 1;

/// So often a simulation is killed at most.
const CRASHES: u32 = 16;

/// Calls the code of phases in one simulated run, and lets faults take its place.
#[derive(Debug)]
pub(crate) struct FaultInjector {
    rules: Vec<(JobId, Phase, Option<u32>, Fault)>,
    faults: Faults,
    seed: u64,
    /// How often the process was killed before this run.
    crashes: u32,
    may_kill: bool,
    /// A fault at one call, whatever is called there.
    blow: Option<Blow>,
    calls: Arc<Calls>,
    killed: AtomicBool,
}

/// A phase that is executed, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Step {
    pub(crate) job: JobId,
    pub(crate) attempt: u32,
    pub(crate) phase: Phase,
}

/// Every call of a user's code, in order: in which of several runs, and what it was.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    made: Mutex<(usize, Vec<(usize, Step)>)>,
}

impl Calls {
    pub(crate) fn len(&self) -> usize {
        self.lock().1.len()
    }

    pub(crate) fn next_run(&self) {
        self.lock().0 += 1;
    }

    pub(crate) fn take(&self) -> Vec<(usize, Step)> {
        std::mem::take(&mut self.lock().1)
    }

    /// Returns how many there are now.
    fn push(&self, step: Step) -> usize {
        let mut made = self.lock();
        let run = made.0;
        made.1.push((run, step));
        made.1.len()
    }

    fn lock(&self) -> MutexGuard<'_, (usize, Vec<(usize, Step)>)> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fault at the so manieth call of a user's code, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blow {
    pub(crate) at: usize,
    pub(crate) fault: Fault,
}

impl FaultInjector {
    /// # Panics
    ///
    /// If a fault is to happen to a job that is not in the graph.
    pub(crate) fn new(faults: &Faults, graph: &JobGraph, seed: u64, crashes: u32) -> Self {
        let rules = faults.rules.iter().map(|rule| {
            let job = graph.find(&*rule.job);
            let job = job.unwrap_or_else(|| {
                panic!("a fault is to happen to job `{}`, which is not in the plan", rule.job)
            });
            (job, rule.phase, rule.attempt, rule.fault)
        });
        FaultInjector {
            rules: rules.collect(),
            faults: faults.clone(),
            seed,
            crashes,
            may_kill: crashes < CRASHES,
            blow: None,
            calls: Arc::default(),
            killed: AtomicBool::new(false),
        }
    }

    /// Counts on from where others have stopped, and strikes at one call.
    pub(crate) fn counting(self, calls: &Arc<Calls>, blow: Option<Blow>) -> Self {
        FaultInjector { calls: Arc::clone(calls), blow, ..self }
    }

    /// Kills nothing.
    pub(crate) fn harmless(self) -> Self {
        FaultInjector { may_kill: false, ..self }
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    /// Calls `code`, or does something else. `nothing` is what it would return if it did nothing.
    pub(crate) fn call<T>(
        &self,
        place: Place,
        clock: &Clock,
        nothing: Option<T>,
        code: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let Place { job, phase, attempt, .. } = place;
        let call = self.calls.push(Step { job, attempt, phase });
        let result = match self.fault(place, call) {
            None => unwind::catch(code),
            Some(Fault::Slow(time)) => {
                let result = unwind::catch(code);
                clock.advance(nanos(time));
                result
            }
            Some(Fault::Panic) => {
                // no panic hook has anything to say about it
                unwind::catch(|| std::panic::resume_unwind(Box::new("injected panic".to_owned())))
            }
            Some(Fault::ErrorAfter) => unwind::catch(code).and_then(|value| {
                unwind::discard(value)?;
                Err(injected("injected error, after the work was done"))
            }),
            Some(Fault::Lie) => match (unwind::catch(code), nothing) {
                (Ok(value), _) => unwind::discard(value).and(Err(injected("injected lie: it did work"))),
                (Err(_), Some(nothing)) => Ok(nothing),
                (Err(error), None) => Err(error),
            },
            Some(Fault::Nothing) => nothing.ok_or_else(|| injected("injected error")),
            Some(Fault::Error) => Err(injected("injected error")),
            Some(Fault::Crash) => {
                self.killed.store(true, Ordering::Relaxed);
                Err(injected("the process is killed"))
            }
        };
        clock.advance(TICK);
        result
    }

    fn fault(&self, Place { job, phase, attempt, .. }: Place, call: usize) -> Option<Fault> {
        let mut fault = self.blow.filter(|blow| blow.at == call).map(|blow| blow.fault);
        if fault.is_none() && !self.rules.is_empty() {
            let fits = |rule: &&(JobId, Phase, Option<u32>, Fault)| {
                (rule.0, rule.1) == (job, phase)
                    && rule.2.is_none_or(|only| only == attempt && self.crashes == 0)
            };
            fault = self.rules.iter().find(fits).map(|rule| rule.3);
        }
        fault = fault.or_else(|| self.random_fault(job, phase, attempt));
        fault.filter(|fault| *fault != Fault::Crash || self.may_kill)
    }

    fn random_fault(&self, job: JobId, phase: Phase, attempt: u32) -> Option<Fault> {
        let random = self.faults.random.as_ref()?;
        let place = [u64::from(self.crashes), job.index() as u64, phase as u64, u64::from(attempt)];
        let number = place.into_iter().fold(self.seed, |so_far, part| mix(so_far ^ mix(part)));
        let (dice, which) = (number >> 32, (number & 0xffff_ffff) as usize);
        (dice < random.chance).then(|| random.faults[which % random.faults.len()])
    }
}

fn injected(what: &'static str) -> BoxError {
    what.into()
}

/// A number that looks nothing like the one that it was made of: the step of SplitMix64.
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
