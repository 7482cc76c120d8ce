//! Hands over to an installed Graphviz, for its formats (PDF and many more) or its layout.

use std::error::Error;
use std::fmt;
use std::io::{self, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::errors::debug_for_people;

/// How often a child process is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// What `dot` draws in one of its formats, such as `pdf`, from DOT text.
pub(crate) fn draw(dot: String, format: &str, time_limit: Duration) -> Result<Vec<u8>, GraphvizError> {
    if format.is_empty() {
        return Err(GraphvizError::NoFormat);
    }
    let mut command = Command::new("dot");
    command.arg(format!("-T{format}"));
    run(command, dot, time_limit)
}

/// `dot` knows no time limit of its own, so it is a child process that is killed at ours.
fn run(mut command: Command, dot: String, time_limit: Duration) -> Result<Vec<u8>, GraphvizError> {
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = started.map_err(GraphvizError::NotStarted)?;
    let mut input = child.stdin.take().expect("standard input is piped");
    let output = read(child.stdout.take().expect("standard output is piped"));
    let complaints = read(child.stderr.take().expect("standard error is piped"));
    // a program that ends before it has read everything says why on standard error
    let writer = thread::spawn(move || input.write_all(dot.as_bytes()));
    let status = wait(&mut child, time_limit)?;
    let _ = writer.join();
    let output = output.join().unwrap_or_default();
    let complaints = String::from_utf8_lossy(&complaints.join().unwrap_or_default()).trim().to_owned();
    if status.success() && !output.is_empty() { Ok(output) } else { Err(GraphvizError::Refused(complaints)) }
}

fn read(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}

fn wait(child: &mut Child, limit: Duration) -> Result<std::process::ExitStatus, GraphvizError> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if start.elapsed() < limit => thread::sleep(PAUSE),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(GraphvizError::TooSlow(limit));
            }
            Err(error) => {
                let _ = child.kill();
                return Err(GraphvizError::NotStarted(error));
            }
        }
    }
}

/// Graphviz did not draw.
#[non_exhaustive]
pub enum GraphvizError {
    /// It was not told which format to draw in.
    NoFormat,
    /// There is no program `dot`, or the system does not let it run.
    NotStarted(io::Error),
    /// It took longer than it may, and was killed.
    TooSlow(Duration),
    /// It did not understand, mostly the format; this is what it said.
    Refused(String),
}

debug_for_people!(GraphvizError);

impl fmt::Display for GraphvizError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GraphvizError::NoFormat => {
                f.write_str("Graphviz must be told a format: by the extension of a file, such as pdf")
            }
            GraphvizError::NotStarted(_) => {
                f.write_str("the program `dot` cannot be started: is Graphviz installed?")
            }
            GraphvizError::TooSlow(limit) => {
                write!(
                    f,
                    "`dot` was killed after {} s: give it more time, or draw without it",
                    limit.as_secs_f64()
                )
            }
            GraphvizError::Refused(complaints) if complaints.is_empty() => {
                f.write_str("`dot` has drawn nothing")
            }
            GraphvizError::Refused(complaints) => write!(f, "`dot` refused: {complaints}"),
        }
    }
}

impl Error for GraphvizError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            GraphvizError::NotStarted(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_started() {
        let error = run(Command::new("no-such-program"), String::new(), Duration::from_secs(9)).unwrap_err();
        assert!(matches!(error, GraphvizError::NotStarted(_)), "{error}");
        assert!(error.to_string().contains("is Graphviz installed?"));
    }

    #[test]
    fn what_takes_too_long_is_killed() {
        let mut endless = Command::new("sleep");
        endless.arg("100000");
        let error = run(endless, String::new(), Duration::from_millis(1)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`dot` was killed after 0.001 s: give it more time, or draw without it"
        );
    }

    #[test]
    fn what_ends_with_a_failure_has_refused() {
        let input = "digraph {}".repeat(100_000);
        let error = run(Command::new("false"), input, Duration::from_secs(60)).unwrap_err();
        assert_eq!(error.to_string(), "`dot` has drawn nothing");
    }
}
