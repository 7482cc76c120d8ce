//! How plans are run, as plain data.

use std::time::Duration;

use typed_builder::TypedBuilder;

use crate::words::{Cleanup, DryRun};

/// How plans are run: what a [`Runner`](crate::Runner) holds beside its observers, and what the first event of each
/// run tells.
///
/// Two ways lead to one: the builder, which knows at compile time what was said twice, and fields of the default.
///
/// ```
/// use dojobber_core::{Cleanup, RunOptions, Runner};
///
/// let options = RunOptions::builder().threads(4).default_tries(5).build();
///
/// let mut same = RunOptions::default();
/// same.threads = 4;
/// same.default_tries = 5;
/// assert_eq!(options, same);
///
/// let runner = Runner::builder().options(options).cleanup(Cleanup::OnDrop).build();
/// assert_eq!((runner.options().threads, runner.options().cleanup), (4, Cleanup::OnDrop));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, TypedBuilder)]
#[builder(doc, builder_method(doc = "Options, each with a default; then `.build()`."))]
#[non_exhaustive]
pub struct RunOptions {
    /// How many jobs may run at once, the thread that starts the run included. Default, and the meaning of 0: as many
    /// as the machine runs at once.
    #[builder(default)]
    pub threads: usize,
    /// Whether nothing but the first check of each job is executed. Default: [`DryRun::Off`].
    #[doc(alias = "no_act")]
    #[builder(default, setter(into))]
    pub dry_run: DryRun,
    /// How many tries a job may use that does not say so itself. Default: 3. It is never 0.
    #[builder(default = 3, setter(transform = |tries: u32| at_least_one_try(tries)))]
    pub default_tries: u32,
    /// The least time from the end of one try to the start of the next, for jobs that do not say so themselves. Zero
    /// is allowed. Default: 1 s.
    #[builder(default = Duration::from_secs(1))]
    pub default_retry_delay: Duration,
    /// When cleanups are called. Default: [`Cleanup::AtEnd`].
    #[builder(default)]
    pub cleanup: Cleanup,
    /// How much stack each thread of the runner's pool has, in bytes. The thread that starts a run brings its own.
    /// Default: 8 MiB, as much as a main thread usually has. Less than 128 KiB counts as that.
    #[builder(default = STACK_SIZE)]
    pub stack_size: usize,
    /// How long each phase of a job may take that does not say so itself. [`Duration::MAX`] is for ever, zero at once.
    /// Default: for ever.
    #[builder(default = Duration::MAX)]
    pub default_timeout: Duration,
    /// How long the run may take before it is cancelled; cleanups are not counted. Default: for ever.
    #[builder(default = Duration::MAX)]
    pub run_timeout: Duration,
    /// How long what is asked to end may take to do so before it is killed. Default: 10 s.
    #[builder(default = Duration::from_secs(10))]
    pub grace_period: Duration,
    /// How long a phase may take before those who watch the run are told that it is slow; they are told again each time
    /// that the time has doubled. Zero: never. It changes nothing else. Default: 60 s.
    #[builder(default = Duration::from_secs(60))]
    pub slow_after: Duration,
    /// How many tries of jobs with async phases may go on at once. Default: 1,000. 0 counts as 1.
    #[builder(default = 1000)]
    pub max_in_flight: usize,
    /// When that many jobs have failed, the run is drained. Default: `None`, never. It is not 0.
    #[builder(default, setter(into))]
    pub max_failures: Option<usize>,
}

/// 8 MiB.
const STACK_SIZE: usize = 8 << 20;

/// 128 KiB: what a thread needs to begin, to execute a small job and to end.
const LEAST_STACK: usize = 128 << 10;

impl RunOptions {
    /// The same, as far as it can be done.
    ///
    /// # Panics
    ///
    /// If a job would have no try at all, or if the run is to end before its first failure.
    pub(crate) fn checked(self) -> Self {
        RunOptions {
            default_tries: at_least_one_try(self.default_tries),
            max_failures: self.max_failures.map(at_least_one_failure),
            ..self
        }
    }

    /// How much stack a thread is started with.
    pub(crate) fn stack(&self) -> usize {
        self.stack_size.max(LEAST_STACK)
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions::builder().build()
    }
}

#[track_caller]
pub(crate) fn at_least_one_try(tries: u32) -> u32 {
    assert!(tries > 0, "default_tries(0): a job needs at least 1 try");
    tries
}

#[track_caller]
pub(crate) fn at_least_one_failure(failures: usize) -> usize {
    assert!(failures > 0, "max_failures(0): a run ends at its first failure at the earliest");
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builder_and_the_default_agree() {
        let RunOptions { threads, dry_run, default_tries, default_retry_delay, cleanup, stack_size, .. } =
            RunOptions::default();
        let RunOptions { default_timeout, run_timeout, grace_period, slow_after, max_failures, .. } =
            RunOptions::default();
        assert_eq!(slow_after, Duration::from_secs(60));
        assert_eq!((default_timeout, run_timeout), (Duration::MAX, Duration::MAX));
        assert_eq!((grace_period, max_failures), (Duration::from_secs(10), None));
        assert_eq!((threads, dry_run, cleanup), (0, DryRun::Off, Cleanup::AtEnd));
        assert_eq!((default_tries, default_retry_delay), (3, Duration::from_secs(1)));
        assert_eq!(stack_size, 8 * 1024 * 1024);
    }

    #[test]
    #[should_panic(expected = "default_tries(0): a job needs at least 1 try")]
    fn no_try_is_refused_in_the_setter() {
        let _ = RunOptions::builder().default_tries(0);
    }
}
