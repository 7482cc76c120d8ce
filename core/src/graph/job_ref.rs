//! One job together with its graph.

use std::fmt;
use std::sync::Arc;

use crate::graph::{JobGraph, JobId};
use crate::words::Kind;

/// One job of a shared graph: cheap to clone, and prints as its name.
#[derive(Clone)]
pub struct JobRef {
    graph: Arc<JobGraph>,
    id: JobId,
}

impl JobRef {
    pub(crate) fn new(graph: &Arc<JobGraph>, id: JobId) -> Self {
        JobRef { graph: Arc::clone(graph), id }
    }

    /// Its place in the order of declaration.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.graph.name(self.id)
    }

    /// What kind of job it is.
    pub fn kind(&self) -> Kind {
        self.graph.kind(self.id)
    }

    /// The graph that it stands in.
    pub fn graph(&self) -> &Arc<JobGraph> {
        &self.graph
    }
}

impl PartialEq for JobRef {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.name() == other.name()
    }
}

impl Eq for JobRef {}

impl fmt::Display for JobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for JobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.name(), f)
    }
}
