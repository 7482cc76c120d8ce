//! The line of a command, as people read it.

use std::ffi::OsStr;
use std::fmt;

/// What stands in place of a secret.
pub(super) const SECRET: &str = "***";

/// A program and its arguments as a shell would read them, secrets left out.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Line(String);

impl Line {
    pub(super) fn new(program: &OsStr) -> Self {
        Line(quoted(program))
    }

    pub(super) fn push(&mut self, arg: &OsStr) {
        self.push_word(&quoted(arg));
    }

    pub(super) fn push_secret(&mut self) {
        self.push_word(SECRET);
    }

    fn push_word(&mut self, word: &str) {
        self.0.push(' ');
        self.0.push_str(word);
    }

    /// All of it, however long.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Line {
    /// A long one without its middle: what is said about it must not get lost behind it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Line(line) = self;
        let length = line.chars().count();
        if length <= START + MARK.len() + END {
            return f.write_str(line);
        }
        let at = |place| line.char_indices().nth(place).map_or(line.len(), |(at, _)| at);
        write!(f, "{}{MARK}{}", &line[..at(START)], &line[at(length - END)..])
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much of the start of a long line is shown, in characters.
const START: usize = 60;
const END: usize = 30;
const MARK: &str = " .. ";

/// In single quotes where a shell would need them.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_a_shell_reads_them() {
        let check = |word: &str, expected: &str| assert_eq!(quoted(OsStr::new(word)), expected);
        check("apt-get", "apt-get");
        check("", "''");
        check("two words", "'two words'");
        check("it's", r"'it'\''s'");
        check("$HOME", "'$HOME'");
    }

    #[test]
    fn a_secret_is_not_in_it() {
        let mut line = Line::new(OsStr::new("login"));
        line.push(OsStr::new("--password"));
        line.push_secret();
        line.push(OsStr::new("two words"));
        assert_eq!(line.as_str(), "login --password *** 'two words'");
        assert_eq!(format!("{line} {line:?}"), format!("{0} {0}", line.as_str()));
    }

    #[test]
    fn a_long_one_is_shown_without_its_middle() {
        let check = |length: usize, expected: usize| {
            let line = Line::new(OsStr::new(&"ü".repeat(length)));
            let shown = line.to_string();
            assert_eq!((line.as_str().chars().count(), shown.chars().count()), (length, expected));
            assert_eq!(shown.contains(MARK), length > expected);
        };
        check(59, 59);
        check(60, 60);
        check(61, 61);
        check(90, 90);
        check(94, 94);
        check(95, 94);
        check(100_000, 94);
        let mut line = Line::new(OsStr::new("sh"));
        line.push(OsStr::new(&format!("{}; exit 7", "true;".repeat(100))));
        assert!(line.to_string().starts_with("sh 'true;true;") && line.to_string().ends_with("; exit 7'"));
    }
}
