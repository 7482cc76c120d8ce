//! What depends on what: all of a plan but what its jobs do.

mod id;
mod rows;
mod nests;
mod jobs;
mod ways;
mod job_ref;

pub use id::JobId;
pub use job_ref::JobRef;
pub(crate) use jobs::Lookup;
pub use jobs::{JobGraph, Nest};
pub use nests::NestId;
pub(crate) use nests::{NestSpan, Nests, StartEdges};
pub(crate) use rows::{Edges, Rows};
pub(crate) use ways::longest_ways;
