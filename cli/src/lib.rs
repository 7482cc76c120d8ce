//! The command line of any [dojobber](https://docs.rs/dojobber) graph.
//!
//! A program flattens [`RunArgs`] into its own options and ends with [`RunArgs::main`]: it can then be asked what it would
//! do, for a subgraph alone, for more or fewer words, for pictures, reports, JUnit files and traces; it obeys Ctrl-C, and
//! its exit code says how it went.
//!
//! ```
//! use clap::Parser;
//! use dojobber::Graph;
//! use dojobber_cli::RunArgs;
//! use std::process::ExitCode;
//!
//! #[derive(Parser)]
//! struct Args {
//!     /// What to watch
//!     #[arg(long, default_value = "Noises Off")]
//!     movie: String,
//!     #[command(flatten)]
//!     run: RunArgs,
//! }
//!
//! fn main() -> ExitCode {
//!     let args = dojobber_cli::parse::<Args>();
//!     let plan = Graph::new()
//!         .job("popcorn").run_only(|_| ())
//!         .job("movie").after("popcorn").run_only(|_| println!("we watch {}", args.movie))
//!         .compile();
//!     args.run.main(plan, ())
//! }
//! ```
//!
//! # Exit codes
//!
//! | code | when |
//! |---|---|
//! | 0 | every job is done and no cleanup failed, whatever signal came |
//! | 1 | something failed, was blocked or was cancelled, or a file could not be written; also with `--dry-run` where something is due, but not with `--plan` |
//! | 2 | only with `--detailed-exitcode`: a look (`--dry-run`, `--plan`) in which something is due and nothing failed |
//! | 64 | a wrong call: an unknown option, a job that does not exist, a file that cannot be written |
//! | 128 + n | the run was stopped by the signal n before all was done |
//!
//! # What is printed where
//!
//! Standard output has what was asked for: `--list`, `--why`, and what a dry run has found. All about a run itself goes to
//! standard error. A reader who goes away (`| head`) is no error.

// in reading order: a module imports only from those before it
#[cfg(test)]
mod sample;
mod text;
mod output;
mod time;
mod earlier;
mod args;
mod subgraph;
mod list;
mod findings;
mod again;
mod annotations;
mod slowest;
mod junit;
mod trace;
mod journal;
mod saved;
mod files;
mod ticker;
mod lines;
mod details;
mod slots;
mod left;
mod progress;
mod terminal;
mod live;
mod run;
#[cfg(all(unix, feature = "cluster"))]
mod cluster;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// It shows this crate, too, so it is tested here.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct ReadmeOfAll;

/// It has programs with this command line.
#[cfg(all(doctest, unix, feature = "cluster"))]
#[doc = include_str!("../../docs/cluster.md")]
struct GuideToClusters;

pub use args::{RunArgs, parse};
#[cfg(all(unix, feature = "cluster"))]
pub use cluster::ClusterArgs;
