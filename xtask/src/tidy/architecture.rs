//! Pages that tell of modules tell of all of them, in the order in which they stand.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::files::{Files, Violation};
use super::source::Source;

/// A page with a table of modules.
struct Page {
    path: &'static str,
    section: &'static str,
    /// The file whose modules it tells of.
    root: &'static str,
    /// Whether it tells of modules of modules, each by the path of its file, or of the first level by name.
    is_deep: bool,
}

const PAGES: [Page; 2] = [
    Page { path: "ARCHITECTURE.md", section: "## Inside core", root: "core/src/lib.rs", is_deep: false },
    Page {
        path: "core/src/exec/README.md",
        section: "## The parts",
        root: "core/src/exec.rs",
        is_deep: true,
    },
];

/// Compares the tables with the `mod` lines, and tells the first place of each where they differ.
pub(crate) fn out_of_step(files: &Files) -> Result<Vec<Violation>> {
    let found: Result<Vec<Option<Violation>>> = PAGES.iter().map(|page| page.out_of_step(files)).collect();
    Ok(found?.into_iter().flatten().collect())
}

impl Page {
    fn out_of_step(&self, files: &Files) -> Result<Option<Violation>> {
        let Some(page) = files.get(Path::new(self.path)) else { return Ok(None) };
        let mut names = self.names(files)?.into_iter();
        for (line, name) in self.told(page) {
            let next = names.next();
            if next.as_deref() != Some(name) {
                let next = next.map_or("nothing more".to_owned(), |next| format!("`{next}`"));
                let what = format!("tells of `{name}` where {} has {next}", self.root);
                return Ok(Some(self.violation(Some(line), what)));
            }
        }
        let left = names.next();
        Ok(left.map(|name| {
            self.violation(None, format!("does not tell of `{name}`, a module of {}", self.root))
        }))
    }

    /// The modules in reading order: a file, and then those that it declares.
    fn names(&self, files: &Files) -> Result<Vec<String>> {
        if !self.is_deep {
            let root = files.get(Path::new(self.root)).map_or("", String::as_str);
            return Ok(Source::read(root)?.modules.into_iter().map(|module| module.name).collect());
        }
        let top = Path::new(self.root).with_extension("");
        let (mut names, mut next) = (Vec::new(), vec![PathBuf::from(self.root)]);
        while let Some(path) = next.pop() {
            let Some(text) = files.get(&path) else { continue };
            names.extend(path.strip_prefix(&top).ok().map(|inside| inside.display().to_string()));
            let modules = Source::read(text)?.modules.into_iter().filter(|module| module.name != "tests");
            let below = path.with_extension("");
            next.extend(modules.rev().map(|module| below.join(module.name).with_extension("rs")));
        }
        Ok(names)
    }

    /// The names in the first column of the section's table, each with its line. A row may tell of several.
    fn told<'a>(&self, page: &'a str) -> Vec<(usize, &'a str)> {
        let lines = (1..).zip(page.lines()).skip_while(|(_, line)| *line != self.section).skip(1);
        let rows = lines.take_while(|(_, line)| !line.starts_with("## "));
        rows.filter(|(_, line)| line.starts_with("| `"))
            .flat_map(|(at, line)| {
                let first = line.split('|').nth(1).unwrap_or_default();
                first.split('`').skip(1).step_by(2).map(move |name| (at, name))
            })
            .collect()
    }

    fn violation(&self, line: Option<usize>, what: String) -> Violation {
        Violation { file: self.path.into(), line, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORE: [(&str, &str); 1] = [("core/src/lib.rs", "mod a;\nmod b;\n#[cfg(test)]\nmod c;\n")];

    const EXEC: [(&str, &str); 4] = [
        ("core/src/exec.rs", "mod a;\nmod b;"),
        ("core/src/exec/a.rs", "mod c;\n#[cfg(test)]\nmod tests;"),
        ("core/src/exec/a/c.rs", ""),
        ("core/src/exec/b.rs", ""),
    ];

    #[track_caller]
    fn check(page: &Page, sources: &[(&str, &str)], rows: &str, expected: Option<&str>) {
        let head = format!("| `zero` | .. |\n{}\n\n| module | idea |\n|---|---|\n", page.section);
        let text = format!("{head}{rows}\n## More\n| `z` | .. |\n");
        let files = sources.iter().copied().chain([(page.path, text.as_str())]);
        let files = files.map(|(path, text)| (path.into(), text.to_owned())).collect();
        let found = out_of_step(&files).unwrap();
        let found: Vec<String> =
            found.iter().map(|violation| format!("{:?} {}", violation.line, violation.what)).collect();
        assert_eq!(found.first().map(String::as_str), expected, "{rows}");
    }

    #[test]
    fn the_order_is_that_of_the_modules() {
        let check = |rows: &str, expected| check(&PAGES[0], &CORE, rows, expected);
        check("| `a` | `x` of `y` |\n| `b`, `c` | .. |\n", None);
        check("| `b` | |\n| `a` | |\n", Some("Some(6) tells of `b` where core/src/lib.rs has `a`"));
        check("| `a` | |\n| `c` | |\n", Some("Some(7) tells of `c` where core/src/lib.rs has `b`"));
        let all = "| `a` | |\n| `b` | |\n| `c` | |\n| `d` | |\n";
        check(all, Some("Some(9) tells of `d` where core/src/lib.rs has nothing more"));
        check("| `a`, `b` | |\n", Some("None does not tell of `c`, a module of core/src/lib.rs"));
    }

    #[test]
    fn a_deep_page_tells_of_every_file() {
        let check = |rows: &str, expected| check(&PAGES[1], &EXEC, rows, expected);
        check("| `a.rs` | |\n| `a/c.rs` | |\n| `b.rs` | |\n", None);
        check(
            "| `a.rs` | |\n| `b.rs` | |\n",
            Some("Some(7) tells of `b.rs` where core/src/exec.rs has `a/c.rs`"),
        );
        check(
            "| `a.rs` | |\n| `a/c.rs` | |\n",
            Some("None does not tell of `b.rs`, a module of core/src/exec.rs"),
        );
    }
}
