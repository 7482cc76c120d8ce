//! The program of the trials, and worlds for it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::rc::{Rc, Weak};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

/// What executes units in this test program, by its name.
pub(crate) const ENGINE: Engine = match env!("CARGO_CRATE_NAME").as_bytes() {
    b"slurm" => Engine::Slurm,
    _ => Engine::Processes,
};

/// What executes the units of the trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Processes,
    Slurm,
}

impl Engine {
    /// What chooses it.
    fn option(self) -> &'static str {
        match self {
            Engine::Processes => "engine=processes",
            Engine::Slurm => "engine=slurm",
        }
    }

    /// One of two: what holds for processes, or for Slurm.
    pub(crate) fn pick<T>(self, processes: T, slurm: T) -> T {
        match self {
            Engine::Processes => processes,
            Engine::Slurm => slurm,
        }
    }
}

/// A folder with a spool, and a world that jobs change.
pub(crate) struct World {
    folder: tempfile::TempDir,
    spool: PathBuf,
    engine: Engine,
    _calm: Option<Rc<Calm>>,
}

/// While a test has worlds, it shares its engine with other tests, or has it for itself.
pub(crate) struct Calm {
    _shared: Option<RwLockReadGuard<'static, ()>>,
    _alone: Option<RwLockWriteGuard<'static, ()>>,
}

static CALM: RwLock<()> = RwLock::new(());

thread_local! {
    /// What the test of this thread holds already.
    static HELD: RefCell<Weak<Calm>> = const { RefCell::new(Weak::new()) };
}

impl Calm {
    fn shared() -> Rc<Self> {
        HELD.with_borrow(Weak::upgrade).unwrap_or_else(|| {
            let lock = CALM.read().unwrap_or_else(PoisonError::into_inner);
            Calm { _shared: Some(lock), _alone: None }.hold()
        })
    }

    /// For tests that do something to their engine: no other test goes on while this is held.
    #[allow(dead_code, reason = "for engines that can be broken")]
    pub(crate) fn alone() -> Rc<Self> {
        let lock = CALM.write().unwrap_or_else(PoisonError::into_inner);
        Calm { _shared: None, _alone: Some(lock) }.hold()
    }

    fn hold(self) -> Rc<Self> {
        let calm = Rc::new(self);
        HELD.set(Rc::downgrade(&calm));
        calm
    }
}

/// Where a unit was started.
#[allow(dead_code, reason = "each test program asks for some of it")]
pub(crate) struct Began {
    pub(crate) node: String,
    pub(crate) ticket: String,
    pub(crate) process: String,
}

/// What a run of the trials has printed.
pub(crate) struct Told {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) is_success: bool,
}

impl World {
    /// For units on the engine of this test program.
    pub(crate) fn new() -> Self {
        World::of(ENGINE)
    }

    pub(crate) fn of(engine: Engine) -> Self {
        let is_there = engine == Engine::Processes || std::env::var_os("DOJOBBER_SLURM").is_some();
        assert!(is_there, "there is no Slurm for tests here: `cargo xtask ci slurm` brings one up");
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("world")).unwrap();
        World { spool: folder.path().join("spool"), folder, engine, _calm: Some(Calm::shared()) }
    }

    /// Whatever tests do to the engine meanwhile: it does not touch this one.
    #[allow(dead_code, reason = "for engines that can be broken")]
    pub(crate) fn untouched(self) -> Self {
        World { _calm: None, ..self }
    }

    /// With its spool in that folder.
    #[allow(dead_code, reason = "it takes a file system of its own")]
    pub(crate) fn with_spool(self, spool: PathBuf) -> Self {
        World { spool, ..self }
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.spool.clone()
    }

    /// Lets jobs go on that wait for it.
    pub(crate) fn go(&self) {
        fs::write(self.folder.path().join("world/go"), "").unwrap();
    }

    /// The folder of the last run.
    pub(crate) fn run_folder(&self) -> PathBuf {
        self.spool().join(fs::read_to_string(self.spool().join("run")).unwrap().trim())
    }

    /// Whether there was a run.
    #[allow(dead_code, reason = "each test program asks for some of it")]
    pub(crate) fn has_run(&self) -> bool {
        self.spool.join("run").exists()
    }

    /// What a unit has told of its start.
    pub(crate) fn began(&self, unit: &str) -> Began {
        let text = fs::read_to_string(self.run_folder().join("began").join(unit)).unwrap();
        let began: serde_json::Value = serde_json::from_str(&text).unwrap();
        let word = |key: &str| began[key].as_str().unwrap().to_owned();
        Began { node: word("node"), ticket: word("ticket"), process: began["pid"].to_string() }
    }

    /// The try of that job that is away: `b0.1`.
    #[allow(dead_code, reason = "each test program asks for some of it")]
    #[track_caller]
    pub(crate) fn unit_of(&self, job: &str) -> String {
        let orders = fs::read_dir(self.run_folder().join("order")).unwrap().flatten();
        let is_of_job = |order: &fs::DirEntry| {
            let order: serde_json::Value = serde_json::from_slice(&fs::read(order.path()).unwrap()).unwrap();
            order["name"] == job && order["is_cleanup"] == false
        };
        let order = orders.into_iter().find(is_of_job).expect("it is away");
        order.file_name().into_string().unwrap()
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

    /// Starts a coordinator, and kills it once so many runs of parts have begun. Its units go on.
    #[track_caller]
    pub(crate) fn kill_coordinator_after(&self, runs: usize, options: &[&str]) {
        let mut coordinator = self.spawn(options);
        let begun = |world: &Self| {
            let log = world.log().into_iter();
            log.filter(|(line, _)| line.starts_with("run part")).map(|(_, count)| count).sum::<usize>()
        };
        self.wait_for("the runs", |world| begun(world) == runs);
        coordinator.kill().unwrap();
        coordinator.wait().unwrap();
    }

    /// The processes of units, pilots first, and all that they have started.
    pub(crate) fn processes(&self) -> Vec<String> {
        let start = format!("DOJOBBER_UNIT={}/", self.run_folder().display());
        let mut found = Vec::new();
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let environment = fs::read(process.path().join("environ")).unwrap_or_default();
            let environment = String::from_utf8_lossy(&environment).into_owned();
            let unit = environment.split('\0').find_map(|variable| variable.strip_prefix(&*start));
            if let Some(unit) = unit {
                found.push((!unit.starts_with("pilot/"), process.file_name().into_string().unwrap()));
            }
        }
        found.sort();
        found.into_iter().map(|(_, process)| process).collect()
    }

    pub(crate) fn command(&self, options: &[&str]) -> Command {
        self.command_of(&example("trials"), options)
    }

    /// The same by a copy of that program.
    pub(crate) fn command_of(&self, program: &Path, options: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.arg(self.spool()).arg(self.folder.path().join("world"));
        command.arg(self.engine.option()).args(options);
        let file = |name| File::create(self.folder.path().join(name)).unwrap();
        command.stdin(Stdio::null()).stdout(file("out")).stderr(file("err"));
        command
    }

    pub(crate) fn spawn(&self, options: &[&str]) -> Child {
        self.command(options).spawn().unwrap()
    }

    /// Runs the trials to their end.
    pub(crate) fn run(&self, options: &[&str]) -> Told {
        self.finish(self.spawn(options))
    }

    /// What they tell, once they have ended.
    #[track_caller]
    pub(crate) fn finish(&self, child: Child) -> Told {
        let is_success = finished(child).success();
        Told { out: self.told("out"), err: self.told("err"), is_success }
    }

    /// What they have told so far: on `out` or on `err`.
    pub(crate) fn told(&self, pipe: &str) -> String {
        fs::read_to_string(self.folder.path().join(pipe)).unwrap()
    }

    /// Waits until something is so.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            assert!(start.elapsed() < Duration::from_secs(180), "waited for too long: {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Told {
    /// The line of a job: its status, tries and error.
    #[track_caller]
    pub(crate) fn job(&self, name: &str) -> &str {
        let start = format!("{name}: ");
        let line = self.out.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("nothing is told of {name}:\n{}\n{}", self.out, self.err))
    }
}

/// How a program has ended, which must be within minutes.
#[track_caller]
pub(crate) fn finished(mut child: Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > Duration::from_secs(180) {
            child.kill().unwrap();
            panic!("the trials never end");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// An example program of this package, which cargo builds beside its tests.
pub(crate) fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is not there: build the examples first", path.display());
    path
}
