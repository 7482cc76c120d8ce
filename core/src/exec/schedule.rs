//! Which try may begin next: the states of all jobs, and the only function that changes them.
//!
//! A schedule knows no thread, no clock, no closure and no report. Times come in as nanoseconds since the run began;
//! what follows from a change goes out as a list of jobs that have ended with it.
//!
//! 1. Only [`advance`](Schedule::advance) changes a job's state, and only as [`State::may_become`] says.
//! 2. `left` of a job is the number of its dependencies that are not done; in a dry run that goes through, those that
//!    would run count as done.
//! 3. A job stands in the queues exactly while it is `Held` or `Ready`, among the retries while it is `Between`, among
//!    the woken while it is `Woken`.
//! 4. The slots that are taken are those of the jobs that are `Running`, `Rung`, `Pending` or `Woken`.
//! 5. A job has ended as soon as it can be known how: what depends on a job that ended without being done has ended.
//! 6. A job of a nest that is executed as a whole stands in no queue: its first job that has not ended does so for all,
//!    when all has ended that they wait for outside.
//! 7. In a stopped run no job is `Held`, `Ready` or `Between`.

mod state;
mod queue;
mod units;
mod claims;
mod slots;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub(super) use claims::{Claims, PoolId, Use};
pub(super) use queue::Wish;
pub(super) use state::State;
pub(super) use units::Units;

use crate::exec::schedule::queue::{Queue, Rank, Ranked};
use crate::exec::schedule::slots::{Due, Slots};
use crate::exec::tries::{Retry, Try};
use crate::graph::{JobGraph, JobId};
use crate::words::{DryRun, Kind, Status};

/// Where all jobs of a run stand.
#[derive(Debug)]
pub(super) struct Schedule {
    graph: Arc<JobGraph>,
    claims: Claims,
    states: Vec<State>,
    left: Vec<u32>,
    /// Ready jobs that use no pool.
    ready: Queue,
    slots: Slots,
    units: Units,
    arrivals: u64,
    /// For the jobs that one end makes ready: empty, but for its memory.
    released: Vec<JobId>,
    /// Failed tries that will be repeated, by due time and then by declaration, but for those that are parked.
    retries: BTreeMap<(u64, JobId), Try>,
    /// The tries of parked retries.
    parked: BTreeMap<JobId, Try>,
    woken: VecDeque<JobId>,
    /// Whether woken tries come before ready jobs the next time: they take turns.
    woken_first: bool,
    /// How many jobs have not ended.
    open: usize,
    is_stopped: bool,
    /// Which jobs others may go on behind.
    dry_run: DryRun,
}

/// A job that ended without a try of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) job: JobId,
    pub(super) status: Status,
    /// Only of a blocked job: the dependency that ended first without being done.
    pub(super) because: Option<JobId>,
}

/// Something for a worker to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A try begins.
    Begin(Try),
    /// The try of that job was pending, and goes on.
    Resume(JobId),
}

impl Schedule {
    pub(super) fn new(graph: &Arc<JobGraph>, mut claims: Claims, dry_run: DryRun) -> Self {
        let mut schedule = Schedule {
            states: vec![State::Waiting; graph.nodes()],
            left: graph.dependencies().collect(),
            ready: Queue::new(claims.has_wishes()),
            slots: Slots::new(&claims),
            units: std::mem::take(&mut claims.units),
            claims,
            open: graph.len(),
            dry_run,
            ..Schedule::of_nothing(graph)
        };
        schedule.pass_known();
        for job in graph.ids().filter(|job| graph.after_nodes(*job).is_empty()) {
            schedule.make_ready(job);
        }
        schedule.enqueue_units();
        schedule
    }

    /// In the place of another one until that is needed: nothing is in it, so it is over.
    pub(super) fn of_nothing(graph: &Arc<JobGraph>) -> Self {
        let claims = Claims::default();
        Schedule {
            graph: Arc::clone(graph),
            states: Vec::new(),
            left: Vec::new(),
            ready: Queue::new(false),
            slots: Slots::new(&claims),
            units: Units::default(),
            claims,
            arrivals: 0,
            released: Vec::new(),
            retries: BTreeMap::new(),
            parked: BTreeMap::new(),
            woken: VecDeque::new(),
            woken_first: false,
            open: 0,
            is_stopped: false,
            dry_run: DryRun::Off,
        }
    }

    /// The first job that may begin has begun already, and has ended like that if it has ended.
    ///
    /// # Panics
    ///
    /// If another one is the first.
    pub(super) fn catch_up(&mut self, job: JobId, ended: Option<Status>) {
        let next = self.next(|| 0);
        assert_eq!(next, Some(Next::Begin(Try::first(job))), "one worker follows the order of the plan");
        if let Some(status) = ended {
            self.end(job, status, &mut Vec::new());
        }
    }

    /// Ends the jobs that were done before the run began, and makes ready what waited for them alone.
    fn pass_known(&mut self) {
        let known = std::mem::take(&mut self.claims.known);
        known.iter().for_each(|job| self.advance(*job, State::Ended(Status::Satisfied)));
        let mut told = Vec::new();
        known.iter().for_each(|job| self.release(*job, &mut told));
    }

    /// A job waits for nothing more.
    fn make_ready(&mut self, job: JobId) {
        if self.states[job.index()] == State::Waiting && !self.units.hold(job) {
            self.enqueue(job);
        }
    }

    /// Makes those nests ready that are executed as a whole and wait for nothing more: by their first job that has not
    /// ended. It stands for all of them.
    fn enqueue_units(&mut self) {
        while let Some(jobs) = self.units.pop_free() {
            let first = jobs.map(JobId).find(|job| self.states[job.index()] == State::Waiting);
            if let Some(first) = first.filter(|_| !self.is_stopped) {
                self.units.begin(first);
                self.enqueue(first);
            }
        }
    }

    /// The only way a job changes state.
    fn advance(&mut self, job: JobId, to: State) {
        let state = &mut self.states[job.index()];
        debug_assert!(state.may_become(to), "{job:?}: {state:?} cannot become {to:?}");
        if let State::Ended(_) = to {
            self.open -= 1;
            self.units.ended(job);
        }
        *state = to;
    }

    pub(super) fn state(&self, job: JobId) -> State {
        self.states[job.index()]
    }

    /// Whether all jobs have ended.
    pub(super) fn is_over(&self) -> bool {
        self.open == 0
    }

    /// How many jobs have not ended.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// Whether something could be done at once by one more worker.
    pub(super) fn has_more(&self) -> bool {
        self.ready.first().is_some() || self.slots.first().is_some() || !self.woken.is_empty()
    }

    /// For how many more workers there is something to do now or later; those of jobs that use pools count as one.
    pub(super) fn surplus(&self) -> usize {
        let others = [self.slots.first().is_some(), self.first_due().is_some()];
        self.ready.len() + self.woken.len() + others.into_iter().filter(|is_there| *is_there).count()
    }

    /// When the next retry may begin.
    pub(super) fn first_due(&self) -> Option<u64> {
        self.retries.keys().next().map(|(due, _)| *due)
    }

    /// What is to be done next, if anything can be done now. It is begun: the worker that asks has to do it.
    pub(super) fn next(&mut self, now: impl FnOnce() -> u64) -> Option<Next> {
        let first = if self.woken_first { self.resume() } else { self.begin_ready() };
        let next = first.or_else(|| if self.woken_first { self.begin_ready() } else { self.resume() });
        if let Some(next) = next {
            self.woken_first = matches!(next, Next::Begin(_));
            return Some(next);
        }
        if self.retries.is_empty() {
            return None;
        }
        self.begin_retry(now()).map(Next::Begin)
    }

    fn begin_ready(&mut self) -> Option<Next> {
        let first = self.ready.first().into_iter().chain(self.slots.first()).min()?;
        self.begin_ranked(first);
        Some(Next::Begin(Try::first(first.1)))
    }

    fn begin_ranked(&mut self, job: Ranked) {
        match self.state(job.1) {
            State::Ready => self.ready.remove(job),
            _ => self.slots.begin(&self.claims, job),
        }
        self.advance(job.1, State::Running);
    }

    fn resume(&mut self) -> Option<Next> {
        let job = self.woken.pop_front()?;
        self.advance(job, State::Running);
        Some(Next::Resume(job))
    }

    fn begin_retry(&mut self, now: u64) -> Option<Try> {
        while let Some((&(due, job), _)) = self.retries.first_key_value()
            && due <= now
        {
            let attempt = self.retries.remove(&(due, job)).expect("it is the first");
            match self.slots.take(&self.claims, job) {
                Ok(()) => {
                    self.advance(job, State::Running);
                    return Some(attempt);
                }
                Err(pool) => {
                    self.slots.park(pool, (due, job));
                    self.parked.insert(job, attempt);
                    // it was to begin, and does not: others may have stayed behind it
                    let unparked = self.slots.unpark(&self.claims, job);
                    self.unpark(unparked);
                }
            }
        }
        None
    }

    /// A try has failed, and another one follows. In a stopped run it does not: the job is cancelled.
    pub(super) fn again(&mut self, retry: Retry, told: &mut Vec<Ended>) {
        let job = retry.attempt.job;
        self.give_back(job);
        self.advance(job, State::Between);
        if self.is_stopped {
            return self.cancel(job, told);
        }
        self.retries.insert((retry.due, job), retry.attempt);
    }

    /// A job has ended with its try. What ends with it is told.
    pub(super) fn end(&mut self, job: JobId, status: Status, told: &mut Vec<Ended>) {
        self.give_back(job);
        self.advance(job, State::Ended(status));
        self.follow(job, status, told);
    }

    /// The jobs of a nest have ended that was executed as a whole: `first` stands for it. What ends with them is told.
    pub(super) fn end_unit(&mut self, first: JobId, ends: &[(JobId, Status)], told: &mut Vec<Ended>) {
        self.give_back(first);
        for (job, status) in ends {
            self.advance(*job, State::Ended(*status));
        }
        for (job, status) in ends {
            self.follow(*job, *status, told);
        }
    }

    /// The jobs that `first` stands for, with itself: those of its nest that have not ended.
    pub(super) fn open_jobs(&self, jobs: std::ops::Range<u32>) -> Vec<JobId> {
        jobs.map(JobId).filter(|job| !matches!(self.states[job.index()], State::Ended(_))).collect()
    }

    /// The try of a job waits for its waker. `false`: that was called meanwhile, and the try is to go on.
    pub(super) fn suspend(&mut self, job: JobId) -> bool {
        if self.state(job) == State::Rung {
            self.advance(job, State::Woken);
            self.woken.push_back(job);
            return false;
        }
        self.advance(job, State::Pending);
        true
    }

    /// The waker of a job's try was called. Says whether there is something to do that was not there before.
    pub(super) fn wake(&mut self, job: JobId) -> bool {
        match self.state(job) {
            State::Pending => {
                self.advance(job, State::Woken);
                self.woken.push_back(job);
                true
            }
            State::Running => {
                self.advance(job, State::Rung);
                false
            }
            _ => false,
        }
    }

    /// All tries go on that are pending, or are about to be, to see that the run is stopped.
    pub(super) fn wake_all(&mut self) {
        for job in Arc::clone(&self.graph).ids() {
            self.wake(job);
        }
    }

    /// No other try begins. What has not begun is cancelled, or ends as soon as it can be known how.
    pub(super) fn stop(&mut self, told: &mut Vec<Ended>) {
        if std::mem::replace(&mut self.is_stopped, true) {
            return;
        }
        self.ready.clear();
        self.slots.close();
        self.retries.clear();
        self.parked.clear();
        for job in Arc::clone(&self.graph).ids() {
            match self.state(job) {
                State::Held | State::Ready | State::Between => self.cancel(job, told),
                State::Waiting if self.left[job.index()] == 0 && self.units.hold_back(job) => {
                    self.cancel(job, told)
                }
                _ => {}
            }
        }
    }

    /// Ends a job whose try has not begun, in a stopped run. A group needs no try.
    fn cancel(&mut self, job: JobId, told: &mut Vec<Ended>) {
        let ended = self.ends_at_stop(job);
        told.push(ended);
        self.follow(job, ended.status, told);
    }

    fn ends_at_stop(&mut self, job: JobId) -> Ended {
        let is_group = self.graph.kind(job) == Kind::Group;
        let status = if is_group { Status::Satisfied } else { Status::Cancelled };
        self.advance(job, State::Ended(status));
        Ended { job, status, because: None }
    }

    /// What the end of a job means for those that depend on it, and so on: each ends once, after what it ends by.
    fn follow(&mut self, mut job: JobId, mut status: Status, told: &mut Vec<Ended>) {
        let mut walked = told.len();
        loop {
            if self.dry_run.goes_on_behind(status) {
                self.release(job, told);
            } else {
                self.spread(&Arc::clone(&self.graph), job, status, told);
            }
            let Some(next) = told.get(walked) else { break };
            (job, status) = (next.job, next.status);
            walked += 1;
        }
        self.enqueue_units();
    }

    /// What waited for this job alone may begin.
    fn release(&mut self, done: JobId, told: &mut Vec<Ended>) {
        let (left, mut ready) = (&mut self.left, std::mem::take(&mut self.released));
        let release = |node: JobId| {
            left[node.index()] -= 1;
            left[node.index()] == 0
        };
        self.graph.release(done, release, |job| ready.push(job));
        for job in ready.drain(..) {
            if self.states[job.index()] != State::Waiting || self.units.are_away(job) {
                continue; // it has ended before the run, or ends with its nest
            }
            if self.is_stopped {
                let ended = self.ends_at_stop(job);
                told.push(ended);
            } else {
                self.make_ready(job);
            }
        }
        self.released = ready;
    }

    /// What depends on a job that has ended without being done has ended, too; also by way of a nest's start.
    fn spread(&mut self, graph: &JobGraph, on: JobId, status: Status, told: &mut Vec<Ended>) {
        let (status, because) = match status {
            Status::Cancelled => (Status::Cancelled, None),
            _ => (Status::Blocked, Some(on)),
        };
        let mut nodes = vec![on];
        while let Some(node) = nodes.pop() {
            for dependant in graph.before_nodes(node).iter().copied() {
                if self.states[dependant.index()] != State::Waiting {
                    continue;
                }
                if graph.is_start(dependant) {
                    self.states[dependant.index()] = State::Ended(status); // no job: nothing is counted or told
                    nodes.push(dependant);
                } else {
                    self.advance(dependant, State::Ended(status));
                    told.push(Ended { job: dependant, status, because });
                }
            }
        }
    }

    fn enqueue(&mut self, job: JobId) {
        let rank = Rank { wish: self.claims.wish(job), arrival: self.arrivals };
        self.arrivals += 1;
        if self.claims.of(job).is_empty() {
            self.advance(job, State::Ready);
            self.ready.push((rank, job));
        } else {
            self.advance(job, State::Held);
            self.slots.enter(&self.claims, (rank, job));
        }
    }

    fn give_back(&mut self, job: JobId) {
        let unparked = self.slots.give_back(&self.claims, job);
        self.unpark(unparked);
    }

    fn unpark(&mut self, retries: Vec<Due>) {
        for (due, job) in retries {
            if let Some(attempt) = self.parked.remove(&job) {
                self.retries.insert((due, job), attempt);
            }
        }
    }
}

/// For a simulation, which makes its own choice among all that may happen.
#[cfg(feature = "testkit")]
impl Schedule {
    /// The first tries that may begin now and do not differ in what they wish, in the order of their ranks.
    pub(super) fn list_ready(&self, jobs: &mut Vec<JobId>) {
        jobs.clear();
        let Some((first, _)) = self.ready.first().into_iter().chain(self.slots.first()).min() else { return };
        let mut all: Vec<Ranked> = self.ready.equals().chain(self.slots.open()).collect();
        all.retain(|(rank, _)| rank.wish == first.wish);
        if self.slots.first().is_some() {
            all.sort_unstable();
        }
        jobs.extend(all.into_iter().map(|(_, job)| job));
    }

    /// Begins the first try of one of them.
    pub(super) fn begin(&mut self, job: JobId) -> Try {
        let ranked = self.ready.equals().chain(self.slots.open()).find(|(_, other)| *other == job);
        self.begin_ranked(ranked.expect("the job may begin"));
        Try::first(job)
    }

    /// All retries that are due and whose slots are free, in their order.
    pub(super) fn list_due(&self, now: u64, jobs: &mut Vec<JobId>) {
        jobs.clear();
        let due = self.retries.keys().take_while(|(due, _)| *due <= now);
        jobs.extend(due.map(|(_, job)| *job).filter(|job| self.slots.has_free(&self.claims, *job)));
    }

    /// Begins one of them.
    pub(super) fn repeat(&mut self, job: JobId) -> Try {
        let key = *self.retries.keys().find(|(_, other)| *other == job).expect("the job has a retry");
        let attempt = self.retries.remove(&key).expect("it was there just now");
        self.slots.take(&self.claims, job).expect("its slots are free");
        self.advance(job, State::Running);
        attempt
    }

    /// The try of a job that is between two of them.
    pub(super) fn retry_of(&self, job: JobId) -> Option<Try> {
        self.retries.iter().find(|((_, other), _)| *other == job).map(|(_, attempt)| *attempt)
    }

    /// The next retry, due or not.
    pub(super) fn first_retry(&self) -> Option<(u64, Try)> {
        self.retries.first_key_value().map(|((due, _), attempt)| (*due, *attempt))
    }
}

#[cfg(test)]
mod tests;
