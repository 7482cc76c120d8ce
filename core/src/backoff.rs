//! How long to wait between tries.

use std::time::Duration;

/// The delay between the tries of a job, which may grow from try to try.
///
/// After try `n` it is `first * factor^(n-1)`, but no more than the maximum; of that the jitter takes a part. A plain
/// [`Duration`] is the same delay each time.
///
/// ```
/// use dojobber_core::{Backoff, Jitter};
/// use std::time::Duration;
///
/// let backoff = Backoff::exponential(Duration::from_millis(100)) // 100 ms, 200 ms, 400 ms, ..
///     .max_delay(Duration::from_secs(20))
///     .jitter(Jitter::Full);
/// assert_eq!(Backoff::from(Duration::from_secs(1)), Backoff::exponential(Duration::from_secs(1)).factor(1.0).max_delay(Duration::MAX));
/// # let _ = backoff;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    first: Duration,
    factor: f64,
    max: Duration,
    jitter: Jitter,
}

/// How much of a delay is left to chance, so that many who failed together do not come back together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Jitter {
    /// Nothing is left to chance: each delay is as long as it was computed.
    #[default]
    None,
    /// Its second half: a delay is at least half of what it would be.
    Equal,
    /// All of it: a delay is anything from zero to what it would be.
    Full,
}

impl Backoff {
    /// A delay that doubles from try to try, up to 60 s, without jitter.
    pub const fn exponential(first: Duration) -> Self {
        Backoff { first, factor: 2.0, max: Duration::from_secs(60), jitter: Jitter::None }
    }

    /// The ratio of a delay to the one before. Default: 2.
    ///
    /// # Panics
    ///
    /// If it is below 1 or not finite.
    pub fn factor(mut self, factor: f64) -> Self {
        assert!(factor.is_finite() && factor >= 1.0, "factor({factor}): delays are multiplied by at least 1");
        self.factor = factor;
        self
    }

    /// The longest delay. Default: 60 s.
    pub const fn max_delay(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// How much of each delay is left to chance. Default: nothing.
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// The delay after that try, from 1; `random` is any number, and the same number gives the same delay.
    pub(crate) fn delay(&self, after_try: u32, random: u64) -> Duration {
        let longest = self.longest(after_try);
        let least = self.least_of(longest);
        least + part(longest - least, random)
    }

    /// The delay after that try is never shorter than this.
    pub(crate) fn lower_bound(&self, after_try: u32) -> Duration {
        self.least_of(self.longest(after_try))
    }

    /// Nor longer than this.
    pub(crate) fn upper_bound(&self, after_try: u32) -> Duration {
        self.longest(after_try)
    }

    fn least_of(&self, longest: Duration) -> Duration {
        match self.jitter {
            Jitter::None => longest,
            Jitter::Equal => longest - longest / 2, // not less than half
            Jitter::Full => Duration::ZERO,
        }
    }

    fn longest(&self, after_try: u32) -> Duration {
        let exponent = after_try.saturating_sub(1);
        if self.first.is_zero() || exponent == 0 || self.factor == 1.0 {
            return self.first.min(self.max);
        }
        let nanos = self.first.as_nanos() as f64 * power(self.factor, exponent);
        if nanos < self.max.as_nanos() as f64 { from_nanos(nanos as u128) } else { self.max }
    }
}

impl From<Duration> for Backoff {
    /// The same delay each time.
    fn from(delay: Duration) -> Self {
        Backoff { first: delay, factor: 1.0, max: Duration::MAX, jitter: Jitter::None }
    }
}

impl Eq for Backoff {} // a factor is finite

/// Computes the power by multiplications alone, which give the same on every machine.
fn power(mut base: f64, mut exponent: u32) -> f64 {
    let mut power = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            power *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    power
}

/// As much of a duration as `random` is of 2^64.
fn part(of: Duration, random: u64) -> Duration {
    let (nanos, random) = (of.as_nanos(), u128::from(random));
    let (high, low) = (nanos >> 64, nanos & u128::from(u64::MAX));
    from_nanos(high * random + ((low * random) >> 64))
}

/// No more than a duration can be.
fn from_nanos(nanos: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    let seconds = u64::try_from(nanos / SECOND).unwrap_or(u64::MAX);
    Duration::new(seconds, (nanos % SECOND) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[track_caller]
    fn check(backoff: Backoff, expected: [Duration; 4]) {
        assert_eq!([1, 2, 3, 4].map(|after| backoff.delay(after, 0)), expected);
        assert_eq!([1, 2, 3, 4].map(|after| backoff.lower_bound(after)), expected);
    }

    #[test]
    fn delays_grow_up_to_the_maximum() {
        let hundred = Backoff::exponential(MS(100));
        check(hundred, [MS(100), MS(200), MS(400), MS(800)]);
        check(hundred.factor(1.5), [MS(100), MS(150), MS(225), Duration::from_micros(337_500)]);
        check(hundred.max_delay(MS(300)), [MS(100), MS(200), MS(300), MS(300)]);
        check(hundred.max_delay(MS(30)), [MS(30); 4]);
        check(hundred.factor(1.0), [MS(100); 4]);
        check(hundred.factor(f64::MAX), [MS(100), MS(60_000), MS(60_000), MS(60_000)]);
        check(MS(70).into(), [MS(70); 4]);
    }

    #[test]
    fn nothing_and_for_ever_are_delays() {
        let odd = Duration::MAX - Duration::from_nanos(1); // no float is as exact
        check(Duration::ZERO.into(), [Duration::ZERO; 4]);
        check(Duration::MAX.into(), [Duration::MAX; 4]);
        check(odd.into(), [odd; 4]);
        check(Backoff::exponential(Duration::ZERO).factor(f64::MAX), [Duration::ZERO; 4]);
        check(Backoff::exponential(Duration::MAX).max_delay(Duration::MAX), [Duration::MAX; 4]);
        check(Backoff::exponential(MS(1)).max_delay(Duration::ZERO), [Duration::ZERO; 4]);
        let late = Backoff::exponential(MS(1)).max_delay(Duration::MAX);
        assert_eq!([1000, u32::MAX].map(|after| late.delay(after, u64::MAX)), [Duration::MAX; 2]);
        assert_eq!(late.delay(0, 0), MS(1), "there is no try before the first");
    }

    #[test]
    fn jitter_takes_its_part() {
        let check = |jitter, random, expected| {
            let backoff = Backoff::exponential(MS(100)).jitter(jitter);
            assert_eq!(backoff.delay(1, random), expected, "{jitter:?} {random}");
            assert!(backoff.lower_bound(1) <= expected);
        };
        let almost = |ms| MS(ms) - Duration::from_nanos(1);
        check(Jitter::None, u64::MAX, MS(100));
        check(Jitter::Equal, 0, MS(50));
        check(Jitter::Equal, 1 << 63, MS(75));
        check(Jitter::Equal, u64::MAX, almost(100));
        check(Jitter::Full, 0, MS(0));
        check(Jitter::Full, 1 << 62, MS(25));
        check(Jitter::Full, u64::MAX, almost(100));
        let for_ever = Backoff::from(Duration::MAX).jitter(Jitter::Full);
        assert!(for_ever.delay(1, u64::MAX) > Duration::MAX - Duration::from_secs(2));
        let one = Backoff::from(Duration::from_nanos(1)).jitter(Jitter::Equal);
        assert_eq!(one.lower_bound(1), Duration::from_nanos(1), "not less than half");
    }

    #[test]
    fn a_factor_that_is_none_is_refused() {
        for factor in [0.99, 0.0, -2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let refused = std::panic::catch_unwind(|| Backoff::exponential(MS(1)).factor(factor));
            assert!(refused.is_err(), "{factor}");
        }
    }
}
