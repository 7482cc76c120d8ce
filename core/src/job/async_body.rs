//! Jobs some of whose phases are futures.

use std::pin::Pin;
use std::task::{self, Poll};

use crate::context::Context;
use crate::error::Result;
use crate::verdict::{Outcome, Value, Verdict, erase, is_unit};
use crate::words::{Kind, Phase};

/// A phase that goes on: the rest of it.
pub(crate) enum Later<'env> {
    Check(Pin<Box<dyn EndsAs<Checked> + Send + 'env>>),
    Run(Pin<Box<dyn EndsAs<Ran> + Send + 'env>>),
    /// One of a struct.
    Struct(Pin<Box<dyn Future<Output = Result<Value>> + Send + 'env>>),
}

impl Later<'_> {
    pub(crate) fn poll(&mut self, task: &mut task::Context<'_>) -> Poll<Result<Value>> {
        match self {
            Later::Check(future) => future.as_mut().poll_phase(task),
            Later::Run(future) => future.as_mut().poll_phase(task),
            Later::Struct(future) => future.as_mut().poll(task),
        }
    }
}

/// A future of the user's as a phase of the kind `P`. It is polled where it is: another future around it would hold it twice,
/// before its first poll and after.
pub(crate) trait EndsAs<P> {
    fn poll_phase(self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<Result<Value>>;
}

/// A phase that ends with a [`Verdict`].
pub(crate) enum Checked {}

impl<F: Future<Output: Verdict>> EndsAs<Checked> for F {
    fn poll_phase(self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<Result<Value>> {
        self.poll(task).map(|verdict| verdict.verdict().map(erase))
    }
}

/// A phase that ends with an [`Outcome`].
pub(crate) enum Ran {}

impl<F: Future<Output: Outcome>> EndsAs<Ran> for F {
    fn poll_phase(self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<Result<Value>> {
        self.poll(task).map(|outcome| outcome.outcome().map(erase))
    }
}

/// What a call of a phase comes to.
pub(crate) enum Called<'env> {
    Returned(Result<Value>),
    Later(Later<'env>),
}

pub(crate) type Call<'env, A> = Box<dyn Fn(&Context<A>) -> Called<'env> + Send + Sync + 'env>;

/// The code of one phase, blocking or async: what [`JobSpec::of_phases`](crate::JobSpec::of_phases) is made of.
pub struct PhaseCode<'env, A = ()> {
    pub(super) call: Call<'env, A>,
    /// Whether what it returns is an output.
    pub(super) has_output: bool,
}

impl<'env, A> PhaseCode<'env, A> {
    /// A check that blocks its worker.
    pub fn check<V: Verdict>(check: impl Fn(&Context<A>) -> V + Send + Sync + 'env) -> Self {
        let call: Call<'env, A> = Box::new(move |cx| Called::Returned(check(cx).verdict().map(erase)));
        PhaseCode { call, has_output: !is_unit::<V::Value>() }
    }

    /// A check that is a future.
    pub fn check_async<F>(check: impl Fn(Context<A>) -> F + Send + Sync + 'env) -> Self
    where
        F: Future<Output: Verdict> + Send + 'env,
    {
        let call: Call<'env, A> =
            Box::new(move |cx| Called::Later(Later::Check(Box::pin(check(cx.owned())))));
        PhaseCode { call, has_output: !is_unit::<<F::Output as Verdict>::Value>() }
    }

    /// A run that blocks its worker.
    pub fn run<O: Outcome>(run: impl Fn(&Context<A>) -> O + Send + Sync + 'env) -> Self {
        let call: Call<'env, A> = Box::new(move |cx| Called::Returned(run(cx).outcome().map(erase)));
        PhaseCode { call, has_output: !is_unit::<O::Value>() }
    }

    /// A run that is a future.
    pub fn run_async<F>(run: impl Fn(Context<A>) -> F + Send + Sync + 'env) -> Self
    where
        F: Future<Output: Outcome> + Send + 'env,
    {
        let call: Call<'env, A> = Box::new(move |cx| Called::Later(Later::Run(Box::pin(run(cx.owned())))));
        PhaseCode { call, has_output: !is_unit::<<F::Output as Outcome>::Value>() }
    }
}

impl<A> std::fmt::Debug for PhaseCode<'_, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PhaseCode").field("has_output", &self.has_output).finish_non_exhaustive()
    }
}

/// The phases of a job of which some are futures. The variant says the kind.
pub(crate) enum AsyncBody<'env, A> {
    Both(Box<BothPhases<'env, A>>),
    CheckOnly(Call<'env, A>),
    RunOnly(Call<'env, A>),
}

pub(crate) struct BothPhases<'env, A> {
    check: Call<'env, A>,
    run: Call<'env, A>,
}

impl<'env, A> AsyncBody<'env, A> {
    pub(super) fn both(check: PhaseCode<'env, A>, run: PhaseCode<'env, A>) -> Self {
        AsyncBody::Both(Box::new(BothPhases { check: check.call, run: run.call }))
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            AsyncBody::Both(_) => Kind::Job,
            AsyncBody::CheckOnly(_) => Kind::CheckOnly,
            AsyncBody::RunOnly(_) => Kind::RunOnly,
        }
    }

    /// Calls the code of a phase.
    pub(crate) fn begin(&self, phase: Phase, cx: &Context<A>) -> Called<'env> {
        match self {
            AsyncBody::Both(phases) if phase == Phase::Run => (phases.run)(cx),
            AsyncBody::Both(phases) => (phases.check)(cx),
            AsyncBody::CheckOnly(call) | AsyncBody::RunOnly(call) => call(cx),
        }
    }

    /// Whether what a run returns is nobody's output.
    pub(crate) fn drops_output_of(&self, phase: Phase) -> bool {
        phase == Phase::Run && matches!(self, AsyncBody::Both(_))
    }
}
