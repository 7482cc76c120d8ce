//! A program that is killed at any moment: what its journal says of it, and the cleanups that are called afterwards by
//! programs that are killed, too.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use dojobber::{Cleanup, Context, Graph, Journal, Phase, Plan, Report, Result, Runner};
use tempfile::TempDir;

use crate::support::rounds;

/// How often the program is killed, if nothing else is said.
const ROUNDS: u64 = 12;

/// Says to this test that it is the program, and in which directory. The other one says what it is to do.
const DIR: &str = "DOJOBBER_TEST_KILLED_DIR";
const ROLE: &str = "DOJOBBER_TEST_KILLED_ROLE";

/// 24 jobs in three chains; each notes what is called, and leaves a file when it is done.
fn plan(dir: &Path) -> Plan<'_> {
    let note = |what: &str, cx: &Context| -> Result {
        let mut notes = File::options().append(true).open(dir.join("notes"))?;
        Ok(notes.write_all(format!("{what} {}.{}\n", cx.job(), cx.attempt()).as_bytes())?)
    };
    let graph = (0..24).fold(Graph::new(), |graph, number: usize| {
        let done = dir.join(format!("done-{number}"));
        let marker = done.clone();
        let before = number.checked_sub(3).map(|before| before.to_string());
        let open = graph.job(number.to_string()).after(before).retry_delay(Duration::ZERO);
        open.cleanup(move |cx| {
            note("cleanup", cx)?;
            cx.sleep(Duration::from_micros(300))
        })
        .check(move |_| done.exists())
        .run(move |cx| {
            note("run", cx)?;
            cx.sleep(Duration::from_micros(300))?;
            if cx.attempt() > 1 || !number.is_multiple_of(5) {
                fs::write(&marker, "")?;
            }
            Ok(())
        })
    });
    graph.compile().unwrap()
}

/// Runs in a process of its own, which is killed.
#[test]
fn program() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let plan = plan(&dir);
    let journal = dir.join("journal");
    let builder = Runner::builder().threads(2);
    if std::env::var(ROLE).unwrap() == "recover" {
        fs::write(dir.join("started"), "").unwrap();
        let recovered = builder.build().recover(&plan, (), journal).unwrap();
        std::process::exit(if recovered.failures().is_empty() { 40 } else { 41 });
    }
    let runner = builder.cleanup(Cleanup::AtEnd).observer(Journal::create(journal).unwrap()).build();
    fs::write(dir.join("started"), "").unwrap();
    let run = runner.run(&plan, ());
    std::process::exit(if run.success() { 40 } else { 41 });
}

/// A directory in which the program runs.
struct Stage(TempDir);

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        File::create(dir.path().join("notes")).unwrap();
        Stage(dir)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Starts the program and kills it so long after it has begun; it may have ended by itself.
    fn start(&self, role: &str, life: Duration) -> ExitStatus {
        let _ = fs::remove_file(self.file("started"));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "killed::program", "--nocapture"]).env(DIR, self.0.path()).env(ROLE, role);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !self.file("started").exists() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let begun = Instant::now();
        while begun.elapsed() < life && child.try_wait().unwrap().is_none() {
            std::hint::spin_loop();
        }
        end(&mut child)
    }

    fn notes(&self, what: &str) -> Vec<String> {
        let notes = fs::read_to_string(self.file("notes")).unwrap();
        notes.lines().filter_map(|line| line.strip_prefix(what)).map(str::to_owned).collect()
    }
}

fn end(child: &mut Child) -> ExitStatus {
    let _ = child.kill();
    child.wait().unwrap()
}

/// Numbers that look random, and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// The runs that the report tells of without a cleanup that has ended: the last one first.
fn owed(report: &Report) -> Vec<String> {
    let mut runs = Vec::new();
    for job in report.jobs() {
        let phases = job.phases();
        for run in phases.iter().filter(|phase| phase.phase() == Phase::Run) {
            let is_its_own = |attempt, phase| (attempt, phase) == (run.attempt(), Phase::Cleanup);
            if !phases.iter().any(|phase| is_its_own(phase.attempt(), phase.phase()) && phase.passed()) {
                runs.push((std::cmp::Reverse(run.sequence()), format!("{}.{}", job.name(), run.attempt())));
            }
        }
    }
    runs.sort();
    runs.into_iter().map(|(_, name)| name).collect()
}

fn round(number: u64, dice: &mut Dice) {
    let stage = Stage::new();
    let life = Duration::from_micros(dice.below(20_000));
    let ended = stage.start("run", life);
    assert!(ended.signal() == Some(9) || ended.code() == Some(40), "{number}: {ended}");
    let is_cut = ended.signal().is_some();
    // sometimes the end of the file is lost, too, as when the power fails
    let journal = stage.file("journal");
    let tears = number % 2 == 1;
    if tears {
        let file = File::options().write(true).open(&journal).unwrap();
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(dice.below(400))).unwrap();
    }
    let report = match Report::from_journal(&journal) {
        Ok(report) => report,
        Err(error) => {
            assert!(error.to_string().contains("nothing was done"), "{number}: {error}");
            return assert!(tears || stage.notes("run ").is_empty(), "{number}");
        }
    };

    assert!(is_cut || tears || report.is_complete(), "{number}");
    for job in report.jobs().filter(|job| job.status().is_done()) {
        assert!(stage.file(&format!("done-{}", job.name())).exists(), "{number}: {} is not done", job.name());
    }
    let told: Vec<String> = report
        .jobs()
        .flat_map(|job| job.phases().into_iter().map(move |phase| (job.name(), phase)))
        .filter(|(_, phase)| phase.phase() == Phase::Run)
        .map(|(name, phase)| format!("{name}.{}", phase.attempt()))
        .collect();
    for run in stage.notes("run ").iter().filter(|_| !tears) {
        assert!(told.contains(run), "{number}: the journal does not tell of {run}");
    }

    let expected = owed(&report);
    let before = stage.notes("cleanup ").len();
    let mut kills = dice.below(4);
    loop {
        let life = if kills > 0 { Duration::from_micros(dice.below(6000)) } else { Duration::MAX };
        kills = kills.saturating_sub(1);
        let ended = stage.start("recover", life);
        if ended.code() == Some(40) {
            break;
        }
        assert_eq!(ended.signal(), Some(9), "{number}: {ended}");
    }
    let mut called = stage.notes("cleanup ").split_off(before);
    called.dedup(); // one that was begun and not ended is called once more
    assert_eq!(called, expected, "{number}");
    assert_eq!(owed(&Report::from_journal(&journal).unwrap()), Vec::<String>::new(), "{number}");
}

/// A job that starts a process, and one that waits.
fn server(dir: &Path) -> Plan<'_> {
    let graph = Graph::new()
        .job("server")
        .cleanup(|_| ())
        .run_only(|cx| {
            let process = cx.command("sleep").arg("1000").spawn()?;
            Ok(fs::write(dir.join("server"), process.id().to_string())?)
        })
        .job("detached")
        .run_only(|cx| {
            let process = cx.command("sleep").arg("1000").spawn()?;
            process.detach();
            Ok(fs::write(dir.join("detached"), process.id().to_string())?)
        })
        .job("waits")
        .after(["server", "detached"])
        .run_only(|cx| {
            fs::write(dir.join("started"), "")?;
            cx.sleep(Duration::from_secs(1000))
        });
    graph.compile().unwrap()
}

#[test]
fn program_with_processes() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let journal = Journal::create(dir.join("journal")).unwrap();
    let _ = Runner::builder().threads(1).observer(journal).build().run(&server(&dir), ());
}

#[cfg(target_os = "linux")]
#[test]
fn processes_that_a_killed_run_has_left_are_ended_unless_they_were_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::program_with_processes", "--nocapture"]).env(DIR, dir.path());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !dir.path().join("started").exists() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    end(&mut child);
    let number = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    let is_there = |name: &str| {
        let stat = fs::read_to_string(format!("/proc/{}/stat", number(name)));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    assert!(is_there("server") && is_there("detached"));

    let plan = server(dir.path());
    let journal = dir.path().join("journal");
    let runner = Runner::builder().grace_period(Duration::from_secs(60));
    let looked = runner.clone().dry_run(true).build().recover(&plan, (), &journal).unwrap();
    let left = format!("{} of server", number("server"));
    assert_eq!((looked.processes(), is_there("server")), (&[left.clone()][..], true));
    let recovered = runner.clone().build().recover(&plan, (), &journal).unwrap();
    assert_eq!((recovered.processes(), recovered.called()), (&[left][..], &["server".to_owned()][..]));
    assert!(!is_there("server") && is_there("detached"), "{recovered}");
    assert!(runner.build().recover(&plan, (), &journal).unwrap().processes().is_empty());
    let _ = Command::new("kill").args(["-9", &number("detached")]).status();
}

#[test]
fn a_journal_is_true_whenever_its_program_is_killed_and_cleanups_are_called_afterwards() {
    let mut dice = Dice(rounds(ROUNDS));
    for number in 0..rounds(ROUNDS) {
        round(number, &mut dice);
    }
}
