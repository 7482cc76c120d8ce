//! How wide a label is, and what of a name can be drawn at all.
//!
//! There is no font at hand, so widths come from the published metrics of Times, which browsers and Graphviz's
//! own SVG name as well. Other scripts get a width that is rather too large than too small.

use std::time::Duration;

/// Labels wider than this many ems lose their middle.
const WIDEST: f64 = 24.0;
/// Errors with more characters than this lose their middle, where they are only mentioned.
const LONGEST: usize = 1000;
/// So do names.
const LONGEST_MENTION: usize = 100;
const ELLIPSIS: char = '…';
/// Stands for what cannot be drawn.
const REPLACEMENT: char = '\u{fffd}';

/// Thousandths of an em of the characters from space to tilde.
#[rustfmt::skip]
const ASCII: [u16; 95] = [
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278,
    500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 278, 278, 564, 564, 564, 444,
    921, 722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889, 722, 722,
    556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469, 500,
    333, 444, 500, 444, 500, 444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500,
    500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480, 200, 480, 541,
];

/// Thousandths of an em of the characters from U+00A0 to U+00FF.
#[rustfmt::skip]
const LATIN_1: [u16; 96] = [
    250, 333, 500, 500, 500, 500, 200, 500, 333, 760, 276, 500, 564, 333, 760, 500,
    400, 549, 300, 300, 333, 576, 500, 250, 333, 300, 310, 500, 750, 750, 750, 444,
    722, 722, 722, 722, 722, 722, 889, 667, 611, 611, 611, 611, 333, 333, 333, 333,
    722, 722, 722, 722, 722, 722, 722, 564, 722, 722, 722, 722, 722, 722, 556, 500,
    444, 444, 444, 444, 444, 444, 667, 444, 444, 444, 444, 444, 278, 278, 278, 278,
    500, 500, 500, 500, 500, 500, 500, 549, 500, 500, 500, 500, 500, 500, 500, 500,
];

/// The width of a text in ems.
pub(crate) fn ems(text: &str) -> f64 {
    let thousandths: u64 = text.chars().map(|c| u64::from(advance(c))).sum();
    thousandths as f64 / 1000.0
}

/// The name with every character that is a control, or that XML forbids, replaced by U+FFFD.
pub(crate) fn printable(name: &str) -> String {
    let forbidden = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    name.chars().map(|c| if forbidden(c) { REPLACEMENT } else { c }).collect()
}

/// A text that may be endless without most of its middle: the reason of an error often stands at its end.
pub(crate) fn shortened(text: &str) -> String {
    shortened_to(text, LONGEST)
}

/// The same with at most so many characters, and how many were left out between them.
pub(crate) fn shortened_to(text: &str, most: usize) -> String {
    // the number of bytes is at least that of characters, and known at once
    let length = if text.len() <= most { text.len() } else { text.chars().count() };
    if length <= most {
        return text.to_owned();
    }
    let (head, tail) = (most * 2 / 5, most - most * 2 / 5);
    let place = |index: usize| text.char_indices().nth(index).map_or(text.len(), |(at, _)| at);
    let (head, tail) = (&text[..place(head)], &text[place(length - tail)..]);
    format!("{head}{ELLIPSIS} [{} of {length} characters left out] {ELLIPSIS}{tail}", length - most)
}

/// A name where it is only mentioned.
pub(crate) fn mention(name: &str) -> String {
    let length = name.chars().count();
    if length <= LONGEST_MENTION {
        return printable(name);
    }
    let half = LONGEST_MENTION / 2;
    let chars = || name.chars();
    let ends = chars().take(half).chain([ELLIPSIS]).chain(chars().skip(length - half));
    printable(&ends.collect::<String>())
}

/// The same text with everything but line breaks printable.
pub(crate) fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// A length of time as people say it: `350 ms`, `1.25 s`, `2 min 5 s`.
pub(crate) fn duration(time: Duration) -> String {
    let (seconds, millis, micros) = (time.as_secs(), time.as_millis(), time.as_micros());
    match seconds {
        0 if micros == 0 => format!("{} ns", time.as_nanos()),
        0 if millis == 0 => format!("{micros} µs"),
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds}.{:02} s", time.subsec_millis() / 10),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// Takes the middle out of a text that is too wide; the ends tell names apart best.
pub(crate) fn elide(text: &str) -> String {
    if ems(text) <= WIDEST {
        return text.to_owned();
    }
    let half = (WIDEST - ems("…")) / 2.0;
    let head: String = fitting(text.chars(), half).collect();
    let mut tail: Vec<char> = fitting(text.chars().rev(), half).collect();
    while tail.last().is_some_and(|&c| is_joining(c)) {
        tail.pop();
    }
    head.chars().chain([ELLIPSIS]).chain(tail.into_iter().rev()).collect()
}

/// As many of the characters as fit into a width in ems.
fn fitting(chars: impl Iterator<Item = char>, width: f64) -> impl Iterator<Item = char> {
    let width = (width * 1000.0) as u32;
    // marks have no width: without a count of their own they could go on for ever
    let most = 2 * width / 250;
    chars.take(most as usize).scan(0, move |used, c| {
        *used += u32::from(advance(c));
        (*used <= width).then_some(c)
    })
}

fn advance(c: char) -> u16 {
    match c as u32 {
        code @ 0x20..=0x7e => ASCII[code as usize - 0x20],
        code @ 0xa0..=0xff => LATIN_1[code as usize - 0xa0],
        _ if is_joining(c) => 0,
        code if is_full_width(code) => 1000,
        0x100..=0x2ff => 600,
        0x300..=0x10ff => 700,
        _ => 1000,
    }
}

/// Whether a character leaves something to be seen.
#[cfg(feature = "png")]
pub(crate) fn is_seen(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && !is_joining(c)
}

/// Combining marks, joiners and selectors: they change the character before them and take no room.
fn is_joining(c: char) -> bool {
    matches!(c as u32,
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f | 0x200b..=0x200f
        | 0x202a..=0x202e | 0x2060..=0x2069 | 0x20d0..=0x20f0 | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f
        | 0x1f3fb..=0x1f3ff | 0xe0020..=0xe007f | 0xe0100..=0xe01ef)
}

/// Scripts that are written in squares, and pictographs.
fn is_full_width(code: u32) -> bool {
    matches!(code, 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f
        | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f000..=0x1faff | 0x20000..=0x3ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: f64) {
        assert!((ems(text) - expected).abs() < 1e-9, "{text:?}: {} is not {expected}", ems(text));
    }

    #[test]
    fn widths() {
        check("", 0.0);
        check("a", 0.444);
        check("Wi", 1.222);
        check("é", 0.444);
        check("e\u{301}", 0.444);
        check("日本", 2.0);
        check("🚀", 1.0);
    }

    #[test]
    fn durations() {
        let said = |nanos| duration(Duration::from_nanos(nanos));
        assert_eq!([said(0), said(999), said(1_000), said(1_999_999)], ["0 ns", "999 ns", "1 µs", "1 ms"]);
        assert_eq!([said(999_999_999), said(1_259_000_000)], ["999 ms", "1.25 s"]);
        assert_eq!([said(125_000_000_000), said(3_725_000_000_000)], ["2 min 5 s", "1 h 2 min"]);
    }

    #[test]
    fn only_unprintable_characters_are_replaced() {
        assert_eq!(printable("a\nb\u{0}c\u{85}d\u{ffff}"), "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}");
        assert_eq!(printable("ü 日本 🚀 \"<&>'"), "ü 日本 🚀 \"<&>'");
    }

    #[test]
    fn long_texts_keep_both_ends() {
        let short = "forty characters of text are no trouble.";
        assert_eq!(elide(short), short);
        let long = elide(&format!("start-{}-end", "x".repeat(500)));
        assert!(long.starts_with("start-xx") && long.contains('…') && long.ends_with("xx-end"), "{long}");
        assert!(ems(&long) <= WIDEST);
    }

    #[test]
    fn errors_keep_their_beginning_and_their_reason() {
        let short = "é".repeat(LONGEST);
        assert_eq!(shortened(&short), short);
        let long = format!("cannot start: {}: no such file", "é".repeat(10_000));
        let cut = shortened(&long);
        assert!(cut.starts_with("cannot start: éé") && cut.ends_with("éé: no such file"), "{cut}");
        assert!(cut.contains("é… [9028 of 10028 characters left out] …é"), "{cut}");
        assert!(cut.chars().count() < LONGEST + 60);
        assert_eq!(shortened_to("0123456789", 5), "01… [5 of 10 characters left out] …789");
    }

    #[test]
    fn mentioned_names_are_bounded() {
        assert_eq!(mention("a\nb"), "a\u{fffd}b");
        let long = mention(&format!("begin {} end", "x".repeat(500)));
        assert!(long.starts_with("begin x") && long.ends_with("x end") && long.contains('…'), "{long}");
        assert_eq!(long.chars().count(), LONGEST_MENTION + 1);
    }

    #[test]
    fn endless_marks_are_cut_too() {
        let text = format!("{}{}", "W".repeat(30), "\u{301}".repeat(5000));
        assert!(elide(&text).chars().count() < 300);
    }
}
