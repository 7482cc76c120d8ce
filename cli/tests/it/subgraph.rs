//! Subgraphs.

use crate::program::run;

#[track_caller]
fn check(arguments: &str, code: i32, stderr: &str) {
    let folder = tempfile::tempdir().unwrap();
    let said = run("site", folder.path(), arguments);
    assert_eq!(said.stderr, stderr, "{arguments}");
    assert_eq!((said.code, said.stdout.as_str()), (Some(code), ""), "{arguments}");
}

#[test]
fn only() {
    let about = "site: 2 jobs, 1 thread
T  changed  folder       make the folder (T)
T  changed  pages/about  write the page (T)
changed    2  folder, pages/about

2 jobs in T: 2 changed";
    check("--only pages/about", 0, about);
    check("--only pages/a*", 0, about);
    check("--only *", 0, ALL);
    check("-q --only folder --only pages", 0, "");
    check("--only pags", 64, "error: there is no job `pags`; did you mean `pages`?");
    check("--only *x", 64, "error: no job matches `*x`; did you mean `**/*x`?");
}

const ALL: &str = "site: 4 jobs, 1 thread
T  changed  folder       make the folder (T)
T  changed  pages/index  write the page (T)
T  changed  pages/about  write the page (T)
T  changed  list         list the pages (T)
changed    4  folder, pages/index, pages/about, list

4 jobs in T: 4 changed";

#[test]
fn exclude() {
    let rest = "excluded: pages/index, and what depends on it: list
site: 2 jobs, 1 thread
T  changed  folder       make the folder (T)
T  changed  pages/about  write the page (T)
changed    2  folder, pages/about

2 jobs in T: 2 changed";
    check("--exclude pages/index", 0, rest);
    check("--exclude pages/i*", 0, rest);
    check("-q --exclude list", 0, "");
    check("--exclude folder", 64, "error: nothing is left to do: `--only` and `--exclude` leave no job");
    check("--only folder --exclude lists", 64, "error: there is no job `lists`; did you mean `list`?");
}
