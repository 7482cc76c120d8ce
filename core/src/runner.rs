//! Runs plans.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use typed_builder::TypedBuilder;

use crate::clock::Clock;
use crate::context::World;
use crate::event::{Event, Observer, RunOptions};
use crate::exec::{Finished, Helpers, Live, Watch};
use crate::log::debug;
use crate::outputs::Outputs;
use crate::plan::Plan;
use crate::report::Report;
use crate::run::Run;
use crate::store::Store;
use crate::words::Cleanup;

/// How plans are run. One runner serves many runs, also at once, and keeps its threads for the next.
///
/// ```
/// use dojobber_core::{Cleanup, Runner};
/// use std::time::Duration;
///
/// let runner = Runner::builder()
///     .threads(4)
///     .default_tries(5)
///     .default_retry_delay(Duration::from_millis(100))
///     .cleanup(Cleanup::OnDrop)
///     .build();
/// assert_eq!(runner.options().threads, 4);
/// assert_eq!(Runner::default().options().default_tries, 3);
/// ```
#[derive(TypedBuilder)]
#[builder(doc, builder_method(doc = "Options, each with a default; then `.build()`."))]
pub struct Runner {
    /// How many jobs may run at once, the thread that calls [`run`](Runner::run) included.
    /// Default, and the meaning of 0: as many as the machine runs at once.
    #[builder(
        default,
        setter(doc = "How many jobs may run at once, the caller's thread included. \
        Default, and the meaning of 0: as many as the machine runs at once.")
    )]
    threads: usize,
    /// Whether to execute nothing but the first check of each job. Default: no.
    #[builder(
        default,
        setter(doc = "Whether to execute nothing but the first check of each job \
        (DoJobber's `no_act`). Default: no.")
    )]
    dry_run: bool,
    /// How many tries a job may use that does not say so itself. Default: 3.
    #[builder(default = 3, setter(
        doc = "How many tries a job may use that does not say so itself. Default: 3.\n\n# Panics\n\nIf it is 0.",
        transform = |tries: u32| { assert!(tries > 0, "default_tries(0): a job needs at least 1 try"); tries },
    ))]
    default_tries: u32,
    /// The least time between the tries of a job that does not say so itself. Default: 1 s.
    #[builder(default = Duration::from_secs(1), setter(doc = "The least time from the end of one try to the \
        start of the next, of a job that does not say so itself. Zero is allowed. Default: 1 s."))]
    default_retry_delay: Duration,
    /// When cleanups are called. Default: before `run` returns.
    #[builder(default, setter(doc = "When cleanups are called. Default: [`Cleanup::AtEnd`]."))]
    cleanup: Cleanup,
    /// Who watches. Default: nobody.
    #[builder(default, setter(
        doc = "Who watches the runs. Default: nobody. Also an `Option` of an observer, or a pair of two.",
        transform = |observer: impl Observer + 'static| Some(Arc::new(observer) as Arc<dyn Observer>),
    ))]
    observer: Option<Arc<dyn Observer>>,
    #[builder(default, setter(skip))]
    helpers: Helpers,
}

impl Runner {
    /// With what its runs are started.
    pub fn options(&self) -> RunOptions {
        RunOptions {
            threads: if self.threads == 0 {
                machine_threads()
            } else {
                self.threads.min(usize::from(u16::MAX))
            },
            dry_run: self.dry_run,
            default_tries: self.default_tries,
            default_retry_delay: self.default_retry_delay,
            cleanup: self.cleanup,
        }
    }

    /// Runs a plan to its end, on this thread and, where there is more to do than one can, on others.
    ///
    /// Whatever a job does, this returns: an error or a panic of a job is an outcome. A job that never ends is the
    /// one exception.
    ///
    /// A run may be started from anywhere: also from a job of another run, or from a worker of a rayon pool. Such a
    /// run stands on that stack; while its job waits in a `par_iter` there, that pool may begin another task of its
    /// own on it, so hold no lock over a `par_iter` there. What a job leaves behind in rayon (`rayon::spawn`) must end by
    /// itself: it stands in the way of the runs that come after.
    #[must_use = "ask it whether it succeeded: `.into_result()?`"]
    pub fn run<'env, A: Send + Sync>(&self, plan: &Plan<'env, A>, args: impl Into<Arc<A>>) -> Run<'env, A> {
        let watch = Watch::new(self.observer.as_ref());
        let clock = Clock::start(watch.is_active());
        self.execute(begin(plan, args.into(), self.options(), watch, clock))
    }

    /// The same, with somebody between the phases and their code.
    #[cfg(feature = "testkit")]
    pub(crate) fn run_with<'env, A: Send + Sync>(
        &self,
        plan: &Plan<'env, A>,
        args: Arc<A>,
        meddler: crate::faults::Meddler,
    ) -> Run<'env, A> {
        let watch = Watch::new(self.observer.as_ref());
        let clock = Clock::start(watch.is_active());
        let mut live = begin(plan, args, self.options(), watch, clock);
        live.meddler = Some(meddler);
        self.execute(live)
    }

    fn execute<'env, A: Send + Sync>(&self, live: Live<'env, A>) -> Run<'env, A> {
        let finished = live.execute(&self.helpers);
        end(live, finished)
    }
}

/// Up to where the first job begins.
pub(crate) fn begin<'env, A: Send + Sync>(
    plan: &Plan<'env, A>,
    args: Arc<A>,
    options: RunOptions,
    watch: Watch,
    clock: Clock,
) -> Live<'env, A> {
    let world = Arc::new(World {
        graph: Arc::clone(plan.graph()),
        args,
        shared: Store::default(),
        outputs: Outputs::of(plan.with_output()),
        cwd: std::env::current_dir().unwrap_or_default(),
        clock,
    });
    debug!(jobs = plan.len(), ?options, "run starts");
    let live = Live::new(plan.clone(), options, world, watch);
    live.watch.tell(|| Event::RunStarted { graph: Arc::clone(plan.graph()), options });
    live
}

/// When all jobs have ended.
pub(crate) fn end<'env, A: Send + Sync>(live: Live<'env, A>, finished: Finished<'env, A>) -> Run<'env, A> {
    let Finished { heads, logs, kept } = finished;
    let report = Report::new(Arc::clone(live.plan.graph()), live.options.dry_run, heads, logs);
    Run::new(report, live, kept)
}

/// As many as the machine runs at once. Asked once in a process: the answer is spread over several files, and reading
/// them takes longer than a small run.
fn machine_threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

impl<'env, A: Send + Sync> Plan<'env, A> {
    /// Runs it with a runner of its own that has all defaults.
    ///
    /// ```
    /// # use dojobber_core::{Draft, JobSpec};
    /// # let mut draft = Draft::<()>::default();
    /// # draft.open("sun"); draft.close(JobSpec::check_only(|_| true));
    /// # let plan = draft.compile().unwrap();
    /// assert!(plan.run(()).success());
    /// ```
    #[must_use = "ask it whether it succeeded: `.into_result()?`"]
    pub fn run(&self, args: impl Into<Arc<A>>) -> Run<'env, A> {
        Runner::default().run(self, args)
    }
}

impl Default for Runner {
    fn default() -> Self {
        Runner::builder().build()
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("options", &self.options()).finish_non_exhaustive()
    }
}
