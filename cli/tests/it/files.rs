//! The files that a program writes about its run.

use std::fs;
use std::path::Path;
#[cfg(target_os = "linux")]
use std::process::Command;

use dojobber::{Report, Status};

use crate::program::{program, run, said};

#[track_caller]
fn written(arguments: &str, file: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let said = run("trouble", folder.path(), arguments);
    assert!(said.code == Some(0) || said.code == Some(1), "{}", said.stderr);
    fs::read_to_string(folder.path().join(file)).unwrap()
}

#[test]
fn graph() {
    for (file, begin) in [
        ("a.svg", "<?xml"),
        ("a.html", "<!doctype html>"),
        ("a.dot", "digraph"),
        ("a.mmd", "flowchart"),
        ("a.txt", "3 jobs: "),
    ] {
        let picture = written(&format!("broken -q --graph other.svg --graph {file}"), file);
        assert!(picture.to_lowercase().starts_with(begin), "{file}: {picture}");
        assert!(picture.contains("behind"), "{file}: {picture}");
    }
}

#[test]
fn report() {
    let report: Report = serde_json::from_str(&written("broken -q --report run.json", "run.json")).unwrap();
    assert_eq!(report.counts().to_string(), "1 satisfied, 1 failed, 1 blocked");
    let report: Report = serde_json::from_str(&written("flaky -n --report run.json", "run.json")).unwrap();
    assert!(report.dry_run());
}

#[test]
fn journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let run = |arguments: &str| run("trouble", folder.path(), arguments);
    let said = run("broken cleanup -q --journal run.jsonl --report run.json");
    assert_eq!(said.code, Some(1));
    let (journal, report) =
        (Report::from_journal(&path).unwrap(), fs::read(folder.path().join("run.json")).unwrap());
    let report: Report = serde_json::from_slice(&report).unwrap();
    assert_eq!((journal.counts(), journal.elapsed()), (report.counts(), report.elapsed()));
    assert!(journal.is_complete());

    let said = run("broken --journal run.jsonl");
    assert_eq!(said.code, Some(64));
    assert!(said.stderr.contains("the journal of an earlier run is there"), "{}", said.stderr);
    assert_eq!(run("broken --journal a.svg --graph a.svg").code, Some(64));
    assert_eq!(run("--journal nowhere/run.jsonl").code, Some(64));
    // in a dry run, too
    assert_eq!(run("broken --plan --journal plan.jsonl").code, Some(0));
    assert!(Report::from_journal(folder.path().join("plan.jsonl")).unwrap().dry_run());
}

/// The disk of a journal becomes full while the program runs: in one shell as the most that a file may have is reached, in
/// the other on a disk of 64 KiB, where one can be had.
#[cfg(target_os = "linux")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
#[test]
fn a_journal_whose_disk_becomes_full() {
    const LIMITED: &str = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\" --journal run.jsonl";
    const SMALL_DISK: &str = "mkdir small && mount -t tmpfs -o size=64k small small || exit 99
        \"$0\" \"$@\" --journal small/run.jsonl; code=$?; cp small/run.jsonl .; exit $code";
    for (shell, script, why) in [
        (&["sh", "-c"][..], LIMITED, "File too large"),
        (
            &["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"],
            SMALL_DISK,
            "No space left on device",
        ),
    ] {
        for (failing, code) in [("0", 0), ("1", 1)] {
            let folder = tempfile::tempdir().unwrap();
            let mut command = Command::new(shell[0]);
            command.args(&shell[1..]).arg(script).arg(program("crowd").get_program());
            command.args(["300", "--micros", "0", "--threads", "1", "--failing", failing]);
            command.args(["-q", "--report", "/dev/stdout"]).current_dir(folder.path());
            let output = command.output().unwrap();
            let (stdout, output) = (output.stdout.clone(), said(&output));
            if shell[0] == "unshare" && (stdout.is_empty() || output.code == Some(99)) {
                println!("skipped the small disk, which cannot be had here: {}", output.stderr);
                continue;
            }
            // the run goes on, and its end is what it would have been
            assert_eq!(output.code, Some(code), "{}", output.stderr);
            let report: Report = serde_json::from_slice(&stdout).unwrap();
            let failed = usize::from(code == 1);
            assert_eq!((report.counts().total(), report.count(Status::Changed)), (300, 300 - failed));
            let note = output.stderr.lines().find(|line| line.starts_with("note       1  the journal "));
            let note = note.unwrap_or_else(|| panic!("{}", output.stderr));
            assert!(note.contains("run.jsonl does not tell all: ") && note.contains(why), "{note}");
            assert_eq!(report.observer_failures().len(), 1);
            // what was written can be read, and what it says was done is done
            let journal = Report::from_journal(folder.path().join("run.jsonl")).unwrap();
            let changed = journal.count(Status::Changed);
            assert!(!journal.is_complete() && (1..300).contains(&changed), "{changed}");
            assert_eq!(changed + journal.count(Status::Cancelled), 300);
            for (told, was) in journal.jobs().zip(report.jobs()).take(changed) {
                assert_eq!((told.name(), told.status()), (was.name(), Status::Changed));
            }
            let recovered = run("crowd", folder.path(), "300 --recover run.jsonl");
            assert_eq!(recovered.code, Some(0), "{}", recovered.stderr);
            assert!(recovered.stderr.starts_with("nothing is owed: the run was cut short after "));
        }
    }
}

#[test]
fn recover() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let run = |arguments: &str| run("trouble", folder.path(), arguments);
    assert_eq!(run("cleanup --journal run.jsonl").code, Some(1));
    let said = run("cleanup --recover run.jsonl");
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), "nothing is owed: the run ended after T"));

    // as if the program had been killed before the cleanup
    let text = fs::read_to_string(&path).unwrap();
    let lines = text.lines().take_while(|line| !line.contains("\"cleanup\",\"worker\""));
    let killed: String = lines.map(|line| format!("{line}\n")).collect();
    fs::write(&path, &killed).unwrap();
    let said = run("cleanup --plan --recover run.jsonl");
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "owed are 1 cleanup: cleanup"));
    for (words, first) in [
        ("-q", "called 1 cleanup: cleanup\n"),
        ("", "T  cleanup  cleanup  the bucket is gone\ncalled 1 cleanup: cleanup\n"),
        ("--progress always", "cleanup  cleanup  the bucket is gone\ncalled 1 cleanup: cleanup\n"),
        ("-v", "T  cleanup.cleanup: "),
        ("-d", "T  cleanup.cleanup: "),
    ] {
        fs::write(&path, &killed).unwrap();
        let said = run(&format!("cleanup --recover run.jsonl {words}"));
        assert_eq!(said.code, Some(1));
        assert!(said.stderr.starts_with(first), "{words}: {}", said.stderr);
        assert!(said.stderr.contains("cleanup of `cleanup` failed: the bucket is gone"), "{}", said.stderr);
        assert!(!said.stderr.contains("panicked"), "{words}: {}", said.stderr);
    }
    let said = run("cleanup --recover run.jsonl");
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (Some(0), "nothing is owed: the run was cut short after T")
    );

    fs::write(&path, "{}").unwrap();
    let said = run("cleanup --recover run.jsonl");
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (Some(64), "error: run.jsonl is not a journal of dojobber")
    );
    assert_eq!(run("--recover gone.jsonl").code, Some(64));
}

#[test]
fn junit() {
    let text = written("flaky broken command panic -q --junit out.xml", "out.xml");
    let document = roxmltree::Document::parse(&text).unwrap();
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    let count = |name: &str| suite.attribute(name).unwrap().parse::<usize>().unwrap();
    let cases: Vec<_> = suite.children().filter(|node| node.has_tag_name("testcase")).collect();
    let with =
        |tag: &str| cases.iter().filter(|case| case.children().any(|node| node.has_tag_name(tag))).count();
    assert_eq!((count("tests"), count("failures"), count("errors"), count("skipped")), (6, 2, 1, 1));
    assert_eq!((cases.len(), with("failure"), with("error"), with("skipped")), (6, 2, 1, 1));
    assert_eq!(with("flakyFailure"), 1, "{text}");
    let message = |name: &str, tag: &str| {
        let case = cases.iter().find(|case| case.attribute("name") == Some(name)).unwrap();
        let node = case.children().find(|node| node.has_tag_name(tag)).unwrap();
        (node.attribute("type").unwrap_or("-"), node.attribute("message").unwrap())
    };
    assert_eq!(message("broken", "failure"), ("recheck", "there is no disk"));
    assert_eq!(message("panic", "error"), ("run", "panicked: the house burns"));
    assert_eq!(message("behind", "skipped"), ("-", "blocked behind broken"));
    assert_eq!(message("flaky", "flakyFailure"), ("recheck", "not yet"));
    assert!(suite.attribute("timestamp").unwrap().starts_with("20"), "{text}");
}

/// What the schema that Jenkins publishes allows: for each element, its attributes (those with a `!` are required), and
/// what may be inside of it; `#` is text.
const SCHEMA: &[(&str, &str, &str)] = &[
    ("testsuites", "name time tests failures errors", "testsuite"),
    (
        "testsuite",
        "name! tests! failures! errors! group time skipped timestamp hostname id package file log url",
        "testsuite properties testcase system-out system-err",
    ),
    (
        "testcase",
        "name! time classname group",
        "skipped error failure rerunFailure rerunError flakyFailure flakyError system-out system-err",
    ),
    ("properties", "", "property"),
    ("property", "name! value!", ""),
    ("failure", "type message", "#"),
    ("error", "type message", "#"),
    ("skipped", "type message", "#"),
    ("rerunFailure", "message type!", "# stackTrace system-out system-err"),
    ("rerunError", "message type!", "# stackTrace system-out system-err"),
    ("flakyFailure", "message type!", "# stackTrace system-out system-err"),
    ("flakyError", "message type!", "# stackTrace system-out system-err"),
    ("stackTrace", "", "#"),
    ("system-out", "", "#"),
    ("system-err", "", "#"),
];

#[track_caller]
fn check_element(node: roxmltree::Node<'_, '_>) {
    let name = node.tag_name().name();
    let Some((_, attributes, inside)) = SCHEMA.iter().find(|(known, ..)| *known == name) else {
        panic!("the schema has no {name}");
    };
    let attributes: Vec<&str> = attributes.split_whitespace().collect();
    for attribute in node.attributes() {
        let is_it = |known: &&str| known.trim_end_matches('!') == attribute.name();
        assert!(attributes.iter().any(is_it), "{name} has no {}", attribute.name());
        let is_time = |text: &str| text.chars().all(|char| char.is_ascii_digit() || char == '.');
        assert!(attribute.name() != "time" || is_time(attribute.value()), "{}", attribute.value());
    }
    for required in attributes.iter().filter_map(|known| known.strip_suffix('!')) {
        assert!(node.has_attribute(required), "{name} needs {required}");
    }
    let inside: Vec<&str> = inside.split_whitespace().collect();
    for child in node.children() {
        if child.is_element() {
            assert!(inside.contains(&child.tag_name().name()), "{name} has no {}", child.tag_name().name());
            check_element(child);
        } else if child.text().is_some_and(|text| !text.trim().is_empty()) {
            assert!(inside.contains(&"#"), "{name} has no text: {:?}", child.text());
        }
    }
}

#[test]
fn junit_files_are_such_as_jenkins_reads() {
    for arguments in ["flaky broken command panic cleanup", "flaky broken -n", "flaky broken --plan", ""] {
        let text = written(&format!("{arguments} -q --junit out.xml"), "out.xml");
        let document = roxmltree::Document::parse(&text).unwrap();
        assert!(document.root_element().has_tag_name("testsuites"));
        check_element(document.root_element());
    }
}

#[test]
fn trace() {
    for option in ["--trace", "--chrome-trace"] {
        let text = written(&format!("broken -q {option} out.json"), "out.json");
        let trace: serde_json::Value = serde_json::from_str(&text).unwrap();
        let bars = trace["traceEvents"].as_array().unwrap().iter().filter(|event| event["ph"] == "X");
        assert_eq!(bars.count(), 1 + 2 * 3, "{text}");
        assert_eq!(trace["otherData"]["program"], "trouble");
    }
}

#[cfg(unix)]
#[test]
fn standard_output_may_be_one_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    for name in ["/dev/stdout", "/dev/fd/1"] {
        let file = fs::File::create(&path).unwrap();
        let arguments = ["flaky", "-n", "--junit", name];
        let status = program("trouble").args(arguments).stdout(file).status().unwrap();
        assert_eq!(status.code(), Some(1));
        let text = fs::read_to_string(&path).unwrap();
        // what was answered stands there, too
        assert!(text.starts_with("would  flaky  ") && text.trim_end().ends_with("</testsuites>"), "{text}");
    }
    let file = fs::File::create(&path).unwrap();
    let status =
        program("trouble").args(["broken", "--report", "/dev/stderr"]).stderr(file).status().unwrap();
    assert_eq!(status.code(), Some(1));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("trouble: 3 jobs") && text.contains("\nagain: "), "{text}");
    assert!(text.trim_end().ends_with('}'), "{text}");
}

/// What cannot be written is told before anything is run.
#[track_caller]
fn check_refused(arguments: &str, part: &str) {
    let folder = tempfile::tempdir().unwrap();
    let said = run("site", folder.path(), arguments);
    assert_eq!((said.code, said.stdout.as_str()), (Some(64), ""), "{arguments}");
    assert!(said.stderr.starts_with("error: cannot write ") && said.stderr.contains(part), "{}", said.stderr);
    assert!(!Path::new(&folder.path().join("site")).exists(), "{arguments}: something was run");
}

#[test]
fn what_cannot_be_written_is_told_before_the_run() {
    check_refused("--graph out.doc", "names no format");
    check_refused("--graph nowhere/out.svg", "nowhere/out.svg: ");
    check_refused("--report nowhere/run.json", "nowhere/run.json: ");
    check_refused("--junit .", "directory");
    check_refused("--trace a --report a", "a twice");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_fails_after_all_makes_the_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let said = run("trouble", folder.path(), "-q --report /dev/full");
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.starts_with("error: cannot write /dev/full: "), "{}", said.stderr);
}
