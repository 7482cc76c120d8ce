//! Why a command did not do what it was to do.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::str::Utf8Error;

use crate::error::debug_for_people;
use crate::limits::Over;
use crate::process::line::Line;
use crate::text::printable;
use crate::words::Phase;

/// A process did not start, did not succeed, was ended, or wrote what cannot be read.
///
/// Characters that a terminal would obey are escaped where it is displayed: what a process says is not ours.
pub struct CommandError {
    line: Line,
    pub(super) why: Why,
}

#[derive(Debug)]
pub(super) enum Why {
    DidNotStart(io::Error),
    /// The directory in which it was to start.
    NoDirectory(PathBuf, io::Error),
    /// The program is one.
    IsDirectory(io::Error),
    OutsideOfRun,
    /// Only a run may leave a process behind.
    NoRun(Phase),
    /// An option was set that only a command has which is waited for.
    CannotOutlive(&'static str),
    Ended {
        status: ExitStatus,
        said: String,
    },
    /// We ended it, or did not even start it.
    Over {
        over: Over,
        started: bool,
        said: String,
    },
    /// It stopped, and would not go on before it got the terminal.
    WantsTerminal,
    NotText(Utf8Error),
    Lost(io::Error),
}

impl CommandError {
    pub(super) fn new(line: &Line, why: Why) -> Self {
        CommandError { line: line.clone(), why }
    }

    /// The line that was to be executed, as a shell would read it; secrets are `***` in it.
    pub fn line(&self) -> &str {
        self.line.as_str()
    }

    /// How the process ended, if it ended by itself.
    pub fn status(&self) -> Option<ExitStatus> {
        match self.why {
            Why::Ended { status, .. } => Some(status),
            _ => None,
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{:#}` ", printable(&self.line.to_string()))?;
        match &self.why {
            Why::DidNotStart(_) => f.write_str("did not start"),
            Why::NoDirectory(dir, _) => write!(f, "did not start: there is no directory {}", dir.display()),
            Why::IsDirectory(_) => f.write_str("did not start: it is a directory"),
            Why::NoRun(phase) => {
                write!(
                    f,
                    "did not start: only the run of a job may leave a process behind, and this is its {phase}"
                )
            }
            Why::OutsideOfRun => {
                f.write_str("did not start: only a run can end it; spawn commands of a `Context`")
            }
            Why::CannotOutlive(option) => {
                write!(f, "did not start: a process that outlives its phase can have no `{option}`")
            }
            Why::Ended { status, said } => write!(f, "ended with {status}{}", Said(said)),
            Why::Over { over, started, said } => {
                let was = if *started { "was ended" } else { "was not started" };
                let why = match over {
                    Over::TimedOut(_) => "there was no time left",
                    Over::Cancelled(_) => "the run was stopped",
                };
                write!(f, "{was} because {why}{}", Said(said))
            }
            Why::WantsTerminal => {
                f.write_str("was ended because it wants the terminal: give it `.foreground()`")
            }
            Why::NotText(_) => f.write_str("wrote what is not UTF-8"),
            Why::Lost(_) => f.write_str("was lost sight of"),
        }
    }
}

/// The end of what a process said, if it said anything.
struct Said<'a>(&'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {:#}", printable(self.0)) }
    }
}

debug_for_people!(CommandError);

impl Error for CommandError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.why {
            Why::DidNotStart(error) | Why::Lost(error) => Some(error),
            Why::NoDirectory(_, error) | Why::IsDirectory(error) => Some(error),
            Why::Over { over: Over::TimedOut(error), .. } => Some(error),
            Why::Over { over: Over::Cancelled(error), .. } => Some(error),
            Why::NotText(error) => Some(error),
            Why::OutsideOfRun
            | Why::NoRun(_)
            | Why::CannotOutlive(_)
            | Why::Ended { .. }
            | Why::WantsTerminal => None,
        }
    }
}
