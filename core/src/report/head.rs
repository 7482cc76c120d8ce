//! How far a job is, in one word.

use crate::words::Status;

/// The place of a record: the worker whose log it is in, and its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) worker: u16,
    pub(crate) index: u32,
}

/// How far a job is: the last of its records, and how it ended, if it has.
///
/// The index of the record, plus 1, takes the upper half; then comes its worker; the status, plus 1, the lowest byte. The
/// bit above that is set where the job stands behind one that would run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Head(u64);

impl Head {
    /// The head of a job that nothing has happened to.
    pub(crate) const NEW: Head = Head(0);
    /// The head of a job that was blocked before anything else could happen to it.
    pub(crate) const BLOCKED: Head = Head(Status::Blocked as u64 + 1);
    const BEHIND: u64 = 0x100;

    #[inline]
    pub(crate) fn at(worker: u16, index: u32) -> Self {
        Head((u64::from(index) + 1) << 32 | u64::from(worker) << 16)
    }

    /// The head whose last record stands `words` further on in the same log.
    #[inline]
    pub(crate) fn moved(self, words: u32) -> Self {
        Head(self.0.wrapping_add(u64::from(words) << 32))
    }

    #[inline]
    pub(crate) fn ended(self, status: Status) -> Self {
        Head(self.0 & !0xff | (status as u64 + 1))
    }

    /// The same, of a job that stands behind one that would run.
    pub(crate) fn put_behind(self) -> Self {
        Head(self.0 | Head::BEHIND)
    }

    pub(crate) fn is_behind(self) -> bool {
        self.0 & Head::BEHIND != 0
    }

    pub(crate) fn status(self) -> Option<Status> {
        Status::ALL.get((self.0 as u8).wrapping_sub(1) as usize).copied()
    }

    #[inline]
    pub(crate) fn is_done(self) -> bool {
        const { assert!(Status::Satisfied as u8 == 0 && Status::Changed as u8 == 1) };
        matches!(self.0 as u8, 1 | 2)
    }

    pub(crate) fn last(self) -> Option<Link> {
        let index = ((self.0 >> 32) as u32).checked_sub(1)?;
        Some(Link { worker: self.worker(), index })
    }

    /// The worker of its last record.
    pub(crate) fn worker(self) -> u16 {
        (self.0 >> 16) as u16
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_keeps_what_it_is_given() {
        for (worker, index) in [(0, 0), (7, 1), (u16::MAX, u32::MAX - 1)] {
            let head = Head::at(worker, index);
            assert_eq!((head.status(), head.last()), (None, Some(Link { worker, index })));
            assert_eq!(head, Head::at(worker, 0).moved(index));
            for (at, &status) in Status::ALL.iter().enumerate() {
                assert_eq!(status as usize, at);
                let head = head.ended(status);
                assert_eq!((head.status(), head.last()), (Some(status), Some(Link { worker, index })));
                assert_eq!((head.is_done(), head.is_behind()), (status.is_done(), false));
                let behind = head.put_behind();
                assert_eq!(
                    (behind.status(), behind.last(), behind.is_behind()),
                    (Some(status), head.last(), true)
                );
            }
        }
        assert_eq!((Head::NEW.status(), Head::NEW.last(), Head::NEW.is_done()), (None, None, false));
        assert_eq!((Head::BLOCKED.status(), Head::BLOCKED.last()), (Some(Status::Blocked), None));
    }
}
