//! How two values differ, as text.

use std::fmt::Debug;

/// What is longer than this is not shown whole.
const SHORT: usize = 160;

/// No line of a difference is longer.
const LINE: usize = 200;

/// The most lines of a difference that are shown.
const LINES: usize = 40;

/// The most lines of each side that are compared one by one.
const COMPARED: usize = 2000;

/// Two values, each with a label: both where they are short, else only the lines that differ.
pub(super) fn contrast(one: (&str, &impl Debug), other: (&str, &impl Debug)) -> String {
    contrast_texts((one.0, &texts(one.1)), (other.0, &texts(other.1)))
}

/// A value on one line, and on many.
pub(super) struct Texts {
    short: String,
    long: String,
}

pub(super) fn texts(value: &impl Debug) -> Texts {
    Texts { short: format!("{value:?}"), long: format!("{value:#?}") }
}

impl Texts {
    /// A text that is no value, such as that of a panic.
    pub(super) fn of(text: String) -> Self {
        Texts { long: text.clone(), short: text }
    }

    /// The lines of the long one.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.long.lines()
    }
}

/// As [`contrast`], of values that are text already.
pub(super) fn contrast_texts(one: (&str, &Texts), other: (&str, &Texts)) -> String {
    let is_short = |texts: &Texts| texts.short.len() <= SHORT && !texts.short.contains('\n');
    if is_short(one.1) && is_short(other.1) {
        let width = one.0.len().max(other.0.len()) + 1;
        let line = |(label, texts): (&str, &Texts)| format!("{:width$} {}", format!("{label}:"), texts.short);
        return format!("{}\n{}", line(one), line(other));
    }
    let lines = differing(&one.1.long, &other.1.long);
    let rest = lines.len().saturating_sub(LINES);
    let mut text = format!("- {}\n+ {}", one.0, other.0);
    for line in lines.iter().take(LINES) {
        text.push_str("\n  ");
        text.push_str(&cut(line, LINE));
    }
    if rest > 0 {
        text.push_str(&format!("\n  .. and {rest} more lines"));
    }
    text
}

/// The lines that only one text has, marked with `-` or `+`, and before them those that enclose them.
fn differing(one: &str, other: &str) -> Vec<String> {
    let (one, other): (Vec<&str>, Vec<&str>) = (one.lines().collect(), other.lines().collect());
    let start = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    let (one_rest, other_rest) = (&one[start..], &other[start..]);
    let same_end = one_rest.iter().rev().zip(other_rest.iter().rev());
    let end = same_end.take_while(|(one, other)| one == other).count();
    let edits = edits(&one_rest[..one_rest.len() - end], &other_rest[..other_rest.len() - end]);
    let mut enclosing = Enclosing::default();
    one[..start].iter().for_each(|line| enclosing.pass(line));
    let mut lines = Vec::new();
    for (mark, line) in edits {
        if mark == ' ' {
            enclosing.pass(line);
        } else {
            lines.extend(enclosing.around(line).map(|line| format!("  {line}")));
            lines.push(format!("{mark} {line}"));
        }
    }
    lines
}

/// The lines that open what a line stands in, by their indentation, and the one before it.
#[derive(Default)]
struct Enclosing<'t> {
    open: Vec<&'t str>,
    before: Option<&'t str>,
    shown: usize,
}

impl<'t> Enclosing<'t> {
    fn pass(&mut self, line: &'t str) {
        self.close(line);
        self.before = Some(line);
        self.open.push(line);
    }

    /// The openings around it that were not shown yet, but for the outermost, which says nothing.
    fn around(&mut self, line: &str) -> impl Iterator<Item = &'t str> {
        let before = self.before.take().filter(|before| indent(before) == indent(line));
        self.close(line);
        let from = self.shown.max(1).min(self.open.len());
        self.shown = self.open.len();
        let open = self.open[from..].to_vec();
        open.into_iter().chain(before)
    }

    fn close(&mut self, line: &str) {
        while self.open.last().is_some_and(|last| indent(last) >= indent(line)) {
            self.open.pop();
        }
        self.shown = self.shown.min(self.open.len());
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The shortest way from one list of lines to another: `-` leaves one out, `+` adds one.
fn edits<'t>(one: &[&'t str], other: &[&'t str]) -> Vec<(char, &'t str)> {
    if one.len() > COMPARED || other.len() > COMPARED {
        let removed = one.iter().map(|line| ('-', *line));
        return removed.chain(other.iter().map(|line| ('+', *line))).collect();
    }
    // how many lines the rests have in common
    let width = other.len() + 1;
    let mut common = vec![0_u16; (one.len() + 1) * width];
    for (at, line) in one.iter().enumerate().rev() {
        for (beside, with) in other.iter().enumerate().rev() {
            common[at * width + beside] = match line == with {
                true => common[(at + 1) * width + beside + 1] + 1,
                false => common[(at + 1) * width + beside].max(common[at * width + beside + 1]),
            };
        }
    }
    let (mut at, mut beside, mut edits) = (0, 0, Vec::new());
    while at < one.len() || beside < other.len() {
        if at < one.len() && beside < other.len() && one[at] == other[beside] {
            edits.push((' ', one[at]));
            (at, beside) = (at + 1, beside + 1);
        } else if beside == other.len()
            || at < one.len() && common[(at + 1) * width + beside] >= common[at * width + beside + 1]
        {
            edits.push(('-', one[at]));
            at += 1;
        } else {
            edits.push(('+', other[beside]));
            beside += 1;
        }
    }
    edits
}

/// The start of a text that is longer.
fn cut(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((at, _)) => format!("{} ..", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[track_caller]
    fn check(one: impl Debug, other: impl Debug, expected: &str) {
        assert_eq!(contrast(("here", &one), ("elsewhere", &other)), expected);
    }

    fn numbers(changed: u32) -> BTreeMap<u32, Vec<u32>> {
        (0..30).map(|at| (at, vec![at, if at == 20 { changed } else { 0 }])).collect()
    }

    #[test]
    fn short_values_are_shown_whole() {
        check(["a"], ["b"], "here:      [\"a\"]\nelsewhere: [\"b\"]");
        check((), true, "here:      ()\nelsewhere: true");
    }

    #[test]
    fn of_long_values_only_what_differs_is_shown() {
        check(
            numbers(1),
            numbers(2),
            "- here\n+ elsewhere\n        20: [\n            20,\n  -         1,\n  +         2,",
        );
        let longer: Vec<u32> = (0..60).chain([99]).collect();
        check((0..60).collect::<Vec<u32>>(), longer, "- here\n+ elsewhere\n        59,\n  +     99,");
        check("a".repeat(300), "b", &format!("- here\n+ elsewhere\n  - \"{} ..\n  + \"b\"", "a".repeat(197)));
    }

    #[test]
    fn long_differences_are_cut() {
        let text = contrast(("here", &vec![1; 100]), ("elsewhere", &vec![2; 100]));
        assert_eq!(text.lines().count(), 2 + LINES + 1);
        assert!(text.ends_with(".. and 160 more lines"), "{text}");
    }
}
