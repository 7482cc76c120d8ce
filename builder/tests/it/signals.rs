//! A program that gets signals at any moment, and what is left of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use dojobber::{CancelToken, Context, Graph, Report, Result, Runner, Status, StopReason};
use tempfile::TempDir;

use crate::support::rounds;

/// How often each kind of signal is sent, if nothing else is said.
const ROUNDS: u64 = 8;

/// Says to this test that it is the program, and in which directory. Its processes have it in their environment.
const DIR: &str = "DOJOBBER_TEST_SIGNALS_DIR";

/// 40 jobs in four chains. Half of them are processes with two children, one of which does not hear SIGTERM.
fn graph(dir: &Path) -> Graph<'_> {
    let note = |what: &str, cx: &Context| {
        let mut journal = File::options().append(true).open(dir.join("journal"))?;
        journal.write_all(format!("{what} {} {}\n", cx.job(), cx.attempt()).as_bytes())?;
        tell(what)
    };
    (0..40).fold(Graph::new(), |graph, number: usize| {
        let done = dir.join(format!("done-{number}"));
        let marker = done.clone();
        let before = number.checked_sub(4).map(|before| before.to_string());
        let open = graph.job(number.to_string()).after(before).tries(1);
        open.cleanup(move |cx| note("cleanup", cx)).check(move |_| done.exists()).run(move |cx| {
            note("run", cx)?;
            if number.is_multiple_of(2) {
                let children = "sleep 1000 & one=$!; (trap '' TERM; exec sleep 1000) & two=$!";
                let script = format!("{children}; sleep 0.004; kill $one; kill -9 $two; wait");
                cx.command("sh").args(["-c", &script]).env(DIR, dir).run()?;
            } else {
                cx.sleep(Duration::from_millis(3))?;
            }
            Ok(fs::write(&marker, "")?)
        })
    })
}

/// A line for the test that has started this program: it counts them.
fn tell(what: &str) -> Result {
    Ok(io::stdout().write_all(format!("\n{what}\n").as_bytes())?)
}

/// Runs in a process of its own, which gets the signals.
#[test]
fn program() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let stop = CancelToken::on_signals().unwrap();
    let plan = graph(&dir).compile().unwrap();
    let runner =
        Runner::builder().threads(4).cancel_token(&stop).grace_period(Duration::from_secs(60)).build();
    tell("started").unwrap();
    let run = runner.run(&plan, ());
    fs::write(dir.join("report"), serde_json::to_string(run.report()).unwrap()).unwrap();
    let success = run.success();
    drop(run);
    std::process::exit(if success { 40 } else { 41 });
}

/// A directory in which the program runs, once or several times.
struct Stage(TempDir);

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        File::create(dir.path().join("journal")).unwrap();
        Stage(dir)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Starts the program, and waits until it listens to signals.
    fn start(&self) -> Program {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "signals::program", "--nocapture"]).env(DIR, self.0.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut program = Program { child, lines };
        program.read(&["started"], 1);
        program
    }

    fn report(&self) -> Report {
        serde_json::from_str(&fs::read_to_string(self.file("report")).unwrap()).unwrap()
    }

    /// How often each try was run, less how often it was cleaned up.
    fn owed(&self) -> BTreeMap<String, i32> {
        let mut owed = BTreeMap::new();
        for line in fs::read_to_string(self.file("journal")).unwrap().lines() {
            let (what, attempt) = line.split_once(' ').unwrap();
            *owed.entry(attempt.to_owned()).or_default() += if what == "run" { 1 } else { -1 };
        }
        owed.retain(|_, owed| *owed != 0);
        owed
    }

    /// Its processes that live, found by their environment.
    fn alive(&self) -> Vec<String> {
        let wanted = format!("{DIR}={}\0", self.0.path().display());
        let folders = fs::read_dir("/proc").unwrap().flatten();
        let ours = folders.filter(|folder| {
            let environment = fs::read(folder.path().join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&wanted)
        });
        ours.map(|folder| fs::read_to_string(folder.path().join("cmdline")).unwrap_or_default()).collect()
    }

    /// The kernel may take a moment to take down what was killed.
    fn is_quiet(&self) -> bool {
        (0..5000).any(|turn| {
            if turn > 0 {
                std::thread::yield_now(); // nobody tells when it has
            }
            self.alive().is_empty()
        })
    }
}

/// The program, and what it tells.
struct Program {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Program {
    /// Reads until it has told one of these so many times more, or has ended.
    fn read(&mut self, what: &[&str], times: u64) {
        let mut line = String::new();
        for _ in 0..times {
            line.clear();
            while !what.contains(&line.trim_end()) {
                line.clear();
                if self.lines.read_line(&mut line).unwrap() == 0 {
                    return;
                }
            }
        }
    }

    fn send(&self, signal: i32) {
        let mut kill = Command::new("kill");
        let _ =
            kill.arg(format!("-{signal}")).arg(self.child.id().to_string()).stderr(Stdio::null()).status();
    }

    fn wait(mut self) -> ExitStatus {
        self.read(&[], 1); // so that it can tell all
        self.child.wait().unwrap()
    }
}

/// Sends signals at some moment, one after another: each when something more has happened.
fn stopped(stage: &Stage, round: u64, signals: &[i32]) -> ExitStatus {
    let mut program = stage.start();
    // a multiple of the golden ratio: spread evenly over the 40 runs and some of their cleanups
    program.read(&["run", "cleanup"], round.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 48);
    for signal in signals {
        program.send(*signal);
        program.read(&["run", "cleanup"], 1);
    }
    program.wait()
}

/// Every run is cleaned up once, no process is left, and report and exit code fit.
#[track_caller]
fn check(signals: &[i32]) {
    let mut cut = 0;
    for round in 0..rounds(ROUNDS) {
        let stage = Stage::new();
        let status = stopped(&stage, round, signals);
        let at = format!("round {round} of {signals:?}: {status}");
        assert!(stage.is_quiet(), "{at}: {:?}", stage.alive());
        let outside =
            status.signal().or_else(|| status.code().filter(|code| *code > 128).map(|code| code - 128));
        if let Some(signal) = outside {
            // the third, or one that came when the run was over
            assert!(signals.contains(&signal), "{at}");
            continue;
        }
        let report = stage.report();
        assert!(stage.owed().is_empty(), "{at}: {:?}\n{report}", stage.owed());
        assert_eq!(status.code(), Some(if report.success() { 40 } else { 41 }), "{at}\n{report}");
        let fits = |status| matches!(status, Status::Changed | Status::Cancelled);
        assert!(report.jobs().all(|job| fits(job.status())), "{at}\n{report}");
        let has = |status| report.jobs().any(|job| job.status() == status);
        cut += u32::from(has(Status::Changed) && has(Status::Cancelled));
        let reason = (!report.success()).then_some(StopReason::Signal(signals[0]));
        assert_eq!(report.stop_reason(), reason, "{at}\n{report}");
    }
    assert!(cut > 0 || signals.len() > 2, "no signal came in the middle of a run");
}

const INT: i32 = 2;
const KILL: i32 = 9;
const TERM: i32 = 15;

#[test]
fn once() {
    check(&[INT]);
    check(&[TERM]);
}

#[test]
fn twice() {
    check(&[INT, TERM]);
}

#[test]
fn thrice() {
    check(&[INT, INT, TERM]);
}

#[test]
fn a_run_after_one_that_was_killed_succeeds() {
    for round in 0..rounds(ROUNDS) {
        let stage = Stage::new();
        let killed = stopped(&stage, round, &[KILL]);
        assert!(killed.signal() == Some(KILL) || killed.code() == Some(40), "{killed}");
        assert!(stage.is_quiet(), "what was started goes on to its end: {:?}", stage.alive());
        let again = stage.start().wait();
        assert_eq!(again.code(), Some(40), "round {round}\n{}", stage.report());
    }
}
