//! How much room a text takes on a terminal.

use unicode_width::UnicodeWidthChar as _;

/// Asks for the picture of a character that also has a plain form; the picture is wide.
const AS_EMOJI: char = '\u{fe0f}';

/// How many cells of a terminal a text takes, which should be [printable](crate::printable): the characters of East Asia and
/// most emoji take two, marks that combine with what stands before them none.
///
/// Terminals do not agree on emoji that are joined from several: this counts them as they are shown by those that do not join
/// them, so that a text takes at most so much.
///
/// ```
/// use dojobber_core::cells;
///
/// assert_eq!((cells("job"), cells("日本"), cells("cafe\u{301}")), (3, 4, 4));
/// ```
pub fn cells(text: &str) -> usize {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.len(); // the common case: one look at each byte
    }
    clusters(text).iter().map(|cluster| cluster.cells).sum()
}

/// A character with all marks that belong to it.
struct Cluster {
    /// Where it begins in its text.
    at: usize,
    cells: usize,
}

fn clusters(text: &str) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    for (at, character) in text.char_indices() {
        match (clusters.last_mut(), character.width().unwrap_or(0)) {
            (Some(last), 0) if character == AS_EMOJI && last.cells == 1 => last.cells = 2,
            (Some(_), 0) => {}
            (_, cells) => clusters.push(Cluster { at, cells }),
        }
    }
    clusters
}

/// A text of at most `width` cells, and of those between its parts if it is cut: one that is longer loses its middle. No
/// character is parted from its marks.
pub(super) fn without_middle(text: &str, width: usize) -> String {
    const BETWEEN: &str = " .. ";
    if cells(text) <= width {
        return text.to_owned();
    }
    let (clusters, left) = (clusters(text), width.saturating_sub(BETWEEN.len()));
    let (head, taken) = fitting(clusters.iter(), left * 2 / 5);
    let (tail, _) = fitting(clusters.iter().rev(), left - taken);
    let place = |cluster: usize| clusters.get(cluster).map_or(text.len(), |cluster| cluster.at);
    let (head, tail) = (&text[..place(head)], &text[place(clusters.len() - tail)..]);
    format!("{}{BETWEEN}{}", head.trim_end(), tail.trim_start())
}

/// How many of these there is room for, and how much of it they take.
fn fitting<'a>(clusters: impl Iterator<Item = &'a Cluster>, room: usize) -> (usize, usize) {
    let (mut count, mut taken) = (0, 0);
    for cluster in clusters {
        if taken + cluster.cells > room {
            break;
        }
        (count, taken) = (count + 1, taken + cluster.cells);
    }
    (count, taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: usize) {
        assert_eq!(cells(text), expected, "{text}");
    }

    #[test]
    fn texts_take_cells() {
        check("", 0);
        check("two words", 9);
        check("ünïcödé", 7);
        check("日本語のジョブ", 14);
        check("ﾊﾝｶｸ", 4);
        check("한글", 4);
        check("\u{1112}\u{1161}\u{11ab}", 2); // the first of them, in three parts
        check("e\u{301}\u{302}", 1);
        check("עִבְרִית", 5);
        check("👍", 2);
        check("👍\u{1f3fd}", 4); // some terminals show one of two cells
        check("👩\u{200d}🚀", 4);
        check("\u{2764}", 1);
        check("\u{2764}\u{fe0f}", 2);
        check("👍\u{fe0f}", 2);
        check("a\u{200b}b", 2);
        check("\u{301}", 0);
    }

    #[track_caller]
    fn check_cut(text: &str, width: usize, expected: &str) {
        let cut = without_middle(text, width);
        assert_eq!(cut, expected);
        assert!(cells(&cut) <= width.max(4), "{cut}");
    }

    #[test]
    fn a_long_text_loses_its_middle() {
        check_cut("short", 5, "short");
        check_cut("0123456789abcdefghij", 14, "0123 .. efghij");
        check_cut("ünïcödé ünïcödé ünïcödé", 13, "ünï .. nïcödé");
        check_cut("anything", 4, " .. ");
        check_cut("anything", 0, " .. ");
        check_cut("日本語のジョブ", 14, "日本語のジョブ");
        check_cut("日本語のジョブ", 13, "日 .. ジョブ");
        check_cut("日本語のジョブ", 4, " .. ");
    }

    #[test]
    fn no_character_is_parted_from_its_marks() {
        let marked = "e\u{301}i\u{301}o\u{301}";
        check_cut(marked, 3, marked);
        check_cut(&format!("{marked}{marked}e\u{301}"), 6, " .. o\u{301}e\u{301}");
        let hearts = "\u{2764}\u{fe0f}".repeat(9);
        check_cut(
            &hearts,
            17,
            "\u{2764}\u{fe0f}\u{2764}\u{fe0f} .. \u{2764}\u{fe0f}\u{2764}\u{fe0f}\u{2764}\u{fe0f}\u{2764}\u{fe0f}",
        );
    }

    #[test]
    fn a_cut_text_takes_no_more_than_it_may() {
        let text = "日本 cafe\u{301} \u{2764}\u{fe0f} 👩\u{200d}🚀 end ".repeat(3);
        for width in 4..=cells(&text) {
            let cut = without_middle(&text, width);
            assert!((width.saturating_sub(5)..=width).contains(&cells(&cut)), "{width}: {cut}");
        }
    }
}
