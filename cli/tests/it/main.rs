//! The command line as its users see it: example programs, run as processes.

mod program; // runs one, and says what it said
mod answers; // --help, --list, --why, --dry-run
mod runs; // what is said of a run, and the exit code
mod parts; // --only, --exclude
mod files; // --graph, --report, --junit, --trace
#[cfg(unix)]
mod signals;
