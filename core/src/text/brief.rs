//! Times and texts for a line that has little room.

use std::fmt;
use std::time::Duration;

use crate::text::cells::without_middle;
use crate::text::printable::printable;

/// A length of time in two digits, as it is said in a line: `84ms`, `1.2s`, `58s`, `4m10s`, `2h05m`.
///
/// ```
/// use dojobber_core::brief;
/// use std::time::Duration;
///
/// assert_eq!(brief(Duration::from_millis(1234)).to_string(), "1.2s");
/// assert_eq!(brief(Duration::from_secs(250)).to_string(), "4m10s");
/// ```
pub fn brief(time: Duration) -> Brief {
    Brief(time)
}

/// A length of time that prints in two digits: from [`brief`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brief(Duration);

impl fmt::Display for Brief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let rounded = |unit: u128| (nanos + unit / 2) / unit;
        let (micros, millis, tenths, seconds) =
            (rounded(1_000), rounded(1_000_000), rounded(100_000_000), rounded(1_000_000_000));
        let (minutes, hours) = (seconds / 60, rounded(60_000_000_000) / 60);
        f.pad(&match () {
            () if nanos == 0 => "0s".to_owned(),
            () if micros < 1_000 => format!("{}us", micros.max(1)),
            () if millis < 100 => format!("{millis}ms"),
            () if tenths < 100 => format!("{}.{}s", tenths / 10, tenths % 10),
            () if seconds < 100 => format!("{seconds}s"),
            () if seconds < 3600 && seconds % 60 == 0 => format!("{minutes}m"),
            () if seconds < 3600 => format!("{minutes}m{:02}s", seconds % 60),
            () => format!("{hours}h{:02}m", rounded(60_000_000_000) % 60),
        })
    }
}

/// A text on one [printable] line that takes at most `width` [cells](crate::cells) of a terminal. One that is longer loses its
/// middle: an error begins with what was done, and often ends with the reason.
///
/// ```
/// use dojobber_core::one_line;
///
/// assert_eq!(one_line("two\nlines\n", 20), "two\\nlines");
/// assert_eq!(one_line("cannot write /srv/backup/2026-11-25: disk full", 25), "cannot w .. 25: disk full");
/// ```
pub fn one_line(text: &str, width: usize) -> String {
    without_middle(&printable(text.trim_end()).to_string(), width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(nanos: u64, expected: &str) {
        assert_eq!(brief(Duration::from_nanos(nanos)).to_string(), expected);
    }

    #[test]
    fn times_have_two_digits() {
        const MS: u64 = 1_000_000;
        check(0, "0s");
        check(1, "1us");
        check(84_400, "84us");
        check(999_499, "999us");
        check(999_500, "1ms");
        check(3 * MS, "3ms");
        check(84 * MS, "84ms");
        check(99_499_999, "99ms");
        check(99_500_000, "0.1s");
        check(350 * MS, "0.4s");
        check(1_234 * MS, "1.2s");
        check(9_949 * MS, "9.9s");
        check(9_950 * MS, "10s");
        check(58_400 * MS, "58s");
        check(99_499 * MS, "99s");
        check(99_500 * MS, "1m40s");
        check(250_000 * MS, "4m10s");
        check(1_800_000 * MS, "30m");
        check(3_599_499 * MS, "59m59s");
        check(3_599_500 * MS, "1h00m");
        check(7_500_000 * MS, "2h05m");
        assert_eq!(brief(Duration::MAX).to_string(), "5124095576030431h00m");
    }

    #[test]
    fn a_text_becomes_one_line() {
        assert_eq!(one_line("two\nlines\n", 20), "two\\nlines");
        assert_eq!(one_line("two\nlines of\ntext", 14), "two\\ .. \\ntext");
        assert_eq!(one_line("日本語のジョブ\u{1b}", 16), "日本 .. ブ\\u{1b}");
    }
}
