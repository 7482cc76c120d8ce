//! What may be printed, and what stands for the rest.
//!
//! Names and errors come from outside: a failed command says what it likes. On a terminal some characters do not show
//! but act: they move the cursor, ring, rename the window, or turn the direction of what follows. This is the only
//! place that decides which those are.

use std::fmt::{self, Write as _};

/// Text as it may go to a terminal or into a log: characters that act in place of showing are escaped, as in a string
/// of Rust.
///
/// These are control characters (line breaks, tabs, escape sequences, bells), the separators U+2028 and U+2029, and
/// those that turn the direction of text. `{}` makes it one line; `{:#}` keeps line breaks and tabs.
///
/// ```
/// use dojobber_core::printable;
///
/// assert_eq!(printable("it \u{1b}[31mburns\u{7}\r\n").to_string(), "it \\u{1b}[31mburns\\u{7}\\n");
/// assert_eq!(format!("{:#}", printable("two\r\nlines\r")), "two\nlines\\r");
/// assert_eq!(printable("Ünïcode 👍").to_string(), "Ünïcode 👍");
/// ```
pub fn printable(text: &str) -> Printable<'_> {
    Printable(text)
}

/// Text that prints without doing anything else: from [`printable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((at, character)) = rest.char_indices().find(|(_, character)| acts(*character)) {
            f.write_str(&rest[..at])?;
            rest = &rest[at..];
            let is_line_break = character == '\n' || rest.starts_with("\r\n");
            match character {
                '\r' if is_line_break => {} // the break follows
                '\n' | '\t' if f.alternate() => f.write_char(character)?,
                _ => write!(f, "{}", character.escape_debug())?,
            }
            rest = &rest[character.len_utf8()..];
        }
        f.write_str(rest)
    }
}

/// Why a text cannot be the name of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameFault {
    Empty,
    /// It holds a character that acts in place of showing.
    Acts,
    /// Nothing of it can be seen.
    Unseen,
}

/// What is wrong with a name; a name is one line that everybody can read.
pub(crate) fn name_fault(name: &str) -> Option<NameFault> {
    if name.is_empty() {
        return Some(NameFault::Empty);
    }
    if name.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None; // the common case: one look at each byte
    }
    let fault = if name.chars().any(acts) { NameFault::Acts } else { NameFault::Unseen };
    (fault == NameFault::Acts || name.chars().all(is_unseen)).then_some(fault)
}

/// Whether a character does something on its way to the reader.
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{2028}' | '\u{2029}' // line and paragraph separator
            | '\u{61c}' | '\u{200e}' | '\u{200f}' // marks of direction
            | '\u{202a}'..='\u{202e}' // embeddings and overrides of direction
            | '\u{2066}'..='\u{2069}' // isolates
        )
}

/// Whether a character leaves no trace on paper. Between others it may matter: it joins emoji, or parts words.
pub(crate) fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, one_line: &str, many: &str) {
        assert_eq!(printable(text).to_string(), one_line);
        assert_eq!(format!("{:#}", printable(text)), many);
    }

    #[test]
    fn what_acts_is_escaped() {
        check("", "", "");
        check(
            "plain, with ümläuts \u{1f469}\u{200d}\u{1f680}",
            "plain, with ümläuts 👩‍🚀",
            "plain, with ümläuts 👩‍🚀",
        );
        check("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}", "\\u{1b}]0;title\\u{7}");
        check("a\nb\r\nc\td", "a\\nb\\nc\\td", "a\nb\nc\td");
        check("50%\r100%\r", "50%\\r100%\\r", "50%\\r100%\\r");
        check("\r\r\n\n\r", "\\r\\n\\n\\r", "\\r\n\n\\r");
        check("a\u{2028}b\u{2029}c\u{85}d", "a\\u{2028}b\\u{2029}c\\u{85}d", "a\\u{2028}b\\u{2029}c\\u{85}d");
        check("\u{202e}gpj\u{202c}", "\\u{202e}gpj\\u{202c}", "\\u{202e}gpj\\u{202c}");
        check(
            "\u{2066}x\u{2069}\u{61c}\u{200f}",
            "\\u{2066}x\\u{2069}\\u{61c}\\u{200f}",
            "\\u{2066}x\\u{2069}\\u{61c}\\u{200f}",
        );
        check("\0\u{9b}31m\u{7f}", "\\0\\u{9b}31m\\u{7f}", "\\0\\u{9b}31m\\u{7f}");
    }

    #[test]
    fn what_is_printed_acts_no_more() {
        let everything: String = ('\0'..='\u{3000}').collect();
        let printed = printable(&everything).to_string();
        assert!(!printed.chars().any(acts));
        assert_eq!(printable(&printed).to_string(), printed);
    }

    #[track_caller]
    fn check_name(name: &str, expected: Option<NameFault>) {
        assert_eq!(name_fault(name), expected, "{name:?}");
    }

    #[test]
    fn names_can_be_read() {
        for name in ["a", "two words", "/etc/hosts", "日本語", "e\u{301}", "👩‍🚀", "x\u{200b}y", "عربي", " "]
        {
            check_name(name, None);
        }
        check_name("", Some(NameFault::Empty));
        for name in
            ["a\nb", "\ta", "a\u{1b}[0m", "ä\u{85}", "\u{202e}txt", "x\u{2028}", "\u{200e}x", "\u{2067}"]
        {
            check_name(name, Some(NameFault::Acts));
        }
        for name in ["\u{200b}", "\u{feff}\u{200d}", "\u{2060}", "\u{ad}\u{ad}", "\u{fe0f}"] {
            check_name(name, Some(NameFault::Unseen));
        }
    }
}
