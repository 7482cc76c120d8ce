//! Code that can be left at an interruption point and gone on with later: it has a thread of its own, which moves only
//! while the simulation waits for it.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;

use crate::faults::Baton;

/// A thread for each virtual worker that needs one.
pub(super) struct Threads<'scope, 'outer> {
    scope: &'scope Scope<'scope, 'outer>,
    tasks: Vec<Option<Sender<Task<'scope>>>>,
}

type Task<'scope> = Box<dyn FnOnce() + Send + 'scope>;

/// Code that has begun, or is about to.
pub(super) struct Coroutine<T> {
    baton: Arc<Baton>,
    result: Arc<Mutex<Option<T>>>,
}

impl<'scope, 'outer> Threads<'scope, 'outer> {
    pub(super) fn new(scope: &'scope Scope<'scope, 'outer>) -> Self {
        Threads { scope, tasks: Vec::new() }
    }

    /// Code for the thread of a worker, which has nothing else to do. It begins when it is resumed.
    ///
    /// # Panics
    ///
    /// If the system refuses a thread.
    pub(super) fn prepare<T: Send + 'scope>(
        &mut self,
        worker: usize,
        code: impl FnOnce() -> T + Send + 'scope,
    ) -> Coroutine<T> {
        let (baton, result) = (Arc::new(Baton::default()), Arc::new(Mutex::new(None)));
        let (held, slot) = (Arc::clone(&baton), Arc::clone(&result));
        let task = move || {
            held.execute(|| {
                let value = code();
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            });
        };
        self.thread(worker).send(Box::new(task)).expect("the thread takes tasks until it is told to end");
        Coroutine { baton, result }
    }

    fn thread(&mut self, worker: usize) -> &Sender<Task<'scope>> {
        if self.tasks.len() <= worker {
            self.tasks.resize_with(worker + 1, || None);
        }
        self.tasks[worker].get_or_insert_with(|| {
            let (sender, tasks) = channel::<Task<'scope>>();
            self.scope.spawn(move || tasks.into_iter().for_each(|task| task()));
            sender
        })
    }
}

impl<T> Coroutine<T> {
    /// Goes on until the next interruption point (`None`), or to the end.
    ///
    /// # Panics
    ///
    /// If the code panics.
    pub(super) fn resume(&mut self) -> Option<T> {
        if !self.baton.resume() {
            return None;
        }
        let value = self.result.lock().unwrap_or_else(PoisonError::into_inner).take();
        Some(value.expect("a phase catches what it calls"))
    }
}

impl<T> Drop for Coroutine<T> {
    /// What is not at its end unwinds.
    fn drop(&mut self) {
        self.baton.abandon();
    }
}
