//! Processes that outlive their phase, and belong to their run.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::cancel::StopLevel;
use crate::error::Result;
use crate::graph::JobId;
use crate::limits::Limits;
use crate::process::capture::{OutputStream, quote};
use crate::process::error::{CommandError, Why};
use crate::process::handle::Handle;
use crate::process::line::Line;
use crate::process::orders::GRACE;
use crate::words::Phase;

/// A process that outlives its phase, from [`Command::spawn`](crate::Command::spawn).
///
/// It may be put into a store, or be a job's output; dropping it ends nothing. If the try that spawned it fails, it is
/// ended with that; else it belongs to the run, and is ended right after the cleanup of its try, at the latest when the
/// [`Run`](crate::Run) is dropped: SIGTERM to its group, SIGKILL after the grace period.
///
/// ```no_run
/// # use dojobber_core::{Context, Key, Process, Result};
/// const SERVER: Key<Process> = Key::new("server");
///
/// fn start(cx: &Context) -> Result<Process> {
///     cx.command("./server").arg("--port=8080").spawn()
/// }
/// fn answers(cx: &Context) -> Result<bool> {
///     cx.output(&SERVER)?.check_running()?; // else the error quotes the end of what it said
///     Ok(std::net::TcpStream::connect("127.0.0.1:8080").is_ok())
/// }
/// ```
pub struct Process {
    inner: Arc<Inner>,
    run: Weak<RunProcesses>,
}

/// A spawned process, which its run and any number of others may look at.
struct Inner {
    line: Line,
    handle: Handle,
    /// What it says, unless that goes elsewhere.
    said: Option<Mutex<File>>,
    limits: Option<Arc<Limits>>,
    /// How long it may take to end when it is asked to.
    grace: Duration,
}

impl Process {
    /// Its number.
    pub fn id(&self) -> u32 {
        self.inner.handle.id()
    }

    /// How it has ended; `None` while it runs.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if the system does not say.
    pub fn try_wait(&self) -> Result<Option<ExitStatus>> {
        Ok(self.inner.try_wait()?)
    }

    /// Fails if it has ended, and quotes the end of what it said.
    ///
    /// # Errors
    ///
    /// [`CommandError`] with its status.
    pub fn check_running(&self) -> Result {
        match self.inner.try_wait()? {
            None => Ok(()),
            Some(status) => {
                let why = Why::Ended { status, said: self.inner.said() };
                Err(CommandError::new(&self.inner.line, why).into())
            }
        }
    }

    /// Waits until it ends by itself, or until the run is stopped.
    ///
    /// It does not know the limit of time of the phase that calls this. Where that has one, ask
    /// [`try_wait`](Self::try_wait) between two `cx.sleep(..)?`.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if the run is stopped before.
    pub fn wait(&self) -> Result<ExitStatus> {
        Ok(self.inner.wait()?)
    }

    /// Ends it and its group at once, by SIGKILL. One that has ended before is left as it is.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if the system does not say how it ended.
    pub fn kill(&self) -> Result {
        self.inner.end(Duration::ZERO)?;
        Ok(())
    }

    /// Asks it and its group to end, by SIGTERM, and ends it by SIGKILL after the grace period of the run.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if the system does not say how it ended.
    pub fn stop(&self) -> Result<ExitStatus> {
        Ok(self.inner.end(self.inner.grace)?)
    }

    #[cfg(test)]
    pub(super) fn inner_said(&self) -> String {
        self.inner.said()
    }

    /// Lets it outlive its run: nobody of us ends it any more.
    pub fn detach(&self) {
        if let Some(run) = self.run.upgrade() {
            let is_it = |entry: &mut Entry| Arc::ptr_eq(&entry.process, &self.inner);
            let found: Vec<Entry> = run.lock().extract_if(.., is_it).collect();
            for entry in found {
                run.tell(entry.spot, Told::Detached(self.id()));
            }
        }
        self.inner.handle.detach();
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("id", &self.id()).field("line", &self.inner.line).finish()
    }
}

impl Inner {
    fn error(&self, error: io::Error) -> CommandError {
        CommandError::new(&self.line, Why::Lost(error))
    }

    /// The stop of the run, whatever the phase is that looks at it.
    fn level(&self) -> StopLevel {
        self.limits.as_ref().map_or(StopLevel::None, |limits| limits.stop().level())
    }

    fn said(&self) -> String {
        let read = |file: &Mutex<File>| {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let (mut end, length) = (Vec::new(), file.seek(SeekFrom::End(0))?);
            file.seek(SeekFrom::Start(length.saturating_sub(4096)))?;
            file.read_to_end(&mut end)?;
            io::Result::Ok(quote(&end))
        };
        self.said.as_ref().and_then(|file| read(file).ok()).unwrap_or_default()
    }

    fn try_wait(&self) -> Result<Option<ExitStatus>, CommandError> {
        self.handle.try_wait().map_err(|error| self.error(error))
    }

    fn wait(&self) -> Result<ExitStatus, CommandError> {
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(status);
            }
            if let Some(over) = self.limits.as_ref().and_then(|limits| limits.stopped()) {
                let why = Why::Over { over, started: true, said: String::new() };
                return Err(CommandError::new(&self.line, why));
            }
            self.sleep_until(None, StopLevel::Cancel).map_err(|error| self.error(error))?;
        }
    }

    /// Until it has ended, or until then, or until the run is stopped so far.
    fn sleep_until(&self, until: Option<Instant>, level: StopLevel) -> io::Result<bool> {
        let token = self.limits.as_ref().map(|limits| limits.stop());
        self.handle.sleep_until(until, token, level)
    }

    /// Nobody is asked who has no time to answer.
    fn ask(&self, grace: Duration) {
        if grace.is_zero() || self.level() >= StopLevel::Kill {
            self.handle.kill();
        } else {
            self.handle.terminate();
        }
    }

    fn end(&self, grace: Duration) -> Result<ExitStatus, CommandError> {
        let until = Instant::now().checked_add(grace);
        self.ask(grace);
        self.end_by(until)
    }

    /// After it was asked.
    fn end_by(&self, until: Option<Instant>) -> Result<ExitStatus, CommandError> {
        let ended = || {
            if !self.sleep_until(until, StopLevel::Kill)? {
                self.handle.kill();
                self.handle.sleep_until(None, None, StopLevel::Kill)?;
            }
            self.handle.reap()
        };
        ended().map_err(|error| self.error(error))
    }
}

/// Where a process was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) job: JobId,
    pub(crate) attempt: u32,
    pub(crate) phase: Phase,
}

/// The processes of a run, which most runs have none of.
#[derive(Debug)]
pub(crate) struct LazyProcesses {
    processes: OnceLock<Arc<RunProcesses>>,
    /// How long one that is asked to end may take.
    grace: Duration,
}

impl Default for LazyProcesses {
    fn default() -> Self {
        LazyProcesses::with_grace(GRACE)
    }
}

impl LazyProcesses {
    /// Ends all that is left, if there ever was any.
    pub(crate) fn end_all(&self) {
        if let Some(processes) = self.processes.get() {
            processes.end_all();
        }
    }

    /// Ends what a try has spawned, if it has.
    #[inline]
    pub(crate) fn end_try(&self, job: JobId, attempt: u32) {
        if let Some(processes) = self.processes.get() {
            processes.end_try(job, attempt);
        }
    }

    /// The tries that have spawned processes which have not been ended, the last one first.
    #[cfg(test)]
    pub(crate) fn tries(&self) -> Vec<(JobId, u32)> {
        self.processes.get().map(|processes| processes.tries()).unwrap_or_default()
    }

    /// The processes of a run with that grace period.
    pub(crate) fn with_grace(grace: Duration) -> Self {
        LazyProcesses { processes: OnceLock::new(), grace }
    }

    /// The same with somebody who is told of lines, and of processes that outlive their phase.
    pub(crate) fn telling(grace: Duration, tell: impl Fn(Spot, Told<'_>) + Send + Sync + 'static) -> Self {
        LazyProcesses { processes: RunProcesses::new(grace, Some(Box::new(tell))).into(), grace }
    }

    pub(crate) fn get(&self) -> &Arc<RunProcesses> {
        self.processes.get_or_init(|| RunProcesses::new(self.grace, None))
    }
}

/// What is told of processes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told<'a> {
    /// One has written a line, whose command says `.stream_output()`.
    Line(OutputStream, &'a str),
    /// One of that number was started, and outlives its phase.
    Spawned(u32),
    /// It is to outlive its run, too.
    Detached(u32),
}

/// What is told of processes.
pub(crate) type TellProcess = dyn Fn(Spot, Told<'_>) + Send + Sync;

/// What the processes of one run have in common, and those of them that outlive their phases.
pub(crate) struct RunProcesses {
    grace: Duration,
    spawned: Mutex<Vec<Entry>>,
    tell: Option<Box<TellProcess>>,
}

struct Entry {
    spot: Spot,
    process: Arc<Inner>,
}

impl RunProcesses {
    fn new(grace: Duration, tell: Option<Box<TellProcess>>) -> Arc<Self> {
        Arc::new(RunProcesses { grace, spawned: Mutex::default(), tell })
    }

    /// How long a process may take to end that is asked to: as its limits say, or as the run does that nothing limits.
    pub(super) fn grace(&self, limits: Option<&Limits>) -> Duration {
        limits.map_or(self.grace, Limits::grace)
    }

    pub(super) fn teller(&self) -> Option<&TellProcess> {
        self.tell.as_deref()
    }

    fn tell(&self, spot: Spot, what: Told<'_>) {
        if let Some(tell) = &self.tell {
            tell(spot, what);
        }
    }

    /// Ends what a try has spawned, the last one first.
    #[inline(never)]
    fn end_try(&self, job: JobId, attempt: u32) {
        let is_of = |entry: &mut Entry| (entry.spot.job, entry.spot.attempt) == (job, attempt);
        let of_try: Vec<_> = self.lock().extract_if(.., is_of).collect();
        end_all(&of_try);
    }

    /// Ends all that is left, the last one first.
    fn end_all(&self) {
        let all = std::mem::take(&mut *self.lock());
        end_all(&all);
    }

    /// The tries that have spawned processes which have not been ended, the last one first.
    #[cfg(test)]
    fn tries(&self) -> Vec<(JobId, u32)> {
        let mut tries: Vec<_> =
            self.lock().iter().rev().map(|entry| (entry.spot.job, entry.spot.attempt)).collect();
        tries.dedup();
        tries
    }

    /// Takes a process that was just started.
    pub(super) fn adopt(
        self: &Arc<Self>,
        spot: Spot,
        child: Child,
        line: Line,
        said: Option<File>,
        limits: Option<Arc<Limits>>,
    ) -> Result<Process, CommandError> {
        let handle = Handle::new(child).map_err(|error| CommandError::new(&line, Why::Lost(error)))?;
        let grace = self.grace(limits.as_deref());
        let inner = Arc::new(Inner { line, handle, said: said.map(Mutex::new), limits, grace });
        self.lock().push(Entry { spot, process: Arc::clone(&inner) });
        self.tell(spot, Told::Spawned(inner.handle.id()));
        Ok(Process { inner, run: Arc::downgrade(self) })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.spawned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All are asked first, so that they use the same grace period.
fn end_all(entries: &[Entry]) {
    let now = Instant::now();
    for entry in entries.iter().rev() {
        entry.process.ask(entry.process.grace);
    }
    for entry in entries.iter().rev() {
        let _ = entry.process.end_by(now.checked_add(entry.process.grace));
    }
}

impl Drop for RunProcesses {
    fn drop(&mut self) {
        self.end_all();
    }
}

impl fmt::Debug for RunProcesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lock().iter().map(|entry| &entry.process.line)).finish()
    }
}

/// A file without a name: what is written to it is gone with the last who has it open.
pub(super) fn nameless_file() -> io::Result<File> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("dojobber-{}-{next}", std::process::id()));
    let file = File::options().read(true).append(true).create_new(true).open(&path)?;
    let _ = std::fs::remove_file(&path);
    Ok(file)
}

/// Standard input that has these bytes.
pub(super) fn input_of(bytes: &[u8]) -> io::Result<Stdio> {
    let mut file = nameless_file()?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file.into())
}
