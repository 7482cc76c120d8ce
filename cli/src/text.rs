//! How names, numbers and reasons are put on a line.

use dojobber::{ErrorText, cells, one_line, printable};

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

/// A text with spaces behind it, so that it takes so many cells.
pub(crate) fn padded(text: &str, width: usize) -> String {
    format!("{text}{:1$}", "", width.saturating_sub(cells(text)))
}

/// Columns beside each other, two spaces apart, each as wide as its widest cell but for the last. A cell that is far
/// wider than most moves the rest of its line alone.
///
/// Where a width is given no line is wider: its last cell loses its middle, and where that is not enough the whole line does.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]], width: Option<usize>) -> Vec<String> {
    const WIDEST: usize = 48;
    let width_of = |at: usize| {
        let widths = rows.iter().map(|row| cells(&row[at]));
        widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
    };
    let is_empty = |at: usize| rows.iter().all(|row| row[at].is_empty());
    let widths: Vec<Option<usize>> = (0..N).map(|at| (!is_empty(at)).then(|| width_of(at))).collect();
    let line = |row: &[String; N]| {
        let shown = row.iter().zip(&widths).filter_map(|(cell, width)| Some((cell, (*width)?)));
        let shown: Vec<String> = shown.map(|(cell, width)| padded(cell, width)).collect();
        let line = shown.join("  ").trim_end().to_owned();
        match (width, row.last()) {
            (Some(width), Some(last)) => fitted(line, last, width),
            _ => line,
        }
    };
    rows.iter().map(line).collect()
}

/// A line that ends with `last`, in so many cells.
fn fitted(line: String, last: &str, width: usize) -> String {
    const LEAST: usize = 20; // less of a reason is not worth reading
    let head = line.strip_suffix(last).unwrap_or(&line);
    let room = width.saturating_sub(cells(head));
    match cells(&line) > width {
        true if room >= LEAST => format!("{head}{}", one_line(last, room)),
        true => one_line(&line, width),
        false => line,
    }
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

    #[test]
    fn columns_stand_below_each_other() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let far = "x".repeat(60);
        let rows = [row(["a", "", "one"]), row(["bcd", "", ""]), row([&far, "", "two"])];
        assert_eq!(columns(&rows, None), ["a    one".to_owned(), "bcd".to_owned(), format!("{far}  two")]);
        assert_eq!(columns(&[row(["a", &far, ""])], None), [format!("a  {far}")]);
        let wide = [row(["日本", "one", ""]), row(["e\u{301}", "two", ""]), row(["abcd", "three", ""])];
        assert_eq!(columns(&wide, None), ["日本  one", "e\u{301}     two", "abcd  three"]);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let rows = [
            row(["would", "tests", "the server did not answer: connection refused"]),
            row(["then", "a job with a name that is long", "the server did not answer"]),
            row(["then", "日本", ""]),
        ];
        let expected = [
            "would  tests                           the se .. ion refused",
            "then   a job with .. g  the server did not answer",
            "then   日本",
        ];
        assert_eq!(columns(&rows, Some(50))[1..], expected[1..]);
        assert_eq!(columns(&rows, Some(60))[0], expected[0]);
        for width in 4..100 {
            let lines = columns(&rows, Some(width));
            assert!(lines.iter().all(|line| cells(line) <= width), "{width}: {lines:#?}");
        }
    }
}
