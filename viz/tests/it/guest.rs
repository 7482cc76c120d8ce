//! `dojobber-render` as a guest in a shell: streams, pipes, devices, and what others put into files.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Runs a line of the shell in a folder with a saved report, in which `render` is the program.
fn shell(line: &str) -> (Output, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let saved = serde_json::to_string(&crate::features::report()).unwrap();
    fs::write(folder.path().join("run.json"), saved).unwrap();
    let script = format!("render() {{ \"$RENDER\" \"$@\"; }}\n{line}");
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("RENDER", env!("CARGO_BIN_EXE_dojobber-render"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    (output, folder)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A line that succeeds silently: how standard output begins, and the files that are there afterwards.
#[track_caller]
fn check(line: &str, stdout: &str, files: &[&str]) {
    let (output, folder) = shell(line);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
    assert!(output.status.success(), "{line}: {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.starts_with(stdout) && (text.is_empty() == stdout.is_empty()), "{line}: {text:?}");
    assert_eq!(names(folder.path()), files, "{line}");
}

/// A line that fails: what it says, and the files that are there afterwards, the report untouched among them.
#[track_caller]
fn check_complaint(line: &str, stderr: &str, files: &[&str]) {
    let (output, folder) = shell(line);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.starts_with(stderr), "{line}: {text:?}");
    assert_eq!((output.status.code(), text.lines().count()), (Some(2), 1), "{line}: {text}");
    assert_eq!(names(folder.path()), files, "{line}");
}

const TEXT: &str = "7 jobs: ";

#[test]
fn a_dash_is_standard_input() {
    check("render - < run.json", TEXT, &["run.json"]);
    check("cat run.json | render -", TEXT, &["run.json"]);
    check("cat run.json | render - -T svg", "<?xml ", &["run.json"]);
    check("cat run.json | render - -o a.svg -o b.mmd", "a.svg\nb.mmd\n", &["a.svg", "b.mmd", "run.json"]);
    check("cat run.json | render - -o a.svg -o -", TEXT, &["a.svg", "run.json"]);
    check_complaint(
        "render - < /dev/null",
        "error: cannot read the report from standard input: it is empty\n",
        &["run.json"],
    );
}

#[test]
fn nothing_is_written_beside_a_stream() {
    check("cat run.json | render /dev/stdin", TEXT, &["run.json"]);
    check("render /dev/stdin < run.json", TEXT, &["run.json"]);
    check("render /proc/self/fd/0 -T dot < run.json", "digraph ", &["run.json"]);
    check("render <(cat run.json)", TEXT, &["run.json"]);
    check("mkfifo pipe; cat run.json > pipe & render pipe", TEXT, &["pipe", "run.json"]);
    check("ln -s /dev/stdin link; render link < run.json", TEXT, &["link", "run.json"]);
    let there = |name: &str| Path::new("/dev").join(name).exists();
    assert!(!["stdin.svg", "stdin.dot", "0.dot"].into_iter().any(there));
}

#[test]
fn a_closed_pipe_ends_it_silently() {
    check("render run.json -o - | head -c 4", "7 jo", &["run.json"]);
    check(
        "(sleep 0; render run.json -o - -T html; echo $? > code) | true; cat code",
        "0",
        &["code", "run.json"],
    );
    check(
        "(render run.json -o /dev/stdout -T svg; echo $? > code) | true; cat code",
        "0",
        &["code", "run.json"],
    );
    check(
        "(render run.json; echo $? > code) | true; cat code",
        "0",
        &["code", "run.dot", "run.json", "run.svg"],
    );
    check("(render --help; echo $? > code) | true; cat code", "0", &["code", "run.json"]);
}

#[test]
fn what_editors_and_shells_make_of_a_file_is_known() {
    check("(printf '\\357\\273\\277'; cat run.json) > bom; render bom -o -", TEXT, &["bom", "run.json"]);
    check("(printf '\\357\\273\\277'; cat run.json) | render -", TEXT, &["run.json"]);
    check_complaint(
        "iconv -f utf-8 -t utf-16 run.json > wide; render wide",
        "error: cannot read the report wide: it is UTF-16, as some shells write it with `>`: save it as UTF-8\n",
        &["run.json", "wide"],
    );
    check_complaint(
        "gzip -k run.json; render run.json.gz",
        "error: cannot read the report run.json.gz: it is packed by gzip: unpack it first, as `gzip -dc ",
        &["run.json", "run.json.gz"],
    );
}

#[test]
fn the_report_is_never_overwritten() {
    let is_itself = |name: &str| {
        format!("error: {name} is the report itself: name another file for its picture with `-o FILE`\n")
    };
    let saved = is_itself("saved.svg");
    check_complaint("mv run.json saved.svg; render saved.svg", &saved, &["saved.svg"]);
    check_complaint("mv run.json saved.svg; render saved.svg -T SVG", &saved, &["saved.svg"]);
    check_complaint(
        "mv run.json saved.svg; render - < saved.svg -o a.mmd -o saved.svg",
        &saved,
        &["saved.svg"],
    );
    check_complaint("render run.json -T txt -o ./run.json", &is_itself("./run.json"), &["run.json"]);
    check_complaint(
        "ln run.json a.svg; render run.json -o a.svg",
        &is_itself("a.svg"),
        &["a.svg", "run.json"],
    );
    check_complaint(
        "ln -s run.json a.svg; render run.json -o a.svg",
        &is_itself("a.svg"),
        &["a.svg", "run.json"],
    );
    // another name with the same ending is nobody's report
    check("mv run.json saved.svg; render saved.svg -o other.svg", "other.svg\n", &["other.svg", "saved.svg"]);
}

#[test]
fn devices_are_written_to_and_not_replaced() {
    check("render run.json -T svg -o /dev/null && test -c /dev/null", "/dev/null\n", &["run.json"]);
    check("render run.json -T svg -o /dev/stdout", "<?xml ", &["run.json"]);
    check(
        "render run.json -T svg -o /dev/fd/3 3>out; head -c 5 out",
        "/dev/fd/3\n<?xml",
        &["out", "run.json"],
    );
    let kept = "kept\n7 jobs: ";
    check("echo kept > out; render run.json -o /dev/stdout >> out; cat out", kept, &["out", "run.json"]);
    check("echo kept > out; render run.json -o - >> out; cat out", kept, &["out", "run.json"]);
}
