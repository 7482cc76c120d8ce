//! What a job does: a trait for structs, closures as another implementation of the same phases.

mod run_text;
mod options;
mod fit;
mod async_body;
mod async_job;

use std::any::Any;
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

pub use async_body::PhaseCode;
pub(crate) use async_body::{AsyncBody, Called, Later};
pub use async_job::AsyncJob;
pub(crate) use async_job::{AnyAsyncJob, Home};
pub use fit::{JobForm, Unfit};
pub(crate) use options::Said;
use options::{Asked, CleanupFn, DescribeFn};
pub use options::{JobDefaults, JobOption, JobOptions};
pub use run_text::RunText;

use crate::backoff::Backoff;
use crate::context::Context;
use crate::elsewhere::Elsewhere;
use crate::error::Result;
use crate::key::Portable;
use crate::pool::Slots;
use crate::verdict::{Outcome, Value, Verdict, erase, is_unit, sound};
use crate::words::Kind;

/// A job as a struct, whose fields are its local storage: each try gets a new instance.
///
/// Implement it for every `A` where the job does not need the arguments of the run, and it fits any graph.
///
/// ```
/// use dojobber_core::{Context, Job, Result, ensure};
/// use std::path::PathBuf;
///
/// #[derive(Clone)]
/// struct Directory(PathBuf);
///
/// impl<A> Job<A> for Directory {
///     type Output = ();
///     fn check(&mut self, _: &Context<A>) -> Result {
///         ensure(self.0.is_dir(), format!("{} is not there", self.0.display()))
///     }
///     fn run(&mut self, _: &Context<A>) -> Result {
///         Ok(std::fs::create_dir_all(&self.0)?)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job of a graph whose arguments are `{A}`",
    label = "it must implement `dojobber::Job<{A}>`",
    note = "`impl<A> Job<A> for ..` makes it a job of any graph"
)]
pub trait Job<A = ()>: Send {
    /// What a passing check returns: the output of the job.
    type Output: Any + Send + Sync;

    /// Looks whether the desired state is there. It must change nothing.
    ///
    /// # Errors
    ///
    /// Any error says that it is not; so do `Ok(false)` and an unsuccessful exit status inside `Ok`.
    fn check(&mut self, cx: &Context<A>) -> Result<Self::Output>;

    /// Does something about it. The check that follows decides, whatever this returns.
    ///
    /// # Errors
    ///
    /// An error is recorded and shown.
    fn run(&mut self, cx: &Context<A>) -> Result;

    /// Undoes what only the run needed. Called once for every try in which the run was executed, after all jobs
    /// have ended, with that try's instance.
    ///
    /// # Errors
    ///
    /// An error is recorded, and changes the exit code of the run alone.
    fn cleanup(&mut self, cx: &Context<A>) -> Result {
        let _ = cx;
        Ok(())
    }
}

/// A struct job, its output type forgotten.
pub(crate) trait AnyJob<A>: Send {
    fn check(&mut self, cx: &Context<A>) -> Result<Value>;
    fn run(&mut self, cx: &Context<A>) -> Result;
    fn cleanup(&mut self, cx: &Context<A>) -> Result;
}

impl<A, J: Job<A>> AnyJob<A> for J {
    fn check(&mut self, cx: &Context<A>) -> Result<Value> {
        Job::check(self, cx).and_then(sound).map(erase)
    }
    fn run(&mut self, cx: &Context<A>) -> Result {
        Job::run(self, cx)
    }
    fn cleanup(&mut self, cx: &Context<A>) -> Result {
        Job::cleanup(self, cx)
    }
}

/// A struct that is a job: a [`Job`], or an [`AsyncJob`]. `M` says which of them, and is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job of a graph whose arguments are `{A}`",
    label = "it must implement `dojobber::Job<{A}>`, or `dojobber::AsyncJob<{A}>`",
    note = "`impl<A> Job<A> for ..` makes it a job of any graph"
)]
pub trait StructJob<'env, A, M>: Sized {
    /// The output of the job.
    type Output: Any + Send + Sync;

    #[doc(hidden)]
    fn spec(make: impl Fn(&Context<A>) -> Result<Self> + Send + Sync + 'env) -> JobSpec<'env, A>;
}

/// Marks a [`Job`].
#[derive(Debug)]
pub enum Blocking {}

/// Marks an [`AsyncJob`].
#[derive(Debug)]
pub enum Futures {}

#[diagnostic::do_not_recommend]
impl<'env, A, J: Job<A> + 'env> StructJob<'env, A, Blocking> for J {
    type Output = J::Output;

    fn spec(make: impl Fn(&Context<A>) -> Result<J> + Send + Sync + 'env) -> JobSpec<'env, A> {
        let make: Constructor<'env, A> = Box::new(move |cx| Ok(Own::Blocking(Box::new(make(cx)?))));
        JobSpec::new(Body::Struct(make), !is_unit::<J::Output>())
    }
}

#[diagnostic::do_not_recommend]
impl<'env, A: Send + Sync + 'env, J: AsyncJob<A> + 'env> StructJob<'env, A, Futures> for J {
    type Output = J::Output;

    fn spec(make: impl Fn(&Context<A>) -> Result<J> + Send + Sync + 'env) -> JobSpec<'env, A> {
        let make: Constructor<'env, A> = Box::new(move |cx| Ok(Own::Async(Box::new(make(cx)?))));
        JobSpec::new(Body::AsyncStruct(make), !is_unit::<J::Output>())
    }
}

/// The struct of one try.
pub(crate) enum Own<'env, A> {
    Blocking(Box<dyn AnyJob<A> + 'env>),
    Async(Box<dyn AnyAsyncJob<'env, A> + 'env>),
}

pub(crate) type Constructor<'env, A> = Box<dyn Fn(&Context<A>) -> Result<Own<'env, A>> + Send + Sync + 'env>;

/// Both closures of a job in one box: one allocation a job. They are shared by all tries.
pub(crate) trait Closures<A>: Send + Sync {
    fn check(&self, cx: &Context<A>) -> Result<Value>;
    fn run(&self, cx: &Context<A>) -> Result<Value>;
}

struct CheckAndRun<C, R>(C, R);

impl<A, C, R, V, O> Closures<A> for CheckAndRun<C, R>
where
    C: Fn(&Context<A>) -> V + Send + Sync,
    R: Fn(&Context<A>) -> O + Send + Sync,
    V: Verdict,
    O: Outcome,
{
    fn check(&self, cx: &Context<A>) -> Result<Value> {
        (self.0)(cx).verdict().map(erase)
    }
    /// What a run returns beside a check is nobody's output.
    fn run(&self, cx: &Context<A>) -> Result<Value> {
        (self.1)(cx).outcome().map(|_| None)
    }
}

struct OnlyCheck<C>(C);

impl<A, C, V> Closures<A> for OnlyCheck<C>
where
    C: Fn(&Context<A>) -> V + Send + Sync,
    V: Verdict,
{
    fn check(&self, cx: &Context<A>) -> Result<Value> {
        (self.0)(cx).verdict().map(erase)
    }
    fn run(&self, _: &Context<A>) -> Result<Value> {
        unreachable!("a check_only has no run")
    }
}

struct OnlyRun<R>(R);

impl<A, R, O> Closures<A> for OnlyRun<R>
where
    R: Fn(&Context<A>) -> O + Send + Sync,
    O: Outcome,
{
    fn check(&self, _: &Context<A>) -> Result<Value> {
        unreachable!("a run_only has no check")
    }
    fn run(&self, cx: &Context<A>) -> Result<Value> {
        (self.0)(cx).outcome().map(erase)
    }
}

/// What a job does. The variant says the kind, so that none can be of a kind that its parts do not fit.
pub(crate) enum Body<'env, A> {
    Group,
    Both(Box<dyn Closures<A> + 'env>),
    CheckOnly(Box<dyn Closures<A> + 'env>),
    RunOnly(Box<dyn Closures<A> + 'env>),
    Struct(Constructor<'env, A>),
    /// A struct whose phases are futures.
    AsyncStruct(Constructor<'env, A>),
    /// Some of its phases are futures.
    Async(AsyncBody<'env, A>),
}

/// What one job does, and what it says of itself.
pub struct JobSpec<'env, A = ()> {
    pub(crate) body: Body<'env, A>,
    pub(crate) has_output: bool,
    options: Option<Box<Said<'env, A>>>, // most jobs have none
}

impl<'env, A> JobSpec<'env, A> {
    /// A name for what it depends on.
    pub fn group() -> Self {
        JobSpec::new(Body::Group, false)
    }

    /// A check, and a run with a recheck where it fails.
    pub fn check_and_run<V, O>(
        check: impl Fn(&Context<A>) -> V + Send + Sync + 'env,
        run: impl Fn(&Context<A>) -> O + Send + Sync + 'env,
    ) -> Self
    where
        V: Verdict,
        O: Outcome,
    {
        JobSpec::new(Body::Both(Box::new(CheckAndRun(check, run))), !is_unit::<V::Value>())
    }

    /// A check that nothing can repair but time.
    pub fn check_only<V: Verdict>(check: impl Fn(&Context<A>) -> V + Send + Sync + 'env) -> Self {
        JobSpec::new(Body::CheckOnly(Box::new(OnlyCheck(check))), !is_unit::<V::Value>())
    }

    /// A run, every time.
    pub fn run_only<O: Outcome>(run: impl Fn(&Context<A>) -> O + Send + Sync + 'env) -> Self {
        JobSpec::new(Body::RunOnly(Box::new(OnlyRun(run))), !is_unit::<O::Value>())
    }

    /// A check, and a run with a recheck where it fails; each of them blocking or async.
    pub fn of_phases(check: PhaseCode<'env, A>, run: PhaseCode<'env, A>) -> Self {
        let has_output = check.has_output;
        JobSpec::new(Body::Async(AsyncBody::both(check, run)), has_output)
    }

    /// A check that is a future, and that nothing can repair but time.
    pub fn check_only_async<F>(check: impl Fn(Context<A>) -> F + Send + Sync + 'env) -> Self
    where
        F: Future<Output: Verdict> + Send + 'env,
    {
        let check = PhaseCode::check_async(check);
        JobSpec::new(Body::Async(AsyncBody::CheckOnly(check.call)), check.has_output)
    }

    /// A run that is a future, every time.
    pub fn run_only_async<F>(run: impl Fn(Context<A>) -> F + Send + Sync + 'env) -> Self
    where
        F: Future<Output: Outcome> + Send + 'env,
    {
        let run = PhaseCode::run_async(run);
        JobSpec::new(Body::Async(AsyncBody::RunOnly(run.call)), run.has_output)
    }

    /// A struct job, a [`Job`] or an [`AsyncJob`], made anew for every try.
    pub fn with_new<J: StructJob<'env, A, M>, M>(
        make: impl Fn(&Context<A>) -> Result<J> + Send + Sync + 'env,
    ) -> Self {
        J::spec(make)
    }

    /// The same, with options.
    pub fn with_options(mut self, options: JobOptions<'env, A>) -> Self {
        self.options = options.said;
        self
    }

    fn new(body: Body<'env, A>, has_output: bool) -> Self {
        JobSpec { body, has_output, options: None }
    }

    /// Takes over defaults, where they fit and nothing was said.
    pub(crate) fn fill_in(&mut self, defaults: &JobDefaults) {
        if !matches!(self.body, Body::Group) {
            self.options.get_or_insert_default().fill_in(defaults);
        }
    }

    /// What it is made of. A nest is a group of its own kind, which its draft knows.
    pub(crate) fn form(&self) -> JobForm {
        match &self.body {
            Body::Group => JobForm::Group,
            Body::Both(_) => JobForm::Job,
            Body::CheckOnly(_) => JobForm::CheckOnly,
            Body::RunOnly(_) => JobForm::RunOnly,
            Body::Struct(_) | Body::AsyncStruct(_) => JobForm::Struct,
            Body::Async(body) => match body.kind() {
                Kind::RunOnly => JobForm::RunOnly,
                Kind::CheckOnly => JobForm::CheckOnly,
                _ => JobForm::Job,
            },
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match &self.body {
            Body::Group => Kind::Group,
            Body::Both(_) | Body::Struct(_) | Body::AsyncStruct(_) => Kind::Job,
            Body::CheckOnly(_) => Kind::CheckOnly,
            Body::RunOnly(_) => Kind::RunOnly,
            Body::Async(body) => body.kind(),
        }
    }

    pub(crate) fn is_async(&self) -> bool {
        matches!(self.body, Body::Async(_) | Body::AsyncStruct(_))
    }

    /// Whether each try makes a struct of its own.
    pub(crate) fn is_struct(&self) -> bool {
        matches!(self.body, Body::Struct(_) | Body::AsyncStruct(_))
    }

    pub(crate) fn options(&self) -> Option<&Said<'env, A>> {
        self.options.as_deref()
    }

    /// Takes out of its options what a plan keeps for all jobs together: the description, and the slots of pools. A job that
    /// has said nothing else has no options from then on.
    pub(crate) fn take_out(&mut self) -> (Option<Box<str>>, Vec<Slots>) {
        let Some(said) = &mut self.options else { return (None, Vec::new()) };
        let taken = (said.description.take(), mem::take(&mut said.uses));
        if said.is_empty() {
            self.options = None;
        }
        taken
    }

    pub(crate) fn cleanup(&self) -> Option<&CleanupFn<'env, A>> {
        self.options()?.cleanup.as_ref()
    }

    #[inline]
    pub(crate) fn describe_run(&self) -> Option<&DescribeFn<'env, A>> {
        self.options()?.describe_run.as_ref()
    }

    pub(crate) fn tries(&self) -> Option<u32> {
        self.options()?.tries
    }

    pub(crate) fn retry_delay(&self) -> Option<Backoff> {
        self.options()?.retry_delay
    }

    pub(crate) fn retry_for(&self) -> Option<Duration> {
        self.options()?.retry_for
    }

    pub(crate) fn retry_if(&self) -> Option<&Asked<'env>> {
        self.options()?.retry_if.as_ref()
    }

    #[inline]
    pub(crate) fn unknown_if(&self) -> Option<&Asked<'env>> {
        self.options()?.unknown_if.as_ref()
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.options()?.timeout
    }

    /// Where its tries are executed, if not here.
    pub(crate) fn elsewhere(&self) -> Option<&Arc<dyn Elsewhere>> {
        self.options()?.elsewhere.as_ref()
    }

    /// How its output travels, if it has one that may.
    pub(crate) fn portable(&self) -> Option<Portable> {
        self.options()?.portable.filter(|_| self.has_output)
    }

    /// Whether a try that executed the run has something to call afterwards.
    pub(crate) fn cleans_up(&self) -> bool {
        self.is_struct() || self.cleanup().is_some()
    }
}

impl<A> fmt::Debug for JobSpec<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSpec").field("kind", &self.kind()).field("options", &self.options).finish()
    }
}
