//! The runtime whose context the futures of jobs find.

#[cfg(feature = "tokio")]
use std::sync::OnceLock;

#[cfg(feature = "tokio")]
use crate::unwind;

/// Enters a runtime around what is the user's: a call that makes a future, a poll, a destructor. Without the feature
/// `tokio` there is none.
#[derive(Debug, Default)]
pub(crate) struct AsyncRuntime {
    /// The one that was named.
    #[cfg(feature = "tokio")]
    named: Option<tokio::runtime::Handle>,
    /// One of our own, made when the first future wants it; `None` if the system refuses.
    #[cfg(feature = "tokio")]
    own: OnceLock<Option<tokio::runtime::Runtime>>,
}

#[cfg(not(feature = "tokio"))]
impl AsyncRuntime {
    #[inline]
    pub(crate) fn enter<T>(&self, call: impl FnOnce() -> T) -> T {
        call()
    }

    #[inline]
    pub(crate) fn hold<T>(&self, run: impl FnOnce() -> T) -> T {
        run()
    }
}

#[cfg(feature = "tokio")]
impl AsyncRuntime {
    pub(crate) fn named(handle: tokio::runtime::Handle) -> Self {
        AsyncRuntime { named: Some(handle), own: OnceLock::new() }
    }

    pub(crate) fn enter<T>(&self, call: impl FnOnce() -> T) -> T {
        let own = || self.own.get_or_init(start).as_ref().map(tokio::runtime::Runtime::handle);
        let _entered = self.named.as_ref().or_else(own).map(tokio::runtime::Handle::enter);
        call()
    }

    /// Waits for futures of a run on this thread, as the one does that leads it. If that is a worker of the very runtime that
    /// drives their timers and sockets, the runtime is told that it must do without this thread.
    ///
    /// # Panics
    ///
    /// If it has no other.
    pub(crate) fn hold<T>(&self, run: impl FnOnce() -> T) -> T {
        let Some(named) = &self.named else { return run() };
        let is_inside = tokio::runtime::Handle::try_current().is_ok_and(|current| current.id() == named.id());
        if !is_inside {
            return run();
        }
        if named.runtime_flavor() != tokio::runtime::RuntimeFlavor::CurrentThread {
            return tokio::task::block_in_place(run);
        }
        // a thread may be in the context of a runtime without driving it, as those of `spawn_blocking` are
        let may_wait = unwind::catch(|| named.block_on(std::future::ready(Ok(()))));
        assert!(
            may_wait.is_ok(),
            "a runtime with one thread cannot drive the futures of a run while that thread waits for them: use `run_async`, \
             or another thread"
        );
        run()
    }
}

/// One thread, which drives timers and sockets.
#[cfg(feature = "tokio")]
fn start() -> Option<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).thread_name("dojobber-tokio").enable_all().build().ok()
}

/// Not waited for: a runtime must not be dropped where something async goes on.
#[cfg(feature = "tokio")]
impl Drop for AsyncRuntime {
    fn drop(&mut self) {
        if let Some(Some(own)) = self.own.take() {
            own.shutdown_background();
        }
    }
}
