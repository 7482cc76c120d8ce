//! All that a phase may ask for.

mod command;

use std::any::{Any, type_name};
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use command::{Command, CommandError, sh};

use crate::clock::Clock;
use crate::error::{ErrorClass, say_class};
use crate::graph::{JobGraph, JobId};
use crate::key::Key;
use crate::outputs::Outputs;
use crate::store::Store;
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
}

/// What a phase of a job may ask for: the arguments of the run, the outputs of what it is after, storage, and
/// where it stands.
///
/// Every closure of a job and every method of a [`Job`](crate::Job) gets one.
///
/// ```
/// # use dojobber_core::{Context, Draft, JobSpec};
/// fn is_installed(cx: &Context<Vec<&'static str>>) -> bool {
///     println!("{}: try {} of {}", cx.job(), cx.attempt(), cx.max_tries());
///     cx.args().contains(&cx.job())
/// }
/// # let mut draft = Draft::default();
/// # draft.open("git"); draft.close(JobSpec::check_only(is_installed));
/// # assert!(draft.compile().unwrap().run(vec!["git"]).success());
/// ```
pub struct Context<A = ()> {
    world: Arc<World<A>>,
    place: Place,
    local: Store,
}

/// Where in a run a phase stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) job: JobId,
    pub(crate) phase: Phase,
    pub(crate) attempt: u32,
    pub(crate) max_tries: u32,
}

impl<A> Context<A> {
    pub(crate) fn new(world: Arc<World<A>>, place: Place, local: Store) -> Self {
        Context { world, place, local }
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    pub(crate) fn place_mut(&mut self) -> &mut Place {
        &mut self.place
    }

    pub(crate) fn local_mut(&mut self) -> &mut Store {
        &mut self.local
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

    /// How many tries this job may use.
    pub fn max_tries(&self) -> u32 {
        self.place.max_tries
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

    /// What a job that this one is directly after has returned.
    ///
    /// # Errors
    ///
    /// [`OutputError`] if this job is not directly after that one (in every run alike, whether or not the other
    /// happens to have ended), if that one has no output, or if it is of another type.
    pub fn output<T: Any>(&self, key: &Key<T>) -> Result<&T, OutputError> {
        let graph = &self.world.graph;
        let error = |why| OutputError { reader: self.job().to_owned(), read: key.name().to_owned(), why };
        let job = graph.find(key).ok_or_else(|| error(Why::NoSuchJob))?;
        if !graph.after(self.place.job).contains(&job) {
            return Err(error(Why::NotAfter));
        }
        let value = self.world.outputs.get(job).ok_or_else(|| error(Why::NoOutput))?;
        value.downcast_ref().ok_or_else(|| error(Why::OtherType(type_name::<T>())))
    }

    /// A process to start: with the run's directory, standard input closed, output captured.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        Command::new(program.as_ref(), self.cwd())
    }
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
        say_class(ErrorClass::Permanent); // asking again cannot help
        let OutputError { reader, read, why } = self;
        write!(f, "job `{reader}` reads the output of `{read}`, ")?;
        match why {
            Why::NoSuchJob => write!(f, "but there is no such job"),
            Why::NotAfter => write!(f, "but is not directly after it: add `.after({read:?})`"),
            Why::NoOutput => write!(f, "which returns nothing: let its check or run return the value"),
            Why::OtherType(wanted) => write!(f, "which is not a {wanted}: name that job with the same key"),
        }
    }
}

impl std::error::Error for OutputError {}
