//! What is still to be called when all jobs have ended.

use std::cmp::Reverse;

use crate::error::{BoxError, ErrorText};
use crate::exec::attempt::Worker;
use crate::exec::{Live, Pending};
use crate::graph::JobId;
use crate::report::Record;

/// What the cleanups have done: their records, and their failures as errors.
pub(crate) struct CleanedUp {
    pub(crate) records: Vec<(JobId, Record, Option<Box<ErrorText>>)>,
    pub(crate) failures: Vec<(JobId, BoxError)>,
}

impl<'env, A> Live<'env, A> {
    /// Calls them one at a time, in the reverse order of the starts of their runs.
    pub(crate) fn clean_up(&self, mut pending: Vec<Pending<'env, A>>) -> CleanedUp {
        pending.sort_by_key(|pending| Reverse(pending.sequence));
        let jobs: Vec<JobId> = pending.iter().map(|pending| pending.job).collect();
        let mut worker = Worker::new(self, 0);
        let due = pending.into_iter().take_while(|_| !self.is_killed());
        let results = due.map(|pending| (pending.job, worker.clean_up(pending)));
        let failures = results.filter_map(|(job, result)| Some((job, result.err()?))).collect();

        let (records, errors) = worker.into_parts().0.into_parts(); // one for each cleanup
        let mut errors = errors.into_iter().peekable();
        let with_errors = jobs.into_iter().zip(records).enumerate().map(|(at, (job, record))| {
            let error = errors.next_if(|(index, _)| *index as usize == at);
            (job, record, error.map(|(_, error)| error))
        });
        CleanedUp { records: with_errors.collect(), failures }
    }
}
