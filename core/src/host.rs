//! This machine: its name, and how much it does at once.

use std::sync::OnceLock;

use crate::text::name_fault;

/// As the system tells it; asked once in a process. `None` if it tells none that can be printed.
pub(crate) fn name() -> Option<&'static str> {
    static NAME: OnceLock<Option<String>> = OnceLock::new();
    NAME.get_or_init(|| system_name().filter(|name| name_fault(name).is_none())).as_deref()
}

#[cfg(unix)]
fn system_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

#[cfg(not(unix))]
fn system_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// How many threads it runs at once. Asked once in a process: the answer is spread over several files, and reading them takes
/// longer than a small run.
pub(crate) fn threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}
