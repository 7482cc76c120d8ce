//! What the phases of a try are called on.

use std::future::poll_fn;

use crate::context::Context;
use crate::error::Result;
use crate::job::{AsyncBody, Called, Closures, Home, Own};
use crate::verdict::Value;
use crate::waiting::block_on;
use crate::words::Phase;

/// The code of a job, as one try sees it.
pub(super) trait Instance<'env, A> {
    fn call(&mut self, phase: Phase, cx: &Context<A>) -> Result<Value>;

    /// The struct that belongs to this try alone, to be dropped or put aside.
    fn take_own(&mut self) -> Option<Own<'env, A>>;
}

/// Closures, which all tries share.
impl<'env, A> Instance<'env, A> for &(dyn Closures<A> + 'env) {
    #[inline]
    fn call(&mut self, phase: Phase, cx: &Context<A>) -> Result<Value> {
        if phase == Phase::Run { self.run(cx) } else { self.check(cx) }
    }

    #[inline]
    fn take_own(&mut self) -> Option<Own<'env, A>> {
        None
    }
}

/// The same, where some return futures.
impl<'env, A> Instance<'env, A> for &AsyncBody<'env, A> {
    fn call(&mut self, phase: Phase, cx: &Context<A>) -> Result<Value> {
        Held::Async(self).call(phase, cx)
    }

    #[inline]
    fn take_own(&mut self) -> Option<Own<'env, A>> {
        None
    }
}

/// Closures that all tries share, or this try's own struct.
pub(super) enum Held<'r, 'env, A> {
    Shared(&'r (dyn Closures<A> + 'env)),
    /// `None` when it was taken.
    Own(Option<Own<'env, A>>),
    /// Closures of which some return futures.
    Async(&'r AsyncBody<'env, A>),
    /// A struct that is inside of a future of its own, and comes home when that is dropped.
    Away(Home<'env, A>),
}

impl<'env, A> Held<'_, 'env, A> {
    /// Calls a phase that may be a future; `None` if none of its phases can be one.
    pub(super) fn call_async(&mut self, phase: Phase, cx: &Context<A>) -> Option<Called<'env>> {
        self.come_home();
        match self {
            Held::Async(body) => Some(body.begin(phase, cx)),
            Held::Own(own @ Some(Own::Async(_))) => {
                let Some(Own::Async(job)) = own.take() else { unreachable!("it was one just now") };
                let home = Home::empty();
                let future = job.later(phase, cx.owned(), &home);
                *self = Held::Away(home);
                Some(Called::Later(future))
            }
            _ => None,
        }
    }

    /// After a future was dropped: the struct that was inside of it is at hand again.
    pub(super) fn come_home(&mut self) {
        if let Held::Away(home) = self {
            *self = Held::Own(home.take().map(Own::Async));
        }
    }

    /// Whether what a run returns is nobody's output.
    pub(super) fn drops_output_of(&self, phase: Phase) -> bool {
        matches!(self, Held::Async(body) if body.drops_output_of(phase))
    }
}

impl<'env, A> Instance<'env, A> for Held<'_, 'env, A> {
    fn call(&mut self, phase: Phase, cx: &Context<A>) -> Result<Value> {
        if let Some(called) = self.call_async(phase, cx) {
            let result = match called {
                Called::Returned(result) => result,
                Called::Later(mut future) => block_on(cx, poll_fn(move |task| future.poll(task))),
            };
            return if self.drops_output_of(phase) { result.map(|_| None) } else { result };
        }
        match self {
            Held::Shared(closures) => closures.call(phase, cx),
            Held::Own(Some(Own::Blocking(job))) => match phase {
                Phase::Run => job.run(cx).map(|()| None),
                Phase::Cleanup => job.cleanup(cx).map(|()| None),
                _ => job.check(cx),
            },
            // it panicked when it was dropped: nothing of it is left to be cleaned up
            _ if phase == Phase::Cleanup => Ok(None),
            // the check has passed, but not the destructor, which is a part of the check: so a run is due
            _ => Err("the job is gone: it panicked when it was dropped after its check".into()),
        }
    }

    fn take_own(&mut self) -> Option<Own<'env, A>> {
        self.come_home();
        match self {
            Held::Own(job) => job.take(),
            _ => None,
        }
    }
}
