//! What is still to be called when all jobs have ended.

use std::cmp::Reverse;

use crate::error::{BoxError, ErrorText};
use crate::exec::attempt::Worker;
use crate::exec::{Live, Pending};
use crate::graph::JobId;
use crate::report::Record;

/// What the cleanups have done: their records, and their failures as errors.
#[derive(Default)]
pub(crate) struct CleanedUp {
    pub(crate) records: Vec<(JobId, Record, Option<Box<ErrorText>>)>,
    pub(crate) failures: Vec<(JobId, BoxError)>,
}

impl<'env, A> Live<'env, A> {
    /// Calls them one at a time, in the reverse order of the starts of their runs.
    pub(crate) fn clean_up(&self, mut pending: Vec<Pending<'env, A>>) -> CleanedUp {
        pending.sort_by_key(|pending| Reverse(pending.sequence));
        let mut worker = Worker::new(self, 0);
        let due = pending.into_iter().take_while(|_| !self.is_killed());
        let called: Vec<_> = due
            .map(|pending| {
                let (job, result) = (pending.job, worker.clean_up(pending));
                (job, worker.head(), result)
            })
            .collect();

        let log = worker.into_parts().0;
        let mut done = CleanedUp::default();
        for (job, head, result) in called {
            let index = head.last().expect("what was called is recorded").index;
            done.records.push((job, log.entry(index).record, log.error(index).cloned().map(Box::new)));
            done.failures.extend(result.err().map(|error| (job, error)));
        }
        done
    }
}
