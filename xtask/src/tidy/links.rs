//! Links in Markdown that lead to files of the workspace.

use std::path::{Component, Path, PathBuf};

use super::files::Violation;

/// Finds links that lead to no file. `is_there` is asked about paths in the workspace.
pub(crate) fn dead_links(path: &Path, text: &str, is_there: impl Fn(&Path) -> bool) -> Vec<Violation> {
    if path.extension().is_none_or(|extension| extension != "md") {
        return Vec::new();
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    let mut in_code = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for target in targets(line) {
            if !leads_into(folder, target).is_none_or(|path| is_there(&path)) {
                let what = format!("the link to {target} leads nowhere");
                found.push(Violation { file: path.to_owned(), line: Some(at + 1), what });
            }
        }
    }
    found
}

/// What stands in parentheses behind `]`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// The path in the workspace; none for a place on the web or on the same page.
fn leads_into(folder: &Path, target: &str) -> Option<PathBuf> {
    let (file, _) = target.split_once('#').unwrap_or((target, ""));
    if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
        return None;
    }
    let mut path = PathBuf::new();
    for component in folder.join(file).components() {
        match component {
            Component::ParentDir => drop(path.pop()),
            other => path.push(other),
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, expected: &[(usize, &str)]) {
        let is_there = |path: &Path| ["README.md", "docs/guide.md"].iter().any(|one| Path::new(one) == path);
        let found = dead_links(Path::new(path), text, is_there);
        let expected: Vec<Violation> = expected
            .iter()
            .map(|(line, target)| Violation {
                file: path.into(),
                line: Some(*line),
                what: format!("the link to {target} leads nowhere"),
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn links_that_lead_somewhere_are_fine() {
        check("README.md", "[a](docs/guide.md) and [b](docs/guide.md#part), ![c](README.md)", &[]);
        check("docs/guide.md", "[a](../README.md) [b](guide.md) [c](#below)", &[]);
        check("README.md", "[a](https://example.com/x) [b](mailto:a@example.com)", &[]);
        check("README.md", "```rust\nx[0](y)\n```\n", &[]);
        check("lib.rs", "[a](nowhere.md)", &[]);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        check(
            "README.md",
            "\n[a](guide.md) [b](docs/guide.md) [c](docs/gone.md#x)",
            &[(2, "guide.md"), (2, "docs/gone.md#x")],
        );
        check("docs/guide.md", "[a](README.md)", &[(1, "README.md")]);
    }
}
