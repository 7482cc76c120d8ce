//! Moments as text: `2026-11-25T10:47:14.123456789Z`, in universal time.

use std::time::{Duration, SystemTime};

const DAY: u64 = 24 * 60 * 60;

/// `None` for a moment before 1970 or behind the year 9999.
pub(crate) fn to_text(moment: SystemTime) -> Option<String> {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let (days, second) = (since.as_secs() / DAY, since.as_secs() % DAY);
    let (year, month, day) = date_of(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let nanos = since.subsec_nanos();
    (year <= 9999)
        .then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z"))
}

/// `None` for what [`to_text`] never writes, but for a fraction of a second that is shorter, or missing.
pub(crate) fn from_text(text: &str) -> Option<SystemTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let is_digits =
        !fraction.is_empty() && fraction.len() <= 9 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let nanos: u32 = if is_digits { format!("{fraction:0<9}").parse().ok()? } else { return None };
    let days = days_until(year, month, day)?;
    let in_day = (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(days * DAY + in_day, nanos))
}

/// Three numbers of that many digits.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut number = |digits| {
        let part = parts.next().filter(|part| part.len() == digits)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let numbers = [number(digits[0])?, number(digits[1])?, number(digits[2])?];
    parts.next().is_none().then_some(numbers)
}

/// Year, month and day, that many days after the first of January 1970.
///
/// Years are counted from the first of March, so that a leap day is the last of its year; 400 of them have as many days
/// as any other 400.
fn date_of(days: u64) -> (u64, u64, u64) {
    const BEFORE_1970: u64 = 719_468; // days from the first of March of the year 0
    const OF_400_YEARS: u64 = 146_097;
    let days = days + BEFORE_1970;
    let (era, day) = (days / OF_400_YEARS, days % OF_400_YEARS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153; // from March, which is 0
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    (400 * era + year + u64::from(month <= 2), month, day)
}

/// How many days there are from the first of January 1970; `None` if there is no such day, or if it is earlier.
fn days_until(year: u64, month: u64, day: u64) -> Option<u64> {
    let date = (year, month, day);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let in_era = year % 400;
    let days = 365 * in_era + in_era / 4 - in_era / 100 + (153 * month + 2) / 5 + day.checked_sub(1)?;
    let days = (year / 400 * 146_097 + days).checked_sub(719_468)?;
    (date_of(days) == date).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: u64, nanos: u32, text: &str) {
        let moment = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos);
        assert_eq!(to_text(moment).as_deref(), Some(text));
        assert_eq!(from_text(text), Some(moment));
    }

    #[test]
    fn moments_and_back() {
        check(0, 0, "1970-01-01T00:00:00.000000000Z");
        check(951_782_400, 1, "2000-02-29T00:00:00.000000001Z");
        check(951_868_799, 999_999_999, "2000-02-29T23:59:59.999999999Z");
        check(4_107_542_399, 0, "2100-02-28T23:59:59.000000000Z");
        check(4_107_542_400, 0, "2100-03-01T00:00:00.000000000Z");
        check(1_795_603_634, 123_456_789, "2026-11-25T10:47:14.123456789Z");
        check(253_402_300_799, 0, "9999-12-31T23:59:59.000000000Z");
        assert_eq!(to_text(SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800)), None);
        assert_eq!(to_text(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), None);
    }

    #[test]
    fn every_day_of_four_hundred_years() {
        let mut last = (0, 0, 0);
        for days in 0..146_097 {
            let (year, month, day) = date_of(days);
            assert!((year, month, day) > last, "{days}");
            assert_eq!(days_until(year, month, day), Some(days));
            last = (year, month, day);
        }
        assert_eq!(last, (2369, 12, 31));
    }

    #[test]
    fn what_is_no_moment() {
        let short = from_text("2026-11-25T10:47:14Z").unwrap();
        assert_eq!(from_text("2026-11-25T10:47:14.0Z"), Some(short));
        for text in [
            "",
            "Z",
            "2026-11-25",
            "2026-11-25T10:47:14",
            "2026-11-25 10:47:14Z",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-32T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-1-1T00:00:00Z",
            "1969-12-31T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "2026-01-01T00:00:00.-1Z",
            "+026-01-01T00:00:00Z",
            "2026-01-01-01T00:00:00Z",
            "2026-01-01T00:00:00+01:00",
        ] {
            assert_eq!(from_text(text), None, "{text}");
        }
    }
}
