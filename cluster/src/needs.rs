//! What a unit needs of a machine.

use std::time::Duration;

/// What a unit needs of the machine that executes it. What is not said is decided by the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Needs {
    /// Processors.
    pub cpus: Option<u32>,
    /// Memory, in MiB.
    pub memory_mb: Option<u64>,
    /// How long it may take at most.
    pub time: Option<Duration>,
    /// The machine, and no other: where a cleanup belongs.
    pub node: Option<String>,
    /// Options of the engine itself, passed on as they are.
    pub options: Vec<String>,
}
