//! The states of a graph that is being built, and what each of them offers.
//!
//! The bounds stand on the methods of [`Graph`](crate::Graph), not on its `impl`s: only then does the compiler show
//! the words below.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

use dojobber_core::{Context, JobOptions, JobSpec, Outcome, PhaseCode, Result, Typed, Untyped};

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
///
/// `V` is what its check returns, `T` the output in it.
pub struct Checked<'env, A, C, V, T> {
    pub(crate) options: JobOptions<'env, A>,
    pub(crate) check: C,
    /// What `V: Verdict` would say. A check that returns something else is told once, where it stands, and not
    /// once more by the run.
    pub(crate) verdict: fn(V) -> Result<T>,
}

/// A job is open that has an async check and still needs its run.
pub struct CheckedAsync<'env, A> {
    pub(crate) options: JobOptions<'env, A>,
    pub(crate) check: PhaseCode<'env, A>,
}

impl<A> fmt::Debug for CheckedAsync<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CheckedAsync").field(&self.options).finish()
    }
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

impl<A, C, V, T> fmt::Debug for Checked<'_, A, C, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Checked").field(&self.options).finish()
    }
}

/// States in which no job is open.
#[diagnostic::on_unimplemented(
    message = "the job before this is not finished",
    label = "finish that job first",
    note = "one with a `.check(..)` needs its `.run(..)`; if there is nothing to run, let it be a `.check_only(..)`",
    note = "one without is finished by what it does: `.check(..).run(..)`, `.run_only(..)`, `.check_only(..)`, `.group()`, `.with(job)` or `.nest(graph)`"
)]
pub trait SettledGraph: Sealed {}
#[diagnostic::do_not_recommend]
impl SettledGraph for Settled {}

/// States in which a job has said nothing yet of what it does.
#[diagnostic::on_unimplemented(
    message = "there is no open job that this could belong to",
    label = "write it behind `.job(name)`, before what that job does",
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

#[diagnostic::do_not_recommend]
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
    message = "there is no open job that this cleanup could belong to",
    label = "write it before the `.run(..)` or `.run_only(..)` of its job",
    note = "for example: `.job(name).check(..).cleanup(..).run(..)`"
)]
pub trait OpenOrChecked<'env, A>: Sealed {
    #[doc(hidden)]
    fn options(&mut self) -> &mut JobOptions<'env, A>;
}

#[diagnostic::do_not_recommend]
impl<'env, A, N> OpenOrChecked<'env, A> for Open<'env, A, N> {
    fn options(&mut self) -> &mut JobOptions<'env, A> {
        &mut self.options
    }
}

#[diagnostic::do_not_recommend]
impl<'env, A, C, V, T> OpenOrChecked<'env, A> for Checked<'env, A, C, V, T> {
    fn options(&mut self) -> &mut JobOptions<'env, A> {
        &mut self.options
    }
}

#[diagnostic::do_not_recommend]
impl<'env, A> OpenOrChecked<'env, A> for CheckedAsync<'env, A> {
    fn options(&mut self) -> &mut JobOptions<'env, A> {
        &mut self.options
    }
}

/// States in which a job has a check and needs its run.
#[diagnostic::on_unimplemented(
    message = "this `.run(..)` follows no `.check(..)`",
    label = "a run follows the check of its job: `.job(name).check(..).run(..)`",
    note = "a job that has nothing to check is `.job(name).run_only(..)`",
    note = "a job has one run: put two steps into one closure, or make two jobs of them",
    note = "to execute a graph that is complete, compile it first: `.compile()?.run(args)`"
)]
pub trait AwaitsRun<'env, A>: Sealed {
    #[doc(hidden)]
    fn with_run<O: Outcome>(self, run: impl Fn(&Context<A>) -> O + Send + Sync + 'env) -> JobSpec<'env, A>;
    #[doc(hidden)]
    fn with_run_async(self, run: PhaseCode<'env, A>) -> JobSpec<'env, A>;
}

#[diagnostic::do_not_recommend]
impl<'env, A> AwaitsRun<'env, A> for CheckedAsync<'env, A> {
    fn with_run<O: Outcome>(self, run: impl Fn(&Context<A>) -> O + Send + Sync + 'env) -> JobSpec<'env, A> {
        self.with_run_async(PhaseCode::run(run))
    }
    fn with_run_async(self, run: PhaseCode<'env, A>) -> JobSpec<'env, A> {
        JobSpec::of_phases(self.check, run).with_options(self.options)
    }
}

#[diagnostic::do_not_recommend]
impl<'env, A, C, V, T> AwaitsRun<'env, A> for Checked<'env, A, C, V, T>
where
    C: Fn(&Context<A>) -> V + Send + Sync + 'env,
    V: 'static, // as every verdict is
    T: Any + Send + Sync,
{
    fn with_run<O: Outcome>(self, run: impl Fn(&Context<A>) -> O + Send + Sync + 'env) -> JobSpec<'env, A> {
        let Checked { options, check, verdict } = self;
        JobSpec::check_and_run(move |cx: &Context<A>| verdict(check(cx)), run).with_options(options)
    }
    fn with_run_async(self, run: PhaseCode<'env, A>) -> JobSpec<'env, A> {
        let Checked { options, check, verdict } = self;
        let check = PhaseCode::check(move |cx: &Context<A>| verdict(check(cx)));
        JobSpec::of_phases(check, run).with_options(options)
    }
}

/// What a name promises must be what its job returns. A name that is no [`Key`](crate::Key) promises nothing.
#[diagnostic::on_unimplemented(
    message = "the key that names this job promises another value than `{V}`",
    label = "return what the key promises, or name the job with a plain string",
    note = "what `.job(KEY)` returns is the value of its check, or of its run_only; a group has none"
)]
pub trait Accepts<V>: Sealed {}
impl<V> Accepts<V> for Untyped {}
impl<T> Accepts<T> for Typed<T> {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Settled {}
    impl<A, N> Sealed for super::Open<'_, A, N> {}
    impl<A, C, V, T> Sealed for super::Checked<'_, A, C, V, T> {}
    impl<A> Sealed for super::CheckedAsync<'_, A> {}
    impl Sealed for super::Untyped {}
    impl<T> Sealed for super::Typed<T> {}
}
