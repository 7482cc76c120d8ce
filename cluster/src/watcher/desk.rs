//! The units of a run, and who waits for them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dojobber::{Done, JobId, Lost, Order, StopLevel, UnitDone};

use crate::books::{Books, Unit};
use crate::engine::{Engine, Tag};
use crate::home::unit_done;
use crate::needs::Needs;
use crate::spool::{self, RunFolder, UnitKind, UnitName, Value};
use crate::tell::Voice;

/// How a cluster is used.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) max_in_flight: usize,
    /// How often a unit is submitted again whose machine was lost.
    pub(crate) max_losses: u32,
    pub(crate) stuck_after: Option<Duration>,
    pub(crate) dry_run_there: bool,
    pub(crate) keep_runs: usize,
    pub(crate) is_verbose: bool,
    /// Nothing is placed: jobs are executed in this process.
    pub(crate) is_here: bool,
}

/// An engine, and the run that it executes units of.
pub(crate) struct Watcher {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) root: PathBuf,
    pub(crate) settings: Mutex<Settings>,
    pub(crate) voice: Voice,
    pub(super) state: Mutex<State>,
    pub(super) bell: Condvar,
    pub(super) is_stopped: AtomicBool,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) run: Option<Arc<Current>>,
    pub(super) books: Books,
    /// The outputs of jobs as they were written for a first unit.
    pub(super) inputs: HashMap<JobId, Value>,
    pub(super) is_over: bool,
}

/// The run that goes on.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) folder: RunFolder,
    pub(crate) digest: String,
    pub(crate) args: Vec<String>,
    pub(crate) cwd: PathBuf,
}

/// What is left of an earlier coordinator of a run.
#[derive(Debug, Default)]
pub(crate) struct Inherited {
    pub(crate) orphans: HashMap<UnitName, Tag>,
    pub(crate) next_batch: u32,
}

impl Watcher {
    pub(crate) fn new(engine: impl Engine, root: PathBuf) -> Self {
        let settings = Settings {
            max_in_flight: 500,
            max_losses: 2,
            stuck_after: None,
            dry_run_there: false,
            keep_runs: 3,
            is_verbose: false,
            is_here: false,
        };
        Watcher {
            engine: Box::new(engine),
            root,
            settings: Mutex::new(settings),
            voice: Voice::default(),
            state: Mutex::default(),
            bell: Condvar::new(),
            is_stopped: AtomicBool::new(false),
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is wanted of a unit is put into the queue, or told at once if that is known.
    pub(crate) fn begin(&self, order: &Order<'_>, mut needs: Needs, done: Done) {
        let Some(current) = self.state().run.clone() else {
            return done
                .tell(lost(Lost::finally("its cluster is not running: `cluster.run(..)` runs its plan")));
        };
        let kind = match (order.is_nest(), order.is_cleanup()) {
            (true, _) => UnitKind::Nest,
            (_, true) => UnitKind::Cleanup,
            _ => UnitKind::Try,
        };
        let name = UnitName { job: id(order.job()), attempt: order.attempt(), kind };
        if self.is_stopped.load(Ordering::SeqCst) && kind != UnitKind::Cleanup {
            return done.tell(lost(Lost::cancelled("the run was stopped before it began")));
        }
        let portable: Vec<_> =
            order.jobs().iter().filter_map(|job| Some((*job, order.portable(*job)?))).collect();
        if let Ok(Some(record)) = current.folder.read_record(name) {
            self.say(|| format!("`{}` try {} is known already", order.name(), order.attempt()));
            return done.tell(unit_done(record, &portable, order.jobs(), &current.folder, false));
        }
        let inputs = match self.inputs(&current, order) {
            Ok(inputs) => inputs,
            Err(why) => return done.tell(lost(Lost::finally(why))),
        };
        if kind == UnitKind::Cleanup {
            let of_try = UnitName { kind: UnitKind::Try, ..name };
            needs.node = current.folder.read_record(of_try).ok().flatten().map(|record| record.node);
        }
        let ids = order.jobs().to_vec();
        let order = spool::Order {
            dojobber_order: spool::VERSION,
            name: order.name().to_owned(),
            jobs: order.jobs().iter().copied().map(id).collect(),
            is_nest: order.is_nest(),
            is_cleanup: order.is_cleanup(),
            attempt: order.attempt(),
            dry_run: order.options().dry_run.is_on(),
            digest: current.digest.clone(),
            cwd: current.cwd.clone(),
            boot: spool::boot(),
            inputs,
        };
        let unit = Unit { name, needs, order, ids, done, portable, losses: 0, ran: false, told_by: None };
        let mut state = self.state();
        match state.books.orphans.remove(&name) {
            Some(tag) => {
                self.say(|| format!("`{}` try {} is under way as {tag}", unit.order.name, name.attempt));
                state.books.fly(tag, unit);
            }
            None => state.books.queue.push_back(unit),
        }
        drop(state);
        self.bell.notify_all();
    }

    /// The outputs that a unit may ask for, each written once in a run.
    fn inputs(&self, current: &Current, order: &Order<'_>) -> Result<Vec<(u32, Value)>, String> {
        let mut inputs = Vec::with_capacity(order.inputs().len());
        for input in order.inputs().iter().filter(|_| !order.is_cleanup()) {
            let job = input.job();
            let known = self.state().inputs.get(&job).cloned();
            let value = match known {
                Some(value) => value,
                None => {
                    let file = || format!("of-{}", job.index());
                    let kept = current.folder.keep(file, input.portable(), input.value());
                    let name = order.graph().name(job);
                    let value =
                        kept.map_err(|why| format!("what `{name}` has returned cannot be sent: {why}"))?;
                    self.state().inputs.insert(job, value.clone());
                    value
                }
            };
            inputs.push((id(job), value));
        }
        Ok(inputs)
    }

    /// The run is stopped: what is away is ended by the thread that asks the engine.
    pub(crate) fn stop(&self, level: StopLevel) {
        if level >= StopLevel::Cancel && !self.is_stopped.swap(true, Ordering::SeqCst) {
            self.bell.notify_all();
        }
    }

    /// Ends what the engine has under these names, or says why it does not.
    pub(crate) fn end(&self, folder: &RunFolder, tickets: &[String]) {
        if !tickets.is_empty()
            && let Err(why) = self.engine.cancel(&folder.spot(), tickets)
        {
            let what = if let [one] = tickets { one.clone() } else { format!("{} units", tickets.len()) };
            self.voice.tell(format_args!("{} does not end {what}: {why}", self.engine.name()));
        }
    }

    /// Sleeps, but no longer than until something is new. Returns whether the run is over.
    pub(super) fn rest(&self, time: Duration) -> bool {
        let state = self.state();
        if state.is_over {
            return true;
        }
        self.bell.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0.is_over
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn say(&self, text: impl FnOnce() -> String) {
        if self.settings().is_verbose {
            self.voice.tell(format_args!("{}", text()));
        }
    }
}

fn id(job: JobId) -> u32 {
    job.index() as u32
}

pub(super) fn lost(lost: Lost) -> UnitDone {
    UnitDone::lost(lost)
}
