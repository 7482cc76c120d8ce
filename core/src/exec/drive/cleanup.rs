//! What is still to be called when all jobs have ended.

use std::cmp::Reverse;

use crate::cancel::StopLevel;
use crate::error::{BoxError, ErrorText};
use crate::exec::attempt::{DueCleanup, Worker};
use crate::exec::live::Live;
use crate::exec::placement::Venue;
use crate::graph::JobId;
use crate::report::Record;

/// What the cleanups have done: their records, and their failures as errors.
#[derive(Default)]
pub(crate) struct CleanedUp {
    pub(crate) records: Vec<(JobId, Record, Option<ErrorText>)>,
    pub(crate) failures: Vec<(JobId, BoxError)>,
}

/// Calls the cleanups one at a time, in the reverse order of the starts of their runs. What has stopped the run, which is
/// the `ignored` level, cuts none short.
pub(crate) fn clean_up<'env, A>(
    live: &Live<'env, A>,
    mut due: Vec<DueCleanup<'env, A>>,
    ignored: StopLevel,
) -> CleanedUp {
    due.sort_by_key(|cleanup| Reverse(cleanup.sequence));
    let mut worker = Worker::new(live, 0);
    let due = due.into_iter().take_while(|_| !live.is_killed());
    let mut called = Vec::new();
    for cleanup in due {
        let (job, attempt) = (cleanup.job, cleanup.attempt);
        let (result, head) = match live.venue(job) {
            Some(Venue::Try(elsewhere)) => worker.clean_up_elsewhere(elsewhere, job, attempt),
            _ => worker.clean_up(cleanup, ignored),
        };
        live.world.processes.end_try(job, attempt);
        called.push((job, head, result));
    }

    let log = worker.take_parts().0;
    let mut done = CleanedUp::default();
    for (job, head, result) in called {
        let index = head.last().expect("what was called is recorded").index;
        done.records.push((job, log.entry(index).record, log.error(index).cloned()));
        done.failures.extend(result.err().map(|error| (job, error)));
    }
    done
}
