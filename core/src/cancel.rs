//! Stopping: tokens, sleepers that wait until they rise, and what raises them.

mod level;
mod bell;
mod timer;
mod token;
#[cfg(all(unix, feature = "signals"))]
mod signals;

pub(crate) use bell::Bell;
pub use level::StopLevel;
#[cfg(all(unix, feature = "signals"))]
pub(crate) use signals::before_exit;
pub(crate) use timer::{Alarm, Due, set as set_alarm};
pub(crate) use token::InUse;
#[cfg(unix)]
pub(crate) use token::Listening;
pub use token::{CancelToken, Cancelling};
