//! Docs are sentences that can be read by themselves.

use std::path::Path;

use super::files::Violation;

/// Beginnings that lean on the name of the item below.
const LEANING: [&str; 12] = [
    "Of ",
    "That of ",
    "Those ",
    "By whom",
    "Of whom",
    "To whom",
    "With whom",
    "Who ",
    "Whoever ",
    "How.",
    "When.",
    "Nothing.",
];

/// Finds docs in Rust files that begin so: they say nothing to one who reads them alone.
pub(crate) fn leaning_docs(path: &Path, text: &str) -> Vec<Violation> {
    if path.extension().is_none_or(|extension| extension != "rs") {
        return Vec::new();
    }
    let mut is_first = true;
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let docs = doc_text(line);
        if let Some(begin) = docs.filter(|_| is_first).and_then(leaning) {
            let what =
                format!("a sentence that begins with `{begin}` leans on the name below: say what it is");
            found.push(Violation { file: path.to_owned(), line: Some(at + 1), what });
        }
        is_first = docs.is_none_or(str::is_empty);
    }
    found
}

fn doc_text(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let text = line.strip_prefix("///").or(line.strip_prefix("//!"))?;
    Some(text.trim_start())
}

fn leaning(docs: &str) -> Option<&'static str> {
    LEANING.into_iter().find(|begin| docs.starts_with(begin)).map(str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, lines: &[usize]) {
        let found = leaning_docs(Path::new(path), text);
        assert_eq!(found.iter().filter_map(|violation| violation.line).collect::<Vec<_>>(), lines, "{text}");
    }

    #[test]
    fn sentences_that_lean_on_a_name_are_found() {
        check("a.rs", "/// Of a run.\nx: u8,\n    /// By whom.\ny: u8", &[1, 3]);
        check("a.rs", "//! That of the file.\n", &[1]);
        check(
            "a.rs",
            "/// Those that are due.\na\n/// Who pays.\nb\n/// Whoever is told.\nc\n/// How.\nd",
            &[1, 3, 5, 7],
        );
        check("a.rs", "/// The first paragraph.\n///\n/// Of a second one.\n", &[3]);
    }

    #[test]
    fn other_sentences_are_fine() {
        check("a.rs", "/// How long it took.\na\n/// Whole lines.\nb\n/// Nothing follows.\nc", &[]);
        check("a.rs", "/// Offers one.\n/// The worker\n/// Of course, a line may begin so.\n", &[]);
        check("a.rs", "// Of no concern: this is no documentation\nlet x = \"/// Of\";", &[]);
        check("a.md", "/// Of a run.", &[]);
    }
}
