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

/// How far a job is, in one word: the last of its records, and how it ended, if it has.
///
/// The index of the record, plus 1, takes the upper half; then comes its worker; the status, plus 1, the lowest byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Head(u64);

const STATUSES: [Status; 5] =
    [Status::Satisfied, Status::Changed, Status::Failed, Status::Blocked, Status::WouldRun];

impl Head {
    /// Of a job that nothing has happened to.
    pub(crate) const NEW: Head = Head(0);
    /// Of a job that was blocked before anything else could happen to it.
    pub(crate) const BLOCKED: Head = Head(Status::Blocked as u64 + 1);

    #[inline]
    pub(crate) fn at(worker: u16, index: u32) -> Self {
        Head((u64::from(index) + 1) << 32 | u64::from(worker) << 16)
    }

    #[inline]
    pub(crate) fn ended(self, status: Status) -> Self {
        Head(self.0 & !0xff | (status as u64 + 1))
    }

    pub(crate) fn status(self) -> Option<Status> {
        STATUSES.get((self.0 as u8).wrapping_sub(1) as usize).copied()
    }

    #[inline]
    pub(crate) fn is_done(self) -> bool {
        const { assert!(Status::Satisfied as u8 == 0 && Status::Changed as u8 == 1) };
        matches!(self.0 as u8, 1 | 2)
    }

    pub(crate) fn last(self) -> Option<Link> {
        let index = ((self.0 >> 32) as u32).checked_sub(1)?;
        Some(Link { worker: (self.0 >> 16) as u16, index })
    }

    #[inline]
    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) fn from_bits(bits: u64) -> Self {
        Head(bits)
    }
}

/// One phase that was executed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) start: Stamp,
    pub(crate) end: Stamp,
    /// The record of the same job before this one, as a head; in its lowest byte the phase, and whether it passed.
    previous: u64,
    pub(crate) attempt: u32,
    /// Of a run, from 1; else 0.
    pub(crate) sequence: u32,
}

const PHASES: [Phase; 5] = [Phase::Create, Phase::Check, Phase::Run, Phase::Recheck, Phase::Cleanup];
const PASSED: u64 = 0x80;

impl Record {
    #[inline]
    pub(crate) fn new(phase: Phase, passed: bool, start: Stamp, end: Stamp) -> Self {
        let passed = if passed { PASSED } else { 0 };
        Record { start, end, previous: phase as u64 | passed, attempt: 0, sequence: 0 }
    }

    /// Whose record it is: which try, which of all runs if it is one, and what came before.
    #[inline]
    pub(crate) fn of(mut self, attempt: u32, sequence: u32, previous: Head) -> Self {
        self.previous |= previous.to_bits() & !0xff;
        self.attempt = attempt;
        self.sequence = sequence;
        self
    }

    pub(crate) fn phase(&self) -> Phase {
        PHASES[(self.previous & 0x7) as usize]
    }

    pub(crate) fn passed(&self) -> bool {
        self.previous & PASSED != 0
    }

    pub(crate) fn previous(&self) -> Option<Link> {
        Head(self.previous).last()
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
    pub(crate) fn push(&mut self, record: Record, error: Option<Box<ErrorText>>) -> Head {
        let index = self.records.len() as u32;
        assert!(index < u32::MAX, "a worker's log has no place for more records");
        self.records.push(record);
        if let Some(error) = error {
            self.errors.push((index, error));
        }
        Head::at(self.worker, index)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_takes_half_a_cache_line() {
        assert_eq!(size_of::<Record>(), 32);
    }

    #[test]
    fn a_head_keeps_what_it_is_given() {
        for (worker, index) in [(0, 0), (7, 1), (u16::MAX, u32::MAX - 1)] {
            let head = Head::at(worker, index);
            assert_eq!((head.status(), head.last()), (None, Some(Link { worker, index })));
            for status in STATUSES {
                let head = head.ended(status);
                assert_eq!((head.status(), head.last()), (Some(status), Some(Link { worker, index })));
                assert_eq!(head.is_done(), status.is_done());
            }
        }
        assert_eq!((Head::NEW.status(), Head::NEW.last(), Head::NEW.is_done()), (None, None, false));
        assert_eq!((Head::BLOCKED.status(), Head::BLOCKED.last()), (Some(Status::Blocked), None));
    }

    #[test]
    fn a_record_keeps_what_it_is_given() {
        for (phase, passed) in PHASES.iter().flat_map(|phase| [(*phase, true), (*phase, false)]) {
            let record = Record::new(phase, passed, Stamp(1), Stamp(2)).of(3, 4, Head::at(5, 6));
            assert_eq!((record.phase(), record.passed()), (phase, passed));
            assert_eq!((record.attempt, record.sequence), (3, 4));
            assert_eq!(record.previous(), Some(Link { worker: 5, index: 6 }));
        }
    }
}
