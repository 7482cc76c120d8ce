//! How a report holds what happened: one log for each worker, and through them a chain for each job.
//!
//! Nothing is sorted or copied when a run ends: a worker's log becomes a part of the report as it is. It is made of
//! words, and nothing is written that can be told from what stands before it: a phase most often begins where the
//! worker's last one ended, and most often belongs to the same try. So it takes one word, where one would write five.

use crate::clock::Stamp;
use crate::error::ErrorText;
use crate::report::{Ending, Head, Link};
use crate::words::Phase;

/// One phase that was executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) phase: Phase,
    pub(crate) passed: bool,
    pub(crate) start: Stamp,
    pub(crate) end: Stamp,
    pub(crate) attempt: u32,
    /// The sequence number of a run, from 1; 0 for other phases.
    pub(crate) sequence: u32,
}

/// A record that stands in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) record: Record,
    /// The record before it, of the same job.
    pub(crate) previous: Option<Link>,
}

/// What one worker has executed, in order of time.
///
/// A record is 1 to 5 words. The last one says by its flags which others precede it, in this order: the sequence number
/// (of a run), the start, and two words for the try and the record before it. From its lowest bits up, the last word
/// holds the phase (3 bits), whether it passed, these flags, and the end.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    /// The head of a job whose last record is the first word.
    first: Head,
    words: Vec<u64>,
    /// The end of the last record, and its try below.
    end: u64,
    attempt: u32,
    /// Errors by the index of their record, ascending. A failed phase that is not here returned `false`.
    errors: Vec<(u32, ErrorText)>,
}

const PHASE: u64 = 0x7;
const PASSED: u64 = 0x8;
/// Set if the start is written: then it is not the end of the record before it.
const STARTED: u64 = 0x10;
/// Set if the record belongs to the same try as the one before it.
const NEXT: u64 = 0x20;
/// Set if the try is written, and the record before it. A job's first record has neither this flag nor the one above.
const LINKED: u64 = 0x40;
/// How far up the end stands, above these flags; as much of it as is [kept](Stamp::KEPT).
const END: u32 = Stamp::KEPT.leading_zeros();

impl Log {
    pub(crate) fn of(worker: u16) -> Self {
        Log::expecting(worker, 0)
    }

    /// With place for the records of so many jobs, if each is executed and changes something. What is not needed is not
    /// touched.
    pub(crate) fn expecting(worker: u16, jobs: usize) -> Self {
        // three phases and a sequence number; the first has a start, too
        let words = if jobs == 0 { Vec::new() } else { Vec::with_capacity(4 * jobs + 1) };
        Log { first: Head::at(worker, 0), words, end: 0, attempt: 0, errors: Vec::new() }
    }

    pub(crate) fn worker(&self) -> u16 {
        self.first.worker()
    }

    /// Adds a record to those of a job that is as far as `previous`, and returns how far it is now.
    ///
    /// # Panics
    ///
    /// Past 2^32 words of one worker, which take 32 GiB.
    #[inline(always)]
    pub(crate) fn push(&mut self, record: Record, previous: Head) -> Head {
        let Record { attempt, phase, .. } = record;
        let mut flags = 0;
        if previous != Head::NEW || attempt != 1 {
            // a try has no two cleanups, but what is read from outside may, and a try is to be short
            if previous == self.newest() && attempt == self.attempt && phase != Phase::Cleanup {
                flags |= NEXT;
            } else {
                self.words.extend([attempt.into(), previous.to_bits()]);
                flags |= LINKED;
            }
        }
        self.attempt = attempt;
        self.write(record, flags)
    }

    /// Adds a record that is known to go on with the try of the last one.
    ///
    /// # Panics
    ///
    /// As [`push`](Self::push) does.
    #[inline(always)]
    pub(crate) fn push_next(&mut self, record: Record, previous: Head) -> Head {
        debug_assert_eq!((previous, record.attempt), (self.newest(), self.attempt));
        self.write(record, NEXT)
    }

    #[inline(always)]
    fn write(&mut self, record: Record, mut flags: u64) -> Head {
        let Record { phase, passed, start, end, sequence, .. } = record;
        debug_assert_eq!(sequence > 0, phase == Phase::Run);
        if start.0 != self.end {
            self.words.push(start.0);
            flags |= STARTED;
        }
        if phase == Phase::Run {
            self.words.push(sequence.into());
        }
        assert!((self.words.len() as u32) < u32::MAX, "a worker's log has no place for more records");
        self.words.push(phase as u64 | if passed { PASSED } else { 0 } | flags | end.0 << END);
        self.end = end.0;
        self.newest()
    }

    /// Adds the error of the record that came last.
    pub(crate) fn add_error(&mut self, error: ErrorText) {
        self.errors.push((self.words.len() as u32 - 1, error));
    }

    /// Changes the errors; of those that become none, the phase has returned `false`.
    #[cfg(feature = "serde")]
    pub(crate) fn map_errors(&mut self, change: impl Fn(ErrorText) -> Option<ErrorText>) {
        let errors = std::mem::take(&mut self.errors).into_iter();
        self.errors = errors.filter_map(|(index, error)| Some((index, change(error)?))).collect();
    }

    /// The head of the job whose record came last; of no job, if the log is empty.
    #[inline]
    fn newest(&self) -> Head {
        self.first.moved((self.words.len() as u32).wrapping_sub(1))
    }

    pub(crate) fn entry(&self, index: u32) -> Entry {
        let word = self.words[index as usize];
        let mut at = index as usize;
        let mut back = |written: bool| {
            written.then(|| {
                at -= 1;
                self.words[at]
            })
        };
        const { assert!(Phase::ALL.len() <= 1 + PHASE as usize) };
        let phase = Phase::ALL[(word & PHASE) as usize];
        let sequence = back(phase == Phase::Run).unwrap_or(0);
        let start = back(word & STARTED != 0);
        let linked = back(word & LINKED != 0);
        let attempt = back(word & LINKED != 0);

        let neighbour = (at as u32).checked_sub(1); // the record before, whosever it is
        let end_of = |index: u32| self.words[index as usize] >> END;
        let same_try = neighbour.filter(|_| word & NEXT != 0); // four phases at most, so looking back is short
        let record = Record {
            phase,
            passed: word & PASSED != 0,
            start: Stamp(start.or(neighbour.map(end_of)).unwrap_or(0) & Stamp::KEPT),
            end: Stamp(word >> END),
            attempt: same_try.map_or(attempt.unwrap_or(1) as u32, |first| self.entry(first).record.attempt),
            sequence: sequence as u32,
        };
        let previous = match linked {
            Some(head) => Head::from_bits(head).last(),
            None => same_try.map(|index| Link { worker: self.worker(), index }),
        };
        Entry { record, previous }
    }

    pub(crate) fn error(&self, index: u32) -> Option<&ErrorText> {
        let at = self.errors.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        Some(&self.errors[at].1)
    }

    /// How the phase of a record ended: its word has whether it passed, and what has failed without an error has
    /// returned `false`.
    pub(crate) fn ending(&self, index: u32) -> Ending<'_> {
        if self.words[index as usize] & PASSED != 0 {
            return Ending::Passed;
        }
        self.error(index).map_or(Ending::ReturnedFalse, Ending::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(phase: Phase, attempt: u32, start: u64, end: u64) -> Record {
        let sequence = if phase == Phase::Run { 7 } else { 0 };
        Record {
            phase,
            passed: phase != Phase::Check,
            start: Stamp(start),
            end: Stamp(end),
            attempt,
            sequence,
        }
    }

    /// The job whose record each is, and the record.
    fn check_that_they_are_kept(records: &[(usize, Record)]) -> Log {
        let mut log = Log::of(3);
        let mut heads = [Head::NEW; 4];
        let entries: Vec<(Head, Entry)> = records
            .iter()
            .map(|(job, record)| {
                let previous = heads[*job].last();
                heads[*job] = log.push(*record, heads[*job]);
                (heads[*job], Entry { record: *record, previous })
            })
            .collect();
        for (head, entry) in entries {
            let link = head.last().unwrap();
            assert_eq!((link.worker, log.entry(link.index)), (3, entry));
        }
        log
    }

    #[test]
    fn first_checks_in_a_row_take_a_word_each() {
        let checks: Vec<_> =
            (0..4).map(|at| (at, record(Phase::Check, 1, 5 + at as u64, 6 + at as u64))).collect();
        assert_eq!(check_that_they_are_kept(&checks).words.len(), 1 + 4);
    }

    #[test]
    fn a_change_takes_a_word_for_each_phase_and_one_for_its_sequence_number() {
        let change = [Phase::Check, Phase::Run, Phase::Recheck].map(|phase| (0, record(phase, 1, 0, 0)));
        assert_eq!(check_that_they_are_kept(&change).words.len(), 4);
    }

    #[test]
    fn other_jobs_pauses_and_tries_may_come_between() {
        check_that_they_are_kept(&[
            (0, record(Phase::Create, 1, 0, 10)),
            (0, record(Phase::Check, 1, 10, 20)),
            (1, record(Phase::Check, 1, 20, 30)),
            (0, record(Phase::Check, 2, 40, 40)),
            (0, record(Phase::Run, 2, 41, 50)),
            (0, record(Phase::Recheck, 2, 50, 60)),
            (0, record(Phase::Check, 3, 60, 70)),
            (1, record(Phase::Run, 1, 80, 90)),
            (0, record(Phase::Cleanup, 2, 90, 95)),
            (0, record(Phase::Cleanup, 2, 95, 96)),
            (2, record(Phase::Check, 2, 96, 97)),
            (3, record(Phase::Run, u32::MAX, 1, Stamp::KEPT)),
        ]);
    }

    #[test]
    fn a_job_may_go_from_worker_to_worker() {
        let mut logs = [Log::of(0), Log::of(1)];
        let first = logs[0].push(record(Phase::Check, 1, 0, 1), Head::NEW);
        let other = logs[1].push(record(Phase::Check, 1, 0, 1), Head::NEW);
        let second = logs[1].push(record(Phase::Run, 1, 1, 2), first);
        assert_eq!(other.last().unwrap().index, first.last().unwrap().index);
        assert_eq!(logs[1].entry(second.last().unwrap().index).previous, first.last());
    }
}
