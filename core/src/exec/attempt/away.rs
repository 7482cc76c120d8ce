//! Units that are executed elsewhere: how they leave, and what is done with them when they come back.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::cancel::{Bell, StopLevel};
use crate::clock::{Stamp, nanos};
use crate::elsewhere::{
    Done, Elsewhere, JobDone, Lost, Mail, Message, Order, PhaseDone, UnitDone, UnitProgress,
};
use crate::error::{BoxError, ErrorClass, ErrorText, Reported, Result};
use crate::exec::attempt::failure::{Notes, went};
use crate::exec::attempt::ledger::Step;
use crate::exec::attempt::leftovers::DueCleanup;
use crate::exec::attempt::mend::whole_try;
use crate::exec::attempt::worker::Worker;
use crate::exec::placement::{Lane, Placement, Venue};
use crate::exec::stages::{self, Stage};
use crate::exec::tries::{Try, TryEnd};
use crate::graph::JobId;
use crate::job::JobSpec;
use crate::report::Head;
use crate::store::Store;
use crate::unwind;
use crate::words::{Kind, Phase, Status};

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

/// How much of a try was seen while it was away.
struct Seen {
    lane: Lane,
    /// When the unit began, by the run's clock.
    origin: u64,
    /// The phases that have ended, which are recorded.
    phases: Vec<PhaseDone>,
    /// The phase that goes on, and when it was told to begin.
    open: Option<(Phase, u64)>,
    /// When the last phase ended.
    last: u64,
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
                Message::Progress(progress) if sent.nest.is_none() => self.see_progress(sent, progress),
                Message::Progress(_) => {}
                Message::Over(done) if sent.nest.is_some() => return Some(self.finish_nest(sent, *done)),
                Message::Over(done) => return Some(self.finish_try(sent, *done)),
            }
        }
        None
    }

    fn see_progress(&mut self, sent: &mut Sent, progress: UnitProgress) {
        let UnitProgress { node, phases, open, elapsed } = progress;
        self.enter(&sent.attempt);
        let mut seen = match sent.progress.take() {
            Some(seen) => seen,
            None => match self.seen(sent.at, &node, elapsed) {
                Some(seen) => seen,
                None => return,
            },
        };
        self.record_phases(&mut sent.attempt, &mut seen, &phases);
        if let Some((phase, start)) = open.filter(|_| seen.open.is_none()) {
            let start = seen.at(start, self.ledger.now());
            self.begin_there(&mut sent.attempt, &mut seen, phase, start);
        }
        sent.progress = Some(seen);
    }

    /// The unit began so long ago on that machine.
    fn seen(&self, sent_at: u64, node: &str, elapsed: Duration) -> Option<Seen> {
        let origin = self.ledger.now().saturating_sub(nanos(elapsed)).max(sent_at);
        let lane = self.placement().take_lane(if node.is_empty() { NOWHERE } else { node }, origin)?;
        Some(Seen { lane, origin, phases: Vec::new(), open: None, last: origin })
    }

    fn finish_try(&mut self, sent: &mut Sent, done: UnitDone) -> Back {
        let UnitDone { node, mut jobs, lost, ran_before, pause } = done;
        let mut attempt = sent.attempt;
        let spec = self.enter(&attempt);
        let (phases, output) = jobs.pop().map_or((Vec::new(), None), |job| (job.phases, job.output));
        // what has ended tells all of itself; and another submission may have seen more than the one that ended
        let seen = sent.progress.iter().filter(|_| lost.is_some());
        let phases = seen.fold(phases, |phases, seen| seen.at_least(phases));
        let phases = whole_try(spec.kind(), attempt.attempt, phases, ran_before, lost.as_ref());
        let total = phases.last().map_or(Duration::ZERO, |last| last.start + last.length);
        let seen = sent.progress.take().or_else(|| self.seen(sent.at, &node, total));
        if let Some(mut seen) = seen {
            self.record_phases(&mut attempt, &mut seen, &phases);
            self.leave_lane(seen);
        }
        self.look_at_the_clock();
        if phases.iter().any(|done| done.phase == Phase::Run) && spec.cleans_up() {
            self.owe_cleanup(&attempt);
        }
        self.notes = notes_of(&phases);
        self.notes.pause = self.notes.pause.max(nanos(pause));
        let end = self.decide(attempt, spec, phases.last(), output.map(|output| output.0));
        Back::Try(attempt, end)
    }

    /// What a try comes to by its last phase.
    fn decide(
        &mut self,
        attempt: Try,
        spec: &JobSpec<'env, A>,
        last: Option<&PhaseDone>,
        output: crate::verdict::Value,
    ) -> TryEnd {
        let Some(last) = last else { return self.would_run(attempt, None) }; // a run_only, dry
        let went = last.error.as_ref().map_or(stages::Went::Passed, |error| went(error.class()));
        match (stages::after(spec.kind(), self.dry_run, last.phase, went), &last.error) {
            (Stage::Passed, _) => self.done(attempt, output),
            (Stage::WouldRun, error) => self.would_run(attempt, error.as_ref().map(reported)),
            (Stage::Due(_), error) if self.notes.was_cut => {
                self.cancelled(attempt, error.as_ref().map(reported))
            }
            (_, error) => self.failed(attempt, error.as_ref().map_or_else(|| CUT_SHORT.into(), reported)),
        }
    }

    fn owe_cleanup(&mut self, attempt: &Try) {
        let Try { job, attempt, sequence, .. } = *attempt;
        let (local, shared_local, instance, is_owed) = (Store::default(), None, None, false);
        let due = DueCleanup { sequence, job, attempt, local, shared_local, instance, is_owed };
        self.leftovers.cleanups.push(due);
    }

    /// Records the phases that were not seen before.
    fn record_phases(&mut self, attempt: &mut Try, seen: &mut Seen, phases: &[PhaseDone]) {
        for done in phases.iter().skip(seen.phases.len()) {
            let now = self.ledger.now();
            let start = match seen.open.take() {
                Some((phase, start)) if phase == done.phase => start,
                _ => {
                    let start = seen.at(done.start, now);
                    self.begin_there(attempt, seen, done.phase, start);
                    start
                }
            };
            seen.open = None;
            let end = seen.at(done.start + done.length, now).max(start);
            let (step, error) = (Step::linked(done.phase), done.error.clone());
            self.ledger.with_log(&mut seen.lane.log, |ledger| {
                ledger.ended_at(step, attempt, Stamp(start), Stamp(end), error);
            });
            seen.last = end;
            seen.phases.push(done.clone());
        }
    }

    fn begin_there(&mut self, attempt: &mut Try, seen: &mut Seen, phase: Phase, start: u64) {
        if phase == Phase::Run {
            attempt.sequence = self.live.next_sequence();
        }
        self.ledger.with_log(&mut seen.lane.log, |ledger| {
            ledger.begin_at(Step::linked(phase), attempt, Stamp(start))
        });
        seen.open = Some((phase, start));
    }

    fn leave_lane(&self, mut seen: Seen) {
        seen.lane.until = seen.last;
        self.placement().give_lane(seen.lane);
    }

    fn placement(&self) -> &'r Placement {
        self.live.placement.as_ref().expect("something is elsewhere")
    }

    /// The report of a nest has come, or why there is none.
    fn finish_nest(&mut self, sent: &mut Sent, done: UnitDone) -> Back {
        let UnitDone { node, jobs, lost, .. } = done;
        let node = if node.is_empty() { NOWHERE.to_owned() } else { node };
        let total = jobs.iter().flat_map(|job| &job.phases).map(|phase| phase.start + phase.length).max();
        let origin = self.ledger.now().saturating_sub(nanos(total.unwrap_or_default())).max(sent.at);
        let why = lost.map_or_else(|| "its unit has told nothing of it".to_owned(), |Lost { why, .. }| why);
        let mut home = Home {
            node,
            origin,
            why,
            lanes: BTreeMap::new(),
            ends: HashMap::new(),
            ended_at: HashMap::new(),
        };
        let mut told: HashMap<JobId, JobDone> = jobs.into_iter().map(|job| (job.job, job)).collect();
        let is_stopped = self.live.level() > StopLevel::None;
        let mut ends = Vec::new();
        for job in sent.nest.take().unwrap_or_default() {
            let done = told.remove(&job).filter(|done| is_stopped || done.status != Status::Cancelled);
            let head = self.end_inner(job, done, &mut home);
            let status = head.status().expect("a job that has ended has a status");
            home.ends.insert(job, status);
            ends.push((job, head));
        }
        home.lanes.into_iter().for_each(|(_, seen)| self.leave_lane(seen));
        self.look_at_the_clock();
        Back::Nest(sent.attempt.job, ends)
    }

    /// One job of a nest: told with all its phases, after those that it depends on.
    fn end_inner(&mut self, job: JobId, done: Option<JobDone>, home: &mut Home) -> Head {
        let mut attempt = Try::first(job);
        let kind = self.enter(&attempt).kind();
        let graph = self.live.plan.graph();
        let after = graph.after(job);
        let is_open = |on: &&JobId| home.ends.get(on).is_some_and(|status| !status.is_done());
        let because = after.iter().find(is_open).copied();
        let JobDone { status, phases, output, .. } =
            done.unwrap_or_else(|| self.lost_inner(job, kind, because, &home.why));
        let (cleanups, tries): (Vec<_>, Vec<_>) =
            phases.into_iter().partition(|done| done.phase == Phase::Cleanup);
        let begin = after.iter().filter_map(|on| home.ended_at.get(on)).copied().max().unwrap_or(home.origin);
        self.ledger.look_back(Stamp(begin));
        self.record_inner(&mut attempt, &tries, home);
        home.ended_at.insert(job, self.ledger.stamp().0);
        self.live.world.outputs.set(job, output.map(|output| output.0));
        if let Some(error) = tries.last().and_then(|last| last.error.as_ref()).filter(|_| !status.is_done()) {
            self.leftovers.errors.push((job, reported(error)));
        }
        self.ledger.tell_job_ended(job, status, because.filter(|_| status == Status::Blocked));
        if status == Status::Failed {
            self.live.bounds.iter().for_each(|bounds| bounds.count_failure());
        }
        self.record_inner(&mut attempt, &cleanups, home);
        attempt.head.ended(status)
    }

    /// What becomes of a job that its unit has told nothing of.
    fn lost_inner(&self, job: JobId, kind: Kind, because: Option<JobId>, why: &str) -> JobDone {
        let is_stopped = self.live.level() >= StopLevel::Cancel;
        let status = match (because, kind) {
            _ if is_stopped => Status::Cancelled,
            (Some(_), _) => Status::Blocked,
            (None, Kind::Group) => Status::Satisfied,
            (None, _) => Status::Failed,
        };
        let lost = Lost::finally(why);
        let phases = (status == Status::Failed).then(|| whole_try(kind, 1, Vec::new(), false, Some(&lost)));
        JobDone { job, status, phases: phases.unwrap_or_default(), output: None }
    }

    fn record_inner(&mut self, attempt: &mut Try, phases: &[PhaseDone], home: &mut Home) {
        for (at, done) in phases.iter().enumerate() {
            let Home { node, origin, lanes, .. } = home;
            let seen = match lanes.entry(done.worker) {
                Entry::Occupied(seen) => seen.into_mut(),
                Entry::Vacant(place) => {
                    let Some(lane) = self.placement().take_lane(node, *origin) else { return };
                    place.insert(Seen {
                        lane,
                        origin: *origin,
                        phases: Vec::new(),
                        open: None,
                        last: *origin,
                    })
                }
            };
            seen.phases.clear();
            seen.last = *origin; // jobs come in order, and not by time
            attempt.attempt = done.attempt;
            self.record_phases(attempt, seen, std::slice::from_ref(done));
            if let Some(next) = phases.get(at + 1).filter(|next| next.attempt > done.attempt) {
                let due = seen.at(next.start, self.ledger.now());
                self.ledger.tell_retry(attempt, due, 0, self.allowed_tries());
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
        let error = match done.lost {
            Some(lost) => Some(ErrorText::of_message(&lost.why)),
            None => done.jobs.into_iter().flat_map(|job| job.phases).next_back().and_then(|last| last.error),
        };
        let end = self.look_at_the_clock();
        let result = error.as_ref().map_or(Ok(()), |error| Err(reported(error)));
        self.ledger.ended_at(Step::CLEANUP, &mut attempt, start, end, error);
        (result, attempt.head)
    }
}

/// A nest that has come home.
struct Home {
    node: String,
    /// When it began, by the run's clock.
    origin: u64,
    /// What is said of jobs that it does not tell of.
    why: String,
    /// Its workers, as lanes of this run.
    lanes: BTreeMap<u16, Seen>,
    ends: HashMap<JobId, Status>,
    /// When each of them ended, by the run's clock.
    ended_at: HashMap<JobId, u64>,
}

impl Seen {
    /// These phases, or what was seen before, if that is more.
    fn at_least(&self, phases: Vec<PhaseDone>) -> Vec<PhaseDone> {
        if phases.len() >= self.phases.len() + usize::from(self.open.is_some()) {
            return phases;
        }
        let open = self.open.map(|(phase, start)| {
            let start = Duration::from_nanos(start.saturating_sub(self.origin));
            PhaseDone { attempt: 0, phase, worker: 0, start, length: Duration::ZERO, error: None } // the try is known
        });
        self.phases.iter().cloned().chain(open).collect()
    }

    /// A time of the unit as one of the run: not before what came before, and not in the future.
    fn at(&self, time: Duration, now: u64) -> u64 {
        self.origin.saturating_add(nanos(time)).max(self.last).min(now)
    }
}

/// What the errors of a try have said.
fn notes_of(phases: &[PhaseDone]) -> Notes {
    let mut notes = Notes::default();
    for error in phases.iter().filter_map(|done| done.error.as_ref()) {
        notes.is_last |= error.class() == ErrorClass::Permanent;
        notes.was_cut = error.class() == ErrorClass::Cancelled;
    }
    notes
}

fn reported(error: &ErrorText) -> BoxError {
    Reported::of(error)
}

/// A try that ended between two phases, although nothing has stopped it.
const CUT_SHORT: &str = "it ended before its try was over";

/// The machine of units that were lost before any had them.
const NOWHERE: &str = "nowhere";
