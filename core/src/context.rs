//! All that a phase may ask for.

use std::any::{Any, type_name};
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::cancel::{CancelToken, Cancelling};
use crate::clock::{Clock, nanos};
use crate::error::{ErrorClass, Result, debug_for_people, say_class};
use crate::graph::{JobGraph, JobId, Lookup};
use crate::key::AsKey;
use crate::limits::Limits;
use crate::outputs::Outputs;
use crate::process::{Command, LazyProcesses, Origin, Spot};
use crate::runtime::AsyncRuntime;
use crate::said::{Progress, Sayings};
use crate::store::Store;
use crate::timers::{LazyTimers, Sleeping};
use crate::words::Phase;

/// What all jobs of one run share.
#[derive(Debug)]
pub(crate) struct World<A> {
    pub(crate) graph: Arc<JobGraph>,
    pub(crate) args: Arc<A>,
    pub(crate) shared: Store,
    pub(crate) outputs: Outputs,
    pub(crate) cwd: PathBuf,
    pub(crate) clock: Clock,
    pub(crate) processes: LazyProcesses,
    pub(crate) sayings: Sayings,
    /// What async phases wait for.
    pub(crate) timers: LazyTimers,
    pub(crate) runtime: Arc<AsyncRuntime>,
    /// Whether jobs begin although something that they depend on has not run.
    pub(crate) goes_through: bool,
    /// Whether this is one unit of a run that is elsewhere.
    pub(crate) is_unit: bool,
}

/// Values that are left in the shared store may panic when they are dropped; nobody is left to be told of it.
impl<A> Drop for World<A> {
    fn drop(&mut self) {
        let _ = self.shared.clear();
    }
}

/// What a phase of a job may ask for: the arguments of the run, the outputs of what it is after, storage, and
/// where it stands.
///
/// Every closure of a job and every method of a [`Job`](crate::Job) gets one.
///
/// ```
/// # use dojobber_core::{Context, Draft, JobSpec};
/// fn is_installed(cx: &Context<Vec<&'static str>>) -> bool {
///     println!("{}: try {} of {:?}", cx.job(), cx.attempt(), cx.max_tries());
///     cx.args().contains(&cx.job())
/// }
/// # let mut draft = Draft::default();
/// # draft.open("git"); draft.close(JobSpec::check_only(is_installed));
/// # assert!(draft.compile().unwrap().run(vec!["git"]).success());
/// ```
pub struct Context<A = ()> {
    world: Arc<World<A>>,
    place: Place,
    /// Shared by the futures of one try.
    local: Arc<Store>,
    /// What may end a phase; nothing can in a run that has no limits.
    limits: Option<Arc<Limits>>,
}

/// Where in a run a phase stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) job: JobId,
    pub(crate) phase: Phase,
    pub(crate) attempt: u32,
    pub(crate) max_tries: u32,
}

impl Place {
    /// As `max_tries`: the tries are limited by time alone.
    pub(crate) const ANY_TRIES: u32 = u32::MAX;
}

impl<A> Context<A> {
    pub(crate) fn new(world: Arc<World<A>>, place: Place) -> Self {
        Context { world, place, local: Arc::default(), limits: None }
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    pub(crate) fn place_mut(&mut self) -> &mut Place {
        &mut self.place
    }

    /// Puts another store into the place of the local one, which is returned.
    pub(crate) fn swap_local(&mut self, local: Arc<Store>) -> Arc<Store> {
        std::mem::replace(&mut self.local, local)
    }

    /// Whether the next try may have the local store as it is.
    #[inline]
    pub(crate) fn has_fresh_local(&self) -> bool {
        Store::is_fresh(&self.local)
    }

    /// Drops what was stored locally, one value after another, for another try to come.
    ///
    /// # Errors
    ///
    /// The first panic of a destructor.
    pub(crate) fn clear_local(&mut self) -> Result {
        match Arc::get_mut(&mut self.local) {
            Some(local) => local.clear(),
            // a future was leaked, or somebody else keeps what was inside of it
            None => {
                Arc::into_inner(self.swap_local(Arc::default())).map_or(Ok(()), |mut local| local.clear())
            }
        }
    }

    /// The same place of the same run, for a future that takes its context along.
    pub(crate) fn owned(&self) -> Self {
        Context {
            world: Arc::clone(&self.world),
            place: self.place,
            local: Arc::clone(&self.local),
            limits: self.limits.clone(),
        }
    }

    pub(crate) fn world(&self) -> &World<A> {
        &self.world
    }

    pub(crate) fn limits(&self) -> Option<&Arc<Limits>> {
        self.limits.as_ref()
    }

    pub(crate) fn set_limits(&mut self, limits: Option<Arc<Limits>>) {
        self.limits = limits;
    }

    /// The arguments of this run, the same for every job.
    pub fn args(&self) -> &A {
        &self.world.args
    }

    /// The name of this job.
    pub fn job(&self) -> &str {
        self.world.graph.name(self.place.job)
    }

    /// Which step this is.
    pub fn phase(&self) -> Phase {
        self.place.phase
    }

    /// Which try this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.place.attempt
    }

    /// How many tries this job may use; `None` if they are limited by time alone, with `retry_for`.
    pub fn max_tries(&self) -> Option<u32> {
        Some(self.place.max_tries).filter(|tries| *tries != Place::ANY_TRIES)
    }

    /// The store of this try: empty at its start, seen by its phases and its cleanup only.
    pub fn local(&self) -> &Store {
        &self.local
    }

    /// The store of this run: seen by all jobs, survives tries.
    pub fn shared(&self) -> &Store {
        &self.world.shared
    }

    /// The directory in which the run was started. The library never changes the process's own.
    pub fn cwd(&self) -> &Path {
        &self.world.cwd
    }

    /// The time since the run began.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.world.clock.now())
    }

    /// What a job that this one depends on has returned. All of those are done before this one begins.
    ///
    /// The name is looked up as that of a dependency is: inside of the nest that this job is in, and then outside of it,
    /// level by level. The output of a job that this one is directly after is found at once; that of one further up by
    /// a walk over all that this job depends on.
    ///
    /// # Errors
    ///
    /// [`OutputError`] if this job does not depend on that one (in every run alike, whether or not the other happens to
    /// have ended), if that one has no output, or if it is of another type. A job that fails with it is not tried again.
    /// In a dry run that goes [through](crate::DryRun::Through), also if that one has not run yet.
    pub fn output<T: Any>(&self, key: impl AsKey<T>) -> Result<&T, OutputError> {
        let (graph, key, reader) = (&self.world.graph, key.key_name(), self.place.job);
        let error = |why| OutputError { reader: self.job().to_owned(), read: key.to_owned(), why };
        let job = match graph.find_from(reader, key) {
            Lookup::Found(job) => job,
            Lookup::LeftOut => return Err(error(Why::NotAfter)),
            Lookup::Unknown => return Err(error(Why::NoSuchJob)),
        };
        if !graph.is_directly_after(reader, job) && !graph.is_after(reader, job) {
            return Err(error(Why::NotAfter));
        }
        let value = self.world.outputs.get(job).ok_or_else(|| error(self.why_none(job)))?;
        value.downcast_ref().ok_or_else(|| error(Why::OtherType(type_name::<T>())))
    }

    /// Why a job that is done has no output here.
    fn why_none(&self, job: JobId) -> Why {
        match self.world.outputs.expects(job) {
            _ if self.world.outputs.are_gone() => Why::Gone,
            true if self.world.goes_through => Why::NotYet,
            true if self.world.is_unit => Why::Stayed,
            _ => Why::NoOutput,
        }
    }

    /// Whether this phase is to end: its run was [cancelled](CancelToken::cancel), or a time limit of the phase or of
    /// the run is over.
    ///
    /// A blocking phase that takes long should ask now and then. In a cleanup it is false although the run was stopped,
    /// until the run is stopped once more.
    pub fn is_cancelled(&self) -> bool {
        self.limits.as_ref().is_some_and(|limits| limits.over().is_some())
    }

    /// The same as something to end with: `cx.check_cancelled()?`.
    ///
    /// ```
    /// # use dojobber_core::{Context, Result};
    /// fn copy_all(cx: &Context<Vec<String>>) -> Result {
    ///     for file in cx.args() {
    ///         cx.check_cancelled()?;
    ///         std::fs::copy(file, format!("{file}.old"))?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`TimedOut`](crate::TimedOut) if the time of the phase is over, [`Cancelled`](crate::Cancelled) if the run was
    /// stopped.
    pub fn check_cancelled(&self) -> Result {
        self.limits.as_ref().map_or(Ok(()), |limits| limits.check())
    }

    /// A token that is raised when the run is stopped, and when the time of this phase is over: to stop what other
    /// libraries do for this phase, and runs inside of it.
    ///
    /// ```
    /// # use dojobber_core::{Context, Plan, Result, Runner};
    /// fn deploy(cx: &Context<Plan<'static>>) -> Result {
    ///     let stop = cx.cancel_token();
    ///     let watchdog = std::thread::spawn(move || stop.is_cancelled());
    /// #   let _ = watchdog;
    ///     Ok(())
    /// }
    /// ```
    pub fn cancel_token(&self) -> CancelToken {
        self.limits.as_ref().map_or_else(CancelToken::new, |limits| limits.token().clone())
    }

    /// A future that is ready as soon as this phase [is to end](Self::is_cancelled).
    ///
    /// An async phase that has asked for it is given the grace period to end by itself; any other is dropped at once.
    pub fn cancelled(&self) -> Cancelling {
        if let Some(limits) = &self.limits {
            limits.note_listening();
        }
        self.cancel_token().cancelled()
    }

    /// When this phase is to end at the latest, as time since the run began: the nearer of its own limit and that of
    /// the run. `None` if there is no limit.
    pub fn deadline(&self) -> Option<Duration> {
        self.limits.as_ref()?.deadline().map(Duration::from_nanos)
    }

    /// How long it is until the [deadline](Self::deadline): never zero, so that it can be given to a socket as its
    /// timeout. `None` if there is no limit.
    pub fn time_left(&self) -> Option<Duration> {
        self.limits.as_ref()?.time_left()
    }

    /// Sleeps that long, but no longer than this phase may last. A simulation lets the time pass at once.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](crate::TimedOut) if the time of the phase is over before, [`Cancelled`](crate::Cancelled) if the
    /// run is stopped.
    pub fn sleep(&self, time: Duration) -> Result {
        if let Some(limits) = &self.limits {
            return limits.sleep(time);
        }
        let clock = &self.world.clock;
        if !clock.pass_until(clock.now().saturating_add(nanos(time))) {
            std::thread::sleep(time);
        }
        Ok(())
    }

    /// Waits that long by the run's clock, without holding a worker: a simulation lets the time pass at once.
    ///
    /// It is for async phases; what ends the phase drops it. It may be awaited elsewhere, too: in a task of a runtime that the
    /// phase has spawned, also when the run is over, and in a run inside of a job.
    pub fn sleep_async(&self, time: Duration) -> Sleeping {
        self.world.timers.sleep(&self.world.clock, time)
    }

    /// Says something about this phase: to those who watch the run, who show it with the name of the job, and in the report,
    /// which keeps the last 20 lines of each job.
    ///
    /// A text of more than 1,000 characters loses its middle. What is said when the run is over is lost.
    ///
    /// ```
    /// # use dojobber_core::{Context, Draft, JobSpec};
    /// fn copy_all(cx: &Context<Vec<&'static str>>) {
    ///     for (at, file) in cx.args().iter().enumerate() {
    ///         cx.log(format_args!("copying {file}"));
    ///         // ..
    ///         cx.progress(at + 1, cx.args().len());
    ///     }
    /// }
    /// # let mut draft = Draft::default();
    /// # draft.open("copies"); draft.close(JobSpec::run_only(copy_all));
    /// let run = draft.compile().unwrap().run(vec!["a", "b"]);
    /// let copies = run.job("copies").unwrap();
    /// assert_eq!(copies.log()[1].text(), "copying b");
    /// assert_eq!(copies.progress().unwrap().to_string(), "2/2");
    /// ```
    pub fn log(&self, text: impl fmt::Display) {
        let text = text.to_string(); // it may say something itself
        self.world.sayings.log(self.spot(), self.world.clock.now(), &text);
    }

    /// Says how far this phase is, in whatever it counts: files, bytes, hosts. A total of 0 is one that is not known; a
    /// negative number counts as 0.
    ///
    /// It may be called as often as there is something new: those who watch the run are told ten times a second at most, and
    /// of the end. The report keeps the last one.
    pub fn progress(&self, done: impl TryInto<u64>, total: impl TryInto<u64>) {
        let progress = Progress { done: done.try_into().unwrap_or(0), total: total.try_into().unwrap_or(0) };
        self.world.sayings.progress(self.spot(), self.world.clock.now(), progress);
    }

    fn spot(&self) -> Spot {
        let Place { job, phase, attempt, .. } = self.place;
        Spot { job, attempt, phase }
    }

    /// A process to start: in the run's directory, with standard input closed and output captured, and ended when this
    /// phase [is to end](Self::is_cancelled).
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let origin = Origin {
            cwd: self.world.cwd.clone(),
            spot: self.spot(),
            limits: self.limits.clone(),
            processes: Arc::clone(self.world.processes.get()),
        };
        Command::of(program.as_ref(), origin)
    }
}

/// A phase that is one script of the shell: `.check(sh("id www")).run(sh("useradd www"))`.
///
/// It is given to `sh -ec`, in the run's directory, and passes if its status is zero. Of several commands in a pipe only
/// the last one counts, as ever in a shell.
pub fn sh<A>(script: impl Into<String>) -> impl Fn(&Context<A>) -> Result + Clone + Send + Sync + 'static {
    let script: String = script.into();
    move |cx: &Context<A>| cx.command("sh").args(["-ec", "--"]).arg(&script).run()
}

impl<A> fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("job", &self.job())
            .field("phase", &self.place.phase)
            .field("attempt", &self.place.attempt)
            .finish_non_exhaustive()
    }
}

/// An output was asked for that this job cannot have.
#[derive(Clone, PartialEq, Eq)]
pub struct OutputError {
    reader: String,
    read: String,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    NoSuchJob,
    NotAfter,
    NoOutput,
    NotYet,
    /// Another process has run that job.
    Gone,
    /// It is on the machine of the run, and this is a unit elsewhere.
    Stayed,
    OtherType(&'static str),
}

impl OutputError {
    /// The job that asked.
    pub fn reader(&self) -> &str {
        &self.reader
    }

    /// The job whose output was asked for.
    pub fn read(&self) -> &str {
        &self.read
    }
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        say_class(match self.why {
            Why::NotYet => ErrorClass::NotYet,
            Why::Gone => ErrorClass::Gone,
            _ => ErrorClass::Permanent, // asking again cannot help
        });
        let OutputError { reader, read, why } = self;
        write!(f, "job `{reader}` reads the output of `{read}`, ")?;
        match why {
            Why::NoSuchJob => write!(f, "but there is no such job"),
            Why::NotAfter => write!(f, "but does not depend on it: add `.after({read:?})`"),
            Why::NoOutput => write!(f, "which returns nothing: let its check or run return the value"),
            Why::NotYet => write!(f, "which has not run yet"),
            Why::Gone => write!(f, "which is gone with the process that ran it: look for its traces instead"),
            Why::Stayed => write!(
                f,
                "which has not come to this machine: name that job with `Key::new({read:?}).portable()`"
            ),
            Why::OtherType(wanted) => write!(f, "which is not a {wanted}: name that job with the same key"),
        }
    }
}

debug_for_people!(OutputError);

impl std::error::Error for OutputError {}
