//! The states of a graph that is being built, and what each of them offers.
//!
//! The bounds stand on the methods of [`Graph`](crate::Graph), not on its `impl`s: only then does the compiler show
//! the words below.

use std::fmt;
use std::marker::PhantomData;

use dojobber_core::{Context, JobOptions, JobSpec, Outcome, Typed, Untyped, Verdict};

use sealed::Sealed;

/// No job is open: every job that was begun says what it does.
#[derive(Debug, Default)]
pub struct Settled;

/// A job is open: it has a name, and may say its edges and options, until it says what it does.
///
/// `N` is what its name promises of what it returns.
pub struct Open<'env, A, N> {
    pub(crate) options: JobOptions<'env, A>,
    promise: PhantomData<fn() -> N>,
}

/// A job is open that has a check and still needs its run.
pub struct Checked<'env, A, C> {
    pub(crate) options: JobOptions<'env, A>,
    pub(crate) check: C,
}

impl<'env, A, N> Open<'env, A, N> {
    pub(crate) fn new() -> Self {
        Open { options: JobOptions::default(), promise: PhantomData }
    }
}

impl<A, N> fmt::Debug for Open<'_, A, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Open").field(&self.options).finish()
    }
}

impl<A, C> fmt::Debug for Checked<'_, A, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Checked").field(&self.options).finish()
    }
}

/// States in which no job is open.
#[diagnostic::on_unimplemented(
    message = "the job before this is not finished",
    label = "say first what that job does",
    note = "after `.check(..)` it still needs its `.run(..)`",
    note = "otherwise close it with `.check(..).run(..)`, `.run_only(..)`, `.check_only(..)`, `.group()`, `.with(job)` or `.nest(graph)`"
)]
pub trait SettledGraph: Sealed {}
impl SettledGraph for Settled {}

/// States in which a job has said nothing yet of what it does.
#[diagnostic::on_unimplemented(
    message = "no job is open that could be given this",
    label = "this belongs between `.job(name)` and what the job does",
    note = "edges and options come first: `.job(name).after(..).tries(..).check(..).run(..)`"
)]
pub trait AwaitsBody<'env, A>: Sealed {
    /// What its name promises of what it returns.
    type Promise;

    #[doc(hidden)]
    fn options(&mut self) -> &mut JobOptions<'env, A>;
    #[doc(hidden)]
    fn into_options(self) -> JobOptions<'env, A>;
}

impl<'env, A, N> AwaitsBody<'env, A> for Open<'env, A, N> {
    type Promise = N;
    fn options(&mut self) -> &mut JobOptions<'env, A> {
        &mut self.options
    }
    fn into_options(self) -> JobOptions<'env, A> {
        self.options
    }
}

/// States in which a job may still be given a cleanup.
#[diagnostic::on_unimplemented(
    message = "no job is open that could be given a cleanup",
    label = "this belongs before the job's `.run(..)` or `.run_only(..)`",
    note = "for example `.job(name).check(..).cleanup(..).run(..)`"
)]
pub trait OpenOrChecked<'env, A>: Sealed {
    #[doc(hidden)]
    fn options(&mut self) -> &mut JobOptions<'env, A>;
}

impl<'env, A, N> OpenOrChecked<'env, A> for Open<'env, A, N> {
    fn options(&mut self) -> &mut JobOptions<'env, A> {
        &mut self.options
    }
}

impl<'env, A, C> OpenOrChecked<'env, A> for Checked<'env, A, C> {
    fn options(&mut self) -> &mut JobOptions<'env, A> {
        &mut self.options
    }
}

/// States in which a job has a check and needs its run.
#[diagnostic::on_unimplemented(
    message = "there is no checked job here that still needs a run",
    label = "a run follows a check: `.job(name).check(..).run(..)`, and each job has one",
    note = "a job without a check is closed with `.run_only(..)`",
    note = "to execute a finished graph, compile it first: `.compile()?.run(args)`"
)]
pub trait AwaitsRun<'env, A>: Sealed {
    #[doc(hidden)]
    fn with_run<O: Outcome>(self, run: impl Fn(&Context<A>) -> O + Send + Sync + 'env) -> JobSpec<'env, A>;
}

impl<'env, A, C, V> AwaitsRun<'env, A> for Checked<'env, A, C>
where
    C: Fn(&Context<A>) -> V + Send + Sync + 'env,
    V: Verdict,
{
    fn with_run<O: Outcome>(self, run: impl Fn(&Context<A>) -> O + Send + Sync + 'env) -> JobSpec<'env, A> {
        JobSpec::check_and_run(self.check, run).with_options(self.options)
    }
}

/// What a name promises must be what its job returns. A name that is no [`Key`](crate::Key) promises nothing.
#[diagnostic::on_unimplemented(
    message = "this job returns `{V}`, which its key does not promise",
    label = "the key in `.job(key)` says what the job returns"
)]
pub trait Accepts<V>: Sealed {}
impl<V> Accepts<V> for Untyped {}
impl<T> Accepts<T> for Typed<T> {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Settled {}
    impl<A, N> Sealed for super::Open<'_, A, N> {}
    impl<A, C> Sealed for super::Checked<'_, A, C> {}
    impl Sealed for super::Untyped {}
    impl<T> Sealed for super::Typed<T> {}
}
