//! Where pending tries wait: each in the slot of its job, until it is woken and a worker takes it up again.

use std::sync::{Arc, Weak};
use std::task::Waker;

use crate::exec::hall::{Hall, Ring};
use crate::exec::sync::{Mutex, MutexGuard, PoisonError};
use crate::graph::JobId;

/// The pending tries of one run. `F` is what is put aside of a try.
pub(super) struct Flights<F> {
    hall: Arc<Hall>,
    /// The jobs that have async phases, ascending.
    jobs: Box<[JobId]>,
    slots: Box<[Mutex<Option<F>>]>,
}

impl<F> Flights<F> {
    pub(super) fn new(hall: &Arc<Hall>, jobs: &[JobId]) -> Self {
        let slots = jobs.iter().map(|_| Mutex::new(None)).collect();
        Flights { hall: Arc::clone(hall), jobs: jobs.into(), slots }
    }

    /// Whether no job could ever wait here.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// What a try is polled with: the ring of its last poll, if somebody still holds it, or a new one.
    pub(super) fn waker(&self, job: JobId, last: &mut Weak<Ring>) -> Waker {
        let ring = last.upgrade().unwrap_or_else(|| self.hall.ring(job));
        *last = Arc::downgrade(&ring);
        Waker::from(ring)
    }

    /// Puts a try aside that waits for its waker, or for the moment when its limit is over.
    ///
    /// It is put into its slot before the schedule knows that it waits, so that the worker that takes it up finds it. The waker is let go at the
    /// very last: if that was the last clone, nobody else can wake the try, and it is woken to fail.
    pub(super) fn put_aside(&self, job: JobId, flight: F, deadline: Option<u64>, waker: Waker) {
        *self.slot(job) = Some(flight);
        self.hall.lock().suspend(job, deadline);
        drop(waker);
    }

    /// Takes up a try that was woken; says whether that is because nobody can wake it any more.
    pub(super) fn take_up(&self, job: JobId) -> (F, bool) {
        let is_forsaken = self.hall.lock().resume(job);
        let flight = self.slot(job).take();
        (flight.expect("a pending try is in its slot"), is_forsaken)
    }

    /// No code of a user's is called under this lock.
    fn slot(&self, job: JobId) -> MutexGuard<'_, Option<F>> {
        let at = self.jobs.binary_search(&job).expect("the job has async phases");
        self.slots[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
