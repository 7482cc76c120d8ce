//! What happens, in lines on standard error.

mod classic;
mod behind;
mod plain;
mod groups;

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use dojobber_core::{Event, Observer, WholeWriter};

use groups::Groups;
pub use groups::LogGroups;
use plain::Clocks;

/// An observer that writes whole lines to standard error or elsewhere.
///
/// There are two forms. [`verbose`](Console::verbose) and [`debug`](Console::debug) write DoJobber's lines:
///
/// ```text
/// TurnOnTV.check: fail
/// TurnOnTV.run: pass
/// TurnOnTV.recheck: fail "Remote batteries are dead."
/// ```
///
/// There the line that ends a failed try carries the error. [`lines`](Console::lines) has more to say, for people and for
/// the logs of build servers.
///
/// Two jobs never mix theirs within a line. A line is written whole as long as somebody reads, also to a stream that
/// takes it in pieces; one that was cut is ended before the next begins. A stream that cannot be written to stops no
/// run: its lines are lost, and where nobody reads for ten seconds, nothing is waited for any more.
///
/// ```
/// use dojobber::{Console, Graph, Runner};
///
/// let runner = Runner::builder().observer(Console::verbose()).build();
/// let plan = Graph::new().job("sun").check_only(|_| true).compile().unwrap();
/// assert!(runner.run(&plan, ()).success()); // writes `sun.check: pass`
/// ```
pub struct Console {
    form: Form,
    out: Mutex<Out>,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Verbose,
    Debug,
    Lines,
}

struct Out {
    stream: WholeWriter,
    /// When the phases that go on have begun, for the form that tells times.
    clocks: Clocks,
    groups: Option<Groups>,
}

impl Console {
    /// DoJobber's `-v`: one line for each phase.
    pub fn verbose() -> Self {
        Console::of(Form::Verbose)
    }

    /// DoJobber's `-d`: the same, with the error of every failed phase and the chain of its causes below its line, and
    /// with cleanups that pass.
    pub fn debug() -> Self {
        Console::of(Form::Debug)
    }

    /// Lines that begin with the time since the run began and tell more: what begins, how long it took, why, which try it
    /// was, when the next one follows, what is blocked, what takes long, what jobs say with `cx.log` and `cx.progress`, and what commands
    /// say that stream their output.
    ///
    /// ```text
    ///    0.00s  3 jobs on 4 threads
    ///    0.02s  tests.check: due "this commit was not tested"
    ///    0.02s  tests.run: run the tests
    ///    0.31s  tests| 3 tests passed
    ///    0.31s  tests: 7/12
    ///    0.32s  tests.run: pass (0.3s)
    ///    0.32s  tests.recheck: pass
    ///    0.40s  upload.run: fail "connection reset by peer" (12ms)
    ///    0.40s  upload: again in 1.0s, try 2 of 3
    /// ```
    ///
    /// A check that says no is `due` where a run follows, and a `false` has no reason to tell. Groups have no lines. A dry run
    /// that goes [through](dojobber_core::DryRun::Through) tells of jobs behind those that would run:
    /// `upload: then: send 3 files`, or `upload: maybe, it is as it should be now`.
    /// Where a console watches two runs of one plan at once, the times of their jobs may be those of the other run.
    ///
    /// In the logs of GitHub and GitLab, which fold groups, all lines of a job stand together, as a group that is written
    /// when the job has ended: see [`groups`](Console::groups).
    pub fn lines() -> Self {
        Console::of(Form::Lines).groups(LogGroups::of_environment())
    }

    /// Writes the lines of each job together, in a group that the log of a build server folds. What is about the run, or
    /// about the end of a failed job, stands outside. It concerns the form [`lines`](Console::lines) alone, whose default is
    /// [`LogGroups::of_environment`] on standard error, and `None` elsewhere.
    pub fn groups(mut self, groups: impl Into<Option<LogGroups>>) -> Self {
        let out = self.out.get_mut().unwrap_or_else(PoisonError::into_inner);
        out.groups = groups.into().map(Groups::new);
        self
    }

    /// Writes there in place of standard error.
    pub fn to(self, out: impl Write + Send + 'static) -> Self {
        Console { out: Mutex::new(Out::to(out)), ..self }
    }

    fn of(form: Form) -> Self {
        Console { form, out: Mutex::new(Out::to(io::stderr())) }
    }
}

impl Out {
    fn to(out: impl Write + Send + 'static) -> Self {
        Out { stream: WholeWriter::new(out), clocks: Clocks::default(), groups: None }
    }

    /// What is to be written of an event in the form that tells times.
    fn lines(&mut self, event: &Event) -> Option<String> {
        let line = self.clocks.line(event);
        match &mut self.groups {
            Some(groups) => groups.take(event, line),
            None => line,
        }
    }
}

impl Observer for Console {
    fn on_event(&self, event: &Event) {
        let classic = match self.form {
            Form::Lines => None,
            form => classic::lines(event, matches!(form, Form::Debug)).ok(),
        };
        if classic.as_deref() == Some("") {
            return; // no need for the lock
        }
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lines) = classic.or_else(|| out.lines(event)) {
            let _ = out.stream.write_all(lines.as_bytes()); // what nobody reads is no reason to stop a run
        }
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("form", &self.form).finish_non_exhaustive()
    }
}
