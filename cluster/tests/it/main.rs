//! The crate as its users see it: programs whose units are processes.

mod support; // the program of the trials, and worlds for it
mod failures; // what every failure becomes
mod restarts; // coordinators that are killed and started again
mod processes; // what becomes of processes of this machine
mod spool; // files that are torn, of another version, or not there
