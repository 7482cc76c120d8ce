//! A unit of a run that is elsewhere, where it is executed.

use std::sync::Arc;
use std::time::Duration;

use crate::cancel::StopLevel;
use crate::elsewhere::{JobDone, Leaving, Lost, PhaseDone, Unit, UnitDone, UnitResult};
use crate::error::ErrorText;
use crate::exec::attempt::{DueCleanup, Leftovers, Progress, Worker};
use crate::exec::live::Live;
use crate::exec::tries::{Try, TryEnd};
use crate::key::Carried;
use crate::report::{Head, Log};
use crate::store::Store;
use crate::words::Status;

/// Executes one try of one job, or the cleanup of one.
pub(crate) fn execute_unit<'env, A: Send + Sync>(mut live: Live<'env, A>, unit: Unit) -> UnitResult {
    let job = unit.jobs[0];
    let attempt = Try { attempt: unit.attempt, ..Try::first(job) };
    let executed =
        if unit.is_cleanup { clean_up(&live, attempt, unit.local) } else { execute_try(&live, attempt) };
    let Executed { head, log, leftovers, pause } = executed;
    let local = leftovers.cleanups.first().map(leaving).unwrap_or_default();
    drop(leftovers);
    let phases = phases_of(head, &log);
    let status = head.status().unwrap_or(Status::Failed);
    let output = Arc::get_mut(&mut live.world).and_then(|world| world.outputs.take(job)).map(Carried);
    let lost = (!unit.is_cleanup).then(|| left_behind(&live)).flatten();
    let jobs = vec![JobDone { job, status, phases, output }];
    let said = live.world.sayings.kept().remove(&job).map(|said| said.told_there(job));
    let (said, pause) = (said.into_iter().collect(), Duration::from_nanos(pause));
    let done = UnitDone { node: unit.node, jobs, lost, said, pause, ..UnitDone::default() };
    UnitResult { done, local }
}

/// What was executed, and what is left of it.
struct Executed<'env, A> {
    head: Head,
    log: Log,
    leftovers: Leftovers<'env, A>,
    pause: u64,
}

fn execute_try<'env, A: Send + Sync>(live: &Live<'env, A>, attempt: Try) -> Executed<'env, A> {
    let mut worker = Worker::new(live, 0);
    let mut progress = worker.begin(attempt);
    let (attempt, end) = loop {
        progress = match progress {
            Progress::Over(attempt, end) => break (attempt, end),
            Progress::Open(open) if worker.see_stop() >= StopLevel::Cancel => {
                break worker.cut_short(open);
            }
            Progress::Open(open) => worker.advance(open, None),
            Progress::InFlight(_) => unreachable!("a unit waits for futures where they are called"),
        };
    };
    let head = match end {
        TryEnd::Ended(head) => head,
        TryEnd::Again { .. } => attempt.head,
    };
    let pause = worker.pause();
    let (log, leftovers) = worker.take_parts();
    Executed { head, log, leftovers, pause }
}

fn clean_up<'env, A: Send + Sync>(
    live: &Live<'env, A>,
    attempt: Try,
    local: Vec<(String, crate::key::Parcel)>,
) -> Executed<'env, A> {
    let mut worker = Worker::new(live, 0);
    let store = Store::default();
    local.into_iter().for_each(|(name, parcel)| store.arrive(name, parcel));
    let Try { job, attempt: number, .. } = attempt;
    let head = match worker.make_again(&attempt) {
        Ok(instance) => {
            let (local, is_owed) = (Some(Arc::new(store)), false);
            let due = DueCleanup { sequence: 0, job, attempt: number, local, instance, is_owed };
            worker.clean_up(due, StopLevel::None).1
        }
        Err(error) => worker.cleanup_not_made(attempt, &*error),
    };
    let (log, leftovers) = worker.take_parts();
    Executed { head, log, leftovers, pause: 0 }
}

/// What a try has left in its local store for its cleanup, as far as it may travel.
fn leaving<A>(due: &DueCleanup<'_, A>) -> Vec<Leaving> {
    let stored = due.local.as_deref().map(Store::leaving).unwrap_or_default();
    stored.into_iter().map(|(name, value, portable)| Leaving { name, value, portable }).collect()
}

/// What is put into the shared store here, nobody finds.
fn left_behind<A>(live: &Live<'_, A>) -> Option<Lost> {
    let names = live.world.shared.names();
    let why = || {
        format!(
            "it has put `{}` into the shared store of another machine, where nobody finds it: return it, and name the \
             job by a portable key",
            names.join("`, `")
        )
    };
    (!names.is_empty()).then(|| Lost::finally(why()))
}

/// The phases of a job, in order, as a single worker has recorded them.
fn phases_of(head: Head, log: &Log) -> Vec<PhaseDone> {
    let mut phases = Vec::new();
    let mut next = head.last();
    while let Some(link) = next {
        let entry = log.entry(link.index);
        let record = entry.record;
        let error = (!record.passed)
            .then(|| log.error(link.index).cloned().unwrap_or_else(ErrorText::returned_false));
        phases.push(PhaseDone {
            attempt: record.attempt,
            phase: record.phase,
            worker: 0,
            start: Duration::from_nanos(record.start.0),
            length: Duration::from_nanos(record.end.0.saturating_sub(record.start.0)),
            error,
        });
        next = entry.previous;
    }
    phases.reverse();
    phases
}
