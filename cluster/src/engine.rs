//! What an engine must be able to do. Nothing else in this crate knows one.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::needs::Needs;

/// Executes processes on machines: a queueing system, or anything else that can be asked what has become of them.
///
/// It is called from several threads at once, and each call may block for a while. It keeps no books that a run depends
/// on: what it is asked, it answers from what is there. So a coordinator that is killed and started again finds its units.
///
/// An engine has to carry the [`Tag`] of each unit, and to give it back in a survey. Slurm carries the run and the batch in
/// a comment, and the index as that of an array; others have what is needed, too: `docs/cluster.md` says where.
pub trait Engine: Send + Sync + 'static {
    /// Its name, for messages.
    fn name(&self) -> &str;

    /// How many units one submission may have, at least 1.
    fn batch_limit(&self) -> usize;

    /// Submits units that need the same. It returns no ticket: the answer may be lost with the coordinator, so units are
    /// found by their tags.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Busy`] where the same submission may be accepted later, [`SubmitError::Refused`] where it never will.
    fn submit(&self, batch: &Batch<'_>) -> Result<(), SubmitError>;

    /// All units of a run that it still knows.
    ///
    /// # Errors
    ///
    /// Why it gives no answer. It is asked again.
    fn survey(&self, run: &RunSpot<'_>) -> Result<Vec<Seen>, String>;

    /// Ends units, by the tickets that a survey gave them. What has ended already is no mistake.
    ///
    /// # Errors
    ///
    /// Why it does not.
    fn cancel(&self, run: &RunSpot<'_>, tickets: &[String]) -> Result<(), String>;

    /// How often it is to be asked, and how long is to be waited for what comes late.
    fn patience(&self) -> Patience;

    /// What else can be found out about a unit that has ended without a record, for people.
    fn inquest(&self, ticket: &str) -> String {
        let _ = ticket;
        String::new()
    }
}

/// The run that units belong to.
#[derive(Debug, Clone, Copy)]
pub struct RunSpot<'a> {
    /// Its name: letters, digits and `-`.
    pub id: &'a str,
    /// Its folder in the spool.
    pub folder: &'a Path,
}

/// Which unit of which run: what an engine must carry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    /// The run.
    pub run: String,
    /// Which submission of that run.
    pub batch: u32,
    /// Which unit of that submission.
    pub index: u32,
}

/// As it is named within its run.
impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b{}.{}", self.batch, self.index)
    }
}

impl Tag {
    /// The tag in the path of an order, which the environment of a unit names.
    pub(crate) fn of_order(order: &Path) -> Option<Self> {
        let run = order.parent()?.parent()?.file_name()?.to_str()?.to_owned();
        let (batch, index) = order.file_name()?.to_str()?.strip_prefix('b')?.split_once('.')?;
        Some(Tag { run, batch: batch.parse().ok()?, index: index.parse().ok()? })
    }
}

/// Units that need the same, and are submitted together.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The run that they belong to.
    pub run: RunSpot<'a>,
    /// Which submission of that run this is.
    pub batch: u32,
    /// How many units it has: their indices are below this.
    pub units: u32,
    /// A name for people, of at most 64 letters, digits, `.`, `_`, `+` and `-`.
    pub label: &'a str,
    /// The program that each unit starts, which is in the spool.
    pub program: &'a Path,
    /// Its arguments.
    pub args: &'a [String],
    /// The directory that it is started in.
    pub cwd: &'a Path,
    /// What the units need.
    pub needs: &'a Needs,
}

impl Batch<'_> {
    /// The tag of one of its units.
    pub fn tag(&self, index: u32) -> Tag {
        Tag { run: self.run.id.to_owned(), batch: self.batch, index }
    }

    /// What the variable `DOJOBBER_UNIT` of a unit must be, up to its index.
    pub fn unit_prefix(&self) -> String {
        format!("{}/order/b{}.", self.run.folder.display(), self.batch)
    }

    /// Where the output of a unit goes.
    pub fn log(&self, index: impl fmt::Display) -> PathBuf {
        self.run.folder.join(format!("log/b{}.{index}.log", self.batch))
    }
}

/// Why a submission did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmitError {
    /// The engine is away, or has no place for more: the same may be accepted later.
    Busy(String),
    /// It will never be accepted.
    Refused(String),
}

/// A unit that an engine knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The unit.
    pub tag: Tag,
    /// What the engine calls it.
    pub ticket: String,
    /// How far it is.
    pub state: State,
}

/// How far a unit is, as its engine says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It has not begun.
    Waiting {
        /// What it waits for.
        why: String,
        /// Whether it will wait for ever unless somebody does something.
        needs_help: bool,
    },
    /// It goes on.
    Running {
        /// On that machine.
        node: String,
    },
    /// It has ended.
    Over {
        /// How it ended, in the engine's words. An exit code is told as `exit code 127`: by that it is known when a program was
        /// not found (126, 127), had no order (65) or could not write its record (66).
        why: String,
        /// What has ended it.
        end: End,
    },
}

/// What has ended a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its program, with an exit code or by a signal.
    Program,
    /// The engine, because of a limit of time or memory.
    Limit,
    /// The machine failed, or was taken away: the same may succeed elsewhere.
    Machine,
    /// A person.
    Person,
}

/// How often an engine is asked, and how long is waited for what comes late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The time between two looks for records.
    pub collect: Duration,
    /// The time between two surveys.
    pub survey: Duration,
    /// How long a record may be on its way when its program has ended by itself: file systems of a network are late.
    pub record: Duration,
    /// The same when it was killed, or its machine is gone.
    pub killed: Duration,
}
