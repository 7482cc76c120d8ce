//! What a job does: a trait for structs, closures as another implementation of the same phases.

mod fit;

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::time::Duration;

pub use fit::{JobForm, JobOption, Unfit};

use crate::backoff::Backoff;
use crate::context::Context;
use crate::error::Result;
use crate::pool::{PoolUses, Slots};
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

type CleanupFn<'env, A> = Box<dyn Fn(&Context<A>) -> Result + Send + Sync + 'env>;
pub(crate) type Constructor<'env, A> =
    Box<dyn Fn(&Context<A>) -> Result<Box<dyn AnyJob<A> + 'env>> + Send + Sync + 'env>;

/// What a job does. The variant says the kind, so that none can be of a kind that its parts do not fit.
pub(crate) enum Body<'env, A> {
    Group,
    Both(Box<dyn Closures<A> + 'env>),
    CheckOnly(Box<dyn Closures<A> + 'env>),
    RunOnly(Box<dyn Closures<A> + 'env>),
    Struct(Constructor<'env, A>),
}

/// What a job may say of itself beside what it does. All of it is optional.
pub struct JobOptions<'env, A = ()> {
    pub(crate) description: Option<Box<str>>,
    pub(crate) tries: Option<u32>,
    pub(crate) retry_delay: Option<Backoff>,
    pub(crate) retry_for: Option<Duration>,
    pub(crate) retry_if: Option<Asked<'env>>,
    pub(crate) unknown_if: Option<Asked<'env>>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) uses: Vec<Slots>,
    pub(crate) priority: Option<i32>,
    pub(crate) cleanup: Option<CleanupFn<'env, A>>,
}

/// A question about an error that only the job can answer.
pub(crate) type Asked<'env> = Box<dyn Fn(&(dyn Error + Send + Sync + 'static)) -> bool + Send + Sync + 'env>;

impl<A> Default for JobOptions<'_, A> {
    fn default() -> Self {
        JobOptions {
            description: None,
            tries: None,
            retry_delay: None,
            retry_for: None,
            retry_if: None,
            unknown_if: None,
            timeout: None,
            uses: Vec::new(),
            priority: None,
            cleanup: None,
        }
    }
}

impl<'env, A> JobOptions<'env, A> {
    /// What the job is there for.
    pub fn description(&mut self, text: impl Into<String>) {
        self.description = Some(text.into().into());
    }

    /// How many tries it may use, at least 1.
    pub fn tries(&mut self, tries: u32) {
        self.tries = Some(tries);
    }

    /// The least time from the end of one try to the start of the next: a `Duration`, or a [`Backoff`].
    pub fn retry_delay(&mut self, delay: impl Into<Backoff>) {
        self.retry_delay = Some(delay.into());
    }

    /// Tries again for so long: another try follows if it is due at most that long after the start of the first. The
    /// runner's default of tries does not count then. Zero is one try.
    pub fn retry_for(&mut self, time: Duration) {
        self.retry_for = Some(time);
    }

    /// Asked where a try has failed and another is allowed: `false` makes it the last. A panic counts as `true`.
    pub fn retry_if(
        &mut self,
        ask: impl Fn(&(dyn Error + Send + Sync + 'static)) -> bool + Send + Sync + 'env,
    ) {
        self.retry_if = Some(Box::new(ask));
    }

    /// Makes an error of the check [`unknown`](crate::unknown) where it answers `true`. A panic counts as `true`.
    pub fn unknown_if(
        &mut self,
        ask: impl Fn(&(dyn Error + Send + Sync + 'static)) -> bool + Send + Sync + 'env,
    ) {
        self.unknown_if = Some(Box::new(ask));
    }

    /// How long each phase may take, the cleanup included.
    pub fn timeout(&mut self, time: Duration) {
        self.timeout = Some(time);
    }

    /// Pools of which each try takes slots. Several calls add up.
    pub fn uses(&mut self, pools: impl PoolUses) {
        pools.for_each_use(&mut |slots| self.uses.push(slots));
    }

    /// Where several jobs may begin, the one of the highest priority does. Default: 0.
    pub fn priority(&mut self, priority: i32) {
        self.priority = Some(priority);
    }

    /// The cleanup. It is called after all jobs have ended, once for each try that executed the run.
    pub fn cleanup<O: Outcome>(&mut self, cleanup: impl Fn(&Context<A>) -> O + Send + Sync + 'env) {
        self.cleanup = Some(Box::new(move |cx| cleanup(cx).outcome().map(drop)));
    }

    fn is_default(&self) -> bool {
        self.description.is_none() && self.said().next().is_none()
    }

    /// Those that do not fit every job, as far as they were said.
    pub(crate) fn said(&self) -> impl Iterator<Item = JobOption> {
        let is_said = |option: &JobOption| match option {
            JobOption::Tries => self.tries.is_some(),
            JobOption::RetryDelay => self.retry_delay.is_some(),
            JobOption::RetryFor => self.retry_for.is_some(),
            JobOption::RetryIf => self.retry_if.is_some(),
            JobOption::UnknownIf => self.unknown_if.is_some(),
            JobOption::Timeout => self.timeout.is_some(),
            JobOption::Uses => !self.uses.is_empty(),
            JobOption::Priority => self.priority.is_some(),
            JobOption::Cleanup => self.cleanup.is_some(),
        };
        JobOption::ALL.iter().copied().filter(is_said)
    }

    /// Takes over tries, delays and limits from defaults, where nothing was said.
    fn fill_in(&mut self, defaults: &JobDefaults) {
        if self.retry_for.is_none() {
            self.tries = self.tries.or(defaults.tries);
        }
        self.timeout = self.timeout.or(defaults.timeout);
        self.retry_delay = self.retry_delay.or(defaults.retry_delay);
    }
}

impl<A> fmt::Debug for JobOptions<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobOptions")
            .field("description", &self.description)
            .field("tries", &self.tries)
            .field("retry_delay", &self.retry_delay)
            .field("retry_for", &self.retry_for)
            .field("retry_if", &self.retry_if.is_some())
            .field("unknown_if", &self.unknown_if.is_some())
            .field("timeout", &self.timeout)
            .field("uses", &self.uses)
            .field("priority", &self.priority)
            .field("cleanup", &self.cleanup.is_some())
            .finish()
    }
}

/// Options that all jobs of a graph have unless they say otherwise themselves.
///
/// A graph inside of another has its own defaults first; where it has none, those of the graph around it hold, and then
/// those of the runner. They do not concern groups and nests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobDefaults {
    tries: Option<u32>,
    retry_delay: Option<Backoff>,
    timeout: Option<Duration>,
}

impl JobDefaults {
    /// How many tries a job may use, at least 1.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Self {
        self.tries = Some(tries);
        self
    }

    /// The least time from the end of one try to the start of the next: a `Duration`, or a [`Backoff`].
    #[must_use]
    pub fn retry_delay(mut self, delay: impl Into<Backoff>) -> Self {
        self.retry_delay = Some(delay.into());
        self
    }

    /// How long each phase of a job may take, its cleanup included.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = Some(time);
        self
    }
}

/// What one job does, and what it says of itself.
pub struct JobSpec<'env, A = ()> {
    pub(crate) body: Body<'env, A>,
    pub(crate) has_output: bool,
    options: Option<Box<JobOptions<'env, A>>>, // most jobs have none
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

    /// A struct job, made anew for every try.
    pub fn with_new<J: Job<A> + 'env>(make: impl Fn(&Context<A>) -> Result<J> + Send + Sync + 'env) -> Self {
        let make: Constructor<'env, A> = Box::new(move |cx| Ok(Box::new(make(cx)?)));
        JobSpec::new(Body::Struct(make), !is_unit::<J::Output>())
    }

    /// The same, with options.
    pub fn with_options(mut self, options: JobOptions<'env, A>) -> Self {
        self.options = (!options.is_default()).then(|| Box::new(options));
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
        match self.body {
            Body::Group => JobForm::Group,
            Body::Both(_) => JobForm::Job,
            Body::CheckOnly(_) => JobForm::CheckOnly,
            Body::RunOnly(_) => JobForm::RunOnly,
            Body::Struct(_) => JobForm::Struct,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.body {
            Body::Group => Kind::Group,
            Body::Both(_) | Body::Struct(_) => Kind::Job,
            Body::CheckOnly(_) => Kind::CheckOnly,
            Body::RunOnly(_) => Kind::RunOnly,
        }
    }

    pub(crate) fn options(&self) -> Option<&JobOptions<'env, A>> {
        self.options.as_deref()
    }

    pub(crate) fn cleanup(&self) -> Option<&CleanupFn<'env, A>> {
        self.options()?.cleanup.as_ref()
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

    /// Whether a try that executed the run has something to call afterwards.
    pub(crate) fn cleans_up(&self) -> bool {
        matches!(self.body, Body::Struct(_)) || self.cleanup().is_some()
    }
}

impl<A> fmt::Debug for JobSpec<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSpec").field("kind", &self.kind()).field("options", &self.options).finish()
    }
}
