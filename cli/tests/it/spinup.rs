//! The example that brings up a stack, and what may happen to it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::program::program;

/// A place for a stack: a directory, and a port that nobody else uses.
struct Place {
    dir: TempDir,
    port: u16,
}

impl Place {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Place { dir: tempfile::tempdir().unwrap(), port: listener.local_addr().unwrap().port() }
    }

    fn running(&self) -> PathBuf {
        self.dir.path().join("stack").join("running")
    }

    fn spinup(&self, options: &[&str]) -> Command {
        let mut command = program("spinup");
        command.arg("--dir").arg(self.dir.path().join("stack")).arg("--port").arg(self.port.to_string());
        command.args(options).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What it comes to, and the end of what it prints.
    #[track_caller]
    fn check(&self, options: &[&str], code: i32, expected: &str) {
        let output = self.spinup(options).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        let end = text.lines().find(|line| line.starts_with("6 jobs in "));
        let counts = end.and_then(|line| Some(line.split_once(": ")?.1));
        assert_eq!((output.status.code(), counts), (Some(code), Some(expected)), "{text}");
    }

    fn is_clean(&self) -> bool {
        TcpListener::bind(("127.0.0.1", self.port)).is_ok() && !self.running().exists()
    }
}

/// Starts it, and waits until that line was seen.
fn start(mut command: Command, line: &str) -> Child {
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let found = lines.by_ref().any(|text| text.unwrap().ends_with(line));
    assert!(found, "{line} does not come");
    std::thread::spawn(move || lines.for_each(drop)); // it goes on to be read
    child
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill").arg(signal).arg(child.id().to_string()).status().unwrap();
    assert!(sent.success());
}

fn ended(mut child: Child) -> ExitStatus {
    child.wait().unwrap()
}

#[test]
fn it_comes_up_and_leaves_nothing_behind() {
    let place = Place::new();
    place.check(&[], 0, "3 satisfied, 3 changed");
    assert!(place.is_clean());
    place.check(&[], 0, "5 satisfied, 1 changed");
    place.check(&["--greeting", "good day"], 0, "4 satisfied, 2 changed");
    assert!(place.is_clean());
}

#[test]
fn a_server_that_hangs_is_given_up() {
    let place = Place::new();
    place.check(&["--hang", "--patience", "100"], 1, "1 satisfied, 3 changed, 1 failed, 1 blocked");
    assert!(place.is_clean());
    place.check(&[], 0, "5 satisfied, 1 changed");
}

#[test]
fn ctrl_c_ends_what_is_up() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let place = Place::new();
        let child = start(place.spinup(&["--hold", "-v"]), "  up.run: begins");
        assert!(!place.is_clean(), "it is up");
        send(&child, signal);
        assert_eq!(ended(child).code(), Some(0), "all jobs are done");
        assert!(place.is_clean());
    }
}

#[test]
fn it_may_be_stopped_at_any_moment() {
    let place = Place::new();
    for moment in 0..24 {
        let signal = ["-INT", "-TERM"][moment % 2];
        let child = place.spinup(&["--hold"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(2 * moment as u64)); // no order is meant
        send(&child, signal);
        let status = ended(child);
        // before it listens to signals, one ends it at once
        let fits = matches!(status.code(), Some(0 | 130 | 143)) || matches!(status.signal(), Some(2 | 15));
        assert!(fits && place.is_clean(), "{moment}: {status}");
    }
    place.check(&[], 0, "5 satisfied, 1 changed");
}

#[test]
fn the_run_after_one_that_was_killed_puts_things_right() {
    let place = Place::new();
    let child = start(place.spinup(&["--hold", "-v"]), "  up.run: begins");
    send(&child, "-KILL");
    assert_eq!(ended(child).signal(), Some(9));
    assert!(!place.is_clean(), "its server lives on");
    place.check(&["--greeting", "again"], 0, "3 satisfied, 3 changed");
    assert!(place.is_clean());
}
