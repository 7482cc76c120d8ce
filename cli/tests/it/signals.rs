//! Ctrl-C and its like.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{ChildStderr, ChildStdout, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::program::program;

/// Starts the program that does not end by itself, sends a signal once its endless job has begun, and returns the exit
/// code and the end of what was said.
#[track_caller]
fn stopped_by(signal: Signal, arguments: &[&str]) -> (Option<i32>, String) {
    let mut program = program("trouble");
    program.args(["-q", "endless"]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    let mut out: BufReader<ChildStdout> = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "endless has begun\n");
    kill_process(Pid::from_child(&child), signal).unwrap();
    let mut said = String::new();
    let mut err: ChildStderr = child.stderr.take().unwrap();
    err.read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code(), said)
}

#[test]
fn the_exit_code_tells_the_signal() {
    for (signal, number) in [(Signal::INT, 2), (Signal::TERM, 15), (Signal::HUP, 1)] {
        let (code, said) = stopped_by(signal, &[]);
        assert_eq!(code, Some(128 + number), "{said}");
        assert!(said.starts_with("cancelled  2  endless (while it ran); after (not begun)"), "{said}");
    }
}

#[test]
fn what_was_written_of_a_stopped_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let (code, said) = stopped_by(Signal::INT, &["--report", path.to_str().unwrap()]);
    assert_eq!(code, Some(130), "{said}");
    let report: dojobber::Report = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(report.stop_reason(), Some(dojobber::StopReason::Signal(2)));
}
