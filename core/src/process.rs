//! Processes: how they are started, watched, and ended.
//!
//! 1. A process that is waited for is reaped before its method returns, whatever happens; a spawned one when its run ends
//!    it. None is left behind, but for one that was detached.
//! 2. A group is signalled only as long as its leader has not been reaped: until then its number is its own.
//! 3. Whoever waits for a process keeps its limits itself: in one `poll`, without a signal handler, a thread (but where
//!    there is no pidfd, or a terminal to stop for) or time that is spent waiting.

// in reading order
mod line;
mod capture;
mod error;
#[cfg(unix)]
mod group;
#[cfg(unix)]
mod exit;
#[cfg(unix)]
mod bell;
#[cfg(unix)]
mod drain;
#[cfg_attr(not(unix), expect(dead_code, reason = "there are no groups, signals and terminals to watch"))]
mod orders;
#[cfg(any(test, not(unix)))]
mod portable;
#[cfg(unix)]
mod watch;
#[cfg(not(unix))]
use portable as watch;
#[cfg(feature = "testkit")]
mod answers;
mod start;
mod handle;
#[cfg(feature = "journal")]
mod birth;
mod spawned;
mod command;

#[cfg(feature = "testkit")]
pub use answers::{Answer, IntoAnswer};
#[cfg(feature = "testkit")]
pub(crate) use answers::{Answers, answering};
#[cfg(feature = "journal")]
pub(crate) use birth::{Known, birth};
pub use capture::OutputStream;
pub use command::Command;
pub(crate) use command::Origin;
pub use error::CommandError;
pub use spawned::Process;
pub(crate) use spawned::{LazyProcesses, Spot, Told};

#[cfg(all(test, unix))]
mod tests;
