//! `dojobber-render` as a guest in a shell: streams, pipes, devices, and what others put into files.

use std::fs;
#[cfg(target_os = "linux")]
use std::io::{PipeReader, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
#[cfg(target_os = "linux")]
use std::process::Child;
use std::process::{Command, Output};

#[cfg(target_os = "linux")]
use dojobber::Graph;

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

/// A report comes from anywhere: what is quoted of it does nothing to a terminal, nor does the name of its file.
#[test]
fn what_is_wrong_is_quoted_so_that_it_shows() {
    let report = |head: &str, job: &str| {
        let head = format!(r#""dojobber_report": 2, {head}"dry_run": false, "elapsed_ns": 1, "nests": []"#);
        format!(
            r#"printf '%s' '{{{head}, "jobs": [{{{job}, "after": [], "phases": []}}]}}' > bad; render bad"#
        )
    };
    let (escape, turn) = ("\\u001b[31m", "\\u202e");
    let quoted = |line: &str, quote: &str| {
        let stderr = format!("error: cannot read the report bad: {quote}");
        check_complaint(line, &stderr, &["bad", "run.json"]);
        let (output, _) = shell(line);
        let acts = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!String::from_utf8_lossy(&output.stderr).contains(acts), "{line}");
    };
    let fine = r#""name": "a", "kind": "group", "status": "satisfied""#;
    quoted(&report(&format!(r#""{escape}": 1, "#), fine), "unknown field `\\u{1b}[31m`, expected ");
    let kind = format!(r#""name": "a", "kind": "{escape}", "status": "satisfied""#);
    quoted(&report("", &kind), "unknown variant `\\u{1b}[31m`, expected ");
    let status = format!(r#""name": "a", "kind": "group", "status": "{turn}gpj""#);
    quoted(&report("", &status), "unknown variant `\\u{202e}gpj`, expected ");
    let name = r#""name": "\u0007", "kind": "group", "status": "satisfied""#;
    quoted(&report("", name), "the report does not fit together: job \"\\u{7}\" has a name ");
    let file = "printf x > $'a\\e[31m'; render a*";
    let (output, _) = shell(file);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.starts_with("error: cannot read the report a\\u{1b}[31m: it is not JSON"), "{text:?}");
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

/// Reads from a pipe whenever that is nearly full, so that a program which writes to it finds it full again and again.
#[cfg(target_os = "linux")]
fn read_late(mut pipe: PipeReader, child: &mut Child) -> Vec<u8> {
    const NEARLY: u64 = 50_000; // a pipe holds 65,536 bytes
    let (mut bytes, mut piece) = (Vec::new(), [0; 16 * 1024]);
    loop {
        if rustix::io::ioctl_fionread(&pipe).unwrap() < NEARLY && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
            continue;
        }
        match pipe.read(&mut piece).unwrap() {
            0 => return bytes,
            read => bytes.extend(&piece[..read]),
        }
    }
}

/// What the program writes to a standard output that does not wait, from a standard input that does not either, as
/// Node.js and ssh leave them; and whether it succeeded.
#[cfg(target_os = "linux")]
fn without_waiting(arguments: &[&str], input: &str) -> (Vec<u8>, bool) {
    use rustix::fs::{OFlags, fcntl_setfl};

    let ((stdin, mut feeds), (reads, stdout)) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    fcntl_setfl(&stdin, OFlags::NONBLOCK).unwrap();
    fcntl_setfl(&stdout, OFlags::NONBLOCK).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dojobber-render"));
    let mut child = command.args(arguments).stdin(stdin).stdout(stdout).spawn().unwrap();
    drop(command); // and with it our copies of its ends
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for piece in input.as_bytes().chunks(1000) {
                feeds.write_all(piece).unwrap();
                std::thread::yield_now();
            }
        });
        let bytes = read_late(reads, &mut child);
        (bytes, child.wait().unwrap().success())
    })
}

#[cfg(target_os = "linux")]
#[test]
fn streams_that_do_not_wait_lose_nothing() {
    let name =
        |at: usize| format!("a job with a long name, so that a stream is soon full: {at} {}", "-".repeat(99));
    let graph = (0..3_000).fold(Graph::new(), |graph, at| graph.job(name(at)).check_only(|_| true));
    let report = graph.compile().unwrap().run(()).into_report();
    let saved = serde_json::to_string(&report).unwrap();
    let expected = dojobber_viz::Picture::from_report(&report).to_text();
    assert!(expected.len() > 400_000, "more than a stream holds");
    for output in ["-", "/dev/stdout", "/dev/fd/1"] {
        let (text, success) = without_waiting(&["-", "-T", "txt", "-o", output], &saved);
        assert!(success, "{output}");
        assert_eq!(str::from_utf8(&text).unwrap(), expected, "{output}");
    }
}

/// Nobody listens to standard error, or to standard output: that is no panic.
#[test]
fn where_nobody_listens_the_exit_code_is_the_same() {
    let code = |report: &str| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("run.json"), report).unwrap();
        let gone = || OwnedFd::from(UnixStream::pair().unwrap().0); // its other end is closed
        let mut command = Command::new(env!("CARGO_BIN_EXE_dojobber-render"));
        command.arg("run.json").current_dir(&folder).stdout(gone()).stderr(gone());
        (command.status().unwrap().code(), names(folder.path()).len())
    };
    let saved = serde_json::to_string(&crate::features::report()).unwrap();
    assert_eq!(code(&saved), (Some(0), 3));
    assert_eq!(code("no report"), (Some(2), 1));
}

/// A file that is mounted by itself, as containers are given some, cannot be replaced: it is written in place.
#[cfg(target_os = "linux")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
#[test]
fn a_file_that_is_mounted_is_written_in_place() {
    let (output, _) = shell("unshare --map-root-user --mount mount --bind run.json run.json");
    if !output.status.success() {
        println!("skipped: nothing can be mounted here: {}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let mounted = |line: &str| {
        format!(
            "export -f render; echo old > there; echo > a.svg; unshare --map-root-user --mount bash -c 'mount --bind there a.svg; {line}' && head -c 5 there"
        )
    };
    check(&mounted("render run.json -o a.svg"), "a.svg\n<?xml", &["a.svg", "run.json", "there"]);
    check(
        &mounted("render run.json -o ./a.svg -o b.mmd"),
        "./a.svg\nb.mmd\n<?xml",
        &["a.svg", "b.mmd", "run.json", "there"],
    );
    let link = mounted("ln -s a.svg link; render run.json -T svg -o link");
    check(&link, "link\n<?xml", &["a.svg", "link", "run.json", "there"]);
}
