//! One execution of a plan, when its jobs have ended.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::process::ExitCode;
use std::sync::Arc;

use crate::elsewhere::{JobDone, PhaseDone, SaidThere};
use crate::error::{BoxError, debug_for_people, shown};
use crate::exec::{Finished, Live};
use crate::graph::JobId;
use crate::key::{AsKey, JobName};
use crate::plan::Plan;
use crate::report::{JobReport, PhaseRecord, Report};
use crate::session::Session;
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
    session: Session<'env, A>,
}

impl<'env, A> Run<'env, A> {
    /// When all jobs have ended.
    pub(crate) fn new(live: Box<Live<'env, A>>, finished: Finished<'env, A>) -> Self {
        let (report, session) = Session::end(live, finished);
        Run { report, session }
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
        &self.session.live().world.args
    }

    /// The plan that was run.
    pub fn plan(&self) -> &Plan<'env, A> {
        &self.session.live().plan
    }

    /// What the jobs have left in the store that they shared.
    pub fn shared(&self) -> &Store {
        &self.session.live().world.shared
    }

    /// What a job has returned; `None` if it is not done, or returns another type.
    pub fn output<T: Any>(&self, key: impl AsKey<T>) -> Option<&T> {
        let job = self.report.graph().find(key.key_name())?;
        self.session.live().world.outputs.get(job)?.downcast_ref()
    }

    /// What the last try of a job failed with, as the error itself; `None` also if the job was done.
    pub fn error<M>(&self, name: impl JobName<M>) -> Option<&(dyn Error + Send + Sync + 'static)> {
        let job = self.report.graph().find(name)?;
        self.session.error(job).map(|error| shown(&**error))
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
        let failures = self.session.clean_up(&mut self.report);
        let name = |job| self.report.graph().name(job).to_owned();
        failures.into_iter().map(|(job, error)| CleanupError { job: name(job), error }).collect()
    }

    /// Whether the simulated process was killed while cleanups were called.
    #[cfg(feature = "testkit")]
    pub(crate) fn was_killed(&self) -> bool {
        self.session.live().is_killed()
    }

    /// In a unit: what has happened to a job, which is `told` of by its place in the whole plan.
    pub(crate) fn take_done(&mut self, job: JobId, told: JobId) -> JobDone {
        let report = JobReport::new(&self.report, job);
        let phase = |record: &PhaseRecord<'_>| PhaseDone {
            attempt: record.attempt(),
            phase: record.phase(),
            worker: u16::try_from(record.worker()).unwrap_or(u16::MAX),
            start: record.start(),
            length: record.length(),
            error: record.error().cloned(),
        };
        let phases = report.phases().iter().map(phase).collect();
        let status = report.status();
        JobDone { job: told, status, phases, output: self.session.take_output(job) }
    }

    /// In a unit: what a job has said, if anything; it is `told` of by its place in the whole plan.
    pub(crate) fn said_by(&self, job: JobId, told: JobId) -> Option<SaidThere> {
        JobReport::new(&self.report, job).said().map(|said| said.clone().told_there(told))
    }

    fn before_drop(&mut self) {
        if self.session.live().options.cleanup == Cleanup::OnDrop {
            let _ = unwind::discard_all(self.cleanup());
        }
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
    #[cfg(feature = "journal")]
    pub(crate) fn new(job: &str, error: BoxError) -> Self {
        CleanupError { job: job.to_owned(), error }
    }

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
