//! What lints cannot say: which way imports go, what packages depend on, which files there are.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs;
use std::iter::Peekable;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use proc_macro2::{Delimiter, TokenStream, TokenTree, token_stream};

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    file: PathBuf,
    /// From 1; none where it is the file as a whole.
    line: Option<usize>,
    what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// The libraries in which a module imports only what stands before it in `lib.rs`.
const ONE_WAY: [&str; 2] = ["core", "viz"];

/// Checks all rules, and reports all that break one.
pub(crate) fn run(root: &Path) -> Result<()> {
    let files = files(root)?;
    let mut violations: Vec<Violation> = Vec::new();
    for package in ONE_WAY {
        violations.extend(one_way_imports(&files, &Path::new(package).join("src"))?);
    }
    for (path, text) in &files {
        violations.extend(no_mod_rs(path));
        violations.extend(no_machine_paths(path, text, root));
        if path.ends_with("Cargo.toml") {
            violations.extend(one_way_packages(path, text)?);
        }
    }
    if violations.is_empty() {
        return Ok(());
    }
    let mut list = String::new();
    for violation in &violations {
        write!(list, "\n{violation}")?;
    }
    bail!("{} to tidy up:{list}", violations.len())
}

/// Text files by their path in the workspace.
type Files = BTreeMap<PathBuf, String>;

/// All files of the workspace that hold text, but for what is built or belongs to a tool.
fn files(root: &Path) -> Result<Files> {
    let (mut found, mut folders) = (Files::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_ours = !matches!(&*name, ".git" | "target" | "corpus" | "artifacts");
            if path.is_dir() && is_ours {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.insert(path.strip_prefix(root)?.to_owned(), text);
            }
        }
    }
    Ok(found)
}

// ---- modules ----

/// What may not be imported whatever the order: the judge of execution knows nothing of it.
const NEVER: [(&str, &str); 1] = [("judge", "exec")];

/// A module imports only what stands before it in the `mod` lines of `lib.rs`.
fn one_way_imports(files: &Files, src: &Path) -> Result<Vec<Violation>> {
    let Some(lib) = files.get(&src.join("lib.rs")) else { return Ok(Vec::new()) };
    let library = Library::read(lib).with_context(|| format!("in {}", src.join("lib.rs").display()))?;
    let mut violations = Vec::new();
    for (path, text) in files {
        let Ok(inside) = path.strip_prefix(src) else { continue };
        if path.extension().is_some_and(|extension| extension == "rs") && inside != Path::new("lib.rs") {
            let wrong =
                library.wrong_imports(inside, text).with_context(|| format!("in {}", path.display()))?;
            let violation = |(line, what)| Violation { file: path.clone(), line: Some(line), what };
            violations.extend(wrong.into_iter().map(violation));
        }
    }
    Ok(violations)
}

/// What the `lib.rs` of a library says.
struct Library {
    /// In reading order.
    modules: Vec<String>,
    /// What the root re-exports, and from which module.
    exports: BTreeMap<String, String>,
}

impl Library {
    fn read(lib: &str) -> Result<Self> {
        let (mut modules, mut exports) = (Vec::new(), BTreeMap::new());
        let mut tokens = tokens(lib)?.into_iter().peekable();
        while let Some(token) = tokens.next() {
            if is_ident(&token, "mod") {
                modules.extend(tokens.next().map(|name| name.to_string()));
            } else if is_ident(&token, "use") {
                let mut from = tokens.next().map(|first| first.to_string()).unwrap_or_default();
                while skip_path_separator(&mut tokens) {
                    match tokens.next() {
                        Some(TokenTree::Group(list)) => {
                            let names = list.stream().into_iter().filter(is_any_ident);
                            exports.extend(names.map(|name| (name.to_string(), from.clone())));
                        }
                        Some(name) if from == "crate" || from == "self" => from = name.to_string(),
                        Some(name) => drop(exports.insert(name.to_string(), from.clone())),
                        None => {}
                    }
                }
            }
        }
        Ok(Library { modules, exports })
    }

    /// Line and wording of every import in the file at `path`, inside `src`, that goes the wrong way.
    fn wrong_imports(&self, path: &Path, text: &str) -> Result<Vec<(usize, String)>> {
        let depth = path.components().count();
        let module = path.iter().next().map(Path::new).and_then(Path::file_stem).unwrap_or_default();
        let module = module.to_string_lossy();
        let mut used = Vec::new();
        uses_of_root(tokens(text)?, depth, &mut used);
        let wrong = used.into_iter().filter_map(|(line, name)| Some((line, self.why_not(&module, &name)?)));
        Ok(wrong.collect())
    }

    /// Why that module may not use `crate::name`.
    fn why_not(&self, module: &str, name: &str) -> Option<String> {
        let from = if self.place(name).is_some() { name } else { self.exports.get(name)?.as_str() };
        if NEVER.contains(&(module, from)) {
            return Some(format!("`{module}` must know nothing of `{from}`"));
        }
        match (self.place(module), self.place(from)) {
            (None, _) => Some(format!("`{module}` is no module of lib.rs")),
            (Some(here), Some(there)) if there > here => {
                Some(format!("`{module}` uses `{from}`, which stands behind it in lib.rs"))
            }
            _ => None,
        }
    }

    fn place(&self, module: &str) -> Option<usize> {
        self.modules.iter().position(|other| other == module)
    }
}

/// Every name that is used as `crate::name`, or by as many `super`s as lead to the root, with its line. `depth` is
/// how many modules deep the code stands.
fn uses_of_root(stream: TokenStream, depth: usize, used: &mut Vec<(usize, String)>) {
    let mut tokens = stream.into_iter().peekable();
    let mut in_module = false;
    let mut in_path = false;
    while let Some(token) = tokens.next() {
        let starts_path = !std::mem::take(&mut in_path);
        if is_ident(&token, "crate") && starts_path {
            if skip_path_separator(&mut tokens) {
                first_names(&mut tokens, used);
            }
        } else if is_ident(&token, "super") && starts_path {
            if leads_to_root(&mut tokens, depth) {
                first_names(&mut tokens, used);
            }
        } else if is_ident(&token, "mod") {
            in_module = true;
            continue;
        } else if let TokenTree::Group(group) = &token {
            uses_of_root(group.stream(), depth + usize::from(in_module), used);
        }
        in_module &= is_any_ident(&token); // its name
        in_path = is_any_ident(&token) && skip_path_separator(&mut tokens);
    }
}

/// Behind one `super`: whether the path goes on to the root, and not to a module between.
fn leads_to_root(tokens: &mut Tokens, depth: usize) -> bool {
    let mut steps = 1;
    while skip_path_separator(tokens) {
        match tokens.peek() {
            Some(token) if is_ident(token, "super") => drop(tokens.next()),
            _ => return steps == depth,
        }
        steps += 1;
    }
    false
}

/// What stands next in a path: one name, or the first of each in a list.
fn first_names(tokens: &mut Tokens, used: &mut Vec<(usize, String)>) {
    match tokens.next() {
        Some(TokenTree::Ident(name)) => used.push((name.span().start().line, name.to_string())),
        Some(TokenTree::Group(list)) if list.delimiter() == Delimiter::Brace => {
            let mut is_first = true;
            for token in list.stream() {
                if let (TokenTree::Ident(name), true) = (&token, is_first) {
                    used.push((name.span().start().line, name.to_string()));
                }
                is_first = matches!(&token, TokenTree::Punct(comma) if comma.as_char() == ',');
            }
        }
        _ => {}
    }
}

type Tokens = Peekable<token_stream::IntoIter>;

fn tokens(source: &str) -> Result<TokenStream> {
    source.parse().map_err(|error| anyhow::anyhow!("not Rust: {error}"))
}

fn is_any_ident(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(_))
}

fn is_ident(token: &TokenTree, text: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == text)
}

/// Skips `::`, if that is next.
fn skip_path_separator(tokens: &mut Tokens) -> bool {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(colon) if colon.as_char() == ':');
    let mut ahead = tokens.clone();
    let is_next =
        ahead.next().is_some_and(|one| is_colon(&one)) && ahead.next().is_some_and(|one| is_colon(&one));
    if is_next {
        *tokens = ahead;
    }
    is_next
}

// ---- packages ----

/// What a package may not depend on: data flows from the builder through the core to the pictures.
const NOT_UP: [(&str, &[&str]); 3] = [
    ("dojobber-core", &["dojobber", "dojobber-viz"]),
    ("dojobber-viz", &["dojobber"]),
    ("dojobber", &["dojobber-viz"]),
];

/// The core knows neither the builder nor the pictures, and those do not know each other. Tests of theirs may.
fn one_way_packages(path: &Path, manifest: &str) -> Result<Vec<Violation>> {
    let manifest: toml::Table = manifest.parse().with_context(|| format!("in {}", path.display()))?;
    let name = manifest.get("package").and_then(|package| package.get("name")?.as_str());
    let Some((name, banned)) = NOT_UP.into_iter().find(|(package, _)| Some(*package) == name) else {
        return Ok(Vec::new());
    };
    let mut tables = vec![&manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    tables.extend(targets.into_iter().flat_map(|targets| targets.values()).filter_map(toml::Value::as_table));
    let sections: &[&str] = match name {
        "dojobber-core" => &["dependencies", "build-dependencies", "dev-dependencies"],
        _ => &["dependencies", "build-dependencies"],
    };
    let on = tables
        .into_iter()
        .flat_map(|table| sections.iter().filter_map(|section| table.get(*section)?.as_table()))
        .flatten()
        .map(|(key, value)| value.get("package").and_then(toml::Value::as_str).unwrap_or(key));
    let violation = |on| Violation {
        file: path.to_owned(),
        line: None,
        what: format!("`{name}` must not depend on `{on}`"),
    };
    Ok(on.filter(|on| banned.contains(on)).map(violation).collect())
}

// ---- files ----

fn no_mod_rs(path: &Path) -> Option<Violation> {
    let what = || "a module `foo` is `foo.rs` beside `foo/`, not `foo/mod.rs`".to_owned();
    path.ends_with("mod.rs").then(|| Violation { file: path.to_owned(), line: None, what: what() })
}

/// Folders that exist on someone's machine only; in two pieces, so that this file does not hold them.
const MACHINE: [&str; 3] = [concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("\\Us", "ers\\")];

fn no_machine_paths(path: &Path, text: &str, root: &Path) -> Vec<Violation> {
    let root = root.to_string_lossy();
    let root = (root.len() > 1).then_some(&*root);
    let is_of_machine = |line: &str| {
        let mut folders = MACHINE.into_iter().chain(root);
        folders.find(|folder| line.contains(*folder)).map(str::to_owned)
    };
    let violation = |(at, line)| {
        let what = format!("`{}` is a path of one machine", is_of_machine(line)?);
        Some(Violation { file: path.to_owned(), line: Some(at + 1), what })
    };
    text.lines().enumerate().filter_map(violation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "
        //! mod comment; use crate::late::Nothing;
        mod early;
        mod middle;
        #[cfg(feature = \"x\")]
        pub mod late;
        mod exec;
        mod judge;
        pub use early::Early;
        pub use late::{Late, inner::Deep};
        pub(crate) use crate::middle::Middle;
    ";

    /// What is wrong with the only other file of a library.
    #[track_caller]
    fn check(path: &str, text: &str, expected: &[(usize, &str)]) {
        let files = [("core/src/lib.rs", LIB), (path, text)];
        let files = files.into_iter().map(|(path, text)| (PathBuf::from(path), text.to_owned())).collect();
        let found = one_way_imports(&files, Path::new("core/src")).unwrap();
        let expected: Vec<Violation> = expected
            .iter()
            .map(|(line, what)| Violation { file: path.into(), line: Some(*line), what: (*what).into() })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    const LATE: &str = "`middle` uses `late`, which stands behind it in lib.rs";

    #[test]
    fn imports_of_what_stands_before_are_fine() {
        check("core/src/middle.rs", "use crate::early::Early; use crate::Early; use crate::middle::x;", &[]);
        check("core/src/middle/part.rs", "use super::other; use crate::middle::Middle;", &[]);
        check("core/src/late.rs", "use crate::{early, middle::{exec, self}, Middle};", &[]);
        check(
            "core/src/middle.rs",
            "// crate::late\n/// [`crate::late`]\nconst X: &str = \"crate::late\";",
            &[],
        );
        check("core/src/middle.rs", "use other::late; use self::late; use a::super_late; fn late() {}", &[]);
        check("core/src/middle.rs", "mod tests { use super::*; use super::late; }", &[]);
        check("core/src/lib.rs", LIB, &[]);
        check("elsewhere/src/early.rs", "use crate::late;", &[]);
    }

    #[test]
    fn imports_of_what_stands_behind_are_found() {
        check("core/src/middle.rs", "\nuse crate::late::Late;", &[(2, LATE)]);
        check(
            "core/src/middle.rs",
            "pub(crate) use crate::{\n early::Early,\n late::{early, x},\n};",
            &[(3, LATE)],
        );
        check("core/src/middle.rs", "use crate::Late;", &[(1, LATE)]);
        check("core/src/middle.rs", "use crate::Deep;", &[(1, LATE)]);
        check(
            "core/src/middle.rs",
            "fn f() { let x: Vec<crate::late::Late> = crate::late::make(); }",
            &[(1, LATE), (1, LATE)],
        );
        check("core/src/middle.rs", "macro_rules! m { () => { $crate::late::x!() } }", &[(1, LATE)]);
        check("core/src/middle.rs", "#[cfg(test)]\nmod tests { use crate::late::Late; }", &[(2, LATE)]);
        let early = "`early` uses `middle`, which stands behind it in lib.rs";
        check("core/src/early.rs", "use crate::Middle;", &[(1, early)]);
    }

    #[test]
    fn the_root_is_also_reached_by_super() {
        check("core/src/middle.rs", "use super::late::Late;", &[(1, LATE)]);
        check("core/src/middle.rs", "use super::{early, late};", &[(1, LATE)]);
        check("core/src/middle.rs", "mod tests { use super::super::late; }", &[(1, LATE)]);
        check("core/src/middle/part.rs", "use super::super::late;", &[(1, LATE)]);
        check("core/src/middle/part.rs", "use super::late;", &[]);
        check(
            "core/src/middle/part.rs",
            "mod a { mod b { type T = super::super::super::super::Late; } }",
            &[(1, LATE)],
        );
    }

    #[test]
    fn the_judge_knows_nothing_of_execution() {
        check("core/src/judge.rs", "use crate::late::Late;", &[]);
        check("core/src/judge.rs", "use crate::exec::X;", &[(1, "`judge` must know nothing of `exec`")]);
        check(
            "core/src/judge/rules.rs",
            "use super::super::exec;",
            &[(1, "`judge` must know nothing of `exec`")],
        );
    }

    #[test]
    fn a_file_that_lib_does_not_know_is_found() {
        check("core/src/stray.rs", "use crate::early;", &[(1, "`stray` is no module of lib.rs")]);
    }

    #[track_caller]
    fn check_package(manifest: &str, expected: &[&str]) {
        let found = one_way_packages(Path::new("Cargo.toml"), manifest).unwrap();
        let found: Vec<String> = found.into_iter().map(|violation| violation.what).collect();
        assert_eq!(found, expected, "{manifest}");
    }

    #[test]
    fn packages_depend_one_way() {
        let core = "[package]\nname = \"dojobber-core\"\n";
        let up = ["`dojobber-core` must not depend on `dojobber`"];
        check_package(&format!("{core}[dependencies]\nrayon.workspace = true"), &[]);
        check_package(&format!("{core}[dependencies]\ndojobber.workspace = true"), &up);
        check_package(&format!("{core}[dev-dependencies]\ndojobber = \"1\""), &up);
        check_package(&format!("{core}[build-dependencies.front]\npackage = \"dojobber\""), &up);
        check_package(&format!("{core}[target.'cfg(unix)'.dependencies]\ndojobber = \"1\""), &up);
        check_package(&format!("{core}[features]\ndojobber = []"), &[]);

        let viz = "[package]\nname = \"dojobber-viz\"\n";
        let up = ["`dojobber-viz` must not depend on `dojobber`"];
        check_package(&format!("{viz}[dependencies]\ndojobber-core.workspace = true"), &[]);
        check_package(&format!("{viz}[dependencies]\ndojobber.workspace = true"), &up);
        check_package(&format!("{viz}[dev-dependencies]\ndojobber.workspace = true"), &[]);

        let builder = "[package]\nname = \"dojobber\"\n[dependencies]\ndojobber-viz = \"1\"";
        check_package(builder, &["`dojobber` must not depend on `dojobber-viz`"]);
        check_package("[package]\nname = \"other\"\n[dependencies]\ndojobber-viz = \"1\"", &[]);
        check_package("[workspace.dependencies]\ndojobber = \"1\"", &[]);
    }

    #[test]
    fn files_of_the_old_form_are_found() {
        assert!(no_mod_rs(Path::new("core/src/plan/mod.rs")).is_some());
        assert_eq!(no_mod_rs(Path::new("core/src/plan/modern.rs")), None);
        assert_eq!(no_mod_rs(Path::new("core/src/plan.rs")), None);
    }

    #[track_caller]
    fn check_paths(text: &str, lines: &[usize]) {
        let found = no_machine_paths(Path::new("notes.md"), text, Path::new("/somewhere/dojobber"));
        assert_eq!(found.iter().filter_map(|violation| violation.line).collect::<Vec<_>>(), lines, "{text}");
    }

    #[test]
    fn paths_of_a_machine_are_found() {
        check_paths("see /etc/hosts and /home/wendell and target/", &[]);
        check_paths(&format!("see\n{}notes", MACHINE[0]), &[2]);
        check_paths(&format!("{}me\n\n{}me", MACHINE[1], MACHINE[2]), &[1, 3]);
        check_paths("built in /somewhere/dojobber/core", &[1]);
    }

    #[test]
    fn all_files_but_those_of_tools_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["a.md", "core/src/lib.rs", ".ci/run", ".git/config", "target/debug/x", "core/target/y"];
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "text").unwrap();
        }
        fs::write(folder.path().join("picture.png"), [0xFF, 0xD8, 0xFF]).unwrap();
        let found: Vec<PathBuf> = files(folder.path()).unwrap().into_keys().collect();
        assert_eq!(found, [".ci/run", "a.md", "core/src/lib.rs"].map(PathBuf::from));
    }

    /// The whole of it, over a workspace in which one rule of each sort is broken.
    #[test]
    fn every_violation_is_reported_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("core/src/lib.rs", LIB);
        write("core/src/middle.rs", "use crate::early;");
        run(folder.path()).unwrap();
        write("core/src/middle.rs", "use crate::late;");
        write("core/src/judge/mod.rs", "use crate::exec;");
        write("core/Cargo.toml", "[package]\nname = \"dojobber-core\"\n[dependencies]\ndojobber = \"1\"");
        write("notes.md", &folder.path().to_string_lossy());
        let error = run(folder.path()).unwrap_err().to_string();
        let expected = format!(
            "5 to tidy up:\n\
             core/src/judge/mod.rs:1: `judge` must know nothing of `exec`\n\
             core/src/middle.rs:1: {LATE}\n\
             core/Cargo.toml: `dojobber-core` must not depend on `dojobber`\n\
             core/src/judge/mod.rs: a module `foo` is `foo.rs` beside `foo/`, not `foo/mod.rs`\n\
             notes.md:1: `{}` is a path of one machine",
            folder.path().display()
        );
        assert_eq!(error, expected);
    }
}
