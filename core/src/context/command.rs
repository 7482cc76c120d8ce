//! Processes: what most jobs of a set-up are made of.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use crate::context::Context;
use crate::error::Result;

/// A process that a job is about to start, from [`Context::command`].
///
/// ```no_run
/// # use dojobber_core::{Context, Result};
/// fn install(cx: &Context) -> Result {
///     cx.command("apt-get").args(["install", "-y", "nginx"]).env("DEBIAN_FRONTEND", "noninteractive").run()
/// }
/// ```
#[derive(Debug)]
#[must_use = "a command does nothing until `.run()`, `.read()` or `.succeeds()`"]
pub struct Command {
    process: std::process::Command,
    line: String,
}

impl Command {
    pub(super) fn new(program: &OsStr, cwd: &Path) -> Self {
        let mut process = std::process::Command::new(program);
        process.current_dir(cwd).stdin(Stdio::null());
        Command { process, line: quoted(program) }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.line.push(' ');
        self.line.push_str(&quoted(arg.as_ref()));
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

    /// Sets a variable of its environment.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.process.env(key, value);
        self
    }

    /// Starts it in another directory than the run's.
    pub fn current_dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.process.current_dir(dir);
        self
    }

    /// Runs it to its end.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if it does not start, or ends with a status other than zero.
    pub fn run(self) -> Result {
        self.successful().map(drop)
    }

    /// Runs it to its end and returns what it wrote to standard output, without the last line break.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if it does not start, or ends with a status other than zero; what it wrote must be UTF-8.
    pub fn read(self) -> Result<String> {
        let mut text = String::from_utf8(self.successful()?.stdout)?;
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        Ok(text)
    }

    /// Runs it to its end and says whether its status was zero.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if it does not start.
    pub fn succeeds(self) -> Result<bool> {
        Ok(self.output()?.1.status.success())
    }

    fn successful(self) -> Result<Output> {
        let (line, output) = self.output()?;
        if output.status.success() {
            return Ok(output);
        }
        let stderr = last_part(&output.stderr);
        Err(CommandError { line, why: Why::Ended { status: output.status, stderr } }.into())
    }

    fn output(mut self) -> Result<(String, Output), CommandError> {
        match self.process.output() {
            Ok(output) => Ok((self.line, output)),
            Err(error) => Err(CommandError { line: self.line, why: Why::DidNotStart(error) }),
        }
    }
}

/// A phase that is one script of the shell: `.check(sh("id www")).run(sh("useradd www"))`.
///
/// It is given to `sh -ec`, in the run's directory, and passes if its status is zero.
pub fn sh<A>(script: impl Into<String>) -> impl Fn(&Context<A>) -> Result + Clone + Send + Sync + 'static {
    let script: String = script.into();
    move |cx: &Context<A>| cx.command("sh").arg("-ec").arg(&script).run()
}

/// A process did not start, or did not succeed.
#[derive(Debug)]
pub struct CommandError {
    line: String,
    why: Why,
}

#[derive(Debug)]
enum Why {
    DidNotStart(io::Error),
    Ended { status: ExitStatus, stderr: String },
}

impl CommandError {
    /// The line that was to be executed, as a shell would read it.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// How the process ended, if it was started.
    pub fn status(&self) -> Option<ExitStatus> {
        match self.why {
            Why::DidNotStart(_) => None,
            Why::Ended { status, .. } => Some(status),
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::DidNotStart(_) => write!(f, "`{}` did not start", self.line),
            Why::Ended { status, stderr } if stderr.is_empty() => {
                write!(f, "`{}` ended with {status}", self.line)
            }
            Why::Ended { status, stderr } => write!(f, "`{}` ended with {status}: {stderr}", self.line),
        }
    }
}

impl std::error::Error for CommandError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.why {
            Why::DidNotStart(error) => Some(error),
            Why::Ended { .. } => None,
        }
    }
}

/// How much of what a process wrote to standard error is quoted, in bytes.
const QUOTED: usize = 2048;

fn last_part(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    if text.len() <= QUOTED {
        return text.to_owned();
    }
    let cut = (text.len() - QUOTED..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    format!("..{}", &text[cut..])
}

/// In single quotes where a shell would need them.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_a_shell_reads_them() {
        let check = |word: &str, expected: &str| assert_eq!(quoted(OsStr::new(word)), expected);
        check("apt-get", "apt-get");
        check("", "''");
        check("two words", "'two words'");
        check("it's", r"'it'\''s'");
        check("$HOME", "'$HOME'");
    }

    #[test]
    fn only_the_end_of_long_text_is_quoted() {
        let long = "ü".repeat(4000) + "end";
        let part = last_part(long.as_bytes());
        assert!(part.starts_with("..ü") && part.ends_with("üend") && part.len() <= QUOTED + 2);
        assert_eq!(last_part(b" short \n"), "short");
    }
}
