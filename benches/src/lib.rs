//! dojobber and its peers on the same graphs, with the same bodies, in turns.
//!
//! In reading order: [`shapes`] makes the graphs, [`body`] what each task does, a [`load`](load::Load) is both, [`plans`]
//! makes plans of this library of them, [`peers`] runs them, [`measure`] takes samples in turns and compares them, [`table`] prints and
//! [`machine`] says on what. [`processes`], [`sleeping`] and [`waits`] are about jobs that
//! wait, [`quality`] judges pictures, `makespan` is about the order in which ready jobs begin.

mod random;

pub mod shapes;

pub mod body;

pub mod load;

pub mod plans;

pub mod peers;

pub mod measure;

pub mod table;

pub mod machine;

pub mod quality;

pub mod compare;

pub mod processes;

pub mod sleeping;

pub mod alone;

pub mod waits;

#[cfg(feature = "timings")]
pub mod makespan;

#[cfg(feature = "plot")]
pub mod plot;
