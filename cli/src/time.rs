//! Lengths of time as they are typed: `30s`, `5m`, `1h30m`.

use std::time::Duration;

/// The units, each in nanoseconds.
const UNITS: [(&str, u128); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Numbers with units, one after another, which add up. A number may have a fraction.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("`{text}` is no length of time: write a number and a unit, as in 30s, 5m or 1h30m");
    let mut nanos: u128 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let number = prefix(rest, |character| character.is_ascii_digit() || character == '.');
        let unit = prefix(&rest[number.len()..], |character| character.is_ascii_alphabetic());
        let length = nanoseconds(number, unit).ok_or_else(wrong)?;
        nanos = nanos.checked_add(length).ok_or_else(wrong)?;
        rest = rest[number.len() + unit.len()..].trim_start();
    }
    let seconds = u64::try_from(nanos / 1_000_000_000).map_err(|_| wrong())?;
    Ok(Duration::new(seconds, (nanos % 1_000_000_000) as u32))
}

fn nanoseconds(number: &str, unit: &str) -> Option<u128> {
    let (_, unit) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let has_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !has_digits(whole) || !has_digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let whole = whole.parse::<u128>().ok()?.checked_mul(unit)?;
    let fraction = fraction.parse::<u128>().ok()? * unit / 10_u128.pow(fraction.len() as u32);
    whole.checked_add(fraction)
}

fn prefix(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|character| !belongs(character)).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, millis: Option<u64>) {
        assert_eq!(duration(text).ok(), millis.map(Duration::from_millis), "{text}");
    }

    #[test]
    fn numbers_have_units() {
        check("30s", Some(30_000));
        check("5m", Some(300_000));
        check("1h30m", Some(5_400_000));
        check("1h 30m", Some(5_400_000));
        check("1.5s", Some(1_500));
        check("2d", Some(172_800_000));
        check("250ms", Some(250));
        check("0s", Some(0));
        assert_eq!(duration("7us"), Ok(Duration::from_micros(7)));
        assert_eq!(duration("1.000000001s"), Ok(Duration::new(1, 1)));
    }

    #[test]
    fn what_is_no_time_is_told() {
        for text in ["", " ", "30", "s", "-1s", "1x", "1.s", ".5s", "1.2.3s", "1,5s", "5 m 3", "ä", "1e3s"] {
            check(text, None);
        }
        check("99999999999999999999999999999999999999999s", None);
        check("340282366920938463463374607431768211455d", None);
        check("18446744073709551616s", None);
        assert!(duration("30").unwrap_err().contains("as in 30s"));
    }
}
