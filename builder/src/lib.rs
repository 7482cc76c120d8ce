//! Small idempotent jobs as a graph: check, run, recheck, in parallel.
//!
//! Each job has a *check* (is the wished-for state there?), a *run* (do something about it), and a recheck that
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
//! assert_eq!(run.report().to_string(), "3 jobs: 3 changed");
//!
//! let again = plan.run(()).into_result()?; // closer to done: two checks pass, the run_only runs every time
//! assert_eq!(again.report().to_string(), "3 jobs: 2 satisfied, 1 changed");
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
//! - [`Plan`] is run, also in part ([`Plan::select`]), by a [`Runner`] with options: threads, dry run, tries.
//! - [`Context`] is what each closure gets: arguments, [outputs](Context::output) of other jobs by [`Key`],
//!   [stores](Store), [commands](Context::command).
//! - [`Run`] and its [`Report`] say what happened; a [`Console`] or any [`Observer`] sees it while it does.

mod console;
mod graph;
mod state;

pub use console::Console;
#[doc(inline)]
pub use dojobber_core::{
    BoxError, Cleanup, CleanupError, Command, CommandError, Context, Edge, ErrorText, Event, Job, JobGraph,
    JobId, JobName, JobNames, JobRef, JobReport, Key, Kind, MissingKey, Observer, Outcome, OutputError,
    Panicked, Phase, PhaseRecord, Plan, PlanError, PlanErrors, Report, Result, ReturnedFalse, Run, RunFailed,
    RunOptions, Runner, Status, Store, Unfit, Verdict, ensure, sh,
};
pub use graph::Graph;
pub use state::{Accepts, AwaitsBody, AwaitsRun, Checked, Open, OpenOrChecked, Settled, SettledGraph};
