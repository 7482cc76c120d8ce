//! Where jobs are executed: --engine, --spool, --on-node.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use dojobber::{Phase, Report};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::program::{Said, program, run};

const FRAMES: &str = "frames";
const PROCESSES: &str = "--engine processes --spool spool --threads 2";

/// The machines of all phases but cleanups, those of this process as `-`.
fn machines(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("run.json")).unwrap();
    let report: Report = serde_json::from_str(&text).unwrap();
    let phases = report.jobs().flat_map(|job| job.phases());
    let phases = phases.filter(|phase| phase.phase() != Phase::Cleanup);
    phases.map(|phase| phase.node().unwrap_or("-").to_owned()).collect()
}

fn this_machine() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned()
}

#[track_caller]
fn check(arguments: &str, code: i32, parts: &[&str]) -> (tempfile::TempDir, Said) {
    let folder = tempfile::tempdir().unwrap();
    let said = run(FRAMES, folder.path(), arguments);
    assert_eq!(said.code, Some(code), "{arguments}: {}", said.stderr);
    for part in parts {
        assert!(said.stderr.contains(part), "{arguments}: {part:?} is not in:\n{}", said.stderr);
    }
    (folder, said)
}

#[test]
fn engine() {
    for arguments in ["--frames 2 --report run.json", "--frames 2 --report run.json --engine here"] {
        let (folder, _) = check(arguments, 0, &["4 jobs in T"]);
        assert_eq!(machines(folder.path()), ["-"; 8], "{arguments}"); // one, three for each frame, one
    }
    let (folder, _) = check(&format!("--frames 2 --report run.json {PROCESSES}"), 0, &["4 jobs in T"]);
    let (here, there) = ("-".to_owned(), this_machine());
    let expected = [vec![here.clone()], vec![there; 6], vec![here]].concat();
    assert_eq!(machines(folder.path()), expected);
    // there is no Slurm in an empty folder
    let folder = tempfile::tempdir().unwrap();
    let mut slurm = program(FRAMES);
    slurm.args(["--frames", "1", "--engine", "slurm", "--spool", "spool"]).env("PATH", folder.path());
    let output = slurm.current_dir(folder.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(1) && told.contains("is Slurm installed on this machine?"),
        "{told}"
    );
}

#[test]
fn spool() {
    check("--engine processes", 64, &["--spool <DIR>"]);
    check("--engine slurm", 64, &["--spool <DIR>"]);
    check("--spool spool", 64, &["--engine <ENGINE>"]);
    let (folder, _) = check("--engine here --spool spool --frames 1", 0, &[]);
    assert!(!folder.path().join("spool").exists());
    let (folder, _) = check(&format!("{PROCESSES} --dry-run --frames 1"), 1, &[]);
    assert!(!folder.path().join("spool").exists(), "a dry run is here");
    let (folder, _) = check(&format!("{PROCESSES} --frames 1"), 0, &[]);
    assert!(folder.path().join("spool/run").exists());
    check(
        "--engine processes --spool /dev/null/spool",
        64,
        &["error: the spool /dev/null/spool cannot be used"],
    );
}

#[test]
fn on_node() {
    let node = this_machine();
    let (_, said) = check(&format!("{PROCESSES} --frames 1 --on-node"), 0, &[]);
    let line = |said: &Said| said.stderr.lines().find(|line| line.contains("  frame 0")).unwrap().to_owned();
    assert!(line(&said).ends_with(&format!(" on {node})")), "{}", said.stderr);
    let (_, said) = check(&format!("{PROCESSES} --frames 1"), 0, &[]);
    assert!(!said.stderr.contains(&node), "{}", said.stderr);
    check(&format!("{PROCESSES} --frames 1 -v"), 0, &[&format!("frame 0.run: begins (on {node})")]);
    // the summary names it where something is to be looked after
    check(
        &format!("{PROCESSES} --frames 1 --film nowhere -q"),
        1,
        &["FAILED     1  frame 0, after 3 tries in T ", &format!(" on {node}\n")],
    );
}

#[test]
fn traces_and_test_reports_name_the_machines() {
    let arguments = format!("{PROCESSES} --frames 1 --trace trace.json --junit tests.xml");
    let (folder, _) = check(&arguments, 0, &[]);
    let text = fs::read_to_string(folder.path().join("trace.json")).unwrap();
    let trace: Value = serde_json::from_str(&text).unwrap();
    let events = || trace["traceEvents"].as_array().unwrap().iter();
    let rows: Vec<&str> = events()
        .filter(|event| event["name"] == "thread_name")
        .filter_map(|row| row["args"]["name"].as_str())
        .collect();
    let node = this_machine();
    assert!(rows.iter().any(|row| row.ends_with(&format!(" on {node}"))), "{rows:?}");
    assert_eq!(events().filter(|event| event["args"]["on"] == node.as_str()).count(), 3);
    let tests = fs::read_to_string(folder.path().join("tests.xml")).unwrap();
    let there = format!("<system-out>changed after 1 try on {node}</system-out>");
    assert!(
        tests.contains(&there) && tests.contains("<system-out>changed after 1 try</system-out>"),
        "{tests}"
    );
}

#[test]
fn jobs_may_be_listed_and_chosen_without_a_cluster() {
    let listed = check("--engine slurm --spool spool --list --frames 1", 0, &[]).1.stdout;
    assert!(listed.contains("frame 0"), "{listed}");
    let (folder, _) =
        check(&format!("{PROCESSES} --only frame* --exclude film --frames 3"), 0, &["4 jobs in T"]);
    assert!(folder.path().join("frame-2.txt").exists());
}

#[test]
fn a_run_is_gone_on_with_and_not_recovered() {
    check(&format!("{PROCESSES} --recover run.jsonl"), 64, &["start the program again as it was"]);
}

/// Ctrl-C: what is away is ended, what has begun is cleaned up, and the exit code tells the signal.
#[test]
fn a_signal_ends_what_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut frames = program(FRAMES);
    frames.args(["--frames", "3", "--millis", "600000", "-q", "--report", "run.json"]);
    frames.args(PROCESSES.split(' ')).current_dir(folder.path());
    let mut child = frames.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let drafts = || (0..3).filter(|at| folder.path().join(format!("draft-{at}.txt")).exists()).count();
    while drafts() < 2 {
        assert!(child.try_wait().unwrap().is_none(), "it has ended before its units have begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains(" units are ended") && told.contains("cancelled  4  "), "{told}");
    assert!(told.contains(" (while they ran); ") && told.contains(", film (not begun)"), "{told}");
    assert_eq!(drafts(), 0, "{told}");
    let report: Report =
        serde_json::from_str(&fs::read_to_string(folder.path().join("run.json")).unwrap()).unwrap();
    assert_eq!(report.stop_reason(), Some(dojobber::StopReason::Signal(2)));
}
