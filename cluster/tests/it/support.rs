//! The program of the trials, and worlds for it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder with a spool, and a world that jobs change.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

/// What a run of the trials has printed.
pub(crate) struct Told {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) is_success: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = World { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(world.folder.path().join("world")).unwrap();
        world
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    /// The folder of the last run.
    pub(crate) fn run_folder(&self) -> PathBuf {
        self.spool().join(fs::read_to_string(self.spool().join("run")).unwrap().trim())
    }

    /// Whether there was a run, and it is over.
    pub(crate) fn has_ended(&self) -> bool {
        let last = fs::read_to_string(self.spool().join("run"));
        last.is_ok_and(|id| self.spool().join(id.trim()).join("ended").exists())
    }

    /// How often each line stands in the log of the world.
    pub(crate) fn log(&self) -> BTreeMap<String, usize> {
        let text = fs::read_to_string(self.folder.path().join("world/log")).unwrap_or_default();
        let mut lines = BTreeMap::new();
        text.lines().for_each(|line| *lines.entry(line.to_owned()).or_insert(0) += 1);
        lines
    }

    /// How often a line stands there.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.log().get(line).copied().unwrap_or(0)
    }

    pub(crate) fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(example("trials"));
        command.arg(self.spool()).arg(self.folder.path().join("world")).args(options);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn spawn(&self, options: &[&str]) -> Child {
        self.command(options).spawn().unwrap()
    }

    /// Runs the trials to their end.
    pub(crate) fn run(&self, options: &[&str]) -> Told {
        Told::of(finished(self.spawn(options)))
    }

    /// Waits until something is so.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            assert!(start.elapsed() < Duration::from_secs(60), "waited for too long: {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Told {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Told { out: text(output.stdout), err: text(output.stderr), is_success: output.status.success() }
    }

    /// The line of a job: its status, tries and error.
    #[track_caller]
    pub(crate) fn job(&self, name: &str) -> &str {
        let start = format!("{name}: ");
        let line = self.out.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("nothing is told of {name}:\n{}\n{}", self.out, self.err))
    }
}

/// The output of a program, which must end within a minute.
#[track_caller]
pub(crate) fn finished(child: Child) -> Output {
    let (send, receive) = std::sync::mpsc::channel();
    let id = child.id();
    std::thread::spawn(move || send.send(child.wait_with_output()));
    match receive.recv_timeout(Duration::from_secs(60)) {
        Ok(output) => output.unwrap(),
        Err(_) => {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
            panic!("the trials never end");
        }
    }
}

/// An example program of this package, which cargo builds beside its tests.
pub(crate) fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is not there: build the examples first", path.display());
    path
}
