//! Texts that differ and look the same: names that were typed on different machines, or copied from a page.

use std::iter::Peekable;
use std::ops::Range;
use std::str::Chars;

use crate::text::is_unseen;

/// Letters of other scripts, and the Latin ones that they look like.
const LETTERS: [(&str, &str); 2] = [
    ("аеорсухіјѕһԁԛԝАВЕЗКМНОРСТУХІЈЅ", "aeopcyxijshdqwABE3KMHOPCTYXIJS"),
    ("ονρΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ovpABEZHIKMNOPTYX"),
];

/// One thing that a reader sees.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Glyph {
    One(char),
    /// A letter with marks, or a Korean syllable, put together of several characters.
    Composed(String),
}

/// Whether two different texts look the same, or may: they differ in characters that cannot be seen, in letters of several
/// scripts that look alike, in spaces, or in letters that are one character here and several there.
pub(super) fn look_alike(a: &str, b: &str) -> bool {
    if a == b || (a.is_ascii() && b.is_ascii()) {
        return false;
    }
    let (mut a, mut b) = (Glyphs::of(a), Glyphs::of(b));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if same(&a, &b) => {}
            _ => return false,
        }
    }
}

/// There is no table here that says which character is put together of which others: any will do.
fn same(a: &Glyph, b: &Glyph) -> bool {
    match (a, b) {
        (Glyph::One(one), Glyph::Composed(_)) | (Glyph::Composed(_), Glyph::One(one)) => !one.is_ascii(),
        _ => a == b,
    }
}

/// Where two texts differ, as bytes of each: what they have neither at the beginning nor at the end in common.
pub(super) fn difference(a: &str, b: &str) -> [Range<usize>; 2] {
    let same = |(x, y): &(char, char)| x == y;
    let bytes = |pair: (char, char)| pair.0.len_utf8();
    let start: usize = a.chars().zip(b.chars()).take_while(same).map(bytes).sum();
    let end: usize = a[start..].chars().rev().zip(b[start..].chars().rev()).take_while(same).map(bytes).sum();
    [start..a.len() - end, start..b.len() - end]
}

struct Glyphs<'a>(Peekable<Chars<'a>>);

impl<'a> Glyphs<'a> {
    fn of(text: &'a str) -> Self {
        Glyphs(text.chars().peekable())
    }
}

impl Iterator for Glyphs<'_> {
    type Item = Glyph;

    fn next(&mut self) -> Option<Glyph> {
        let Glyphs(rest) = self;
        while rest.next_if(|character| is_unseen(*character)).is_some() {}
        let first = rest.next()?;
        let mut text = String::from(first);
        while let Some(next) = rest.next_if(|next| is_mark(*next) || is_unseen(*next)) {
            if !is_unseen(next) {
                text.push(next);
            }
        }
        let is_one = text.len() == first.len_utf8();
        Some(if is_one { Glyph::One(plain(first)) } else { Glyph::Composed(text) })
    }
}

/// What stands on, or goes on, the character before: combining marks, the voicing of kana, and vowels and ends of Korean
/// syllables.
fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}' | '\u{3099}' | '\u{309a}' | '\u{1160}'..='\u{11ff}'
    )
}

/// The character that it looks like.
fn plain(character: char) -> char {
    match character {
        _ if character.is_ascii() => character,
        _ if character.is_whitespace() => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from((u32::from(character) - 0xfee0) as u8), // of full width
        _ => {
            let of_script = |(foreign, latin): &(&str, &str)| {
                let place = foreign.chars().position(|letter| letter == character)?;
                latin.chars().nth(place)
            };
            LETTERS.iter().find_map(of_script).unwrap_or(character)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &str, b: &str, expected: bool) {
        assert_eq!(look_alike(a, b), expected, "{a:?} {b:?}");
        assert_eq!(look_alike(b, a), expected, "{b:?} {a:?}");
    }

    #[test]
    fn texts_that_look_the_same() {
        check("caf\u{e9}", "cafe\u{301}", true);
        check("\u{e9}\u{e8}\u{ea} l\u{e0}", "e\u{301}e\u{300}e\u{302} la\u{300}", true);
        check("\u{304c}", "\u{304b}\u{3099}", true);
        check("\u{d55c}\u{ae00}", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}", true);
        check("data", "d\u{430}t\u{430}", true);
        check("a", "\u{430}", true);
        check("ABC", "\u{ff21}\u{ff22}\u{ff23}", true);
        check("\u{39f}K", "OK", true);
        check("x", "x\u{200b}", true);
        check("xy", "\u{feff}x\u{2060}y", true);
        check("two words", "two\u{a0}words", true);
    }

    #[test]
    fn texts_that_do_not() {
        for (a, b) in [
            ("a", "a"),
            ("a", "b"),
            ("", "a"),
            ("link", "lnik"),
            ("cafe", "caf\u{e9}"),
            ("cafe", "cafe\u{301}"),
            ("caf\u{e8}", "caf\u{e9}"),
            ("привет", "превет"),
            ("abc", "где"),
            ("データ", "データー"),
            ("two words", "two  words"),
        ] {
            check(a, b, false);
        }
    }

    #[test]
    fn letters_stand_beside_those_that_they_look_like() {
        for (foreign, latin) in LETTERS {
            assert_eq!(foreign.chars().count(), latin.len());
            assert!(foreign.chars().all(|letter| !letter.is_ascii()) && latin.is_ascii());
        }
    }

    #[test]
    fn where_two_texts_differ() {
        let check = |a: &str, b: &str, expected: [&str; 2]| {
            let [x, y] = difference(a, b);
            assert_eq!([&a[x], &b[y]], expected);
        };
        check("abcd", "axcd", ["b", "x"]);
        check("caf\u{e9} x", "cafe\u{301} x", ["\u{e9}", "e\u{301}"]);
        check("aa", "aaa", ["", "a"]);
        check("", "a", ["", "a"]);
        check("a", "a", ["", ""]);
    }
}
