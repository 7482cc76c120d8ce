//! ARCHITECTURE.md tells of the modules of the core in the order in which they stand.

use std::path::Path;

use anyhow::Result;

use super::files::{Files, Violation};
use super::source::Source;

const PAGE: &str = "ARCHITECTURE.md";
const SECTION: &str = "## Inside core";
const ROOT: &str = "core/src/lib.rs";

/// Compares the table of the page with the `mod` lines, and tells the first place where they differ.
pub(crate) fn out_of_step(files: &Files) -> Result<Option<Violation>> {
    let (Some(page), Some(root)) = (files.get(Path::new(PAGE)), files.get(Path::new(ROOT))) else {
        return Ok(None);
    };
    let told = told(page);
    let modules = Source::read(root)?.modules;
    let mut names = modules.iter().map(|module| module.name.as_str());
    for (line, name) in &told {
        let next = names.next();
        if next != Some(name) {
            let next = next.map_or("nothing more".to_owned(), |next| format!("`{next}`"));
            return Ok(Some(violation(Some(*line), format!("tells of `{name}` where {ROOT} has {next}"))));
        }
    }
    Ok(names.next().map(|name| violation(None, format!("does not tell of `{name}`, a module of {ROOT}"))))
}

/// The modules in the first column of the section's table, each with its line. A row may tell of several.
fn told(page: &str) -> Vec<(usize, &str)> {
    let lines = (1..).zip(page.lines()).skip_while(|(_, line)| *line != SECTION).skip(1);
    let rows =
        lines.take_while(|(_, line)| !line.starts_with("## ")).filter(|(_, line)| line.starts_with("| `"));
    rows.flat_map(|(at, line)| {
        let first = line.split('|').nth(1).unwrap_or_default();
        first.split('`').skip(1).step_by(2).map(move |name| (at, name))
    })
    .collect()
}

fn violation(line: Option<usize>, what: String) -> Violation {
    Violation { file: PAGE.into(), line, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rows: &str, expected: Option<&str>) {
        let page = format!(
            "| `zero` | .. |\n{SECTION}\n\n| module | idea |\n|---|---|\n{rows}\n## More\n| `z` | .. |\n"
        );
        let root = "mod a;\nmod b;\n#[cfg(test)]\nmod c;\n";
        let files = [(PAGE, page.as_str()), (ROOT, root)];
        let files = files.map(|(path, text)| (path.into(), text.to_owned())).into();
        let found = out_of_step(&files).unwrap().map(|violation| violation.to_string());
        assert_eq!(found.as_deref(), expected, "{rows}");
    }

    #[test]
    fn the_order_is_that_of_the_modules() {
        check("| `a` | `x` of `y` |\n| `b`, `c` | .. |\n", None);
        check(
            "| `b` | |\n| `a` | |\n",
            Some("ARCHITECTURE.md:6: tells of `b` where core/src/lib.rs has `a`"),
        );
        check(
            "| `a` | |\n| `c` | |\n",
            Some("ARCHITECTURE.md:7: tells of `c` where core/src/lib.rs has `b`"),
        );
        let all = "| `a` | |\n| `b` | |\n| `c` | |\n| `d` | |\n";
        check(all, Some("ARCHITECTURE.md:9: tells of `d` where core/src/lib.rs has nothing more"));
        check("| `a`, `b` | |\n", Some("ARCHITECTURE.md: does not tell of `c`, a module of core/src/lib.rs"));
    }
}
