//! The options of a runner, one call each.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Runner;
use crate::cancel::CancelToken;
use crate::event::{Event, Observer};
use crate::options::{RunOptions, at_least_one_failure, at_least_one_try};
use crate::report::Report;
use crate::runtime::AsyncRuntime;
use crate::timings::Timings;
use crate::words::{Cleanup, DryRun};

/// The options of a [`Runner`] that is not yet built, from [`Runner::builder`].
///
/// Each method returns the builder, and the last call of each wins; only observers add up. A value may be an `Option`,
/// as a command line leaves it: `None` means the default. So an `if` and a second call compile, too.
///
/// ```
/// use dojobber_core::Runner;
/// use std::time::Duration;
///
/// # #[derive(Default)]
/// struct Args { threads: Option<usize>, delay: Option<u64>, dry_run: bool, patient: bool }
/// # let args = Args { patient: true, ..Args::default() };
///
/// let mut builder = Runner::builder()
///     .threads(args.threads)
///     .dry_run(args.dry_run)
///     .default_retry_delay(args.delay.map(Duration::from_millis));
/// if args.patient {
///     builder = builder.default_tries(20);
/// }
/// assert_eq!(builder.build().options().default_tries, 20);
/// ```
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until `.build()`"]
pub struct RunnerBuilder {
    options: RunOptions,
    observers: Vec<Arc<dyn Observer>>,
    token: Option<CancelToken>,
    runtime: Option<Arc<AsyncRuntime>>,
    timings: Option<Arc<Timings>>,
}

impl RunnerBuilder {
    /// All options at once. What is set afterwards replaces one of them; observers stay as they are.
    ///
    /// # Panics
    ///
    /// If `default_tries` is 0.
    pub fn options(self, options: RunOptions) -> Self {
        RunnerBuilder { options: options.checked(), ..self }
    }

    /// How many jobs may run at once, the thread that calls [`run`](Runner::run) included. Default, and the meaning of
    /// 0: as many as the machine runs at once. At most 65,535.
    ///
    /// Jobs must not wait for each other but by their dependencies: with one thread, and in a run that comes while
    /// another one has the runner's threads, two jobs that meet at a barrier or a channel would wait forever.
    ///
    /// What a job does with rayon is done in a pool of the runner's, with as many threads as the machine runs at once; on the
    /// thread that has called [`run`](Runner::run), in the pool that this thread belongs to. Beyond 64 threads, or as many as
    /// the machine runs at once, it is done on the job's own thread.
    pub fn threads(mut self, threads: impl Into<Option<usize>>) -> Self {
        self.options.threads = threads.into().unwrap_or(RunOptions::default().threads);
        self
    }

    /// Whether to execute nothing but the first check of each job: a [`DryRun`], a `bool`, or an `Option` of one.
    /// Default: no.
    #[doc(alias = "no_act")]
    pub fn dry_run(mut self, dry_run: impl Into<DryRun>) -> Self {
        self.options.dry_run = dry_run.into();
        self
    }

    /// How many tries a job may use that does not say so itself. Default: 3.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn default_tries(mut self, tries: impl Into<Option<u32>>) -> Self {
        self.options.default_tries =
            tries.into().map_or(RunOptions::default().default_tries, at_least_one_try);
        self
    }

    /// The least time from the end of one try to the start of the next, of a job that does not say so itself. Zero is
    /// allowed. Default: 1 s.
    pub fn default_retry_delay(mut self, delay: impl Into<Option<Duration>>) -> Self {
        self.options.default_retry_delay = delay.into().unwrap_or(RunOptions::default().default_retry_delay);
        self
    }

    /// When cleanups are called. Default: [`Cleanup::AtEnd`].
    pub fn cleanup(mut self, cleanup: impl Into<Option<Cleanup>>) -> Self {
        self.options.cleanup = cleanup.into().unwrap_or_default();
        self
    }

    /// How much stack each thread of the runner's pool has, in bytes; the system may round it up. Less than 128 KiB counts
    /// as that. Default: 8 MiB.
    ///
    /// The thread that calls [`run`](Runner::run) is one of the workers and brings its own stack. So what a job needs
    /// must fit into both: a thread that the program has started itself has 2 MiB unless it says otherwise.
    pub fn stack_size(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.options.stack_size = bytes.into().unwrap_or(RunOptions::default().stack_size);
        self
    }

    /// How long each phase of a job may take that does not say so itself with `.timeout(..)`: a try may take three times
    /// that. Default, and the meaning of [`Duration::MAX`]: for ever. Zero is over at once.
    ///
    /// A limit never decides by itself: what the phase returns does. Commands and [`Context::sleep`] return an error when
    /// the time is over; a phase that pays no attention, and passes late, has passed.
    ///
    /// [`Context::sleep`]: crate::Context::sleep
    pub fn default_timeout(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.options.default_timeout = time.into().unwrap_or(Duration::MAX);
        self
    }

    /// How long a run may take: it is then [cancelled](CancelToken::cancel). Cleanups are not limited by it. Default, and
    /// the meaning of [`Duration::MAX`]: for ever.
    pub fn run_timeout(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.options.run_timeout = time.into().unwrap_or(Duration::MAX);
        self
    }

    /// How long what is asked to end may take before it is ended: from SIGTERM to SIGKILL for processes. Default: 10 s.
    pub fn grace_period(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.options.grace_period = time.into().unwrap_or(RunOptions::default().grace_period);
        self
    }

    /// How long a phase may take before observers are told that it is slow, by [`Event::PhaseSlow`]; they are told again each
    /// time that the time has doubled. It changes nothing else. Zero: never. Default: 60 s.
    pub fn slow_after(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.options.slow_after = time.into().unwrap_or(RunOptions::default().slow_after);
        self
    }

    /// How many tries of jobs with async phases may go on at once; they hold no worker while they wait. Default: 1,000.
    pub fn max_in_flight(mut self, tries: impl Into<Option<usize>>) -> Self {
        self.options.max_in_flight = tries.into().unwrap_or(RunOptions::default().max_in_flight);
        self
    }

    /// When that many jobs have failed, no other try begins, and what has begun goes on. Default: never.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn max_failures(mut self, failures: impl Into<Option<usize>>) -> Self {
        self.options.max_failures = failures.into().map(at_least_one_failure);
        self
    }

    /// No other try begins when a job has failed: [`max_failures(1)`](Self::max_failures).
    pub fn fail_fast(self) -> Self {
        self.max_failures(1)
    }

    /// What stops the runs from outside: a reference to a [`CancelToken`], or an `Option` of one. Default: nothing does.
    /// A run never raises the token itself.
    pub fn cancel_token<'t>(mut self, token: impl Into<Option<&'t CancelToken>>) -> Self {
        self.token = token.into().cloned();
        self
    }

    /// The tokio runtime that the futures of jobs find. Default: a small one of the runner's own, with one thread that drives
    /// timers and sockets; it is made when the first async phase begins. Never the one that this program is in by itself: a
    /// run may be holding its workers.
    #[cfg(feature = "tokio")]
    pub fn tokio(mut self, handle: impl Into<Option<tokio::runtime::Handle>>) -> Self {
        self.runtime = handle.into().map(|handle| Arc::new(AsyncRuntime::named(handle)));
        self
    }

    /// How long each job has taken in an earlier run: a reference to its [`Report`], or an `Option` of one. Where more jobs
    /// are ready than workers are free, those begin first from which the way to the end of the run is longest, so that it
    /// ends sooner; a priority counts before that. Default: they begin as they have become ready.
    ///
    /// Jobs are the same if they have the same name. One that is not known, or had no phase, is expected to take as long as
    /// the others on the mean.
    ///
    /// ```
    /// # use dojobber_core::{Draft, JobSpec, Runner};
    /// # let mut draft = Draft::<()>::default();
    /// # draft.open("tests"); draft.close(JobSpec::run_only(|_| ()));
    /// # let plan = draft.compile().unwrap();
    /// let earlier = Runner::default().run(&plan, ()).into_report(); // or one that was saved
    /// let runner = Runner::builder().timings(&earlier).build();
    /// assert!(runner.run(&plan, ()).success());
    /// ```
    pub fn timings<'r>(mut self, earlier: impl Into<Option<&'r Report>>) -> Self {
        self.timings = earlier.into().map(|report| Arc::new(Timings::of(report)));
        self
    }

    /// Adds one that is told all that happens, an `Option` of one, or a pair. Default: nobody is.
    ///
    /// Several are called one after another, in the order in which they were added. One that panics is not called
    /// again in that run; the others are.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Adds a closure that is called with each event, as [`observer`](Self::observer) does with an [`Observer`].
    ///
    /// ```
    /// use dojobber_core::{Event, Runner};
    ///
    /// let runner = Runner::builder().on_event(|event| {
    ///     if let Event::JobEnded { job, status, .. } = event {
    ///         println!("{job}: {status}");
    ///     }
    /// }).build();
    /// ```
    pub fn on_event(self, tell: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer(Closure(tell))
    }

    /// The runner.
    #[must_use = "a runner does nothing until it runs a plan"]
    pub fn build(self) -> Runner {
        let RunnerBuilder { options, observers, token, runtime, timings } = self;
        let runtime = runtime.unwrap_or_default();
        Runner { options, observers, token, runtime, timings, ..Runner::default() }
    }
}

impl fmt::Debug for RunnerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerBuilder")
            .field("options", &self.options)
            .field("observers", &self.observers.len())
            .field("cancel_token", &self.token)
            .finish()
    }
}

/// A function that is called with each event.
struct Closure<F>(F);

impl<F: Fn(&Event) + Send + Sync> Observer for Closure<F> {
    fn on_event(&self, event: &Event) {
        (self.0)(event);
    }
}
