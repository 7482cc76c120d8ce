//! Time.

use std::sync::Mutex;
use std::time::Duration;

use super::lock;
use crate::faults::world_time;

/// The clock of a world: it goes on from one simulated run to the next, as [`world_time`] does, and can be put forward.
///
/// `Context::now` starts anew with each run. What must hold for longer than one process, such as the age of a
/// certificate, is read from a clock like this.
///
/// ```
/// use dojobber_core::testkit::Clock;
/// use std::time::Duration;
///
/// const DAY: Duration = Duration::from_secs(86_400);
/// let clock = Clock::at(DAY * 365);
/// clock.advance(DAY);
/// assert_eq!(clock.now(), DAY * 366);
/// ```
#[derive(Debug, Default)]
pub struct Clock {
    /// What it shows when no time has passed in the simulation.
    base: Mutex<Duration>,
}

impl Clock {
    /// A clock that shows this when the first run begins.
    pub fn at(time: Duration) -> Self {
        Clock { base: Mutex::new(time) }
    }

    /// The time, since whatever it is counted from. Between runs it is what [`at`](Clock::at) and
    /// [`advance`](Clock::advance) have said: virtual time is known to phases alone.
    pub fn now(&self) -> Duration {
        let base = *lock(&self.base);
        base.saturating_add(world_time())
    }

    /// Puts it forward.
    pub fn advance(&self, time: Duration) {
        let mut base = lock(&self.base);
        *base = base.saturating_add(time);
    }
}
