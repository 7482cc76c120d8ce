//! Where pending tries wait: each in the slot of its job, until it is woken and a worker takes it up again.

use std::sync::{Arc, Weak};
use std::task::Waker;

use crate::exec::hall::{Hall, Ring};
use crate::exec::sync::{Mutex, MutexGuard, PoisonError};
use crate::graph::JobId;

/// What a future is polled with: a ring, and the waker that rings it.
pub(super) struct Ringer {
    ring: Arc<Ring>,
    waker: Waker,
}

impl Ringer {
    fn of(ring: Arc<Ring>) -> Self {
        Ringer { waker: Waker::from(Arc::clone(&ring)), ring }
    }

    pub(super) fn waker(&self) -> &Waker {
        &self.waker
    }

    pub(super) fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// Whether another phase may be polled with it, since nobody else holds it.
    pub(super) fn is_free(&self) -> bool {
        Arc::strong_count(&self.ring) == 2 // one is inside of the waker
    }
}

/// The pending tries of one run. `F` is what is put aside of a try.
pub(super) struct Flights<F> {
    hall: Arc<Hall>,
    /// The jobs that have async phases, ascending.
    jobs: Arc<[JobId]>,
    slots: Box<[Mutex<Option<F>>]>,
}

impl<F> Flights<F> {
    pub(super) fn new(hall: &Arc<Hall>, jobs: &Arc<[JobId]>) -> Self {
        let slots = jobs.iter().map(|_| Mutex::new(None)).collect();
        Flights { hall: Arc::clone(hall), jobs: Arc::clone(jobs), slots }
    }

    /// Whether no job could ever wait here.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// What a try is polled with: the ring of its last poll, if somebody still holds it; else one that nobody does, and that
    /// the worker may have spared.
    pub(super) fn ringer(&self, last: &Weak<Ring>, spare: &mut Option<Ringer>) -> Ringer {
        let ringer = last.upgrade().map(Ringer::of).or_else(|| spare.take());
        let ringer = ringer.unwrap_or_else(|| Ringer::of(self.hall.ring()));
        ringer.ring.listen();
        ringer
    }

    /// What a try is polled with that may be ready at once: a ring that nobody else holds. It stays a spare until it is taken.
    #[inline]
    pub(super) fn free_ringer<'s>(&self, spare: &'s mut Option<Ringer>) -> &'s Ringer {
        if spare.as_ref().is_some_and(|ringer| !ringer.is_free()) {
            *spare = None;
        }
        let ringer = spare.get_or_insert_with(|| Ringer::of(self.hall.ring()));
        ringer.ring.listen();
        ringer
    }

    /// Puts a try aside that waits for its ring, or for the moment when its limit is over.
    ///
    /// It is put into its slot before the schedule knows that it waits, so that the worker that takes it up finds it. The
    /// ring is let go at the very last: if that was the last clone, nobody else can wake the try, and it is woken to fail.
    pub(super) fn put_aside(&self, job: JobId, flight: F, deadline: Option<u64>, ringer: Ringer) {
        *self.slot(job) = Some(flight);
        self.hall.lock().suspend(job, &ringer.ring, deadline);
        drop(ringer);
    }

    /// Takes up a try that was woken; says whether that is because nobody can wake it any more.
    pub(super) fn take_up(&self, job: JobId) -> (F, bool) {
        let is_forsaken = self.hall.lock().resume(job);
        let flight = self.slot(job).take();
        (flight.expect("a pending try is in its slot"), is_forsaken)
    }

    /// No code of a user's is called under this lock.
    fn slot(&self, job: JobId) -> MutexGuard<'_, Option<F>> {
        let is_at = self.jobs.get(job.index()) == Some(&job); // as where all jobs have some
        let at = if is_at { Ok(job.index()) } else { self.jobs.binary_search(&job) };
        self.slots[at.expect("the job has async phases")].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
