//! Units on a Slurm of three nodes: `cargo xtask ci slurm` brings it up.

#[path = "../it/support.rs"]
mod support; // the program of the trials, and worlds for it
mod site; // the Slurm of these tests
mod clock; // limits of time
mod units; // what becomes of single units
mod pilots; // units that pilots take for themselves
mod outages; // nodes and controllers that go and come back
mod disk; // a spool on a disk that is full
#[path = "../it/failures.rs"]
mod failures; // what every failure becomes
#[path = "../it/restarts.rs"]
mod restarts; // coordinators that are killed and started again
