//! How a report holds what happened: one log for each worker, and through them a chain for each job.
//!
//! Nothing is sorted or copied when a run ends: a worker's log becomes a part of the report as it is.

use crate::clock::Stamp;
use crate::error::ErrorText;
use crate::words::{Phase, Status};

/// Where a record stands: in whose log, and where there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) worker: u16,
    pub(crate) index: u32,
}

/// One phase that was executed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) start: Stamp,
    pub(crate) end: Stamp,
    /// The index of the phase of the same job that was executed before, plus 1.
    previous_index: u32,
    previous_worker: u16,
    pub(crate) phase: Phase,
    pub(crate) passed: bool,
    pub(crate) attempt: u32,
    /// Of a run, from 1; else 0.
    pub(crate) sequence: u32,
}

impl Record {
    pub(crate) fn previous(&self) -> Option<Link> {
        let index = self.previous_index.checked_sub(1)?;
        Some(Link { worker: self.previous_worker, index })
    }

    pub(crate) fn with_previous(mut self, previous: Option<Link>) -> Self {
        self.previous_index = previous.map_or(0, |link| link.index + 1);
        self.previous_worker = previous.map_or(0, |link| link.worker);
        self
    }

    pub(crate) fn new(
        phase: Phase,
        attempt: u32,
        start: Stamp,
        end: Stamp,
        passed: bool,
        sequence: u32,
    ) -> Self {
        Record { start, end, previous_index: 0, previous_worker: 0, phase, passed, attempt, sequence }
    }
}

/// What one worker has executed, in order of time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    worker: u16,
    records: Vec<Record>,
    /// By index, ascending. A failed phase that is not here returned `false`.
    errors: Vec<(u32, Box<ErrorText>)>,
}

impl Log {
    pub(crate) fn of(worker: u16) -> Self {
        Log { worker, records: Vec::new(), errors: Vec::new() }
    }

    pub(crate) fn worker(&self) -> u16 {
        self.worker
    }

    pub(crate) fn reserve(&mut self, records: usize) {
        self.records.reserve_exact(records);
    }

    /// # Panics
    ///
    /// Past 2^32 records of one worker, which take 128 GiB.
    #[inline]
    pub(crate) fn push(&mut self, record: Record, error: Option<Box<ErrorText>>) -> Link {
        let index = self.records.len() as u32;
        assert!(index < u32::MAX, "a worker's log has no place for more records");
        self.records.push(record);
        if let Some(error) = error {
            self.errors.push((index, error));
        }
        Link { worker: self.worker, index }
    }

    pub(crate) fn record(&self, index: u32) -> &Record {
        &self.records[index as usize]
    }

    pub(crate) fn error(&self, index: u32) -> Option<&ErrorText> {
        let at = self.errors.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        Some(&self.errors[at].1)
    }

    pub(crate) fn into_parts(self) -> (Vec<Record>, Vec<(u32, Box<ErrorText>)>) {
        (self.records, self.errors)
    }
}

/// How a job ended, and the last of its records, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Head(pub(crate) u64);

const STATUSES: [Status; 5] =
    [Status::Satisfied, Status::Changed, Status::Failed, Status::Blocked, Status::WouldRun];

impl Head {
    /// Of a job that has not ended.
    pub(crate) const PENDING: Head = Head(0);

    #[inline]
    pub(crate) fn new(status: Status, last: Option<Link>) -> Self {
        let (worker, index) = last.map_or((0, 0), |link| (link.worker, link.index + 1));
        Head(u64::from(index) << 32 | u64::from(worker) << 8 | (status as u64 + 1))
    }

    #[inline]
    pub(crate) fn status(self) -> Option<Status> {
        STATUSES.get((self.0 as u8).wrapping_sub(1) as usize).copied()
    }

    pub(crate) fn last(self) -> Option<Link> {
        let index = ((self.0 >> 32) as u32).checked_sub(1)?;
        Some(Link { worker: (self.0 >> 8) as u16, index })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_takes_half_a_cache_line() {
        assert_eq!(size_of::<Record>(), 32);
    }

    #[test]
    fn a_head_keeps_what_it_is_given() {
        let links =
            [None, Some(Link { worker: 0, index: 0 }), Some(Link { worker: 65_535, index: u32::MAX - 1 })];
        for (status, link) in STATUSES.iter().flat_map(|status| links.map(|link| (*status, link))) {
            let head = Head::new(status, link);
            assert_eq!((head.status(), head.last()), (Some(status), link));
        }
        assert_eq!((Head::PENDING.status(), Head::PENDING.last()), (None, None));
    }
}
