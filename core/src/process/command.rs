//! Processes: what most jobs of a set-up are made of.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::limits::Limits;
use crate::process::capture::OutputStream;
use crate::process::error::{CommandError, Why};
use crate::process::line::{Line, SECRET};
use crate::process::orders::{End, GRACE, Orders, Ran, Timeout};
use crate::process::spawned::{Process, RunProcesses, Spot, Told, input_of, nameless_file};
use crate::process::start::start;
use crate::process::watch::watch;
use crate::words::Phase;

/// A process that is about to be started: from [`Context::command`](crate::Context::command), or by itself.
///
/// Its standard input is closed, and what it writes is captured, unless something else is said. It runs in the run's
/// directory, and relative directories are the run's.
///
/// ```no_run
/// # use dojobber_core::{Context, Result};
/// # use std::time::Duration;
/// fn install(cx: &Context) -> Result {
///     cx.command("apt-get").args(["install", "-y", "nginx"]).env("DEBIAN_FRONTEND", "noninteractive").run()
/// }
/// fn version(cx: &Context) -> Result<String> {
///     cx.command("nginx").arg("-v").timeout(Duration::from_secs(5)).read()
/// }
/// ```
///
/// # When it ends
///
/// A command has ended when its process has. What grandchildren hold open keeps nobody waiting: what is in the pipes by
/// then is read until nothing came for 100 ms, for a second at most.
///
/// Where the run can be stopped, or a limit of time holds, the process leads a group of its own. When its time is over or
/// the run is [cancelled](crate::CancelToken::cancel), the group gets SIGTERM, and SIGKILL after the grace period, and the
/// method fails with an error whose sources hold [`TimedOut`](crate::TimedOut) or [`Cancelled`](crate::Cancelled); once
/// the process has ended then, the rest of its group is killed. A process that leaves its group is not found.
///
/// On Windows there are no groups and no SIGTERM: the process itself is ended at once, and what it has started goes on.
///
/// # What is kept
///
/// The first and the last 64 KiB of each stream, unless [`read`](Self::read) or [`output`](Self::output) wants all.
/// Errors quote the end of standard error, or of standard output where that is empty.
#[must_use = "a command does nothing until `.run()`, `.read()` or another method that starts it"]
pub struct Command {
    process: std::process::Command,
    line: Line,
    dir: Option<PathBuf>,
    input: Option<Vec<u8>>,
    timeout: Option<Duration>,
    foreground: bool,
    streams: bool,
    /// Whether its streams are captured.
    stdout: bool,
    stderr: bool,
    origin: Option<Origin>,
}

/// Where in a run a command stands.
#[derive(Debug)]
pub(crate) struct Origin {
    /// Empty if it is unknown.
    pub(crate) cwd: PathBuf,
    pub(crate) spot: Spot,
    pub(crate) limits: Option<Arc<Limits>>,
    pub(crate) processes: Arc<RunProcesses>,
}

impl Origin {
    fn grace(&self) -> Duration {
        self.processes.grace(self.limits.as_deref())
    }
}

impl Command {
    /// A command outside of any run: in the process's directory, and stopped by its own timeout alone.
    ///
    /// ```
    /// # fn main() -> dojobber_core::Result {
    /// # if cfg!(unix) {
    /// assert_eq!(dojobber_core::Command::new("echo").arg("hello").read()?, "hello");
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref();
        let mut process = std::process::Command::new(program);
        process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Command {
            process,
            line: Line::new(program),
            dir: None,
            input: None,
            timeout: None,
            foreground: false,
            streams: false,
            stdout: true,
            stderr: true,
            origin: None,
        }
    }

    /// A command of a run.
    pub(crate) fn of(program: &OsStr, origin: Origin) -> Self {
        Command { origin: Some(origin), ..Command::new(program) }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.line.push(arg.as_ref());
        self.process.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args<I>(self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        args.into_iter().fold(self, Command::arg)
    }

    /// Adds an argument that is shown as `***`: in lines, errors, events and `Debug`.
    ///
    /// What the process prints is not searched for it, and everybody on the machine may see it in the list of processes;
    /// [`secret_env`](Self::secret_env) and [`stdin`](Self::stdin) keep it from them.
    pub fn secret_arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.line.push_secret();
        self.process.arg(arg);
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.process.env(key, value);
        self
    }

    /// Sets a variable of its environment that is never shown. (No other is shown today, either.)
    pub fn secret_env(self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env(key, value)
    }

    /// Takes a variable out of its environment.
    pub fn env_remove(mut self, key: impl AsRef<OsStr>) -> Self {
        self.process.env_remove(key);
        self
    }

    /// Starts it in another directory than the run's. A relative one is looked for in the run's.
    pub fn current_dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = Some(dir.as_ref().to_owned());
        self
    }

    /// What it reads from its standard input, which is closed behind that. It need not read all.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// Lets its standard output go somewhere else, where nobody captures it.
    pub fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.process.stdout(to);
        self.stdout = false;
        self
    }

    /// Lets its standard error go somewhere else, where nobody captures it.
    pub fn stderr(mut self, to: impl Into<Stdio>) -> Self {
        self.process.stderr(to);
        self.stderr = false;
        self
    }

    /// How long it may take, beside the limits of its phase. Zero: it is not even started. Default: for ever.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = Some(time);
        self
    }

    /// Leaves it in our own process group, for a program that asks at the terminal, such as `ssh` or `sudo`. When it is
    /// to end, it alone is told.
    pub fn foreground(mut self) -> Self {
        self.foreground = true;
        self
    }

    /// Tells observers of each line that it writes while it runs.
    pub fn stream_output(mut self) -> Self {
        self.streams = true;
        self
    }

    /// Runs it to its end.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if it does not start, is ended, or ends with a status other than zero.
    pub fn run(self) -> Result {
        Ok(self.execute(Wants::Ends)?.succeeded().map(drop)?)
    }

    /// Runs it to its end and returns all that it wrote to standard output, without the last line break.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if it does not start, is ended, ends with a status other than zero, or writes what is not UTF-8.
    pub fn read(self) -> Result<String> {
        let ran = self.execute(Wants::Stdout)?.succeeded()?;
        let mut text = String::from_utf8(ran.ran.stdout.into_bytes())
            .map_err(|error| CommandError::new(&ran.line, Why::NotText(error.utf8_error())))?;
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        Ok(text)
    }

    /// Runs it to its end and returns all that it wrote.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if it does not start, is ended, or ends with a status other than zero.
    pub fn output(self) -> Result<Output> {
        let Ran { status, stdout, stderr, .. } = self.execute(Wants::All)?.succeeded()?.ran;
        Ok(Output { status, stdout: stdout.into_bytes(), stderr: stderr.into_bytes() })
    }

    /// Runs it to its end and returns its status, whatever that is.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if it does not start, or is ended.
    pub fn status(self) -> Result<ExitStatus> {
        Ok(self.execute(Wants::Ends)?.ran.status)
    }

    /// Runs it to its end and says whether its status was zero.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if it does not start, or is ended.
    pub fn succeeds(self) -> Result<bool> {
        Ok(self.status()?.success())
    }

    /// Starts it and lets it outlive this phase, as a [`Process`] of the run.
    ///
    /// What it writes goes to a file of the run, whose end is quoted when it has died, or to where
    /// [`stdout`](Self::stdout) and [`stderr`](Self::stderr) say.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if it does not start; if this is no command of the run of a job (checks, constructors and cleanups
    /// leave no process behind); and if it has a timeout, streams its output or is to stay in the foreground, which only a
    /// command can that is waited for.
    pub fn spawn(mut self) -> Result<Process> {
        let Some(origin) = self.origin.take() else {
            return Err(CommandError::new(&self.line, Why::OutsideOfRun).into());
        };
        if origin.spot.phase != Phase::Run {
            return Err(CommandError::new(&self.line, Why::NoRun(origin.spot.phase)).into());
        }
        if let Some(option) = self.unfit_for_spawn() {
            return Err(CommandError::new(&self.line, Why::CannotOutlive(option)).into());
        }
        if let Some(over) = origin.limits.as_ref().and_then(|limits| limits.over()) {
            return Err(self.not_started(over).into());
        }
        let said = self.redirect().map_err(|error| CommandError::new(&self.line, Why::DidNotStart(error)))?;
        self.enter_directory(Some(&origin.cwd));
        self.lead_group();
        let child = start(&mut self.process).map_err(|why| CommandError::new(&self.line, why))?;
        let Origin { spot, limits, processes, .. } = origin;
        Ok(processes.adopt(spot, child, self.line, said, limits)?)
    }

    fn unfit_for_spawn(&self) -> Option<&'static str> {
        let options = [
            (self.timeout.is_some(), ".timeout(..)"),
            (self.foreground, ".foreground()"),
            (self.streams, ".stream_output()"),
        ];
        options.into_iter().find_map(|(is_set, name)| is_set.then_some(name))
    }

    /// Lets what would be captured go to a file, from which it can be quoted.
    fn redirect(&mut self) -> std::io::Result<Option<std::fs::File>> {
        if let Some(input) = self.input.take() {
            self.process.stdin(input_of(&input)?);
        }
        if !self.stdout && !self.stderr {
            return Ok(None);
        }
        let file = nameless_file()?;
        if self.stdout {
            self.process.stdout(file.try_clone()?);
        }
        if self.stderr {
            self.process.stderr(file.try_clone()?);
        }
        Ok(Some(file))
    }

    fn execute(mut self, wants: Wants) -> Result<Ended, CommandError> {
        let origin = self.origin.take();
        let limits = origin.as_ref().and_then(|origin| origin.limits.as_deref());
        let leads = !self.foreground && (limits.is_some() || self.timeout.is_some());
        let teller = origin.as_ref().filter(|_| self.streams);
        let teller = teller.and_then(|origin| Some((origin.spot, origin.processes.teller()?)));
        let mut tell = teller
            .map(|(spot, tell)| move |stream: OutputStream, line: &str| tell(spot, Told::Line(stream, line)));
        let input = self.input.take();
        if input.is_some() {
            self.process.stdin(Stdio::piped());
        }
        #[cfg_attr(not(feature = "testkit"), expect(unused_mut, reason = "an answer tells its lines"))]
        let mut orders = Orders {
            limits,
            timeout: self.timeout.map(Timeout::start),
            grace: origin.as_ref().map_or(GRACE, Origin::grace),
            leads,
            watches_stops: leads && has_terminal(),
            input: input.unwrap_or_default(),
            all_stdout: wants >= Wants::Stdout,
            all_stderr: wants >= Wants::All,
            tell: tell.as_mut().map(|tell| tell as &mut dyn FnMut(OutputStream, &str)),
        };
        if let Some(over) = orders.over() {
            return Err(self.not_started(over));
        }
        #[cfg(feature = "testkit")]
        if let Some(ran) = crate::process::answers::answer(&self.line, &mut orders) {
            return Ok(Ended { ran, line: self.line });
        }
        self.enter_directory(origin.as_ref().map(|origin| &*origin.cwd));
        if leads {
            self.lead_group();
        }
        let child = start(&mut self.process).map_err(|why| CommandError::new(&self.line, why))?;
        let ran = watch(child, orders).map_err(|error| CommandError::new(&self.line, Why::Lost(error)))?;
        Ended { ran, line: self.line }.unhindered()
    }

    fn not_started(&self, over: crate::limits::Over) -> CommandError {
        CommandError::new(&self.line, Why::Over { over, started: false, said: String::new() })
    }

    /// A directory of the run that is unknown, or gone, is not entered.
    fn enter_directory(&mut self, cwd: Option<&Path>) {
        let cwd = cwd.filter(|cwd| cwd.is_dir());
        match (&self.dir, cwd) {
            (Some(dir), Some(cwd)) => self.process.current_dir(cwd.join(dir)),
            (Some(dir), None) => self.process.current_dir(dir),
            (None, Some(cwd)) => self.process.current_dir(cwd),
            (None, None) => &mut self.process,
        };
    }

    #[cfg(unix)]
    fn lead_group(&mut self) {
        std::os::unix::process::CommandExt::process_group(&mut self.process, 0);
    }

    #[cfg(not(unix))]
    fn lead_group(&mut self) {}
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables = self.process.get_envs().map(|(key, value)| (key, value.map(|_| SECRET)));
        f.debug_struct("Command")
            .field("line", &self.line)
            .field("dir", &self.dir)
            .field("env", &variables.collect::<Vec<_>>())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// How much of the streams is wanted. Each wants what those before it want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wants {
    Ends,
    Stdout,
    All,
}

/// A command that has ended.
struct Ended {
    ran: Ran,
    line: Line,
}

impl Ended {
    /// Itself, if it was not ended by us.
    fn unhindered(self) -> Result<Self, CommandError> {
        let why = match self.ran.end {
            End::Itself => return Ok(self),
            End::Over(over) => Why::Over { over, started: true, said: self.ran.said() },
            End::WantsTerminal => Why::WantsTerminal,
        };
        Err(CommandError::new(&self.line, why))
    }

    /// Itself, if its status is zero.
    fn succeeded(self) -> Result<Self, CommandError> {
        let status = self.ran.status;
        if status.success() {
            return Ok(self);
        }
        Err(CommandError::new(&self.line, Why::Ended { status, said: self.ran.said() }))
    }
}

/// Whether there is a terminal that a process in the background could wait for.
#[cfg(unix)]
fn has_terminal() -> bool {
    static TERMINAL: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *TERMINAL.get_or_init(|| std::fs::File::open("/dev/tty").is_ok())
}

#[cfg(not(unix))]
fn has_terminal() -> bool {
    false
}
