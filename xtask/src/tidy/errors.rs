//! Errors print for people: a `main` that returns one prints its `Debug`.

use std::path::Path;

use super::files::Violation;

/// Finds public errors of the published packages whose `Debug` is derived.
pub(crate) fn derived_debug(path: &Path, text: &str) -> Vec<Violation> {
    let published = ["core/src", "builder/src", "viz/src", "cli/src", "cluster/src"];
    if !published.iter().any(|folder| path.starts_with(folder)) {
        return Vec::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    let derived = |name: &str| {
        let at = lines.iter().position(|line| declares(line, name))?;
        let attributes = lines[..at].iter().rev().take_while(|line| line.starts_with(['#', '/']));
        let derives = |line: &&str| line.starts_with("#[derive(") && line.contains("Debug");
        attributes.copied().any(|line| derives(&line)).then_some(at + 1)
    };
    let violation = |name| {
        let what = format!("`{name}` is an error with a derived `Debug`: say `debug_for_people!({name})`");
        Some(Violation { file: path.to_owned(), line: Some(derived(name)?), what })
    };
    lines.iter().filter_map(|line| error_type(line)).filter_map(violation).collect()
}

/// The type of a line such as `impl std::error::Error for Stuck {`.
fn error_type(line: &str) -> Option<&str> {
    let (head, name) = line.strip_prefix("impl ")?.split_once(" for ")?;
    let is_error = head == "Error" || head.ends_with("::Error");
    is_error.then(|| name.split([' ', '<', '{']).next().unwrap_or_default())
}

fn declares(line: &str, name: &str) -> bool {
    let words: Vec<&str> = line.split([' ', '<', '(', ';', '{']).collect();
    matches!(words.as_slice(), ["pub", "struct" | "enum", declared, ..] if *declared == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, lines: &[usize]) {
        let found = derived_debug(Path::new(path), text);
        assert_eq!(found.iter().filter_map(|violation| violation.line).collect::<Vec<_>>(), lines, "{text}");
    }

    #[test]
    fn errors_that_print_for_machines_are_found() {
        let stuck = "/// Stuck.\n#[derive(Debug, Clone)]\n#[non_exhaustive]\npub struct Stuck;\n\n";
        check("core/src/a.rs", &format!("{stuck}impl std::error::Error for Stuck {{}}"), &[4]);
        check("viz/src/a.rs", &format!("{stuck}impl Error for Stuck {{\n}}"), &[4]);
        let one =
            "#[derive(Debug)]\npub enum Lost<T> { One(T) }\nimpl<T> X for Y {}\nimpl Error for Lost<u8> {}\n";
        check("cli/src/a/b.rs", one, &[2]);
        check("core/src/a.rs", &format!("{one}{stuck}impl Error for Stuck {{}}"), &[2, 8]);
    }

    #[test]
    fn other_types_are_fine() {
        check("core/src/a.rs", "#[derive(Clone)]\npub struct Stuck;\nimpl Error for Stuck {}", &[]);
        check("core/src/a.rs", "#[derive(Debug)]\npub struct Stuck;\nimpl Errors for Stuck {}", &[]);
        check(
            "core/src/a.rs",
            "#[derive(Debug)]\npub struct Other;\npub struct Stuck;\nimpl Error for Stuck {}",
            &[],
        );
        check("core/src/a.rs", "#[derive(Debug)]\nstruct Inner;\nimpl Error for Inner {}", &[]);
        check("xtask/src/a.rs", "#[derive(Debug)]\npub struct Stuck;\nimpl Error for Stuck {}", &[]);
    }
}
