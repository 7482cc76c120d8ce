//! What a worker tells the observer. Nothing is built where nobody listens, not even the closure that would build it:
//! the compiler leaves that where it stands, on the way of every job.

use std::time::Duration;

use crate::clock::Stamp;
use crate::context::Place;
use crate::error::ErrorText;
use crate::event::Event;
use crate::exec::attempt::Worker;
use crate::exec::books::Blocked;
use crate::graph::JobId;
use crate::words::{Phase, Status};

impl<A> Worker<'_, '_, A> {
    #[inline]
    pub(super) fn tell_phase_started(&self) {
        if self.is_watched {
            self.live.watch.tell(move || {
                let Place { job, phase, attempt, .. } = self.cx.place();
                let sequence = (phase == Phase::Run).then(|| self.sequence().into());
                let (job, worker, at) = (self.live.job(job), self.id(), time(self.stamp()));
                Event::PhaseStarted { job, attempt, phase, worker, at, sequence }
            });
        }
    }

    #[inline]
    pub(super) fn tell_phase_ended(&self, passed: bool, error: Option<&ErrorText>) {
        if self.is_watched {
            self.live.watch.tell(move || {
                let Place { job, phase, attempt, .. } = self.cx.place();
                let error = (!passed).then(|| error.cloned().unwrap_or_else(ErrorText::returned_false));
                let (job, worker, at) = (self.live.job(job), self.id(), time(self.stamp()));
                Event::PhaseEnded { job, attempt, phase, worker, at, error }
            });
        }
    }

    pub(super) fn tell_retry_planned(&self, due: u64) {
        if self.is_watched {
            self.live.watch.tell(move || {
                let Place { job, attempt, .. } = self.cx.place();
                let (job, worker, at) = (self.live.job(job), self.id(), time(self.stamp()));
                Event::RetryPlanned { job, attempt, worker, at, due: Duration::from_nanos(due) }
            });
        }
    }

    #[inline]
    pub(super) fn tell_job_ended(&self, job: JobId, status: Status, because: Option<JobId>) {
        if self.is_watched {
            self.live.watch.tell(move || {
                let because = because.map(|because| self.live.job(because));
                let (job, worker, at) = (self.live.job(job), self.id(), time(self.stamp()));
                Event::JobEnded { job, status, because, worker, at }
            });
        }
    }

    pub(super) fn tell_blocked(&self, blocked: &[Blocked]) {
        for Blocked { job, because } in blocked {
            self.tell_job_ended(*job, Status::Blocked, Some(*because));
        }
    }
}

/// The stamps of a run that is observed are nanoseconds.
fn time(stamp: Stamp) -> Duration {
    Duration::from_nanos(stamp.0)
}
