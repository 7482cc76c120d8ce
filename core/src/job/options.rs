//! What a job may say of itself beside what it does.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::context::Context;
use crate::elsewhere::Elsewhere;
use crate::error::Result;
use crate::job::run_text::RunText;
use crate::key::Portable;
use crate::pool::{PoolUses, Slots};
use crate::verdict::Outcome;
use crate::waiting::block_on;
use crate::words::words;

pub(super) type CleanupFn<'env, A> = Box<dyn Fn(&Context<A>) -> Result + Send + Sync + 'env>;

pub(super) type DescribeFn<'env, A> = Box<dyn Fn(&Context<A>) -> Result<String> + Send + Sync + 'env>;

words! {
    /// What a job may say of itself that does not fit every job. It prints as it is written.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum JobOption {
        /// How many tries it may use.
        Tries => ".tries(..)",
        /// The least time between two of them.
        RetryDelay => ".retry_delay(..)",
        /// For how long it is tried again.
        RetryFor => ".retry_for(..)",
        /// Which errors are worth another try.
        RetryIf => ".retry_if(..)",
        /// Which errors of its check mean that the state could not be seen.
        UnknownIf => ".unknown_if(..)",
        /// How long each of its phases may take.
        Timeout => ".timeout(..)",
        /// The pools of which it takes slots.
        Uses => ".uses(..)",
        /// Its place among the jobs that may begin.
        Priority => ".priority(..)",
        /// What is called after all jobs have ended, for each try that executed the run.
        Cleanup => ".cleanup(..)",
        /// What says what its run would do.
        DescribeRun => ".describe_run(..)",
        /// Where its tries are executed.
        On => ".on(..)",
    }
}

/// What an option is about; a job that has nothing of the kind cannot have the option.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Tries of its own.
    Tries,
    /// Phases of its own.
    Phases,
    /// A check, and a run that it decides about.
    CheckAndRun,
    /// A run of its own.
    Run,
}

impl JobOption {
    /// What a job must have for this option, and what is to be said of one that has not.
    pub(super) fn need(self) -> (Need, &'static str) {
        match self {
            JobOption::Tries | JobOption::RetryDelay | JobOption::RetryFor | JobOption::RetryIf => {
                (Need::Tries, "does nothing that could be tried again")
            }
            JobOption::Timeout | JobOption::Uses | JobOption::Priority | JobOption::On => {
                (Need::Phases, "has nothing to execute")
            }
            JobOption::UnknownIf => (Need::CheckAndRun, "has no run that a check decides about"),
            JobOption::Cleanup => (Need::Run, "has no run to clean up after"),
            JobOption::DescribeRun => (Need::Run, "has no run to describe"),
        }
    }

    /// What else is to be said of one that all jobs of a graph may have.
    pub(super) fn or_all(self) -> &'static str {
        match self {
            JobOption::Tries | JobOption::RetryDelay | JobOption::Timeout => {
                ", or of all with `.defaults(..)`"
            }
            _ => "",
        }
    }
}

/// What a job may say of itself beside what it does. All of it is optional; a job that says nothing takes one word.
pub struct JobOptions<'env, A = ()> {
    pub(super) said: Option<Box<Said<'env, A>>>,
}

/// What was said.
pub(crate) struct Said<'env, A> {
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
    pub(crate) describe_run: Option<DescribeFn<'env, A>>,
    pub(crate) elsewhere: Option<Arc<dyn Elsewhere>>,
    /// How the output travels.
    pub(crate) portable: Option<Portable>,
}

/// A question about an error that only the job can answer.
pub(crate) type Asked<'env> = Box<dyn Fn(&(dyn Error + Send + Sync + 'static)) -> bool + Send + Sync + 'env>;

impl<A> Default for JobOptions<'_, A> {
    fn default() -> Self {
        JobOptions { said: None }
    }
}

impl<A> Default for Said<'_, A> {
    fn default() -> Self {
        Said {
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
            describe_run: None,
            elsewhere: None,
            portable: None,
        }
    }
}

impl<'env, A> JobOptions<'env, A> {
    /// What the job is there for.
    pub fn description(&mut self, text: impl Into<String>) {
        self.say().description = Some(text.into().into());
    }

    /// How many tries it may use, at least 1.
    pub fn tries(&mut self, tries: u32) {
        self.say().tries = Some(tries);
    }

    /// The least time from the end of one try to the start of the next: a `Duration`, or a [`Backoff`].
    pub fn retry_delay(&mut self, delay: impl Into<Backoff>) {
        self.say().retry_delay = Some(delay.into());
    }

    /// Tries again for so long: another try follows if it is due at most that long after the start of the first. The
    /// runner's default of tries does not count then. Zero is one try.
    pub fn retry_for(&mut self, time: Duration) {
        self.say().retry_for = Some(time);
    }

    /// Asked where a try has failed and another is allowed: `false` makes it the last. A panic counts as `true`.
    pub fn retry_if(
        &mut self,
        ask: impl Fn(&(dyn Error + Send + Sync + 'static)) -> bool + Send + Sync + 'env,
    ) {
        self.say().retry_if = Some(Box::new(ask));
    }

    /// Makes an error of the check [`unknown`](crate::unknown) where it answers `true`. A panic counts as `true`.
    pub fn unknown_if(
        &mut self,
        ask: impl Fn(&(dyn Error + Send + Sync + 'static)) -> bool + Send + Sync + 'env,
    ) {
        self.say().unknown_if = Some(Box::new(ask));
    }

    /// How long each phase may take, the cleanup included.
    pub fn timeout(&mut self, time: Duration) {
        self.say().timeout = Some(time);
    }

    /// Pools of which each try takes slots. Several calls add up.
    pub fn uses(&mut self, pools: impl PoolUses) {
        pools.for_each_use(&mut |slots| {
            let uses = &mut self.say().uses;
            uses.reserve_exact(1); // most often there is one
            uses.push(slots);
        });
    }

    /// Where several jobs may begin, the one of the highest priority does. Default: 0.
    pub fn priority(&mut self, priority: i32) {
        self.say().priority = Some(priority);
    }

    /// The cleanup. It is called after all jobs have ended, once for each try that executed the run.
    pub fn cleanup<O: Outcome>(&mut self, cleanup: impl Fn(&Context<A>) -> O + Send + Sync + 'env) {
        self.say().cleanup = Some(Box::new(move |cx| cleanup(cx).outcome().map(drop)));
    }

    /// The same as a future, which the thread that cleans up waits for.
    pub fn cleanup_async<F>(&mut self, cleanup: impl Fn(Context<A>) -> F + Send + Sync + 'env)
    where
        F: Future<Output: Outcome> + Send + 'env,
    {
        let cleanup = move |cx: &Context<A>| {
            let future = cleanup(cx.owned());
            block_on(cx, async { future.await.outcome().map(drop) })
        };
        self.say().cleanup = Some(Box::new(cleanup));
    }

    /// Says what the run would do, or does: asked once, where a run is due and somebody wants to know.
    pub fn describe_run<T: RunText>(&mut self, describe: impl Fn(&Context<A>) -> T + Send + Sync + 'env) {
        self.say().describe_run = Some(Box::new(move |cx| describe(cx).run_text()));
    }

    /// Where the tries of the job are executed, or those of all jobs in a nest.
    pub fn on(&mut self, elsewhere: Arc<dyn Elsewhere>) {
        self.say().elsewhere = Some(elsewhere);
    }

    /// How the output of the job travels: what the key says that names it.
    pub fn portable(&mut self, portable: Portable) {
        self.say().portable = Some(portable);
    }

    fn say(&mut self) -> &mut Said<'env, A> {
        self.said.get_or_insert_default()
    }
}

impl<A> Said<'_, A> {
    /// The options that do not fit every job, as far as they were said.
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
            JobOption::DescribeRun => self.describe_run.is_some(),
            JobOption::On => self.elsewhere.is_some(),
        };
        JobOption::ALL.iter().copied().filter(is_said)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.said().next().is_none() && self.description.is_none() && self.portable.is_none()
    }

    /// Takes over tries, delays and limits from defaults, where nothing was said.
    pub(super) fn fill_in(&mut self, defaults: &JobDefaults) {
        if self.retry_for.is_none() {
            self.tries = self.tries.or(defaults.tries);
        }
        self.timeout = self.timeout.or(defaults.timeout);
        self.retry_delay = self.retry_delay.or(defaults.retry_delay);
    }
}

impl<A> fmt::Debug for JobOptions<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JobOptions").field(&self.said).finish()
    }
}

impl<A> fmt::Debug for Said<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said")
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
            .field("describe_run", &self.describe_run.is_some())
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
