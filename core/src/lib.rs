//! The engine of [dojobber]: small idempotent jobs as a graph.
//!
//! A job has a check (is the desired state there?), a run (do something about it) and a recheck that decides.
//! A [`Draft`] collects jobs and what they depend on, and compiles to a [`Plan`]; a [`Runner`] executes it in
//! parallel and returns a [`Run`] with a [`Report`] of everything that happened.
//!
//! Programs use the crate `dojobber`, whose typestate builder knows at compile time what a job still lacks, and
//! which re-exports what they need from here. This crate knows no builder, prints nothing and draws nothing.
//!
//! [dojobber]: https://docs.rs/dojobber

// in reading order: a module imports only from those before it
mod log;
mod text;
mod stream;
mod host;
mod key;
mod words;
mod backoff;
mod pool;
mod options;
#[cfg(feature = "serde")]
mod fields;
mod error;
mod unwind;
mod store;
mod verdict;
mod names;
mod graph;
mod clock;
mod cancel;
mod timers;
mod runtime;
mod outputs;
mod limits;
mod process;
mod said;
mod context;
mod waiting;
mod elsewhere;
mod job;
mod plan;
mod event;
mod report;
mod timings;
#[cfg(feature = "journal")]
mod journal;
mod judge;
#[cfg(feature = "testkit")]
mod faults;
mod exec;
mod session;
mod run;
mod runner;
#[cfg(feature = "journal")]
mod recover;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use backoff::{Backoff, Jitter};
pub use cancel::{CancelToken, Cancelling, StopLevel};
pub use context::{Context, OutputError, sh};
pub use elsewhere::{
    Done, Elsewhere, Input, JobDone, Leaving, Lost, Order, PhaseDone, SaidThere, Unit, UnitDone, UnitError,
    UnitProgress, UnitResult,
};
pub use error::{BoxError, ErrorText, Panicked, Result};
pub use error::{
    Cancelled, ErrorClass, Permanent, RetryAfter, TimedOut, Unknown, Unmet, ensure, permanent, retry_after,
    unknown,
};
pub use event::{Event, Observer};
pub use graph::{JobGraph, JobId, JobRef, Nest, NestId};
pub use job::{
    AsyncJob, Blocking, Futures, Job, JobDefaults, JobForm, JobOption, JobOptions, JobSpec, PhaseCode,
    RunText, StructJob, Unfit,
};
#[cfg(feature = "journal")]
pub use journal::{Journal, JournalError, JournalSync};
pub use judge::{
    CleanupRule, LimitRule, OrderRule, QueueRule, Rule, RunRule, SlotRule, StopRule, TryRule, Violation,
    WorkerRule, judge,
};
pub use key::{AsKey, Carried, JobName, JobNames, Key, Many, Mixed, One, Parcel, Portable, Typed, Untyped};
pub use options::RunOptions;
pub use plan::{Draft, Edge, Plan, PlanError, PlanErrors, PoolMistake};
pub use pool::{Pool, PoolUses, Slots};
pub use process::{Command, CommandError, OutputStream, Process};
#[cfg(feature = "journal")]
pub use recover::Recovered;
pub use report::{Ending, JobReport, PhaseRecord, Report, Since, Slower, Summary};
pub use run::{CleanupError, Run, RunFailed};
pub use runner::{Runner, RunnerBuilder, Running};
pub use said::{LogLine, Progress};
pub use store::{MissingKey, Store};
pub use stream::WholeWriter;
pub use text::{Brief, Printable, brief, cells, one_line, printable};
pub use timers::Sleeping;
pub use verdict::{Keeps, Outcome, Verdict};
pub use words::{Cleanup, Counts, DryRun, Kind, Phase, Status, StopReason};
