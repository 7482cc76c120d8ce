//! Units that are executed elsewhere: how they leave, and how they come back.

mod seen;
mod single;
mod nest;

use std::sync::Arc;

use crate::cancel::{Bell, StopLevel};
use crate::elsewhere::{Done, Elsewhere, Mail, Message, Order, UnitDone};
use crate::error::{ErrorText, Reported, Result};
use crate::exec::attempt::ledger::Step;
use crate::exec::attempt::worker::Worker;
use crate::exec::placement::Venue;
use crate::exec::tries::{Try, TryEnd};
use crate::graph::JobId;
use crate::report::Head;
use crate::unwind;
use seen::Seen;

/// A unit that is away: a try, or a nest.
pub(in crate::exec) struct Sent {
    attempt: Try,
    /// The jobs of a nest, in the order in which they may begin.
    nest: Option<Vec<JobId>>,
    elsewhere: Arc<dyn Elsewhere>,
    mail: Arc<Mail>,
    /// When it was sent, in nanoseconds since the run began.
    at: u64,
    /// How much of the stop it was told.
    stopped: StopLevel,
    progress: Option<Seen>,
}

/// How a unit has come back.
pub(in crate::exec) enum Back {
    Try(Try, TryEnd),
    /// The first job, which stood for the nest, and how all of them have ended.
    Nest(JobId, Vec<(JobId, Head)>),
}

impl<'r, 'env, A> Worker<'r, 'env, A> {
    /// Hands a try over, or a nest of which these jobs have not ended.
    pub(in crate::exec) fn send(
        &mut self,
        attempt: Try,
        venue: Venue<'_>,
        jobs: &[JobId],
        wake: std::task::Waker,
    ) -> Sent {
        self.enter(&attempt);
        let at = self.look_at_the_clock().0;
        if attempt.attempt == 1 {
            self.live.note_begin(attempt.job, at);
        }
        self.ledger.tell_sent(&attempt);
        let (done, mail) = Done::new(wake);
        let (elsewhere, nest) = match venue {
            Venue::Try(elsewhere) => (elsewhere, None),
            Venue::Nest(nest) => (&nest.elsewhere, Some(&*nest.name)),
        };
        self.hand_over(elsewhere, jobs, nest, &attempt, false, done);
        let order = nest.map(|_| self.in_order(jobs));
        let elsewhere = Arc::clone(elsewhere);
        Sent { attempt, nest: order, elsewhere, mail, at, stopped: StopLevel::None, progress: None }
    }

    fn hand_over(
        &self,
        elsewhere: &Arc<dyn Elsewhere>,
        jobs: &[JobId],
        nest: Option<&str>,
        attempt: &Try,
        is_cleanup: bool,
        done: Done,
    ) {
        let (live, placement) = (self.live, self.placement());
        let order = Order {
            graph: live.plan.graph(),
            jobs,
            nest,
            attempt: attempt.attempt,
            is_cleanup,
            options: live.options,
            inputs: placement.inputs(&live.plan, &live.world.outputs, jobs),
            portable: &|job| live.plan.portable(job),
        };
        let _ = unwind::catch(|| {
            elsewhere.begin(&order, done);
            Ok(())
        }); // a panic drops `done`, and so the unit is lost
    }

    fn in_order(&self, jobs: &[JobId]) -> Vec<JobId> {
        self.live.plan.order().filter(|job| jobs.binary_search(job).is_ok()).collect()
    }

    /// Reads what a unit has told. `None`: it is still away.
    pub(in crate::exec) fn receive(&mut self, sent: &mut Sent) -> Option<Back> {
        let level = self.see_stop();
        if level > sent.stopped {
            sent.stopped = level;
            let _ = unwind::catch(|| {
                sent.elsewhere.stop(level);
                Ok(())
            });
        }
        self.look_at_the_clock();
        for message in sent.mail.take() {
            match message {
                Message::Progress(told) if sent.nest.is_none() => {
                    let Sent { attempt, at, progress, .. } = sent;
                    self.see_progress(attempt, *at, progress, told);
                }
                Message::Progress(_) => {}
                Message::Over(done) => return Some(self.back(sent, *done)),
            }
        }
        None
    }

    fn back(&mut self, sent: &mut Sent, done: UnitDone) -> Back {
        match sent.nest.take() {
            Some(order) => Back::Nest(sent.attempt.job, self.finish_nest(order, sent.at, done)),
            None => {
                let (attempt, end) = self.finish_try(sent.attempt, sent.at, sent.progress.take(), done);
                Back::Try(attempt, end)
            }
        }
    }

    /// The cleanup of a try that was elsewhere is called there, too. Cleanups come one after another, so it is waited for.
    pub(in crate::exec) fn clean_up_elsewhere(
        &mut self,
        elsewhere: &Arc<dyn Elsewhere>,
        job: JobId,
        attempt: u32,
    ) -> (Result, Head) {
        let mut attempt = Try { attempt, ..Try::first(job) };
        self.enter(&attempt);
        let (bell, start) = (Bell::new(), self.look_at_the_clock());
        let (done, mail) = Done::new(bell.waker());
        self.ledger.begin(Step::CLEANUP, &attempt);
        self.hand_over(elsewhere, &[attempt.job], None, &attempt, true, done);
        let done = loop {
            let over = mail.take().into_iter().find_map(|message| match message {
                Message::Over(done) => Some(done),
                Message::Progress(_) => None,
            });
            match over {
                Some(done) => break done,
                None => _ = bell.wait_until(None),
            }
        };
        done.said.iter().for_each(|said| _ = self.hear_there(said, attempt.attempt, start.0, 0));
        let error = match done.lost {
            Some(lost) => Some(ErrorText::of_message(&lost.why)),
            None => done.jobs.into_iter().flat_map(|job| job.phases).next_back().and_then(|last| last.error),
        };
        let end = self.look_at_the_clock();
        let result = error.as_ref().map_or(Ok(()), |error| Err(Reported::of(error)));
        self.ledger.ended_at(Step::CLEANUP, &mut attempt, start, end, error);
        (result, attempt.head)
    }
}
