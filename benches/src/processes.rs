//! Many short processes: jobs that start one each, beside `ninja` and `make`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{fs, io};

use dojobber::{Context, Graph, Plan, Runner, sh};

/// How a process is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The program itself.
    Directly,
    /// A shell that starts it.
    ByShell,
}

/// A program that starts processes, as many at once as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starter {
    /// This library: a job for each process.
    Dojobber(Start),
    /// `ninja`, which always asks a shell.
    Ninja,
    /// `make`.
    Make(Start),
    /// The standard library's `Command::output` alone, on as many threads.
    Std(Start),
}

/// As many processes that do nothing, for every starter, and how many of them may run at once.
#[derive(Debug)]
pub struct Processes {
    folder: PathBuf,
    count: u32,
    at_once: usize,
}

impl Processes {
    /// Writes what `ninja` and `make` read into a folder.
    ///
    /// # Errors
    ///
    /// If it cannot be written to.
    pub fn new(folder: &Path, count: u32, at_once: usize) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("build.ninja"), ninja_file(count))?;
        for start in [Start::Directly, Start::ByShell] {
            fs::write(folder.join(makefile(start)), make_file(count, start))?;
        }
        Ok(Processes { folder: folder.to_owned(), count, at_once })
    }

    /// How long all of them take; none where the starter is not installed.
    ///
    /// # Panics
    ///
    /// If one of the processes fails.
    pub fn time(&self, starter: Starter) -> Option<Duration> {
        let start = Instant::now();
        match starter {
            Starter::Dojobber(how) => {
                let plan = plan(self.count, how);
                let runner = Runner::builder().threads(self.at_once).build();
                assert!(runner.run(&plan, ()).success(), "processes that do nothing succeed");
            }
            Starter::Ninja => self.start("ninja", &["--quiet"])?,
            Starter::Make(how) => self.start("make", &["--silent", "-f", makefile(how)])?,
            Starter::Std(how) => self.outputs(how),
        }
        Some(start.elapsed())
    }

    fn outputs(&self, how: Start) {
        let left = AtomicU32::new(self.count);
        let is_left = || left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
        let work = || {
            while is_left() {
                let mut command = match how {
                    Start::Directly => Command::new("true"),
                    Start::ByShell => Command::new("sh"),
                };
                if how == Start::ByShell {
                    command.args(["-ec", "true"]);
                }
                let output = command.stdin(Stdio::null()).output().expect("it is there");
                assert!(output.status.success(), "processes that do nothing succeed");
            }
        };
        std::thread::scope(|scope| (0..self.at_once).for_each(|_| _ = scope.spawn(work)));
    }

    fn start(&self, program: &str, arguments: &[&str]) -> Option<()> {
        let mut command = Command::new(program);
        command.args(arguments).args(["-j", &self.at_once.to_string()]).current_dir(&self.folder);
        let status = command.stdout(Stdio::null()).status().ok()?;
        assert!(status.success(), "{program} failed: {status}");
        Some(())
    }
}

fn plan(count: u32, how: Start) -> Plan<'static> {
    let mut graph = Graph::new();
    for job in 0..count {
        let open = graph.job(job.to_string());
        graph = match how {
            Start::Directly => open.run_only(|cx| cx.command("true").run()),
            Start::ByShell => open.run_only(sh("true")),
        };
    }
    graph.compile().expect("jobs without dependencies are a sound graph")
}

/// How much later than its limit and its grace period a command ends that does not hear SIGTERM; none if it was asked
/// before it had become deaf.
///
/// # Panics
///
/// Never: such a graph is sound.
pub fn late_by() -> Option<Duration> {
    let deaf = |cx: &Context| cx.command("sh").args(["-c", "trap '' TERM; sleep 3600"]).run();
    let graph = Graph::new().job("deaf").timeout(DEAF).run_only(deaf);
    let plan = graph.compile().expect("one job is a sound graph");
    let run = Runner::builder().threads(1).default_tries(1).grace_period(DEAF).build().run(&plan, ());
    let length = run.job("deaf")?.phases().first()?.length();
    length.checked_sub(2 * DEAF)
}

/// The limit, and the grace period.
const DEAF: Duration = Duration::from_millis(100);

fn ninja_file(count: u32) -> String {
    let mut text = String::from("rule nothing\n  command = true\n");
    for job in 0..count {
        writeln!(text, "build job{job}: nothing").expect("a string takes all");
    }
    text
}

fn makefile(start: Start) -> &'static str {
    match start {
        Start::Directly => "directly.mk",
        Start::ByShell => "by-shell.mk",
    }
}

/// `make` asks a shell where a line has something in it that only a shell knows: a semicolon here.
fn make_file(count: u32, start: Start) -> String {
    let jobs: Vec<String> = (0..count).map(|job| format!("job{job}")).collect();
    let line = match start {
        Start::Directly => "true",
        Start::ByShell => "true;",
    };
    let all = jobs.join(" ");
    format!(".PHONY: all {all}\nall: {all}\n{all}:\n\t@{line}\n")
}

#[cfg(test)]
mod tests {
    use super::{Processes, Start, Starter};

    /// Says so where a program is missing.
    #[test]
    #[expect(clippy::print_stdout, reason = "a test that cannot be made says so")]
    fn everyone_starts_them_all() {
        let folder = std::env::temp_dir().join(format!("dojobber-processes-{}", std::process::id()));
        let processes = Processes::new(&folder, 5, 2).unwrap();
        for start in [Start::Directly, Start::ByShell] {
            assert!(processes.time(Starter::Dojobber(start)).is_some());
            assert!(processes.time(Starter::Std(start)).is_some());
            match processes.time(Starter::Make(start)) {
                Some(_) => {}
                None => println!("skipped make: it is not there"),
            }
        }
        if processes.time(Starter::Ninja).is_none() {
            println!("skipped ninja: it is not there");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
