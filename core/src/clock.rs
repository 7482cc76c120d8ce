//! The only way that time enters a run.
//!
//! Records are stamped where one phase ends and the next begins, and for a small job that is most of its cost. So a
//! run that nobody observes is stamped with the processor's counter where there is a good one, and what a count is
//! worth is found at the end, with the whole run as the yardstick: nothing is calibrated beforehand.

#[cfg(feature = "testkit")]
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use std::time::{Duration, Instant, SystemTime};

/// Time since a run began.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    source: Source,
    /// The counter at the start; `None` where stamps are nanoseconds.
    first_count: Option<u64>,
}

#[derive(Debug, Clone)]
enum Source {
    /// Since then.
    Machine(Instant),
    /// The time of a simulation, in nanoseconds, which passes only when it says so.
    #[cfg(feature = "testkit")]
    Virtual(Arc<AtomicU64>),
}

/// A moment, in the unit of its run's clock. Stamps of one run are ordered as the moments were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Stamp(pub(crate) u64);

impl Stamp {
    /// The bits that a log keeps: enough to count nanoseconds for four years.
    pub(crate) const KEPT: u64 = u64::MAX >> 7;
}

/// What stamps are worth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    first: Stamp,
    /// Nanoseconds of a count, times 2^32.
    factor: u64,
}

impl Clock {
    /// `exact`: stamps are nanoseconds already while the run goes on.
    pub(crate) fn start(exact: bool) -> Self {
        if exact || !counter::is_good() {
            return Clock { source: Source::Machine(Instant::now()), first_count: None };
        }
        let (start, first_count) = beside_the_counter(Instant::now);
        Clock { source: Source::Machine(start), first_count: Some(first_count) }
    }

    /// A clock that goes on as one did that had come so far, with stamps that are nanoseconds.
    #[cfg(feature = "journal")]
    pub(crate) fn resumed(elapsed: Duration) -> Self {
        let now = Instant::now();
        Clock { source: Source::Machine(now.checked_sub(elapsed).unwrap_or(now)), first_count: None }
    }

    /// A clock that stands still until it is advanced.
    #[cfg(feature = "testkit")]
    pub(crate) fn simulated() -> Self {
        Clock { source: Source::Virtual(Arc::default()), first_count: None }
    }

    /// Lets virtual time pass; no other time can be made to.
    #[cfg(feature = "testkit")]
    pub(crate) fn advance(&self, nanos: u64) {
        if let Source::Virtual(time) = &self.source {
            let later = time.load(Ordering::Relaxed).saturating_add(nanos); // a simulation is one thread
            time.store(later, Ordering::Relaxed);
        }
    }

    #[inline]
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp(if self.first_count.is_some() { counter::read() } else { self.now() })
    }

    /// In whole nanoseconds.
    pub(crate) fn now(&self) -> u64 {
        match &self.source {
            Source::Machine(start) => nanos(start.elapsed()),
            #[cfg(feature = "testkit")]
            Source::Virtual(time) => time.load(Ordering::Relaxed),
        }
    }

    /// Whether time passes only when it is told to.
    pub(crate) fn is_virtual(&self) -> bool {
        !matches!(self.source, Source::Machine(_))
    }

    /// Lets virtual time pass up to `at`, and says whether this is a clock that can.
    pub(crate) fn pass_until(&self, at: u64) -> bool {
        #[cfg(feature = "testkit")]
        self.advance(at.saturating_sub(self.now()));
        let _ = at;
        self.is_virtual()
    }

    /// The moment of the machine's clock that is `at` nanoseconds after the start; `None` if it never comes, or if time
    /// is virtual.
    pub(crate) fn instant(&self, at: u64) -> Option<Instant> {
        match &self.source {
            Source::Machine(start) if at < u64::MAX => start.checked_add(Duration::from_nanos(at)),
            _ => None,
        }
    }

    /// When the run began, by the calendar, so many nanoseconds ago. A simulation has no date.
    pub(crate) fn date(&self, elapsed: u64) -> Option<SystemTime> {
        match &self.source {
            Source::Machine(_) => SystemTime::now().checked_sub(Duration::from_nanos(elapsed)),
            #[cfg(feature = "testkit")]
            Source::Virtual(_) => None,
        }
    }

    /// How long it is until `at`, in nanoseconds since the run began.
    pub(crate) fn until(&self, at: u64) -> Duration {
        Duration::from_nanos(at.saturating_sub(self.now()))
    }

    /// How long the run has taken so far, in nanoseconds, and what its stamps are worth, as far as can be said now.
    pub(crate) fn end(&self) -> (u64, Scale) {
        let Some(first) = self.first_count else { return (self.now(), Scale::NANOS) };
        let (elapsed, count) = beside_the_counter(|| self.now());
        let factor = (u128::from(elapsed) << 32) / u128::from(count.saturating_sub(first).max(1));
        (elapsed, Scale { first: Stamp(first), factor: u64::try_from(factor).unwrap_or(u64::MAX) })
    }
}

impl Scale {
    /// The scale of stamps that are nanoseconds.
    pub(crate) const NANOS: Scale = Scale { first: Stamp(0), factor: 1 << 32 };

    /// In whole nanoseconds since the run began. Of the stamp no more is needed than a log keeps.
    pub(crate) fn nanos(self, stamp: Stamp) -> u64 {
        let counts = stamp.0.wrapping_sub(self.first.0) & Stamp::KEPT;
        ((u128::from(counts) * u128::from(self.factor)) >> 32) as u64
    }
}

/// What `read` gives, and the counter just before it. Where the thread was held up between the two, all stamps of the
/// run would be off by as much, so they are read again, and of a few pairs the closest is taken.
fn beside_the_counter<T>(read: impl Fn() -> T) -> (T, u64) {
    const CLOSE: u64 = 1_000; // counts: some hundred nanoseconds
    const PAIRS: usize = 8;
    let pair = || {
        let before = counter::read();
        let value = read();
        (counter::read().saturating_sub(before), (value, before))
    };
    let mut closest = pair();
    for _ in 1..PAIRS {
        if closest.0 <= CLOSE {
            break;
        }
        let next = pair();
        if next.0 < closest.0 {
            closest = next;
        }
    }
    closest.1
}

/// Stamps and nanoseconds of one run agree to less than this.
pub(crate) const DRIFT: Duration = Duration::from_micros(1);

/// Whole nanoseconds; what passes 584 years is cut there.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod counter {
    use std::sync::OnceLock;

    #[inline]
    pub(super) fn read() -> u64 {
        tick_counter::x86_64_tick_counter()
    }

    /// The kernel offers the counter as a clock only where it runs evenly and alike on all processors.
    pub(super) fn is_good() -> bool {
        static GOOD: OnceLock<bool> = OnceLock::new();
        const OFFERED: &str = "/sys/devices/system/clocksource/clocksource0/available_clocksource";
        *GOOD.get_or_init(|| {
            std::fs::read_to_string(OFFERED).is_ok_and(|all| all.split_whitespace().any(|one| one == "tsc"))
        })
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
mod counter {
    pub(super) fn read() -> u64 {
        unreachable!("there is no counter that could have been chosen")
    }

    pub(super) fn is_good() -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_become_nanoseconds() {
        let scale = Scale { first: Stamp(100), factor: 1 << 31 }; // half a nanosecond a count
        assert_eq!([100, 101, 102, 1100].map(|count| scale.nanos(Stamp(count))), [0, 0, 1, 500]);
        let wraps = Scale { first: Stamp(Stamp::KEPT), ..Scale::NANOS };
        assert_eq!([Stamp::KEPT, Stamp::KEPT + 7, 6].map(|count| wraps.nanos(Stamp(count))), [0, 7, 7]);
        assert_eq!(Scale::NANOS.nanos(Stamp(7)), 7);
    }

    #[test]
    fn both_kinds_of_stamps_tell_the_same_time() {
        for exact in [false, true] {
            let clock = Clock::start(exact);
            let before = clock.now();
            let stamp = clock.stamp();
            while clock.now() < 2_000_000 {}
            let after = clock.now();
            let late = clock.stamp();
            let (_, scale) = clock.end();
            assert!(scale.nanos(stamp) + nanos(DRIFT) >= before, "{exact}: {stamp:?} {before}");
            assert!(scale.nanos(late) + nanos(DRIFT) >= after, "{exact}: {late:?} {after}");
            assert!(stamp <= late);
        }
    }
}
