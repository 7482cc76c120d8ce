//! What the program says, where, and in which colours.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use console::Term;
use dojobber::{WholeWriter, printable};

/// Whether there are colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set; also elsewhere if CLICOLOR_FORCE is
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Paints words, or leaves them as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    is_on: bool,
}

/// A word at the head of a line, and how it looks.
const STYLES: [(&str, Style); 14] = [
    ("changed", AnsiColor::Green.on_default()),
    ("FAILED", AnsiColor::Red.on_default().bold()),
    ("error:", AnsiColor::Red.on_default().bold()),
    ("blocked", Style::new().dimmed()),
    ("cancelled", AnsiColor::Magenta.on_default()),
    ("cleanup", AnsiColor::Red.on_default()),
    ("would", AnsiColor::Yellow.on_default()),
    ("then", AnsiColor::Yellow.on_default()),
    ("maybe", AnsiColor::Cyan.on_default()),
    ("unknown", AnsiColor::Red.on_default().bold()),
    ("running", AnsiColor::Cyan.on_default()),
    ("retry", AnsiColor::Yellow.on_default()),
    ("slow", AnsiColor::Yellow.on_default()),
    ("again:", Style::new().dimmed()),
];

impl Paint {
    /// As it suits standard output.
    pub(crate) fn of_stdout(color: Color) -> Self {
        Paint::of(color, || AutoStream::choice(&io::stdout()))
    }

    /// As it suits standard error.
    pub(crate) fn of_stderr(color: Color) -> Self {
        Paint::of(color, || AutoStream::choice(&io::stderr()))
    }

    fn of(color: Color, choice: impl Fn() -> ColorChoice) -> Self {
        let is_on = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => choice() != ColorChoice::Never,
        };
        Paint { is_on }
    }

    /// The line, with its word in colour: the first, or the one behind a time.
    pub(crate) fn line(self, line: &str) -> String {
        if !self.is_on {
            return line.to_owned();
        }
        let mut at = 0;
        for word in line.split_inclusive(' ').take(12) {
            let bare = word.trim_end();
            if let Some((_, style)) = STYLES.iter().find(|(known, _)| *known == bare) {
                let (before, rest) = line.split_at(at);
                let rest = &rest[bare.len()..];
                return format!("{before}{style}{bare}{style:#}{rest}");
            }
            if !bare.is_empty() && !bare.starts_with(|first: char| first.is_ascii_digit()) {
                break;
            }
            at += word.len();
        }
        line.to_owned()
    }
}

/// Whether standard error is a terminal on which lines can move.
pub(crate) fn is_terminal() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// How many cells a line on standard output may take, if that is a terminal.
pub(crate) fn width_of_stdout() -> Option<usize> {
    let size = Term::stdout().size_checked().filter(|_| io::stdout().is_terminal());
    size.map(|(_, columns)| usize::from(columns)).filter(|columns| *columns > 0)
}

/// How many cells a line on standard error may take: those of the terminal, or 120 where there is none.
pub(crate) fn width() -> usize {
    let columns = Term::stderr().size_checked().map(|(_, columns)| usize::from(columns));
    columns.filter(|_| is_terminal()).unwrap_or(120)
}

/// Standard error, as something that can be cloned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StandardError;

impl Write for StandardError {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Writes what was asked for to standard output. A reader who has gone is no error.
pub(crate) fn answer(lines: &[String], color: Color) -> io::Result<()> {
    let paint = Paint::of_stdout(color);
    let mut text = String::new();
    for line in lines {
        text.push_str(&paint.line(line));
        text.push('\n');
    }
    let mut stdout = WholeWriter::new(io::stdout()).patience(Duration::MAX);
    match stdout.write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Writes lines to standard error, in one piece. Nobody has to listen.
pub(crate) fn tell(text: impl Display, color: Color) {
    let paint = Paint::of_stderr(color);
    let mut lines = String::new();
    for line in text.to_string().lines() {
        lines.push_str(&paint.line(&format!("{:#}", printable(line)))); // a name of a file may hold anything
        lines.push('\n');
    }
    let _ = WholeWriter::new(io::stderr()).write_all(lines.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let painted = Paint { is_on: true }.line(line);
        assert_eq!(painted.replace('\u{1b}', "^"), expected);
        assert_eq!(Paint { is_on: false }.line(line), line);
    }

    #[test]
    fn the_word_of_a_line_has_a_colour() {
        check("changed    2  archive", "^[32mchanged^[0m    2  archive");
        check("   0.4s  changed  archive", "   0.4s  ^[32mchanged^[0m  archive");
        check("FAILED     1  tests", "^[1m^[31mFAILED^[0m     1  tests");
        check("11 jobs in 12s: 4 changed", "11 jobs in 12s: 4 changed");
        check("              | changed it", "              | changed it");
        check("", "");
    }
}
