//! Jobs as structs whose phases are futures.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::context::Context;
use crate::error::Result;
use crate::job::async_body::Later;
use crate::verdict::{erase, sound};
use crate::words::Phase;

/// A job as a struct whose phases are futures: [`Job`](crate::Job) with `async fn`s. While a phase waits it holds no worker.
///
/// The futures must be `Send`, so the arguments of the run must be `Sync`. A phase that ends before its future is ready,
/// because of a limit, a stop or a panic, leaves the struct as it is then; it is what the next phase and the cleanup get.
///
/// ```
/// use dojobber_core::{AsyncJob, Context, Result, ensure};
/// use std::time::Duration;
///
/// #[derive(Clone)]
/// struct Server { address: String, started: bool }
///
/// impl<A: Send + Sync> AsyncJob<A> for Server {
///     type Output = String;
///     async fn check(&mut self, cx: &Context<A>) -> Result<String> {
///         cx.sleep_async(Duration::from_millis(1)).await; // asks it
///         ensure(self.started, "it does not answer")?;
///         Ok(self.address.clone())
///     }
///     async fn run(&mut self, _: &Context<A>) -> Result {
///         self.started = true;
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async job of a graph whose arguments are `{A}`",
    label = "it must implement `dojobber::AsyncJob<{A}>`",
    note = "`impl<A: Send + Sync> AsyncJob<A> for ..` makes it a job of any graph"
)]
pub trait AsyncJob<A = ()>: Send {
    /// What a passing check returns: the output of the job.
    type Output: Any + Send + Sync;

    /// Looks whether the desired state is there. It must change nothing. It is written as `async fn check`.
    ///
    /// # Errors
    ///
    /// Any error says that it is not; so do `Ok(false)` and an unsuccessful exit status inside `Ok`.
    fn check(&mut self, cx: &Context<A>) -> impl Future<Output = Result<Self::Output>> + Send;

    /// Does something about it. The check that follows decides, whatever this returns. It is written as `async fn run`.
    ///
    /// # Errors
    ///
    /// An error is recorded and shown.
    fn run(&mut self, cx: &Context<A>) -> impl Future<Output = Result> + Send;

    /// Undoes what only the run needed. Called once for every try in which the run was executed, after all jobs
    /// have ended, with that try's instance. It is written as `async fn cleanup`.
    ///
    /// # Errors
    ///
    /// An error is recorded, and changes the exit code of the run alone.
    fn cleanup(&mut self, cx: &Context<A>) -> impl Future<Output = Result> + Send {
        let _ = cx;
        std::future::ready(Ok(()))
    }
}

/// An async struct job, its output type forgotten.
pub(crate) trait AnyAsyncJob<'env, A>: Send {
    /// The future of a phase. The struct is inside of it, and comes home when it is dropped.
    fn later(self: Box<Self>, phase: Phase, cx: Context<A>, home: &Home<'env, A>) -> Later<'env>;
}

impl<'env, A: Send + Sync + 'env, J: AsyncJob<A> + 'env> AnyAsyncJob<'env, A> for J {
    fn later(self: Box<Self>, phase: Phase, cx: Context<A>, home: &Home<'env, A>) -> Later<'env> {
        let mut away = Away { job: Some(self), home: home.clone() };
        Later::Struct(Box::pin(async move {
            let away = &mut away;
            let job = away.job.as_mut().expect("it leaves when it is dropped");
            match phase {
                Phase::Run => job.run(&cx).await.map(|()| None),
                Phase::Cleanup => job.cleanup(&cx).await.map(|()| None),
                _ => job.check(&cx).await.and_then(sound).map(erase),
            }
        }))
    }
}

/// A struct inside of a future. However that ends, the struct goes home.
struct Away<'env, A, J: AnyAsyncJob<'env, A> + 'env> {
    job: Option<Box<J>>,
    home: Home<'env, A>,
}

impl<'env, A, J: AnyAsyncJob<'env, A> + 'env> Drop for Away<'env, A, J> {
    fn drop(&mut self) {
        *self.home.lock() = self.job.take().map(|job| job as Box<dyn AnyAsyncJob<'env, A> + 'env>);
    }
}

/// Where a struct is when no phase of it goes on.
pub(crate) struct Home<'env, A> {
    job: Arc<Mutex<Option<Box<dyn AnyAsyncJob<'env, A> + 'env>>>>,
}

impl<'env, A> Home<'env, A> {
    /// A home whose struct is away.
    pub(crate) fn empty() -> Self {
        Home { job: Arc::new(Mutex::new(None)) }
    }

    pub(crate) fn take(&self) -> Option<Box<dyn AnyAsyncJob<'env, A> + 'env>> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<dyn AnyAsyncJob<'env, A> + 'env>>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A> Clone for Home<'_, A> {
    fn clone(&self) -> Self {
        Home { job: Arc::clone(&self.job) }
    }
}
