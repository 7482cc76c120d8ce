//! One execution of a plan, when its jobs have ended.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::context::World;
use crate::error::{BoxError, RETURNED_FALSE, debug_for_people, shown};
use crate::event::Event;
use crate::exec::{DueCleanup, Leftovers, Live, clean_up};
use crate::graph::JobId;
use crate::key::{AsKey, JobName};
use crate::log::{debug, warning};
use crate::plan::Plan;
use crate::report::Report;
use crate::store::Store;
use crate::unwind;
use crate::words::Cleanup;

/// What one run of a plan has come to: its [`Report`], to which it dereferences, the outputs, the errors
/// themselves, the arguments and the shared store.
///
/// It borrows nothing but what the closures of the plan do.
///
/// ```
/// # use dojobber_core::{Draft, JobSpec};
/// # let mut draft = Draft::<()>::default();
/// # draft.open("walls"); draft.close(JobSpec::run_only(|_| ()));
/// # let plan = draft.compile().unwrap();
/// let run = plan.run(()).into_result()?; // a run that failed is an error
/// assert_eq!(run.job("walls").unwrap().tries(), 1);
/// println!("{}", run.report());
/// # Ok::<(), dojobber_core::BoxError>(())
/// ```
pub struct Run<'env, A = ()> {
    report: Report,
    rest: Rest<'env, A>,
}

/// All that is the user's: errors, what cleanups need, and those that are still due.
struct Rest<'env, A> {
    /// Errors by job, in ascending order.
    errors: Vec<(JobId, BoxError)>,
    /// `None` only while this is dropped.
    live: Option<Live<'env, A>>,
    /// A struct job is `Send`, but need not be `Sync`.
    pending: Mutex<Vec<DueCleanup<'env, A>>>,
}

impl<'env, A> Run<'env, A> {
    /// When all jobs have ended: calls the cleanups that are due at the end, and closes the books.
    pub(crate) fn new(report: Report, live: Live<'env, A>, mut leftovers: Leftovers<'env, A>) -> Self {
        let mut errors = std::mem::take(&mut leftovers.errors);
        let cleanups = std::mem::take(&mut leftovers.cleanups);
        errors.sort_by_key(|(job, _)| *job);
        let mut run = Run { report, rest: Rest { errors, live: Some(live), pending: Mutex::new(cleanups) } };
        if run.rest.live().options.cleanup == Cleanup::AtEnd {
            let _ = unwind::discard_all(run.call_cleanups());
        }
        let cleanups_due = run.rest.pending().len();
        let Live { watch, world, .. } = run.rest.live();
        run.report.keep_said(world.sayings.kept());
        let elapsed = world.clock.now();
        run.report.close(elapsed, world.clock.scale());
        run.report.took_place(&world.clock);
        watch.tell(|| Event::RunEnded { at: Duration::from_nanos(elapsed), cleanups_due });
        debug!(report = %run.report, "run ended");
        run
    }

    /// Everything that happened, as plain data.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The report alone. Cleanups that are due when this run is dropped are called first.
    pub fn into_report(mut self) -> Report {
        self.before_drop();
        let Run { report, .. } = self;
        report
    }

    /// The arguments, for another run with the same.
    pub fn args(&self) -> &Arc<A> {
        &self.rest.live().world.args
    }

    /// The plan that was run.
    pub fn plan(&self) -> &Plan<'env, A> {
        &self.rest.live().plan
    }

    /// What the jobs have left in the store that they shared.
    pub fn shared(&self) -> &Store {
        &self.rest.live().world.shared
    }

    /// What a job has returned; `None` if it is not done, or returns another type.
    pub fn output<T: Any>(&self, key: impl AsKey<T>) -> Option<&T> {
        let job = self.report.graph().find(key.key_name())?;
        self.rest.live().world.outputs.get(job)?.downcast_ref()
    }

    /// What the last try of a job failed with, as the error itself; `None` also if the job was done.
    pub fn error<M>(&self, name: impl JobName<M>) -> Option<&(dyn Error + Send + Sync + 'static)> {
        let job = self.report.graph().find(name)?;
        let errors = &self.rest.errors;
        let at = errors.binary_search_by_key(&job, |(job, _)| *job).ok()?;
        Some(shown(&*errors[at].1))
    }

    /// Itself, if every job is done and no cleanup has failed, as [`exit_code`](Run::exit_code) says.
    ///
    /// # Errors
    ///
    /// [`RunFailed`], which prints the report with the cleanups that failed, in all other cases. Cleanups that are due
    /// when this run is dropped are called first then. If the run is returned, they are still due: their failures come
    /// too late to be an error here, and are told by the observer's events and a warning in the log.
    pub fn into_result(self) -> Result<Self, RunFailed> {
        if self.is_good() { Ok(self) } else { Err(RunFailed { report: Box::new(self.into_report()) }) }
    }

    /// 0 if every job is done and no cleanup has failed, else 1. In a dry run that goes
    /// [through](crate::DryRun::Through), jobs that would run count as done.
    pub fn exit_code(&self) -> ExitCode {
        if self.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn is_good(&self) -> bool {
        let dry_run = self.dry_run_mode();
        let is_success = self.success() || self.statuses_are(|status| dry_run.goes_on_behind(status));
        is_success && self.cleanup_failures().is_empty()
    }

    /// Calls the cleanups that are still due, adds them to the report, and returns those that failed.
    ///
    /// There are none with [`Cleanup::AtEnd`], nor when this was called before.
    pub fn cleanup(&mut self) -> Vec<CleanupError> {
        if self.rest.pending().is_empty() {
            return Vec::new();
        }
        let failures = self.call_cleanups();
        let World { clock, sayings, .. } = &*self.rest.live().world;
        self.report.keep_said(sayings.kept());
        self.report.close(clock.now(), clock.scale());
        self.rest.tell_cleanup_ended();
        failures
    }

    /// Whether the simulated process was killed while cleanups were called.
    #[cfg(feature = "testkit")]
    pub(crate) fn was_killed(&self) -> bool {
        self.rest.live().is_killed()
    }

    fn call_cleanups(&mut self) -> Vec<CleanupError> {
        let pending = std::mem::take(self.rest.pending());
        if pending.is_empty() {
            return Vec::new(); // the common case, for which no worker is made
        }
        let done = clean_up(self.rest.live(), pending);
        for (job, record, error) in done.records {
            self.report.append(job, record, error);
        }
        let name = |job| self.report.graph().name(job).to_owned();
        done.failures.into_iter().map(|(job, error)| CleanupError { job: name(job), error }).collect()
    }

    fn before_drop(&mut self) {
        if self.rest.live().options.cleanup == Cleanup::OnDrop {
            let _ = unwind::discard_all(self.cleanup());
        }
    }
}

impl<'env, A> Rest<'env, A> {
    fn live(&self) -> &Live<'env, A> {
        self.live.as_ref().expect("it is there until this is dropped")
    }

    fn pending(&mut self) -> &mut Vec<DueCleanup<'env, A>> {
        self.pending.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_cleanup_ended(&self) {
        let Live { watch, world, .. } = self.live();
        watch.tell(|| Event::CleanupEnded { at: Duration::from_nanos(world.clock.now()) });
    }

    /// Calls the cleanups that are due. Nobody can be given their failures any more, so they are logged.
    fn clean_up_at_last(&mut self) {
        let pending = std::mem::take(self.pending());
        let done = clean_up(self.live(), pending);
        for (job, _, error) in done.records.iter().filter(|(_, record, _)| !record.passed) {
            let _error = error.as_ref().unwrap_or(&RETURNED_FALSE);
            let _job = self.live().plan.graph().name(*job);
            warning!(job = _job, error = %_error, "a cleanup failed when its run was dropped");
        }
        let _ = unwind::discard_all(done.failures);
        self.tell_cleanup_ended();
    }

    /// Drops what the user made, one value after another. Nobody is left to be told of a panic in a destructor, and
    /// two of them at once would end the process.
    fn put_away(&mut self) {
        std::mem::take(self.pending()).into_iter().for_each(DueCleanup::discard);
        let _ = unwind::discard_all(self.errors.drain(..));
        if let Some(Live { plan, world, watch, .. }) = self.live.take() {
            let _ = unwind::discard(world);
            let _ = unwind::discard(plan);
            watch.discard();
        }
    }
}

impl<A> Drop for Rest<'_, A> {
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

impl<A> Deref for Run<'_, A> {
    type Target = Report;
    fn deref(&self) -> &Report {
        &self.report
    }
}

/// As its report does.
impl<A> fmt::Display for Run<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.report.fmt(f)
    }
}

impl<A> fmt::Debug for Run<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Run").field(&self.report).finish()
    }
}

/// Some job of a run is not done, or a cleanup has failed. It prints the report, with `{}` and `{:?}` alike: so a
/// `main` that returns it prints for people.
#[derive(Clone)]
pub struct RunFailed {
    report: Box<Report>,
}

impl RunFailed {
    /// Everything that happened.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The report alone.
    pub fn into_report(self) -> Report {
        *self.report
    }
}

impl fmt::Display for RunFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.report.fmt(f)
    }
}

debug_for_people!(RunFailed);

impl Error for RunFailed {}

/// A cleanup that failed. It prints alike with `{}` and `{:?}`.
pub struct CleanupError {
    job: String,
    error: BoxError,
}

impl CleanupError {
    /// The job that it belongs to.
    pub fn job(&self) -> &str {
        &self.job
    }

    /// The error itself.
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        shown(&*self.error)
    }
}

impl fmt::Display for CleanupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cleanup of `{}` failed: {}", self.job, self.error())
    }
}

debug_for_people!(CleanupError);

impl Error for CleanupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error().source() // the error itself is told already
    }
}
