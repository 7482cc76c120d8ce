//! Jobs of a [dojobber] graph on other machines: through an engine that is there, such as Slurm, or in local processes.
//!
//! `.on(..)` places a job, or a whole nest; [`Cluster::run`] runs the plan. The program is the same everywhere: where it was
//! started to execute a *unit* (one try of a job, a nest, or a cleanup), `Cluster::run` executes that and never returns.
//!
//! ```no_run
//! use dojobber::{Graph, Key, Runner};
//! use dojobber_cluster::{Cluster, Processes};
//!
//! const SAMPLES: Key<Vec<u64>> = Key::new("samples").portable(); // it may cross
//! const SUM: Key<u64> = Key::new("sum").portable();
//!
//! # fn main() -> dojobber::Result {
//! let cluster = Cluster::new(Processes::new(4), "/shared/spool");
//! let plan = Graph::new()
//!     .job(SAMPLES).run_only(|_| Ok(vec![1, 2, 3])) // here
//!     .job(SUM).after(SAMPLES).tries(3).on(&cluster) // there
//!         .run_only(|cx| Ok(cx.output(SAMPLES)?.iter().sum()))
//!     .compile()?;
//! let run = cluster.run(&Runner::default(), &plan, ())?.into_result()?;
//! assert_eq!(run.output(SUM), Some(&6));
//! # Ok(())
//! # }
//! ```
//!
//! A restart is no mode: the program is started again, and each unit is answered from its record, or found where it is
//! executed, or submitted. What has a record is executed exactly once; what was under way when its machine was lost, at
//! least once.
//!
//! [dojobber]: https://docs.rs/dojobber

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(not(unix))]
compile_error!("dojobber-cluster needs Unix: locks, process groups and signals");

// in reading order: a module imports only from those before it
mod tell;
mod needs;
mod engine;
mod error;
mod spool;
mod identity;
mod books;
mod home;
mod watcher;
mod child;
mod serve;
mod pilot;
mod processes;
mod slurm;
mod cluster;
#[cfg(test)]
mod simulation;

pub use cluster::{Cluster, Place, is_unit};
pub use engine::{Batch, End, Engine, Patience, RunSpot, Seen, State, SubmitError, Tag};
pub use error::ClusterError;
pub use needs::Needs;
pub use processes::Processes;
pub use slurm::Slurm;
