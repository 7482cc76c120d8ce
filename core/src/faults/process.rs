//! A simulated process: what is going to go wrong in it, and whether it still lives.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cancel::{CancelToken, StopLevel};
use crate::faults::record::{Call, Recorder, Step};
use crate::faults::{Fault, Faults};
use crate::graph::{JobGraph, JobId};
use crate::process::Answers;
use crate::words::{Phase, StopReason};

/// So often a simulation is killed at most.
const CRASHES: u32 = 16;

/// One run of a plan, and what is to happen to it.
pub(crate) struct Process {
    pub(super) recorder: Arc<Recorder>,
    /// The number of its run.
    pub(super) run: usize,
    rules: Vec<(JobId, FaultyStep, Fault)>,
    faults: Faults,
    seed: u64,
    /// How often the process was killed before this run.
    crashes: u32,
    strikes: Vec<Strike>,
    points: Points,
    /// What its commands are answered with.
    pub(super) answers: Option<Answers>,
    /// Raised by faults.
    stop: Option<CancelToken>,
    may_be_killed: bool,
    killed: AtomicBool,
}

/// A part of a phase that is to go wrong; `None`: at every try of every run.
type FaultyStep = (Phase, Option<u32>, u32);

/// A fault at one call, whatever is called there: counted from 1, over all runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) at: usize,
    pub(crate) fault: Fault,
    /// Whether it happens at the same place of all later tries in that run, too: so the job fails for good.
    pub(crate) lasts: bool,
}

/// What goes wrong in a run beside the faults that a simulation was given, and where all is recorded.
#[derive(Clone, Default)]
pub(crate) struct Circumstances {
    pub(crate) recorder: Arc<Recorder>,
    /// How often the process was killed before.
    pub(crate) crashes: u32,
    pub(crate) strikes: Vec<Strike>,
    /// Where other jobs may go on in the middle of a phase.
    pub(crate) points: Points,
    /// What commands are answered with; what is not answered is executed.
    pub(crate) answers: Option<Answers>,
    /// What faults stop the run with.
    pub(crate) stop: Option<CancelToken>,
}

/// Phases that have interruption points.
pub(crate) type Points = Arc<BTreeSet<(JobId, Phase)>>;

impl Process {
    /// # Panics
    ///
    /// If a fault is to happen to a job that is not in the graph.
    pub(super) fn new(faults: &Faults, graph: &JobGraph, seed: u64, circumstances: Circumstances) -> Self {
        let Circumstances { recorder, crashes, strikes, points, answers, stop } = circumstances;
        let rules = faults.rules.iter().map(|rule| {
            let job = graph.find(&*rule.job).unwrap_or_else(|| {
                panic!("a fault is to happen to job `{}`, which is not in the plan", rule.job)
            });
            (job, (rule.phase, rule.attempt, rule.part), rule.fault)
        });
        Process {
            rules: rules.collect(),
            run: recorder.begin_run(),
            recorder,
            faults: faults.clone(),
            seed,
            crashes,
            strikes,
            points,
            answers,
            stop,
            may_be_killed: crashes < CRASHES,
            killed: AtomicBool::new(false),
        }
    }

    /// The same, which cannot be killed.
    pub(super) fn immortal(self) -> Self {
        Process { may_be_killed: false, ..self }
    }

    /// Phases that may be left at their interruption points.
    pub(super) fn points(&self) -> &Points {
        &self.points
    }

    pub(super) fn stop_token(&self) -> Option<&CancelToken> {
        self.stop.as_ref()
    }

    /// Stops the run to a level, if it can be stopped.
    pub(super) fn stop(&self, level: StopLevel) {
        if let Some(token) = &self.stop {
            token.raise(level, StopReason::Cancelled);
        }
    }

    pub(super) fn kill(&self) {
        self.killed.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    /// What goes wrong at a call that is the so manieth, from 1.
    pub(super) fn fault(&self, call: Call, number: usize) -> Option<Fault> {
        let struck = self.strikes.iter().find(|strike| self.strikes_at(strike, call, number));
        let struck = struck.map(|strike| strike.fault);
        let fault = struck.or_else(|| self.planned_fault(call.step)).or_else(|| self.random_fault(call.step));
        fault.filter(|fault| *fault != Fault::Crash || self.may_be_killed)
    }

    fn strikes_at(&self, strike: &Strike, call: Call, number: usize) -> bool {
        let is_there_again = || {
            let first = self.recorder.call(strike.at);
            first.is_some_and(|first| {
                (first.run, first.step.job, first.step.phase, first.step.part)
                    == (call.run, call.step.job, call.step.phase, call.step.part)
            })
        };
        strike.at == number || strike.lasts && strike.at < number && is_there_again()
    }

    fn planned_fault(&self, Step { job, attempt, phase, part }: Step) -> Option<Fault> {
        let fits = |(on, (in_phase, only, at_part), _): &&(JobId, FaultyStep, Fault)| {
            (*on, *in_phase, *at_part) == (job, phase, part)
                && only.is_none_or(|only| only == attempt && self.crashes == 0)
        };
        self.rules.iter().find(fits).map(|(_, _, fault)| *fault)
    }

    /// A number for what is left to chance in that try.
    pub(super) fn random(&self, job: JobId, attempt: u32) -> u64 {
        let place = [self.crashes, job.index() as u32, attempt];
        place.into_iter().fold(mix(!self.seed), |so_far, part| mix(so_far ^ mix(part.into())))
    }

    fn random_fault(&self, Step { job, attempt, phase, part }: Step) -> Option<Fault> {
        let random = self.faults.random.as_ref()?;
        let place = [self.crashes, job.index() as u32, phase as u32, attempt]
            .into_iter()
            .chain((part > 0).then_some(part));
        let number = place.fold(self.seed, |so_far, part| mix(so_far ^ mix(part.into())));
        let (dice, which) = (number >> 32, (number & 0xffff_ffff) as usize);
        (dice < random.chance).then(|| random.faults[which % random.faults.len()])
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("run", &self.run)
            .field("killed", &self.killed)
            .finish_non_exhaustive()
    }
}

/// A number that looks nothing like the one that it was made of: the step of SplitMix64.
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
