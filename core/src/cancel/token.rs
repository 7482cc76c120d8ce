//! A token whose level only rises, and all that is told when it does.
//!
//! 1. The level of a token never falls, and its reason is that of its first rise.
//! 2. A listener is called at each rise after it began to listen, and at none before: it says which level it has
//!    seen, and is refused if the token is already above that.
//! 3. Nobody is called, cloned or dropped under the lock.
//! 4. A child follows its parents and never raises them. It holds them; they do not hold it.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{self, Poll, Waker};
use std::time::Instant;

use crate::cancel::level::StopLevel;
use crate::cancel::timer::{self, Alarm, Due};
use crate::words::StopReason;

/// Stops every run that was given it, from any thread. Clones are the same token; its level only rises.
///
/// | | [`drain`](Self::drain) | [`cancel`](Self::cancel) | [`kill`](Self::kill) |
/// |---|---|---|---|
/// | a try that has not begun | never begins | the same | the same |
/// | a blocking phase | goes on, and so does its try | is asked; no other phase of its try begins | the same |
/// | a process of [`Context::command`](crate::Context::command) | goes on | SIGTERM to its group, SIGKILL after the grace period | SIGKILL |
/// | a cleanup that is due | is called | is called | is called |
///
/// A token that was raised before a run stops that run before its first job.
///
/// ```
/// use dojobber_core::{CancelToken, StopLevel, StopReason};
///
/// let token = CancelToken::new();
/// let same = token.clone();
/// std::thread::spawn(move || same.cancel()).join().unwrap();
/// token.drain(); // a level never falls
/// assert_eq!((token.level(), token.is_cancelled()), (StopLevel::Cancel, true));
/// assert_eq!(token.reason(), Some(StopReason::Cancelled));
/// ```
#[derive(Clone, Default)]
pub struct CancelToken {
    pub(super) inner: Arc<Inner>,
}

#[derive(Default)]
pub(super) struct Inner {
    /// A [`StopLevel`]; written under the lock alone.
    level: AtomicU8,
    /// How many runs go on that obey it.
    users: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    reason: Option<StopReason>,
    listeners: BTreeMap<u64, Arc<Listener>>,
    next: u64,
    /// What a child follows.
    parents: Vec<Listening>,
    alarm: Option<Alarm>,
}

enum Listener {
    Wake(Waker),
    /// It follows those levels alone that are above that.
    Child(Weak<Inner>, StopLevel),
}

impl CancelToken {
    /// A token that stops nothing yet.
    pub fn new() -> Self {
        CancelToken::default()
    }

    /// Lets what has begun go on to the end of its try, and nothing else begin.
    pub fn drain(&self) {
        self.raise(StopLevel::Drain, StopReason::Cancelled);
    }

    /// Asks what has begun to end, and ends what can be ended after the grace period.
    pub fn cancel(&self) {
        self.raise(StopLevel::Cancel, StopReason::Cancelled);
    }

    /// Ends at once what can be ended. Cleanups are still called.
    pub fn kill(&self) {
        self.raise(StopLevel::Kill, StopReason::Cancelled);
    }

    /// How high it is.
    #[inline]
    pub fn level(&self) -> StopLevel {
        self.inner.level()
    }

    /// Whether what has begun is to end: [`cancel`](Self::cancel) or [`kill`](Self::kill) was called.
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.level() >= StopLevel::Cancel
    }

    /// Why it was first raised; `None` if it was not.
    pub fn reason(&self) -> Option<StopReason> {
        self.inner.lock().reason
    }

    /// A future that is ready as soon as [`is_cancelled`](Self::is_cancelled).
    pub fn cancelled(&self) -> Cancelling {
        Cancelling { token: self.clone(), listening: None }
    }

    /// Raises it; `reason` counts if it is the first.
    pub(crate) fn raise(&self, to: StopLevel, reason: StopReason) {
        self.inner.raise(to, reason);
    }

    /// A token that is at least as high as each of `parents`.
    pub(crate) fn child_of(parents: &[&CancelToken]) -> Self {
        let child = CancelToken::new();
        child.follow(parents, StopLevel::None);
        child
    }

    /// A token that is as high as this one, where that is above `ignored`.
    pub(crate) fn child_above(&self, ignored: StopLevel) -> Self {
        let child = CancelToken::new();
        child.follow(&[self], ignored);
        child
    }

    /// Cancels it at that moment, for a limit that is over.
    pub(crate) fn cancel_at(&self, when: Instant) {
        let alarm = timer::set(when, Arc::downgrade(&self.inner) as _);
        self.inner.lock().alarm = Some(alarm);
    }

    /// Wakes `waker` at each rise until what is returned is dropped. `None`: it is already above `seen`.
    pub(crate) fn listen(&self, seen: StopLevel, waker: Waker) -> Option<Listening> {
        let listener = Arc::new(Listener::Wake(waker)); // outlives the lock
        let mut state = self.inner.lock();
        if self.level() > seen {
            return None;
        }
        Some(self.inner.add(&mut state, &listener))
    }

    /// Says that a run obeys it, until what is returned is dropped.
    pub(crate) fn in_use(&self) -> InUse {
        self.inner.users.fetch_add(1, Ordering::SeqCst);
        InUse(Arc::clone(&self.inner))
    }

    fn follow(&self, parents: &[&CancelToken], ignored: StopLevel) {
        let follows = parents.iter().map(|parent| parent.adopt(self, ignored)).collect();
        self.inner.lock().parents = follows;
    }

    fn adopt(&self, child: &CancelToken, ignored: StopLevel) -> Listening {
        let listener = Arc::new(Listener::Child(Arc::downgrade(&child.inner), ignored));
        let (listening, level, reason) = {
            let mut state = self.inner.lock();
            (self.inner.add(&mut state, &listener), self.level(), state.reason)
        };
        if let Some(reason) = reason
            && level > ignored
        {
            child.raise(level, reason);
        }
        listening
    }
}

#[cfg(all(not(unix), feature = "signals"))]
impl CancelToken {
    /// A token that follows the signals of this process: on Unix alone.
    ///
    /// # Errors
    ///
    /// Always, on this system: it is [`Unsupported`](std::io::ErrorKind::Unsupported).
    pub fn on_signals() -> std::io::Result<Self> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

impl Inner {
    #[inline]
    fn level(&self) -> StopLevel {
        StopLevel::ALL[usize::from(self.level.load(Ordering::Relaxed))]
    }

    pub(super) fn raise(&self, to: StopLevel, reason: StopReason) {
        let (first, listeners): (_, Vec<_>) = {
            let mut state = self.lock();
            if self.level() >= to {
                return;
            }
            self.level.store(to as u8, Ordering::Relaxed);
            (*state.reason.get_or_insert(reason), state.listeners.values().cloned().collect())
        };
        for listener in listeners {
            match &*listener {
                Listener::Wake(waker) => waker.wake_by_ref(),
                Listener::Child(_, ignored) if to <= *ignored => {}
                Listener::Child(child, _) => {
                    if let Some(child) = child.upgrade() {
                        child.raise(to, first);
                    }
                }
            }
        }
    }

    fn add(self: &Arc<Self>, state: &mut State, listener: &Arc<Listener>) -> Listening {
        let id = state.next;
        state.next += 1;
        state.listeners.insert(id, Arc::clone(listener));
        Listening { token: Arc::clone(self), id }
    }

    #[cfg(all(unix, feature = "signals"))]
    pub(super) fn is_used(&self) -> bool {
        self.users.load(Ordering::SeqCst) > 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Due for Inner {
    fn due(&self) {
        self.raise(StopLevel::Cancel, StopReason::TimedOut);
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("level", &self.level()).field("reason", &self.reason()).finish()
    }
}

/// A listener; it is called no more once this is dropped.
pub(crate) struct Listening {
    token: Arc<Inner>,
    id: u64,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let listener = self.token.lock().listeners.remove(&self.id);
        drop(listener); // after the lock
    }
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listening").field(&self.id).finish()
    }
}

/// A run that obeys a token; no more once this is dropped.
pub(crate) struct InUse(Arc<Inner>);

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.users.fetch_sub(1, Ordering::SeqCst);
    }
}

impl fmt::Debug for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InUse")
    }
}

/// A future that is ready as soon as its token is cancelled, from [`CancelToken::cancelled`].
#[derive(Debug)]
#[must_use = "a future does nothing until it is awaited"]
pub struct Cancelling {
    token: CancelToken,
    listening: Option<Listening>,
}

impl Future for Cancelling {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<()> {
        loop {
            let seen = self.token.level();
            if seen >= StopLevel::Cancel {
                self.listening = None;
                return Poll::Ready(());
            }
            self.listening = self.token.listen(seen, task.waker().clone());
            if self.listening.is_some() {
                return Poll::Pending;
            }
        }
    }
}

#[cfg(test)]
mod tests;
