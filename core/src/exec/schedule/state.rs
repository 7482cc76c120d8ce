//! The states of a job.

use crate::words::Status;

/// Where a job stands in a run.
///
/// ```text
/// Waiting ──► Held ──┬──► Running ──► Ended
///    │               │     ▲  │ ▲
///    ├─────► Ready ──┘     │  │ └──── Woken ◄── Pending ◄─┐
///    │                     │  ├──────────▲────────────────┤
///    └──► Ended         Between◄┘        └──── Rung ◄─────┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::exec) enum State {
    /// Something that it depends on has not ended.
    Waiting,
    /// All that it depends on is done; it stands in the queue of each pool that it uses.
    Held,
    /// All that it depends on is done, it uses no pool, and stands in the queue for a worker.
    Ready,
    /// A worker is inside one of its tries, which has all its slots.
    Running,
    /// The same, and the waker of its future was called meanwhile.
    Rung,
    /// Its try waits for its waker, has all its slots and no worker.
    Pending,
    /// The waker was called: its try waits for a worker.
    Woken,
    /// A try has failed, and another one has its time. It has no slots.
    Between,
    /// For good.
    Ended(Status),
}

impl State {
    /// Whether it may follow this one.
    pub(super) fn may_become(self, to: State) -> bool {
        use State::{Between, Ended, Held, Pending, Ready, Rung, Running, Waiting, Woken};
        match (self, to) {
            (Waiting, Held | Ready) | (Held | Ready | Woken | Between, Running) => true,
            (Running, Rung | Pending) | (Pending | Rung, Woken) => true,
            (Running | Rung, Between) => true,
            (Ended(_), _) => false,
            // a nest that is executed as a whole ends with all of its jobs
            (Waiting, Ended(_)) => true,
            // a stopped run ends what has not begun; a group then ends without a worker
            (Held | Ready | Between, Ended(status)) => {
                matches!(status, Status::Blocked | Status::Cancelled | Status::Satisfied)
            }
            (Running | Rung, Ended(_)) => true,
            _ => false,
        }
    }
}
