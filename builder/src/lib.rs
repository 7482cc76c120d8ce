//! Small idempotent jobs as a graph: check, run, recheck, in parallel.
//!
//! Each job has a *check* (is the desired state there?), a *run* (do something about it), and a recheck that
//! decides. Jobs name what they are after; whatever is not blocked runs in parallel, what fails is tried again
//! while other jobs use the time, and cleanups follow in reverse order. Run the program again and it gets closer to
//! done, because what is done is checked and skipped.
//!
//! ```
//! use dojobber::Graph;
//! use std::{fs, path::Path};
//!
//! # fn main() -> dojobber::Result {
//! # let directory = std::env::temp_dir().join(format!("dojobber-doc-{}", std::process::id()));
//! # let home: &Path = &directory;
//! let plan = Graph::new()
//!     .job("home")
//!         .check(|_| home.is_dir())
//!         .run(|_| Ok(fs::create_dir(home)?))
//!     .job("profile").after("home").tries(5)
//!         .check(|_| home.join("profile").exists())
//!         .run(|_| Ok(fs::write(home.join("profile"), "umask 022\n")?))
//!     .job("greet").after(["home", "profile"]).run_only(|_| println!("hello"))
//!     .compile()?;
//!
//! let run = plan.run(()).into_result()?;
//! assert_eq!(run.counts().to_string(), "3 changed");
//!
//! let again = plan.run(()).into_result()?; // closer to done: two checks pass, the run_only runs every time
//! assert_eq!(again.counts().to_string(), "2 satisfied, 1 changed");
//! # drop((run, again));
//! # drop(plan);
//! # fs::remove_dir_all(directory)?;
//! # Ok(())
//! # }
//! ```
//!
//! Start with [`Graph`]: every job opens with [`.job(name)`](Graph::job), says its edges and options, and is closed
//! by what it does. What is wrong with one job does not compile; what is wrong with the graph is reported all at
//! once by [`.compile()`](Graph::compile). Then:
//!
//! - [`Plan`] is run, or a subgraph of it ([`Plan::select`]), by a [`Runner`] with options: threads, dry run, tries.
//! - [`Context`] is what each closure gets: arguments, [outputs](Context::output) of other jobs by [`Key`],
//!   [stores](Store), [commands](Context::command).
//! - [`Run`] and its [`Report`] say what happened; a [`Console`] or any [`Observer`] sees it while it does.
//!
//! # Running
//!
//! ```
//! use dojobber::{Cleanup, Console, Graph, Runner, Status};
//! use std::time::Duration;
//! # #[derive(Default)]
//! # struct Args { dry_run: bool, verbose: bool }
//! # fn main() -> dojobber::Result {
//! # let args = Args::default();
//! # let plan = Graph::with_args::<Args>()
//! #     .job("TurnOnTV").check(|_| true).run(|_| ())
//! #     .job("Pizza").run_only(|_| ())
//! #     .job("StartMovie").after(["TurnOnTV", "Pizza"]).group()
//! #     .compile()?;
//!
//! let runner = Runner::builder()
//!     .threads(4)                       // default: the machine's; bounds the jobs that run at once
//!     .dry_run(args.dry_run)            // first checks alone
//!     .default_tries(3).default_retry_delay(Duration::from_secs(1))
//!     .cleanup(Cleanup::AtEnd)          // or OnDrop (also when a test panics), or ByHand
//!     .observer(args.verbose.then(Console::verbose))
//!     .build();
//! let mut run = runner.run(&plan, args); // one runner and one plan serve many runs
//! assert_eq!(run.status("TurnOnTV"), Some(Status::Satisfied));
//! assert!(run.error("TurnOnTV").is_none());
//! for job in run.jobs() {
//!     println!("{}: {} after {} tries", job.name(), job.status(), job.tries());
//! }
//! assert!(run.success() && run.partial_success() && !run.failure() && run.changed());
//! assert!(run.cleanup().is_empty());    // what ByHand left; returns the failures
//! println!("{}", run.report());         // counts, what changed, what failed and why, what that blocks
//! println!("{}", run.summary());        // the same as a table
//! # #[cfg(feature = "serde")] {
//! let saved = serde_json::to_string(run.report())?; // and back
//! # let read: dojobber::Report = serde_json::from_str(&saved)?;
//! # assert_eq!(&read, run.report());
//! # }
//! let again = runner.run(&plan, run.args().clone());
//! let subgraph = runner.run(&plan.select(["TurnOnTV"])?, run.args().clone());
//! assert!(plan.depends("StartMovie", "Pizza") && subgraph.job("Pizza").is_none());
//! # assert_eq!(plan.names().len(), 3);
//! again.into_result()?;                 // the error prints the report
//! # Ok(())
//! # }
//! ```
//!
//! A `main` may return `run.exit_code()`: 0 if every job is done and no cleanup failed.

#[cfg(all(doctest, feature = "testkit"))]
#[doc = include_str!("../../TESTING.md")]
struct Testing;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide.md")]
struct Guide;

#[cfg(doctest)]
#[doc = include_str!("../../docs/async.md")]
struct Async;

#[cfg(doctest)]
#[doc = include_str!("../../docs/stopping.md")]
struct Stopping;

#[cfg(doctest)]
#[doc = include_str!("../../docs/processes.md")]
struct Processes;

#[cfg(doctest)]
#[doc = include_str!("../../docs/closures.md")]
struct Closures;

#[cfg(all(doctest, feature = "serde"))]
#[doc = include_str!("../../docs/report.md")]
struct SavedReports;

#[cfg(all(doctest, feature = "journal"))]
#[doc = include_str!("../../docs/journal.md")]
struct Journals;

mod console;
mod state;
mod graph;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use console::{Console, LogGroups};
#[doc(inline)]
pub use dojobber_core::{
    AsKey, AsyncJob, Backoff, CancelToken, Cancelling, Jitter, OutputStream, Pool, PoolUses, Process,
    Sleeping, Slots, StopLevel, StopReason, StructJob,
};
#[doc(inline)]
pub use dojobber_core::{
    BoxError, Cleanup, CleanupError, Command, CommandError, Context, DryRun, Edge, Event, Job, JobDefaults,
    JobForm, JobGraph, JobId, JobName, JobNames, JobOption, JobRef, Key, Kind, MissingKey, Nest, NestId,
    Observer, Outcome, OutputError, Panicked, Phase, Plan, PlanError, PlanErrors, PoolMistake, Result, Run,
    RunFailed, RunOptions, RunText, Runner, RunnerBuilder, Running, Status, Store, Unfit, Verdict, Violation,
    judge, sh,
};
#[doc(inline)]
pub use dojobber_core::{
    Cancelled, ErrorClass, Permanent, RetryAfter, TimedOut, Unknown, Unmet, ensure, permanent, retry_after,
    unknown,
};
#[doc(inline)]
pub use dojobber_core::{
    Carried, Done, Elsewhere, Input, JobDone, Leaving, Lost, Order, Parcel, PhaseDone, Portable, SaidThere,
    Unit, UnitDone, UnitError, UnitProgress, UnitResult,
};
#[doc(inline)]
pub use dojobber_core::{
    CleanupRule, LimitRule, OrderRule, QueueRule, Rule, RunRule, SlotRule, StopRule, TryRule, WorkerRule,
};
#[doc(inline)]
pub use dojobber_core::{
    Counts, Ending, ErrorText, JobReport, LogLine, PhaseRecord, Progress, Report, Since, Slower, Summary,
    WholeWriter, brief, cells, one_line, printable,
};
#[cfg(feature = "journal")]
#[doc(inline)]
pub use dojobber_core::{Journal, JournalError, JournalSync, Recovered};
pub use graph::Graph;
pub use state::{
    Accepts, AwaitsBody, AwaitsRun, Checked, CheckedAsync, Open, OpenOrChecked, Settled, SettledGraph,
};
