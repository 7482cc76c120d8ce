//! What a program answers without running anything.

use std::process::Stdio;

use crate::program::{program, run};

#[track_caller]
fn check(name: &str, arguments: &str, code: i32, stdout: &str, stderr: &str) {
    let folder = tempfile::tempdir().unwrap();
    let said = run(name, folder.path(), arguments);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), (stdout, stderr), "{arguments}");
    assert_eq!(said.code, Some(code), "{arguments}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{arguments} has changed something");
}

const SITE: &str = "folder       make the folder
pages/index  write the page   after folder
pages/about  write the page   after folder
list         list the pages   after pages";

#[test]
fn list() {
    check("site", "--list", 0, SITE, "");
    check(
        "site",
        "--list --only pages/about",
        0,
        "folder       make the folder\npages/about  write the page   after folder",
        "",
    );
    check(
        "trouble",
        "broken --list",
        0,
        "fine    nothing to do\nbroken\nbehind                 after broken",
        "",
    );
}

#[test]
fn why() {
    check("site", "--why folder", 0, "list -> pages -> pages/index -> folder", "");
    check("site", "--why list", 0, "list: nothing depends on it", "");
    check("site", "--why pags", 64, "", "error: there is no job `pags`; did you mean `pages`?");
}

const DUE: &str = "would  folder  make the folder
blocked 3: pages/index, pages/about, list

Plan: 1 would run, 3 blocked. 0 are satisfied. Nothing was changed.";

#[test]
fn dry_run() {
    check("site", "-n", 1, DUE, "");
    check("site", "--dry-run", 1, DUE, "");
    check("site", "--dry-run=checks --quiet", 1, DUE, "");
    check("trouble", "--dry-run", 0, "Nothing to do: 1 job is satisfied.", "");
    check(
        "trouble",
        "-n flaky",
        1,
        "would  flaky  works at the second try  not yet\n\nPlan: 1 would run. 1 is satisfied. Nothing was changed.",
        "",
    );
    let folder = tempfile::tempdir().unwrap();
    let said = run("site", folder.path(), "-n -v");
    assert_eq!(said.stdout, DUE);
    assert!(said.stderr.contains("  folder.check: due\n"), "{}", said.stderr);
}

const PLAN: &str = "would  folder       make the folder
then   pages/index  write the page   it is not there
then   pages/about  write the page   it is not there
then   list         list the pages   No such file or directory (os error 2)

Plan: 1 would run, then 3. 0 are satisfied. Nothing was changed.";

#[test]
fn plan() {
    for option in ["--plan", "--dry-run=through", "-n=through"] {
        check("site", option, 0, PLAN, "");
        check("site", &format!("{option} --detailed-exitcode"), 2, PLAN, "");
    }
    check("trouble", "--plan", 0, "Nothing to do: 1 job is satisfied.", "");
    let broken = "would  broken  there is no disk\nthen   behind  after broken\n
Plan: 1 would run, then 1. 1 is satisfied. Nothing was changed.";
    check("trouble", "broken --plan", 0, broken, "");
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run("site", folder.path(), "-q").code, Some(0));
    let said = run("site", folder.path(), "--plan --page index --page new");
    let due = "would  pages/new  write the page  it is not there
then   list       list the pages  it is old

Plan: 1 would run, then 1. 2 are satisfied. Nothing was changed.";
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), due));
}

#[test]
fn detailed_exitcode() {
    check("site", "-n --detailed-exitcode", 2, DUE, "");
    check("trouble", "-n --detailed-exitcode", 0, "Nothing to do: 1 job is satisfied.", "");
    check("trouble", "--detailed-exitcode", 64, "", WRONG);
}

const WRONG: &str = "error: the following required arguments were not provided:
<--dry-run[=<HOW>]|--plan>

Usage: trouble --detailed-exitcode --threads <N> <--dry-run[=<HOW>]|--plan> [TROUBLES]...

For more information, try '--help'.";

#[test]
fn every_option_is_in_help_on_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let help = run("site", folder.path(), "--help");
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for option in [
        "--dry-run",
        "--plan",
        "--detailed-exitcode",
        "--only",
        "--exclude",
        "--list",
        "--why",
        "--threads",
        "--timeout",
        "--fail-fast",
        "--max-failures",
        "--verbose",
        "--debug",
        "--quiet",
        "--color",
        "--progress",
        "--graph",
        "--report",
        "--junit",
        "--trace",
    ] {
        assert!(help.stdout.contains(option), "{option}: {}", help.stdout);
    }
    assert!(help.stdout.lines().all(|line| line.len() < 170), "{}", help.stdout);
}

#[test]
fn a_wrong_call_ends_with_64() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in
        ["--nothing", "--threads", "--threads x", "--timeout 5", "--color blue", "a b", "--max-failures 0"]
    {
        let said = run("site", folder.path(), arguments);
        assert_eq!((said.code, said.stdout.as_str()), (Some(64), ""), "{arguments}");
        assert!(said.stderr.starts_with("error: "), "{}", said.stderr);
    }
}

#[test]
fn a_graph_with_a_mistake_says_so() {
    let mistake = "error: job `mistake` is after `fnie`, which does not exist; did you mean `fine`?";
    for arguments in ["mistake", "mistake --list", "mistake -n"] {
        check("trouble", arguments, 1, "", mistake);
    }
}

#[test]
fn a_reader_who_goes_away_is_no_error() {
    let mut child =
        program("site").arg("--list").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    for arguments in [&["--list"][..], &["--why", "fine"], &["-n"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = program("trouble").args(arguments).stdout(full).output().unwrap();
        let said = str::from_utf8(&output.stderr).unwrap();
        assert!(said.starts_with("error: cannot write to standard output: "), "{said}");
        assert_eq!(output.status.code(), Some(1));
    }
}
