//! Commands that are answered in a simulation, in place of being executed.

use std::cell::RefCell;
use std::process::ExitStatus;
use std::sync::Arc;

use crate::process::capture::OutputStream;
use crate::process::line::Line;
use crate::process::orders::{End, Orders, Ran};

/// What a command is said to have done, by what [`Simulation::commands`](crate::testkit::Simulation::commands) was given.
///
/// ```
/// use dojobber_core::testkit::Answer;
///
/// let found = Answer::ok().stdout("nginx 1.27\n");
/// let missing = Answer::status(100).stderr("E: unable to locate package");
/// # assert_ne!(found, missing);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "an answer is what the closure returns"]
pub struct Answer {
    status: u8,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Answer {
    /// It has ended with status 0, and written nothing.
    pub fn ok() -> Self {
        Answer::default()
    }

    /// It has ended with that status, and written nothing.
    pub fn status(status: u8) -> Self {
        Answer { status, ..Answer::default() }
    }

    /// What it has written to standard output.
    pub fn stdout(self, bytes: impl Into<Vec<u8>>) -> Self {
        Answer { stdout: bytes.into(), ..self }
    }

    /// What it has written to standard error.
    pub fn stderr(self, bytes: impl Into<Vec<u8>>) -> Self {
        Answer { stderr: bytes.into(), ..self }
    }
}

/// What may answer a command: an [`Answer`]; a `bool`, for status 0 or 1; text, for what it writes to standard output; an
/// `Option` of these, where `None` lets the command be executed.
pub trait IntoAnswer {
    /// The answer; `None` if there is none.
    fn into_answer(self) -> Option<Answer>;
}

impl IntoAnswer for Answer {
    fn into_answer(self) -> Option<Answer> {
        Some(self)
    }
}

impl IntoAnswer for bool {
    fn into_answer(self) -> Option<Answer> {
        Some(Answer::status(u8::from(!self)))
    }
}

impl IntoAnswer for &str {
    fn into_answer(self) -> Option<Answer> {
        Some(Answer::ok().stdout(self))
    }
}

impl IntoAnswer for String {
    fn into_answer(self) -> Option<Answer> {
        Some(Answer::ok().stdout(self))
    }
}

impl<T: IntoAnswer> IntoAnswer for Option<T> {
    fn into_answer(self) -> Option<Answer> {
        self.and_then(T::into_answer)
    }
}

/// Answers lines of commands.
pub(crate) type Answers = Arc<dyn Fn(&str) -> Option<Answer> + Send + Sync>;

thread_local! {
    /// The answers of the phase that this thread executes.
    static ANSWERS: RefCell<Option<Answers>> = const { RefCell::new(None) };
}

/// Calls `code`, whose commands are answered.
pub(crate) fn answering<T>(answers: Option<Answers>, code: impl FnOnce() -> T) -> T {
    struct Restore(Option<Answers>);
    impl Drop for Restore {
        fn drop(&mut self) {
            ANSWERS.set(self.0.take());
        }
    }
    let _restore = Restore(ANSWERS.replace(answers));
    code()
}

/// What became of a command that was answered.
pub(super) fn answer(line: &Line, orders: &mut Orders<'_>) -> Option<Ran> {
    let answers = ANSWERS.with_borrow(Option::clone)?;
    let Answer { status, stdout, stderr } = answers(line.as_str())?;
    let (mut out, mut err) = (orders.capture_stdout(), orders.capture_stderr());
    out.push(&stdout);
    err.push(&stderr);
    if let Some(tell) = &mut orders.tell {
        for (stream, bytes) in [(OutputStream::Stdout, &stdout), (OutputStream::Stderr, &stderr)] {
            String::from_utf8_lossy(bytes).lines().for_each(|line| tell(stream, line));
        }
    }
    Some(Ran { status: exit_status(status), end: End::Itself, stdout: out, stderr: err })
}

#[cfg(unix)]
fn exit_status(status: u8) -> ExitStatus {
    std::os::unix::process::ExitStatusExt::from_raw(i32::from(status) << 8)
}

#[cfg(windows)]
fn exit_status(status: u8) -> ExitStatus {
    std::os::windows::process::ExitStatusExt::from_raw(status.into())
}
