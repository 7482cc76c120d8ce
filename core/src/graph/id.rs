//! The number of a job.

use std::fmt;

/// A job of one [`JobGraph`](crate::JobGraph): its place in the order of declaration.
///
/// Inside this crate it may also stand for the start of a nest: those are numbered behind all jobs. Code that gets one
/// from outside sees jobs alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub(crate) u32);

impl JobId {
    /// Its place in the order of declaration, from 0.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    #[inline]
    pub(crate) fn new(index: usize) -> Self {
        JobId(index as u32)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
