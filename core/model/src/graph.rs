//! Graphs without edges, as the schedule sees them.

use std::borrow::Cow;

pub(crate) use crate::source::graph::id::JobId;
use crate::words::Kind;

/// A number of jobs, none of which waits for another.
#[derive(Debug)]
pub(crate) struct JobGraph(pub(crate) u32);

impl JobGraph {
    pub(crate) fn len(&self) -> usize {
        self.0 as usize
    }

    pub(crate) fn nodes(&self) -> usize {
        self.len()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = JobId> + use<> {
        (0..self.0).map(JobId)
    }

    pub(crate) fn dependencies(&self) -> impl Iterator<Item = u32> {
        self.ids().map(|_| 0)
    }

    pub(crate) fn kind(&self, _: JobId) -> Kind {
        Kind::RunOnly
    }

    pub(crate) fn after(&self, _: JobId) -> Cow<'_, [JobId]> {
        Cow::Borrowed(&[])
    }

    pub(crate) fn after_nodes(&self, _: JobId) -> &[JobId] {
        &[]
    }

    pub(crate) fn before_nodes(&self, _: JobId) -> &[JobId] {
        &[]
    }

    pub(crate) fn is_start(&self, _: JobId) -> bool {
        false
    }

    pub(crate) fn release(&self, _: JobId, _: impl FnMut(JobId) -> bool, _: impl FnMut(JobId)) {}
}
