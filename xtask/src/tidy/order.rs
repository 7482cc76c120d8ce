//! Which way imports go, at every depth of every crate.
//!
//! 1. A module uses only modules that stand before it in the `mod` lines of the file that declares both.
//! 2. Files use each other one way: no way along uses leads from a file back to it. For a file and the modules below it
//!    this means: either it declares what they use, and uses nothing of theirs, or it stands on them, and declares
//!    nothing that they use.
//!
//! A use is any path that leads to what another file declares, also through `pub use`, and in tests. Where a file adds
//! methods to a type of another file, calls of them there are uses, too: they are found by their names. A `pub use` of
//! something that the file does not mention itself is none.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::files::{Files, Violation};
use super::modules::{Crate, FileId, Use};

/// Imports that are wrong whatever the order: the judge of execution knows nothing of it.
const NEVER: [(&str, &str); 1] = [("judge", "exec")];

/// Beginnings of paths. Two files whose paths both begin with one of them may still use each other in a way that breaks
/// a rule. The list only becomes shorter: an entry that is not needed any more is a violation itself.
pub(crate) type Known<'a> = &'a [&'a str];

/// Checks all crates of the workspace.
pub(crate) fn one_way_imports(files: &Files, known: Known<'_>) -> Result<Vec<Violation>> {
    let (mut violations, mut reached, mut needed) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for root in files.keys().filter(|path| is_root(path, files)) {
        let found = Crate::read(files, root)?;
        reached.extend(found.files.iter().map(|file| file.path.clone()));
        let uses = found.uses();
        let (old, new): (Vec<Use>, Vec<Use>) =
            uses.iter().partition(|one| place_in(known, &found, one).is_some());
        let wrong = |one: &&Use| wrong_order(&found, one).is_some() || leads_back(&uses, one);
        needed.extend(old.iter().filter(wrong).filter_map(|one| place_in(known, &found, one)));
        violations.extend(unwanted(&found, &new));
        let (ordered, wrong): (Vec<Use>, Vec<Use>) =
            new.iter().partition(|one| wrong_order(&found, one).is_none());
        violations.extend(wrong.iter().filter_map(|one| wrong_order(&found, one)));
        violations.extend(cycles(&found, &ordered));
    }
    violations.extend(strays(files, &reached));
    violations.extend(outlived(known, &needed));
    Ok(violations)
}

/// Whether a file is where Cargo looks for the root of a crate.
fn is_root(path: &Path, files: &Files) -> bool {
    let Some(package) = package_of(path, files) else { return false };
    let inside = path.strip_prefix(package).unwrap_or(path);
    let parts: Vec<&str> = inside.iter().filter_map(|part| part.to_str()).collect();
    match parts[..] {
        ["src", "lib.rs" | "main.rs"] | ["tests", _, "main.rs"] => true,
        ["src", "bin", file] | ["tests" | "benches" | "examples" | "fuzz_targets", file] => {
            file.ends_with(".rs")
        }
        _ => false,
    }
}

/// The folder of the package that holds a file.
fn package_of<'a>(path: &'a Path, files: &Files) -> Option<&'a Path> {
    path.ancestors().skip(1).find(|folder| files.contains_key(&folder.join("Cargo.toml")))
}

fn place_in(known: Known<'_>, found: &Crate, one: &Use) -> Option<usize> {
    let path = |file: FileId| found.files[file].path.to_string_lossy();
    known.iter().position(|known| path(one.from).starts_with(known) && path(one.to).starts_with(known))
}

// ---- the order of `mod` lines ----

fn unwanted(found: &Crate, uses: &[Use]) -> Vec<Violation> {
    let first = |file: FileId| found.way_to(file).get(1).map_or("crate", |on| found.files[*on].name.as_str());
    let banned = |one: &&Use| NEVER.contains(&(first(one.from), first(one.to)));
    let what = |one: &Use| format!("`{}` must know nothing of `{}`", first(one.from), first(one.to));
    uses.iter().filter(banned).map(|one| violation(found, one, what(one))).collect()
}

/// Unless the one module stands above the other, where a cycle alone is wrong.
fn wrong_order(found: &Crate, one: &Use) -> Option<Violation> {
    let (from, to) = (found.way_to(one.from), found.way_to(one.to));
    let at = from.iter().zip(&to).position(|(from, to)| from != to)?;
    let (user, used) = (from[at], to[at]);
    // a file stands behind the one that declares it, and before what the same file declares later
    (user < used).then(|| {
        let name = |file: FileId| &found.files[file].name;
        let above = found.files[from[at - 1]].path.display();
        let what = format!("`{}` uses `{}`, which stands behind it in {above}", name(user), name(used));
        violation(found, one, what)
    })
}

fn violation(found: &Crate, one: &Use, what: String) -> Violation {
    Violation { file: found.files[one.from].path.clone(), line: Some(one.line), what }
}

// ---- cycles ----

/// All pairs of files that use each other; and of files that use each other by way of others, one shortest way.
fn cycles(found: &Crate, uses: &[Use]) -> Vec<Violation> {
    let (mut violations, mut told) = (Vec::new(), BTreeSet::new());
    let mut ways: Vec<Vec<Use>> = uses
        .iter()
        .filter_map(|one| Some([vec![*one], shortest_way(uses, one.to, one.from)?].concat()))
        .collect();
    ways.sort_by_key(Vec::len);
    for way in ways {
        let files: Vec<FileId> = way.iter().map(|one| one.to).collect();
        let is_pair = way.len() == 2 && way[0].from < way[0].to;
        if is_pair || !files.iter().any(|file| told.contains(file)) {
            violations.push(violation(found, &way[0], told_as(found, &way)));
            told.extend(files);
        }
    }
    violations
}

fn told_as(found: &Crate, way: &[Use]) -> String {
    let path = |file: FileId| found.files[file].path.display();
    let mut told = format!("uses {}", path(way[0].to));
    for one in &way[1..way.len() - 1] {
        told += &format!(", which in line {} uses {}", one.line, path(one.to));
    }
    told + &format!(", which in line {} uses this file", way[way.len() - 1].line)
}

fn leads_back(uses: &[Use], one: &Use) -> bool {
    shortest_way(uses, one.to, one.from).is_some()
}

/// The uses that lead from one file to another one; the fewest.
fn shortest_way(uses: &[Use], from: FileId, to: FileId) -> Option<Vec<Use>> {
    let mut reached_by: BTreeMap<FileId, Use> = BTreeMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(file) = queue.pop_front() {
        for one in uses.iter().filter(|one| one.from == file) {
            if one.to != from && !reached_by.contains_key(&one.to) {
                reached_by.insert(one.to, *one);
                queue.push_back(one.to);
            }
        }
    }
    let mut way = vec![*reached_by.get(&to)?];
    while way[way.len() - 1].from != from {
        way.push(reached_by[&way[way.len() - 1].from]);
    }
    way.reverse();
    Some(way)
}

// ---- files and entries that nobody needs ----

/// Source files that no `mod` line leads to.
fn strays(files: &Files, reached: &BTreeSet<PathBuf>) -> Vec<Violation> {
    let is_source = |path: &&PathBuf| {
        path.extension().is_some_and(|extension| extension == "rs")
            && package_of(path, files).is_some_and(|package| path.starts_with(package.join("src")))
    };
    let stray = files.keys().filter(is_source).filter(|path| !reached.contains(*path));
    let what = "no `mod` line leads to this file";
    stray.map(|path| Violation { file: path.clone(), line: None, what: what.to_owned() }).collect()
}

fn outlived(known: Known<'_>, needed: &BTreeSet<usize>) -> Vec<Violation> {
    let gone = known.iter().enumerate().filter(|(at, _)| !needed.contains(at));
    let what = "is in order by now: remove it from KNOWN in xtask/src/tidy.rs";
    gone.map(|(_, known)| Violation { file: known.into(), line: None, what: what.to_owned() }).collect()
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

    const EMPTY: [(&str, &str); 8] = [
        ("core/Cargo.toml", ""),
        ("core/src/lib.rs", LIB),
        ("core/src/early.rs", ""),
        ("core/src/middle.rs", "mod part; mod other;"),
        ("core/src/middle/part.rs", ""),
        ("core/src/middle/other.rs", ""),
        ("core/src/late.rs", "pub struct Late; pub mod inner { pub struct Deep; }"),
        ("core/src/exec.rs", ""),
    ];

    /// Everything that is found with these files in place of empty ones, as it is shown.
    #[track_caller]
    fn check_known(known: Known<'_>, changed: &[(&str, &str)], expected: &[&str]) {
        let files: Files = EMPTY
            .iter()
            .chain(changed)
            .map(|(path, text)| (PathBuf::from(path), (*text).to_owned()))
            .collect();
        let found = one_way_imports(&files, known).unwrap();
        let found: Vec<String> =
            found.iter().map(|one| one.to_string().trim_start_matches("core/src/").to_owned()).collect();
        assert_eq!(found, expected, "{changed:?}");
    }

    #[track_caller]
    fn check(changed: &[(&str, &str)], expected: &[&str]) {
        check_known(&[], changed, expected);
    }

    #[track_caller]
    fn check_middle(text: &str, lines: &[usize]) {
        let message = |line| {
            format!("middle.rs:{line}: `middle` uses `late`, which stands behind it in core/src/lib.rs")
        };
        let expected: Vec<String> = lines.iter().map(message).collect();
        let text = format!("{text} mod part; mod other;");
        check(&[("core/src/middle.rs", &text)], &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn imports_of_what_stands_before_are_fine() {
        check_middle("use crate::early::Early; use crate::Early; use crate::middle::x;", &[]);
        check_middle("use other::late; use self::late; use a::super_late; fn late() {}", &[]);
        check_middle("mod tests { use super::*; use super::late; }", &[]);
        check(&[("core/src/middle/other.rs", "use super::part; use crate::middle::part::X;")], &[]);
        check(&[("core/src/late.rs", "use crate::{early, middle::{part, self}, Middle};")], &[]);
    }

    #[test]
    fn imports_of_what_stands_behind_are_found() {
        check_middle("\nuse crate::late::Late;", &[2]);
        check_middle("pub(crate) use crate::{\n early::Early,\n late::{early, x},\n}; fn f(_: x) {}", &[3]);
        check_middle("use crate::Late;", &[1]);
        check_middle("use crate::Deep;", &[1]);
        check_middle("fn f() { let x: Vec<\ncrate::late::Late> = crate::late::make(); }", &[2]);
        check_middle("macro_rules! m { () => { $crate::late::x!() } }", &[1]);
        check_middle("#[cfg(test)]\nmod tests { use crate::late::Late; }", &[2]);
        check_middle("use super::late::Late;", &[1]);
        check_middle("use super::{early, late};", &[1]);
        check_middle("mod tests { use super::super::late; }", &[1]);
        let early = ["early.rs:1: `early` uses `middle`, which stands behind it in core/src/lib.rs"];
        let both = [
            ("core/src/early.rs", "use crate::Middle;"),
            ("core/src/middle.rs", "struct Middle; mod part; mod other;"),
        ];
        check(&both, &early);
    }

    #[test]
    fn the_order_holds_at_every_depth() {
        let wrong = "middle/part.rs:1: `part` uses `other`, which stands behind it in core/src/middle.rs";
        check(&[("core/src/middle/part.rs", "use super::other::X;")], &[wrong]);
        check(&[("core/src/middle/part.rs", "use crate::middle::other;")], &[wrong]);
        let late = "middle/part.rs:1: `middle` uses `late`, which stands behind it in core/src/lib.rs";
        check(&[("core/src/middle/part.rs", "use super::super::late;")], &[late]);
        check(
            &[("core/src/middle/part.rs", "mod a { mod b { type T = super::super::super::super::Late; } }")],
            &[late],
        );
        // also through what the file above brings in
        let middle = "use other::X; mod part; mod other;";
        let changed = [
            ("core/src/middle.rs", middle),
            ("core/src/middle/other.rs", "pub struct X;"),
            ("core/src/middle/part.rs", "use super::X;"),
        ];
        check(&changed, &[wrong]);
    }

    #[test]
    fn files_use_each_other_one_way() {
        let declares = "struct X; mod part; mod other;";
        let part = ("core/src/middle/part.rs", "use super::X; pub struct Y;");
        check(&[("core/src/middle.rs", declares), part], &[]);
        // to hand something on is no use, but to mention it is
        let hands_on = "struct X; pub(crate) use part::Y; mod part; mod other;";
        check(&[("core/src/middle.rs", hands_on), part], &[]);
        let cycle = "middle.rs:1: uses core/src/middle/part.rs, which in line 1 uses this file";
        let uses = "struct X(Y); pub(crate) use part::Y; mod part; mod other;";
        check(&[("core/src/middle.rs", uses), part], &[cycle]);
        let uses = "struct X(part::Y); mod part; mod other;";
        check(&[("core/src/middle.rs", uses), part], &[cycle]);
        // by way of a third
        let other = ("core/src/middle/other.rs", "use super::part;");
        let cycle = "middle.rs:1: uses core/src/middle/other.rs, which in line 1 uses core/src/middle/part.rs, \
                     which in line 1 uses this file";
        check(
            &[("core/src/middle.rs", "struct X; mod part; mod other; use other::Z;"), part, other],
            &[cycle],
        );
    }

    #[test]
    fn methods_that_are_called_back_are_uses() {
        let part = ("core/src/middle/part.rs", "use super::X; impl X { pub fn go(&self) {} }");
        check(&[("core/src/middle.rs", "struct X; mod part; mod other;"), part], &[]);
        let cycle = "middle.rs:1: uses core/src/middle/part.rs, which in line 1 uses this file";
        let calls = "struct X; impl X { fn all(&self) { self.go() } } mod part; mod other;";
        check(&[("core/src/middle.rs", calls), part], &[cycle]);
        let of_its_own = "struct X; struct Z; impl Z { fn go(&self) { self.go() } } mod part; mod other;";
        check(&[("core/src/middle.rs", of_its_own), part], &[]);
        let of_a_trait = ("core/src/middle/part.rs", "use super::X; impl Go for X { fn go(&self) {} }");
        check(&[("core/src/middle.rs", calls), of_a_trait], &[]);
    }

    #[test]
    fn the_judge_knows_nothing_of_execution() {
        check(&[("core/src/judge.rs", "use crate::late::Late;")], &[]);
        let wrong = "judge.rs:1: `judge` must know nothing of `exec`";
        check(&[("core/src/judge.rs", "use crate::exec::X;")], &[wrong]);
        let rules =
            [("core/src/judge.rs", "mod rules;"), ("core/src/judge/rules.rs", "use super::super::exec;")];
        check(&rules, &["judge/rules.rs:1: `judge` must know nothing of `exec`"]);
    }

    #[test]
    fn a_file_that_no_crate_holds_is_found() {
        check(&[("core/src/stray.rs", "use crate::early;")], &["stray.rs: no `mod` line leads to this file"]);
        check(&[("core/tests/stray/a.rs", "use crate::early;")], &[]);
    }

    #[test]
    fn every_crate_of_every_package_is_looked_at() {
        let wrong = |folder: &str| {
            format!("{folder}/a.rs:1: `a` uses `b`, which stands behind it in {folder}/main.rs")
        };
        for folder in ["core/tests/it", "tool/src", "core/model/src"] {
            let file = |name: &str| format!("{folder}/{name}");
            let package =
                format!("{}/Cargo.toml", folder.split_once("/src").map_or("core", |(package, _)| package));
            let files = [
                (package.as_str(), ""),
                (&file("main.rs"), "mod a; mod b;"),
                (&file("a.rs"), "use crate::b;"),
                (&file("b.rs"), ""),
            ];
            check(&files, &[&wrong(folder)]);
        }
    }

    #[test]
    fn a_known_use_is_let_pass_and_not_for_longer_than_needed() {
        let part = ("core/src/middle/part.rs", "use super::other::X;");
        check_known(&["core/src/middle"], &[part], &[]);
        check_known(
            &["core/src/middle"],
            &[],
            &["middle: is in order by now: remove it from KNOWN in xtask/src/tidy.rs"],
        );
        let wrong = "middle/part.rs:1: `middle` uses `late`, which stands behind it in core/src/lib.rs";
        let both = ("core/src/middle/part.rs", "use super::other::X; use crate::late;");
        check_known(&["core/src/middle"], &[both], &[wrong]);
    }
}
