//! dojobber and its peers on the same graphs, with the same bodies, in turns.
//!
//! In reading order: [`shapes`] makes the graphs, [`body`] what each task does, [`peers`] runs
//! them, [`measure`] takes samples in turns and compares them, [`table`] prints and [`machine`]
//! says on what. [`quality`] judges pictures.

pub mod shapes;

pub mod body;

pub mod peers;

pub mod measure;

pub mod table;

pub mod machine;

pub mod quality;

mod random;
