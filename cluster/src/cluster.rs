//! The face of this crate: an engine and a spool, where jobs are placed, and the run of a plan.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dojobber::{Cleanup, Done, Elsewhere, Order, Plan, Run, RunOptions, Runner, StopLevel};

use crate::child::UNIT;
use crate::engine::{Engine, Seen, State, Tag};
use crate::error::ClusterError;
use crate::identity::{build, digest, graph_lines};
use crate::needs::Needs;
use crate::pilot::{pilot, workers_of};
use crate::processes::Processes;
use crate::serve::{Here, serve};
use crate::spool::{RunFile, RunFolder, VERSION, host, lock, now_ms};
use crate::tell::units_are;
use crate::watcher::{Current, Inherited, Watcher};

/// Whether `Cluster::run` was called in this process.
static HAS_RUN: AtomicBool = AtomicBool::new(false);

/// Whether this process executes a unit for a run elsewhere.
pub fn is_unit() -> bool {
    own_order().is_some()
}

/// The order that this process was started for. Another program that a unit has started has the variable from it, and means
/// something else by its own runs.
fn own_order() -> Option<PathBuf> {
    let order = PathBuf::from(std::env::var_os(UNIT)?);
    let file = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino()));
    let sent = RunFolder::of_order(&order).map(|folder| file(&folder.program()));
    match (sent, std::env::current_exe().map(|program| file(&program))) {
        (Some(Ok(sent)), Ok(Ok(this))) if sent != this => None,
        _ => Some(order), // what cannot be compared is told by who executes it
    }
}

/// An engine, and the folder through which it is used: it must be on a file system that all machines share.
///
/// ```
/// use dojobber::Graph;
/// use dojobber_cluster::{Cluster, Processes};
/// use std::time::Duration;
///
/// let cluster = Cluster::new(Processes::new(4), "/shared/spool").max_in_flight(100);
/// let graph = Graph::new()
///     .job("fit").on(cluster.needs().cpus(4).memory_mb(8000).time(Duration::from_secs(1200))).run_only(|_| ())
///     .job("rest").on(&cluster).nest(Graph::new().job("small").run_only(|_| ()));
/// # assert!(graph.compile().is_ok());
/// ```
#[derive(Clone)]
pub struct Cluster {
    watcher: Arc<Watcher>,
    agreed: String,
}

/// Where a job is executed, and what it needs there.
#[derive(Clone)]
#[must_use = "give it to `.on(..)`"]
pub struct Place {
    watcher: Arc<Watcher>,
    needs: Needs,
}

impl Cluster {
    /// Units are executed by this engine. The spool is created where it is not there.
    pub fn new(engine: impl Engine, spool: impl Into<PathBuf>) -> Self {
        let spool = spool.into();
        // what a unit starts in another directory has to find it, too
        let root = std::path::absolute(&spool).unwrap_or(spool);
        Cluster { watcher: Arc::new(Watcher::new(engine, root)), agreed: String::new() }
    }

    /// All is executed in this process, as if no job were placed: there is no engine and no spool. It is for programs that
    /// are asked where to run.
    ///
    /// ```
    /// use dojobber::{Graph, Runner};
    /// use dojobber_cluster::{Cluster, Processes};
    ///
    /// # fn main() -> dojobber::Result {
    /// let spool = std::env::args().nth(1);
    /// let cluster = spool.map_or_else(Cluster::here, |spool| Cluster::new(Processes::new(4), spool));
    /// let plan = Graph::new().job("fit").on(&cluster).run_only(|_| ()).compile()?;
    /// # let cluster = Cluster::here();
    /// # let plan = Graph::new().job("fit").on(&cluster).run_only(|_| ()).compile()?;
    /// cluster.run(&Runner::default(), &plan, ())?.into_result()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn here() -> Self {
        Cluster::new(Processes::new(1), PathBuf::new()).set(|settings| settings.is_here = true)
    }

    /// Whether all is executed in this process.
    pub fn is_here(&self) -> bool {
        self.watcher.settings().is_here
    }

    /// What else must be the same in each process beside graph, program and directory: arguments, for example. A unit
    /// in which it differs fails, and a run in which it differs begins anew.
    #[must_use]
    pub fn agree_on(mut self, what: impl fmt::Debug) -> Self {
        self.agreed = format!("{what:?}");
        self
    }

    /// How many units the engine has at most. Default: 500.
    #[must_use]
    pub fn max_in_flight(self, units: usize) -> Self {
        self.set(|settings| settings.max_in_flight = units.max(1))
    }

    /// How often a unit is submitted again whose machine was lost, beside the tries of its job. Default: 2.
    #[must_use]
    pub fn max_losses(self, losses: u32) -> Self {
        self.set(|settings| settings.max_losses = losses)
    }

    /// A unit that waits for what will not come without somebody's help (it is held, or its partition is down) fails after
    /// that time. By default it is only told, and waited for.
    #[must_use]
    pub fn stuck_after(self, time: impl Into<Option<Duration>>) -> Self {
        let time = time.into();
        self.set(|settings| settings.stuck_after = time)
    }

    /// Executes dry runs there, too. By default their checks are called here, and the spool is not touched.
    #[must_use]
    pub fn dry_run_there(self, is_there: bool) -> Self {
        self.set(|settings| settings.dry_run_there = is_there)
    }

    /// How many runs that have ended are kept in the spool. Default: 3.
    #[must_use]
    pub fn keep_runs(self, runs: usize) -> Self {
        self.set(|settings| settings.keep_runs = runs)
    }

    /// Tells what is submitted and what comes back, too. Default: only what is unusual.
    #[must_use]
    pub fn verbose(self, is_verbose: bool) -> Self {
        self.set(|settings| settings.is_verbose = is_verbose)
    }

    /// From now on the lines that the cluster tells go to this stream, each in one write. Default: standard error. It is for
    /// programs that have a log, or a display of their own on the terminal, above which lines have to stand. What cannot be
    /// written is lost.
    ///
    /// ```
    /// use dojobber_cluster::{Cluster, Processes};
    /// use std::fs::File;
    ///
    /// # fn main() -> dojobber::Result {
    /// # let folder = tempfile::tempdir()?;
    /// # std::env::set_current_dir(folder.path())?;
    /// let cluster = Cluster::new(Processes::new(4), "spool").verbose(true);
    /// cluster.tell_to(File::create("cluster.log")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn tell_to(&self, out: impl io::Write + Send + 'static) {
        self.watcher.voice.set(out);
    }

    fn set(self, change: impl FnOnce(&mut crate::watcher::Settings)) -> Self {
        change(&mut self.watcher.settings.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        self
    }

    /// A place in it, to say what a job needs.
    pub fn needs(&self) -> Place {
        Place { watcher: Arc::clone(&self.watcher), needs: Needs::default() }
    }

    /// Runs a plan whose placed jobs are executed by the engine. In a process that was started for a unit it executes that,
    /// and never returns.
    ///
    /// If an earlier run of the same graph, by the same program in the same directory, has not ended, it goes on: what has
    /// a record is not executed again. A run of another one is given up, and its units are ended.
    ///
    /// # Errors
    ///
    /// [`ClusterError`] if the run cannot begin.
    pub fn run<'env, A: Send + Sync>(
        &self,
        runner: &Runner,
        plan: &Plan<'env, A>,
        args: impl Into<Arc<A>>,
    ) -> Result<Run<'env, A>, ClusterError> {
        if self.is_here() {
            return Ok(runner.run(plan, args));
        }
        let digest = digest(plan, &self.agreed);
        let lines = || graph_lines(plan, &self.agreed);
        if let Some(order) = own_order() {
            if let Some((workers, folder)) = workers_of(&order).zip(RunFolder::of_order(&order)) {
                pilot(&folder, workers);
            }
            let here = Here { lines: &lines, digest: &digest };
            serve(&order, runner, plan, args.into(), &here);
        }
        if HAS_RUN.swap(true, Ordering::SeqCst) {
            return Err(ClusterError::SecondRun);
        }
        if runner.options().dry_run.is_on() && !self.watcher.settings().dry_run_there {
            return Ok(runner.run(plan, args));
        }
        let start = Start {
            lines: lines(),
            digest,
            program: std::env::current_exe().map_err(|error| self.spool_error(error))?,
            args: std::env::args().skip(1).collect(),
            dry_run: runner.options().dry_run.is_on(),
        };
        self.coordinate(start, runner, plan, args.into())
    }

    /// The same as a coordinator, in whichever process.
    pub(crate) fn coordinate<'env, A: Send + Sync>(
        &self,
        start: Start,
        runner: &Runner,
        plan: &Plan<'env, A>,
        args: Arc<A>,
    ) -> Result<Run<'env, A>, ClusterError> {
        let puts_off = runner.options().cleanup != Cleanup::AtEnd;
        if puts_off && plan.graph().ids().any(|job| plan.is_elsewhere(job)) {
            return Err(ClusterError::CleanupsPutOff);
        }
        let lock = lock(&self.watcher.root)?;
        let (current, inherited) = self.enter(start)?;
        let folder = current.folder.clone();
        let run = self.watcher.watch(current, inherited, || runner.run(plan, args));
        if let Err(error) = folder.end(&run.report().to_string()) {
            self.watcher.voice.tell(format_args!("the run cannot be closed in the spool: {error}"));
        }
        drop(lock);
        Ok(run)
    }

    /// Goes on with the last run, or begins another.
    fn enter(&self, start: Start) -> Result<(Current, Inherited), ClusterError> {
        let root = &self.watcher.root;
        let cwd = std::env::current_dir().map_err(|error| self.spool_error(error))?;
        let build = build(&start.program).map_err(|error| self.spool_error(error))?;
        if let Some((folder, last)) = self.last_run()? {
            if start.dry_run && !last.dry_run {
                return Err(ClusterError::Unfinished { folder: folder.path });
            }
            let is_same = last.digest == start.digest
                && last.dry_run == start.dry_run
                && last.build == build
                && last.cwd == cwd;
            if is_same {
                let inherited = self.inherit(&folder);
                let count = inherited.orphans.len();
                let (voice, count) = (&self.watcher.voice, units_are(count));
                voice.tell(format_args!("goes on with run {}, {count} under way", folder.id));
                return Ok((Current { folder, digest: start.digest, args: start.args, cwd }, inherited));
            }
            self.give_up(&folder);
        }
        self.prune();
        let folder = RunFolder::new(root, &run_id());
        let run = RunFile {
            dojobber_run: VERSION,
            digest: start.digest.clone(),
            build,
            args: start.args.clone(),
            cwd: cwd.clone(),
            host: host(),
            pid: std::process::id(),
            began_ms: now_ms(),
            dry_run: start.dry_run,
        };
        self.begin(&folder, &run, &start).map_err(|error| {
            let _ = fs::remove_dir_all(&folder.path); // it may have filled the disk
            self.spool_error(error)
        })?;
        Ok((Current { folder, digest: start.digest, args: start.args, cwd }, Inherited::default()))
    }

    fn begin(&self, folder: &RunFolder, run: &RunFile, start: &Start) -> io::Result<()> {
        folder.create()?;
        // a copy: what the coordinator was started from may be built anew while units are to be started
        fs::copy(&start.program, folder.program())?;
        folder.write(&folder.path.join("graph"), start.lines.as_bytes(), true)?;
        folder.write(&folder.path.join("run.json"), &serde_json::to_vec_pretty(run)?, true)?;
        folder.write(&self.watcher.root.join("run"), folder.id.as_bytes(), true)
    }

    /// The last run, if it has not ended.
    fn last_run(&self) -> Result<Option<(RunFolder, RunFile)>, ClusterError> {
        let Ok(id) = fs::read_to_string(self.watcher.root.join("run")) else {
            return Ok(None);
        };
        let folder = RunFolder::new(&self.watcher.root, id.trim());
        if id.trim().is_empty() || id.contains('/') || folder.has_ended() {
            return Ok(None);
        }
        let Ok(bytes) = fs::read(folder.path.join("run.json")) else {
            return Ok(None);
        };
        let version = serde_json::from_slice::<serde_json::Value>(&bytes).ok();
        let version = version.and_then(|run| run.get("dojobber_run")?.as_u64());
        match (version, serde_json::from_slice(&bytes)) {
            (Some(version), _) if version != u64::from(VERSION) => {
                let version = u32::try_from(version).unwrap_or(u32::MAX);
                Err(ClusterError::OtherVersion { folder: folder.path, version })
            }
            (_, Ok(run)) => Ok(Some((folder, run))),
            (_, Err(error)) => {
                let path = folder.path.display();
                self.watcher.voice.tell(format_args!("{path} cannot be read, and is left behind: {error}"));
                Ok(None)
            }
        }
    }

    /// What the engine knows of a run, however long it takes.
    fn survey(&self, folder: &RunFolder) -> Vec<Seen> {
        let mut told = None::<Instant>;
        loop {
            match self.watcher.engine.survey(&folder.spot()) {
                Ok(seen) => {
                    return seen
                        .into_iter()
                        .filter(|seen| !matches!(seen.state, State::Over { .. }))
                        .collect();
                }
                Err(why) if told.is_none_or(|told| told.elapsed() > Duration::from_secs(30)) => {
                    told = Some(Instant::now());
                    let engine = self.watcher.engine.name();
                    let voice = &self.watcher.voice;
                    voice.tell(format_args!("{engine} gives no answer, and is waited for: {why}"));
                }
                Err(_) => {}
            }
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    /// What an earlier coordinator has left: units that go on, and the number of the next submission.
    ///
    /// The order of a unit that the engine does not know is withdrawn: a submission that is still on its way finds nothing
    /// to do. Who had read his order just before is known to the engine by then, so it is asked once more.
    fn inherit(&self, folder: &RunFolder) -> Inherited {
        let orders = folder.orders();
        let next_batch = orders.iter().map(|tag| tag.batch + 1).max().unwrap_or(0);
        let orders = orders.into_iter().filter_map(|tag| Some((folder.read_order(&tag).ok()??, tag)));
        let seen = self.survey(folder);
        let (mut known, unknown): (Vec<_>, Vec<_>) = orders.partition(|(_, tag)| is_among(&seen, tag));
        for (_, tag) in &unknown {
            let _ = fs::remove_file(folder.order(tag));
        }
        let seen = if unknown.is_empty() { seen } else { self.survey(folder) };
        for (order, tag) in unknown.into_iter().filter(|(_, tag)| is_among(&seen, tag)) {
            let _ = folder.write_order(&tag, &order); // for whoever comes after this coordinator
            known.push((order, tag));
        }
        Inherited { orphans: known.into_iter().map(|(order, tag)| (order.unit(), tag)).collect(), next_batch }
    }

    /// Ends what is left of a run of something else.
    fn give_up(&self, folder: &RunFolder) {
        for tag in folder.orders() {
            let _ = fs::remove_file(folder.order(&tag)); // first: what begins from now on finds nothing to do
        }
        let seen = self.survey(folder);
        self.watcher.voice.tell(format_args!(
            "run {} has not ended, and was another graph, program or directory: it is given up, and {} ended",
            folder.id,
            units_are(seen.len())
        ));
        let tickets: Vec<String> = seen.iter().map(|seen| seen.ticket.clone()).collect();
        self.watcher.end(folder, &tickets);
        let _ = folder.end("given up");
    }

    /// Removes runs that have ended, but for the last ones, and those whose coordinator was killed before they began.
    fn prune(&self) {
        let entries = fs::read_dir(&self.watcher.root).into_iter().flatten().flatten();
        let folders =
            entries.filter_map(|entry| Some(RunFolder::new(&self.watcher.root, entry.file_name().to_str()?)));
        let (begun, others): (Vec<_>, Vec<_>) = folders
            .filter_map(|folder| Some((began_ms(&folder.id)?, folder)))
            .partition(|(_, folder)| folder.path.join("run.json").exists());
        let mut ended: Vec<_> = begun.into_iter().filter(|(_, folder)| folder.has_ended()).collect();
        ended.sort_by_key(|(began, _)| *began);
        ended.truncate(ended.len().saturating_sub(self.watcher.settings().keep_runs));
        let never_began = others.into_iter().filter(|(_, folder)| folder.program().exists());
        for (_, folder) in ended.into_iter().chain(never_began) {
            let _ = fs::remove_dir_all(&folder.path); // another time, then
        }
    }

    fn spool_error(&self, error: io::Error) -> ClusterError {
        ClusterError::Spool(self.watcher.root.clone(), error)
    }
}

/// What a coordinator is started with.
pub(crate) struct Start {
    pub(crate) lines: String,
    pub(crate) digest: String,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) dry_run: bool,
}

/// The name of a run that begins now: when that is, and by which process.
fn run_id() -> String {
    format!("{:x}-{:x}", now_ms(), std::process::id())
}

/// When the run of that name began. `None`: it is no name of a run.
fn began_ms(id: &str) -> Option<u64> {
    let (began, process) = id.split_once('-')?;
    u32::from_str_radix(process, 16).ok()?;
    u64::from_str_radix(began, 16).ok()
}

fn is_among(seen: &[Seen], tag: &Tag) -> bool {
    seen.iter().any(|seen| seen.tag == *tag)
}

impl Place {
    /// Processors. Default: what the engine gives.
    pub fn cpus(mut self, cpus: u32) -> Self {
        self.needs.cpus = Some(cpus);
        self
    }

    /// Memory, in MiB. Default: what the engine gives.
    pub fn memory_mb(mut self, memory: u64) -> Self {
        self.needs.memory_mb = Some(memory);
        self
    }

    /// How long the unit may take at most: a try with all its phases, or a nest. Default: what the engine gives.
    pub fn time(mut self, time: Duration) -> Self {
        self.needs.time = Some(time);
        self
    }

    /// An option of the engine itself, passed on as it is: `"--gres=gpu:1"`. Several calls add up.
    pub fn option(mut self, option: impl Into<String>) -> Self {
        self.needs.options.push(option.into());
        self
    }
}

impl Elsewhere for Place {
    fn takes(&self, options: &RunOptions) -> bool {
        let settings = self.watcher.settings();
        !settings.is_here && (!options.dry_run.is_on() || settings.dry_run_there)
    }

    fn begin(&self, order: &Order<'_>, done: Done) {
        self.watcher.begin(order, self.needs.clone(), done);
    }

    fn stop(&self, level: StopLevel) {
        self.watcher.stop(level);
    }
}

impl From<Place> for Arc<dyn Elsewhere> {
    fn from(place: Place) -> Self {
        Arc::new(place)
    }
}

impl From<&Cluster> for Arc<dyn Elsewhere> {
    fn from(cluster: &Cluster) -> Self {
        cluster.needs().into()
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("engine", &if self.is_here() { "none" } else { self.watcher.engine.name() })
            .field("spool", &self.watcher.root)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.needs).finish()
    }
}
