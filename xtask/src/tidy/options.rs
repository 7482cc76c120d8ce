//! The guide tells of everything that a graph and a runner can be told.

use std::path::Path;

use super::files::{Files, Violation};

const PAGE: &str = "docs/guide.md";

/// The files whose public functions are what users set.
const SETTERS: [&str; 2] = ["builder/src/graph.rs", "core/src/runner/builder.rs"];

/// Public functions that the guide does not mention.
pub(crate) fn untold(files: &Files) -> Vec<Violation> {
    let Some(page) = files.get(Path::new(PAGE)) else { return Vec::new() };
    let setters = SETTERS.into_iter().filter_map(|path| Some((path, files.get(Path::new(path))?)));
    let functions = setters.flat_map(|(path, text)| {
        let lines = (1..).zip(text.lines());
        lines.filter_map(move |(line, text)| Some((path, line, public_function(text)?)))
    });
    functions
        .filter(|(_, _, name)| !is_told(page, name))
        .map(|(path, line, name)| Violation {
            file: path.into(),
            line: Some(line),
            what: format!("{PAGE} does not tell of `{name}`: what it sets, and the default"),
        })
        .collect()
}

fn public_function(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub fn ")?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// Whether the page has the name as code: called, with its type (`name::<T>`), or by itself.
fn is_told(page: &str, name: &str) -> bool {
    page.match_indices(name).any(|(at, _)| {
        let (before, after) = (&page[..at], &page[at + name.len()..]);
        let begins = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        begins && after.starts_with(['(', '`', ':'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, expected: &[(&str, usize)]) {
        let graph =
            "impl Graph {\n    pub fn tries(mut self) {}\n    fn inner() {}\n    pub fn job<M>() {}\n}";
        let files = [(PAGE, page), (SETTERS[0], graph)];
        let files = files.map(|(path, text)| (path.into(), text.to_owned())).into();
        let found = untold(&files);
        let found: Vec<(&str, usize)> = found
            .iter()
            .map(|one| (one.what.split('`').nth(1).unwrap_or_default(), one.line.unwrap_or_default()))
            .collect();
        assert_eq!(found, expected, "{page}");
    }

    #[test]
    fn functions_that_the_guide_leaves_out_are_found() {
        check("`.job(name)`, `.tries(n)`", &[]);
        check("`job`, `tries`", &[]);
        check("`.job(name)`, default_tries(n), retries", &[("tries", 2)]);
        check("a job has tries", &[("tries", 2), ("job", 4)]);
    }
}
