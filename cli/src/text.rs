//! How names, numbers and reasons are put on a line.

use dojobber::{ErrorText, printable};
use unicode_width::UnicodeWidthChar as _;

/// Lists of names stop here.
const LISTED: usize = 10;

/// `a, b, c .. and 287 more`.
pub(crate) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let names: Vec<&str> = names.take(LISTED).collect();
    let names = names.join(", ");
    if more == 0 { names } else { format!("{names} .. and {more} more") }
}

/// `1 job`, `2 jobs`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `1 is satisfied`, `2 are satisfied`.
pub(crate) fn are(count: usize, what: &str) -> String {
    format!("{count} {} {what}", if count == 1 { "is" } else { "are" })
}

/// What an error and its causes say, on one line. A `false` gives no reason.
pub(crate) fn reason(error: Option<&ErrorText>) -> String {
    let Some(error) = error.filter(|error| !error.is_returned_false()) else { return String::new() };
    let panicked = if error.panicked() { "panicked: " } else { "" };
    format!("{panicked}{}", printable(format!("{error:#}").trim_end()))
}

/// How many cells of a terminal a text takes: some characters take two, combining marks none.
pub(crate) fn cells(text: &str) -> usize {
    text.chars().map(cells_of).sum()
}

fn cells_of(character: char) -> usize {
    character.width().unwrap_or(0)
}

/// A text with spaces behind it, so that it takes so many cells.
pub(crate) fn padded(text: &str, width: usize) -> String {
    format!("{text}{:1$}", "", width.saturating_sub(cells(text)))
}

/// A text of at most `width` cells: one that is longer loses its middle. No character is cut off from its marks.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    const BETWEEN: &str = " .. ";
    if cells(text) <= width {
        return text.to_owned();
    }
    let left = width.saturating_sub(BETWEEN.len());
    let head = &text[..fitting(text.char_indices(), left * 2 / 5)];
    let from_behind = text.char_indices().rev().map(|(at, character)| (text.len() - at, character));
    let tail = &text[text.len() - fitting_behind(from_behind, left - cells(head))..];
    format!("{}{BETWEEN}{}", head.trim_end(), tail.trim_start())
}

/// Where the first character begins for which there is no room, with all marks of the last that fits.
fn fitting(characters: impl Iterator<Item = (usize, char)>, room: usize) -> usize {
    let mut taken = 0;
    for (at, character) in characters {
        taken += cells_of(character);
        if taken > room {
            return at;
        }
    }
    0 // all of it fits, and nobody asks then
}

/// How many bytes of the end fit, where a mark comes before the character that it belongs to.
fn fitting_behind(characters: impl Iterator<Item = (usize, char)>, room: usize) -> usize {
    let (mut taken, mut bytes) = (0, 0);
    for (end, character) in characters {
        taken += cells_of(character);
        if taken > room {
            break;
        }
        if cells_of(character) > 0 {
            bytes = end;
        }
    }
    bytes
}

/// Columns beside each other, two spaces apart, each as wide as its widest cell but for the last. A cell that is far
/// wider than most moves the rest of its line alone.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    const WIDEST: usize = 48;
    let width = |at: usize| {
        let widths = rows.iter().map(|row| cells(&row[at]));
        widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
    };
    let is_empty = |at: usize| rows.iter().all(|row| row[at].is_empty());
    let widths: Vec<Option<usize>> = (0..N).map(|at| (!is_empty(at)).then(|| width(at))).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).filter_map(|(cell, width)| Some((cell, (*width)?)));
        let cells: Vec<String> = cells.map(|(cell, width)| padded(cell, width)).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stop_at_ten() {
        let list = |count: usize| {
            let names: Vec<String> = (1..=count).map(|name| name.to_string()).collect();
            listed(names.iter().map(String::as_str))
        };
        assert_eq!(list(0), "");
        assert_eq!(list(2), "1, 2");
        assert_eq!(list(10), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10");
        assert_eq!(list(297), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 .. and 287 more");
    }

    #[test]
    fn numbers_have_their_words() {
        assert_eq!((counted(0, "job"), counted(1, "job")), ("0 jobs".to_owned(), "1 job".to_owned()));
        assert_eq!((are(1, "due"), are(2, "due")), ("1 is due".to_owned(), "2 are due".to_owned()));
    }

    #[track_caller]
    fn check_shortened(text: &str, width: usize, expected: &str) {
        assert_eq!(shortened(text, width), expected);
    }

    #[test]
    fn a_long_text_loses_its_middle() {
        check_shortened("short", 5, "short");
        check_shortened("0123456789abcdefghij", 14, "0123 .. efghij");
        check_shortened("ünïcödé ünïcödé ünïcödé", 13, "ünï .. nïcödé");
        check_shortened("anything", 2, " .. ");
        check_shortened("日本語のジョブ", 14, "日本語のジョブ");
        check_shortened("日本語のジョブ", 13, "日 .. ジョブ");
        check_shortened("日本語のジョブ", 4, " .. ");
        // e, i and o with a mark each, which is a character of its own
        check_shortened("e\u{301}i\u{301}o\u{301}", 3, "e\u{301}i\u{301}o\u{301}");
        check_shortened(
            "e\u{301}i\u{301}o\u{301}e\u{301}i\u{301}o\u{301}e\u{301}",
            6,
            " .. o\u{301}e\u{301}",
        );
    }

    #[test]
    fn columns_stand_below_each_other() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let far = "x".repeat(60);
        let rows = [row(["a", "", "one"]), row(["bcd", "", ""]), row([&far, "", "two"])];
        assert_eq!(columns(&rows), ["a    one".to_owned(), "bcd".to_owned(), format!("{far}  two")]);
        assert_eq!(columns(&[row(["a", &far, ""])]), [format!("a  {far}")]);
        let wide = [row(["日本", "one", ""]), row(["e\u{301}", "two", ""]), row(["abcd", "three", ""])];
        assert_eq!(columns(&wide), ["日本  one", "e\u{301}     two", "abcd  three"]);
    }
}
