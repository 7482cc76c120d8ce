//! Text and numbers as XML wants them.

use std::fmt::{self, Write as _};

use crate::layout::Point;
use crate::text;

/// How far below the centre of a line of text the baseline of its label is.
pub(super) const BASELINE: f64 = 3.7;

/// A number with at most two decimals and no superfluous zeros.
pub(super) struct Number(pub(super) f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = (self.0 * 100.0).round() as i64;
        if hundredths < 0 {
            f.write_str("-")?;
        }
        let (whole, rest) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
        match (rest / 10, rest % 10) {
            (0, 0) => write!(f, "{whole}"),
            (tenths, 0) => write!(f, "{whole}.{tenths}"),
            (tenths, last) => write!(f, "{whole}.{tenths}{last}"),
        }
    }
}

/// The whole name, with what XML forbids replaced.
pub(super) fn title(name: &str) -> String {
    escape(&text::printable(name))
}

/// Both coordinates of a point.
pub(super) fn push_pair(text: &mut String, point: Point) {
    // writing to a string cannot fail
    let _ = write!(text, "{},{}", Number(point.x), Number(point.y));
}

/// Text with the characters that mean something to XML written as references.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(number: f64, expected: &str) {
        assert_eq!(Number(number).to_string(), expected);
    }

    #[test]
    fn numbers() {
        check(0.0, "0");
        check(-0.001, "0");
        check(100.0, "100");
        check(-1.5, "-1.5");
        check(1.0 / 3.0, "0.33");
        check(-0.07, "-0.07");
        check(0.999, "1");
        check(1e7 + 0.25, "10000000.25");
    }

    #[test]
    fn escapes() {
        assert_eq!(escape("a<b> & \"c\" 'd'"), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
    }
}
