//! How much of a run is stopped.

/// How much of a run is stopped. Each level includes those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum StopLevel {
    /// Nothing is stopped.
    #[default]
    None,
    /// No other try begins; what has begun goes on.
    Drain,
    /// What has begun is asked to end: processes by SIGTERM, and by SIGKILL after the grace period.
    Cancel,
    /// What has begun is ended at once.
    Kill,
}

impl StopLevel {
    pub(super) const ALL: [StopLevel; 4] =
        [StopLevel::None, StopLevel::Drain, StopLevel::Cancel, StopLevel::Kill];
}
