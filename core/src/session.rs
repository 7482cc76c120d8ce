//! The life of a run, all of it: it begins, its jobs are executed, it cleans up, closes, and is put away.
//!
//! 1. [`begin`] makes what all workers share, and tells that the run has started. A driver executes the jobs then.
//! 2. [`Session::end`] calls the cleanups that are due at the end, closes the report, and tells that the run has ended.
//! 3. [`Session::clean_up`] calls those that were put off, if somebody asks for it.
//! 4. Dropping a session calls what is still due, if that was asked for, and then drops what the user made.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::clock::Clock;
use crate::context::World;
use crate::error::{BoxError, RETURNED_FALSE};
use crate::event::Event;
use crate::exec::{Bounds, DueCleanup, Finished, Live, Watch, clean_up};
use crate::graph::JobId;
use crate::key::Carried;
use crate::log::{debug, warning};
use crate::options::RunOptions;
use crate::outputs::Outputs;
use crate::plan::Plan;
use crate::report::Report;
use crate::runtime::AsyncRuntime;
use crate::store::Store;
use crate::timers::LazyTimers;
use crate::unwind;
use crate::words::{Cleanup, DryRun};

/// What a run begins with beside its plan and arguments.
pub(crate) struct Beginning<'b> {
    pub(crate) options: RunOptions,
    pub(crate) watch: Watch,
    pub(crate) token: Option<&'b CancelToken>,
    pub(crate) clock: Clock,
    pub(crate) runtime: &'b Arc<AsyncRuntime>,
    pub(crate) expected: Option<Arc<[Duration]>>,
}

/// Up to where the first job begins.
pub(crate) fn begin<'env, A: Send + Sync>(
    plan: &Plan<'env, A>,
    args: Arc<A>,
    with: Beginning<'_>,
) -> Box<Live<'env, A>> {
    let live = prepare(plan, args, with);
    let options = live.options;
    debug!(jobs = plan.len(), ?options, "run starts");
    live.watch.tell(|| Event::RunStarted {
        graph: Arc::clone(plan.graph()),
        options,
        expected: live.expected.clone(),
        with_cleanup: plan.graph().ids().filter(|job| plan.spec(*job).cleans_up()).collect(),
        uses: plan.uses().into(),
    });
    live
}

/// What cleanups see that are called after the process of their run is gone.
#[cfg(feature = "journal")]
pub(crate) fn revive<'env, A: Send + Sync>(
    plan: &Plan<'env, A>,
    args: Arc<A>,
    with: Beginning<'_>,
) -> Box<Live<'env, A>> {
    let mut live = prepare(plan, args, with);
    if let Some(world) = Arc::get_mut(&mut live.world) {
        world.outputs = Outputs::gone();
    }
    live
}

/// What all workers of a run share.
fn prepare<'env, A: Send + Sync>(
    plan: &Plan<'env, A>,
    args: Arc<A>,
    with: Beginning<'_>,
) -> Box<Live<'env, A>> {
    let Beginning { options, watch, token, clock, runtime, expected } = with;
    let processes = watch.processes(plan.graph(), &clock, options.grace_period);
    let sayings = watch.sayings(plan.graph());
    let bounds = Bounds::new(&options, token, &clock, plan.needs().timeouts);
    let world = Arc::new(World {
        graph: Arc::clone(plan.graph()),
        args,
        shared: Store::default(),
        outputs: Outputs::of(plan.with_output()),
        cwd: std::env::current_dir().unwrap_or_default(),
        clock,
        processes,
        sayings,
        timers: LazyTimers::default(),
        runtime: Arc::clone(runtime),
        goes_through: options.dry_run == DryRun::Through,
        is_unit: false,
    });
    let watch = watch.with_patience(plan.graph(), &world.clock, options.slow_after);
    Box::new(Live::new(plan.clone(), options, world, watch, bounds, expected))
}

/// A run whose jobs have ended: all that is the user's, and the cleanups that are still due.
pub(crate) struct Session<'env, A> {
    /// Errors by job, in ascending order.
    errors: Vec<(JobId, BoxError)>,
    /// `None` only while this is dropped.
    live: Option<Box<Live<'env, A>>>,
    /// A struct job is `Send`, but need not be `Sync`.
    pending: Mutex<Vec<DueCleanup<'env, A>>>,
}

/// Cleanups that failed, and with what.
pub(crate) type CleanupFailures = Vec<(JobId, BoxError)>;

impl<'env, A> Session<'env, A> {
    /// When all jobs have ended: calls the cleanups that are due at the end, and closes the books.
    pub(crate) fn end(live: Box<Live<'env, A>>, finished: Finished<'env, A>) -> (Report, Self) {
        let Finished { heads, logs, nodes, mut leftovers, stop_reason } = finished;
        let mut report = Report::new(Arc::clone(live.plan.graph()), live.options.dry_run, heads, logs);
        report.say_why_stopped(stop_reason);
        report.say_nodes(nodes);
        report.describe_runs(std::mem::take(&mut leftovers.descriptions));
        let mut errors = std::mem::take(&mut leftovers.errors);
        errors.sort_by_key(|(job, _)| *job);
        let pending = Mutex::new(std::mem::take(&mut leftovers.cleanups));
        let mut session = Session { errors, live: Some(live), pending };
        if session.live().options.cleanup == Cleanup::AtEnd {
            let _ = unwind::discard_all(session.call_cleanups(&mut report));
        }
        session.close(&mut report);
        (report, session)
    }

    fn close(&mut self, report: &mut Report) {
        let cleanups_due = self.pending().len();
        let Live { watch, world, spans, .. } = self.live();
        if cleanups_due == 0 {
            watch.close();
        }
        report.keep_said(world.sayings.kept());
        let (elapsed, scale) = world.clock.end();
        report.close(elapsed, scale);
        report.took_place(&world.clock, elapsed);
        watch.tell(|| Event::RunEnded { at: Duration::from_nanos(elapsed), cleanups_due });
        report.keep_observer_failures(watch.failures());
        spans.run_ended(report, cleanups_due);
        debug!(%report, "run ended");
    }

    /// Calls the cleanups that are still due, adds them to the report, and returns those that failed.
    pub(crate) fn clean_up(&mut self, report: &mut Report) -> CleanupFailures {
        if self.pending().is_empty() {
            return Vec::new();
        }
        let failures = self.call_cleanups(report);
        let Live { watch, world, .. } = self.live();
        watch.close();
        let World { clock, sayings, .. } = &**world;
        report.keep_said(sayings.kept());
        let (elapsed, scale) = clock.end();
        report.close(elapsed, scale);
        self.tell_cleanup_ended(elapsed);
        failures
    }

    /// What the last try of a job failed with, if the job did not get done.
    pub(crate) fn error(&self, job: JobId) -> Option<&BoxError> {
        let at = self.errors.binary_search_by_key(&job, |(job, _)| *job).ok()?;
        Some(&self.errors[at].1)
    }

    /// In a unit: takes what a job has returned.
    pub(crate) fn take_output(&mut self, job: JobId) -> Option<Carried> {
        let world = Arc::get_mut(&mut self.live.as_mut()?.world)?;
        world.outputs.take(job).map(Carried)
    }

    pub(crate) fn live(&self) -> &Live<'env, A> {
        self.live.as_ref().expect("it is there until this is dropped")
    }

    fn pending(&mut self) -> &mut Vec<DueCleanup<'env, A>> {
        self.pending.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn call_cleanups(&mut self, report: &mut Report) -> CleanupFailures {
        let pending = std::mem::take(self.pending());
        if pending.is_empty() {
            return Vec::new(); // the common case, for which no worker is made
        }
        let live = self.live();
        let done = clean_up(live, pending, live.level());
        done.records.into_iter().for_each(|(job, record, error)| report.append(job, record, error));
        done.failures
    }

    fn tell_cleanup_ended(&self, elapsed: u64) {
        self.live().watch.tell(|| Event::CleanupEnded { at: Duration::from_nanos(elapsed) });
    }

    /// Calls the cleanups that are due. Nobody can be given their failures any more, so they are logged.
    fn clean_up_at_last(&mut self) {
        let pending = std::mem::take(self.pending());
        let live = self.live();
        let done = clean_up(live, pending, live.level());
        for (job, _, error) in done.records.iter().filter(|(_, record, _)| !record.passed) {
            let _error = error.as_ref().unwrap_or(&RETURNED_FALSE);
            let _job = self.live().plan.graph().name(*job);
            warning!(job = _job, error = %_error, "a cleanup failed when its run was dropped");
        }
        let _ = unwind::discard_all(done.failures);
        let Live { watch, world, .. } = self.live();
        watch.close();
        self.tell_cleanup_ended(world.clock.now());
    }

    /// Drops what the user made, one value after another. Nobody is left to be told of a panic in a destructor, and
    /// two of them at once would end the process.
    fn put_away(&mut self) {
        std::mem::take(self.pending()).into_iter().for_each(DueCleanup::discard);
        if !self.errors.is_empty() {
            let _ = unwind::discard_all(self.errors.drain(..));
        }
        if let Some(live) = self.live.take() {
            let Live { plan, world, watch, .. } = *live;
            let _ = unwind::discard(world);
            let _ = unwind::discard(plan);
            watch.discard();
        }
    }
}

impl<A> Drop for Session<'_, A> {
    fn drop(&mut self) {
        let due = self.pending().len();
        if due > 0 && !self.live().is_killed() {
            match self.live().options.cleanup {
                Cleanup::ByHand => {
                    warning!(due, "a run is dropped, and with it cleanups that were left to `Run::cleanup`");
                }
                Cleanup::AtEnd | Cleanup::OnDrop => self.clean_up_at_last(),
            }
        }
        self.live().world.processes.end_all();
        self.put_away();
    }
}
