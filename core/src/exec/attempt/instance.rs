//! What the phases of a try are called on.

use crate::context::Context;
use crate::error::Result;
use crate::job::{AnyJob, AsyncBody, Called, Closures};
use crate::verdict::Value;
use crate::waiting::block_on;
use crate::words::Phase;

/// The code of a job, as one try sees it.
pub(super) trait Instance<'env, A> {
    fn call(&mut self, phase: Phase, cx: &Context<A>) -> Result<Value>;

    /// The struct that belongs to this try alone, to be dropped or put aside.
    fn take_own(&mut self) -> Option<Box<dyn AnyJob<A> + 'env>>;
}

/// Closures, which all tries share.
impl<'env, A> Instance<'env, A> for &(dyn Closures<A> + 'env) {
    #[inline]
    fn call(&mut self, phase: Phase, cx: &Context<A>) -> Result<Value> {
        if phase == Phase::Run { self.run(cx) } else { self.check(cx) }
    }

    #[inline]
    fn take_own(&mut self) -> Option<Box<dyn AnyJob<A> + 'env>> {
        None
    }
}

/// Closures that all tries share, or this try's own struct.
pub(super) enum Held<'r, 'env, A> {
    Shared(&'r (dyn Closures<A> + 'env)),
    /// `None` when it was taken.
    Own(Option<Box<dyn AnyJob<A> + 'env>>),
    /// Closures of which some return futures.
    Async(&'r AsyncBody<'env, A>),
}

impl<'env, A> Instance<'env, A> for Held<'_, 'env, A> {
    fn call(&mut self, phase: Phase, cx: &Context<A>) -> Result<Value> {
        match self {
            Held::Shared(closures) => closures.call(phase, cx),
            Held::Own(Some(job)) if phase == Phase::Run => job.run(cx).map(|()| None),
            Held::Own(Some(job)) => job.check(cx),
            Held::Async(body) => {
                let result = match body.call(phase, cx) {
                    Called::Returned(result) => result,
                    Called::Later(future) => block_on(cx, future),
                };
                if body.drops_output_of(phase) { result.map(|_| None) } else { result }
            }
            // the check has passed, but not the destructor, which is a part of the check: so a run is due
            Held::Own(None) => Err("the job is gone: it panicked when it was dropped after its check".into()),
        }
    }

    fn take_own(&mut self) -> Option<Box<dyn AnyJob<A> + 'env>> {
        match self {
            Held::Shared(_) | Held::Async(_) => None,
            Held::Own(job) => job.take(),
        }
    }
}
