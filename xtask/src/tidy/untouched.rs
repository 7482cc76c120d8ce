//! What belongs to the whole process, and so to the program: a library does not touch it.

use std::path::Path;

use anyhow::Result;

use super::files::Violation;
use super::source::Source;

/// Functions that change something for the whole process.
const PROCESS_WIDE: [&str; 5] = ["set_current_dir", "set_hook", "take_hook", "build_global", "set_var"];

/// The libraries, without their programs.
const LIBRARIES: [&str; 2] = ["core/src", "builder/src"];

/// Finds calls of such functions in the libraries.
pub(crate) fn process_wide_calls(path: &Path, text: &str) -> Result<Vec<Violation>> {
    let is_library = LIBRARIES.iter().any(|folder| path.starts_with(folder));
    if !is_library || path.extension().is_none_or(|extension| extension != "rs") {
        return Ok(Vec::new());
    }
    let calls = Source::read(text)?.calls;
    let wrong = calls.iter().filter(|(name, _)| PROCESS_WIDE.contains(&name.as_str()));
    Ok(wrong
        .map(|(name, line)| Violation {
            file: path.to_owned(),
            line: Some(*line),
            what: format!("`{name}` changes something for the whole process"),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, lines: &[usize]) {
        let found = process_wide_calls(Path::new(path), text).unwrap();
        assert_eq!(found.iter().filter_map(|violation| violation.line).collect::<Vec<_>>(), lines, "{text}");
    }

    #[test]
    fn calls_that_change_the_process_are_found() {
        check("core/src/run.rs", "fn f() {\n std::env::set_current_dir(x); }", &[2]);
        check(
            "builder/src/a.rs",
            "fn f() { std::panic::set_hook(x) }\nfn g() { pool.build_global() }",
            &[1, 2],
        );
    }

    #[test]
    fn other_calls_are_fine() {
        check("core/src/run.rs", "fn f() { command.current_dir(x); }\n// std::env::set_current_dir", &[]);
        check("builder/tests/it/data.rs", "fn f() { std::env::set_current_dir(x); }", &[]);
        check("notes.md", "it's std::env::set_current_dir", &[]);
    }
}
