//! The driver of the test kit: virtual workers, and somebody else's choice of what happens next.
//!
//! It executes one phase at a time. What may happen next is what the schedule allows with real threads: a worker that is
//! inside a try goes on with it; a free one begins something that may begin, or a retry that is due if nothing may; time
//! passes.
//! A phase with interruption points may be left there, if that is asked for: it has a thread of its own then, which
//! moves only while this one waits.

mod choices;
mod coroutine;

pub(crate) use choices::{Choice, Choices, following_choices};

use std::thread;

use crate::cancel::StopLevel;
use crate::exec::attempt::{Leftovers, Open, Progress, Worker};
use crate::exec::drive::simulated::coroutine::{Coroutine, Threads};
use crate::exec::finished::Finished;
use crate::exec::live::Live;
use crate::exec::schedule::{Ended, Schedule};
use crate::exec::tries::{Try, TryEnd};
use crate::faults::{FaultInjector, Step};
use crate::graph::JobId;
use crate::job::Body;
use crate::report::Head;
use crate::words::{Kind, Phase, StopReason};

/// What a simulated run has come to.
pub(crate) enum Simulated<'env, A> {
    Ended(Finished<'env, A>),
    /// The process was killed; these jobs were done by then.
    Killed(Vec<JobId>),
}

/// Executes a run with as many workers as its options say, on a virtual clock.
pub(crate) fn simulate<'env, A: Send + Sync>(
    live: &Live<'env, A>,
    choices: &mut Choices,
) -> Simulated<'env, A> {
    let points = live.injector.as_ref().map(FaultInjector::points);
    if points.is_some_and(|points| !points.is_empty()) {
        thread::scope(|scope| Simulator::new(live, Some(Threads::new(scope))).run(choices))
    } else {
        Simulator::new(live, None).run(choices)
    }
}

struct Simulator<'s, 'o, 'r, 'env, A> {
    live: &'r Live<'env, A>,
    workers: Vec<VirtualWorker<'r, 'env, A>>,
    schedule: Schedule,
    heads: Vec<Head>,
    /// How much of the run is stopped, as far as the schedule knows.
    obeyed: StopLevel,
    stop_reason: Option<StopReason>,
    /// For lists of jobs that may begin.
    jobs: Vec<JobId>,
    /// Where phases may be left at their interruption points.
    threads: Option<Threads<'s, 'o>>,
}

/// A worker, and the try that it is inside of.
enum VirtualWorker<'r, 'env, A> {
    Free(Worker<'r, 'env, A>),
    /// Between two phases.
    Inside(Worker<'r, 'env, A>, Open<'r, 'env, A>),
    /// At an interruption point of a phase: the step that follows.
    Paused(Ahead<'r, 'env, A>, Step),
    /// It is moving just now.
    Away,
}

/// A phase that is executed on another thread, and who executes it.
type Ahead<'r, 'env, A> = Coroutine<(Worker<'r, 'env, A>, Progress<'r, 'env, A>)>;

impl<A> VirtualWorker<'_, '_, A> {
    fn is_free(&self) -> bool {
        matches!(self, VirtualWorker::Free(_))
    }

    fn leave(&mut self) -> Self {
        std::mem::replace(self, VirtualWorker::Away)
    }
}

/// Something that may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// The worker goes on with its try.
    GoOn(usize),
    /// A free worker begins with that job.
    Begin(JobId),
    /// A free worker begins another try of that job.
    Repeat(JobId),
    /// Time passes until the next retry is due.
    Wait,
}

impl<'s, 'o, 'r: 's, 'env: 's, A: Send + Sync> Simulator<'s, 'o, 'r, 'env, A> {
    fn new(live: &'r Live<'env, A>, threads: Option<Threads<'s, 'o>>) -> Self {
        let workers = live.options.threads.min(live.plan.len()).max(1);
        let worker = |id| VirtualWorker::Free(Worker::new(live, id as u16));
        Simulator {
            live,
            workers: (0..workers).map(worker).collect(),
            schedule: Schedule::new(live.graph(), live.claims(), live.options.dry_run),
            heads: vec![Head::NEW; live.plan.len()],
            obeyed: StopLevel::None,
            stop_reason: None,
            jobs: Vec::new(),
            threads,
        }
    }

    fn run(mut self, choices: &mut Choices) -> Simulated<'env, A> {
        let mut acts = Vec::new();
        loop {
            self.look_at_bounds();
            self.list_acts(&mut acts);
            let Some(act) = choices.choose(&acts, |act| self.step(*act)) else { break };
            self.perform(act);
            if let Some(injector) = self.live.injector.as_ref().filter(|injector| injector.is_killed()) {
                injector.bury();
                return Simulated::Killed(self.done());
            }
        }
        Simulated::Ended(self.into_finished())
    }

    /// Lets the run's time be over, and a free worker see whether the run is stopped.
    fn look_at_bounds(&mut self) {
        let Some(bounds) = &self.live.bounds else { return };
        bounds.expire_in_time();
        if let Some(at) = self.workers.iter().position(VirtualWorker::is_free)
            && let VirtualWorker::Free(mut worker) = self.workers[at].leave()
        {
            self.obey(&mut worker);
            self.workers[at] = VirtualWorker::Free(worker);
        }
    }

    /// A worker that is between two tries stops what has not begun, if the run is stopped.
    fn obey(&mut self, worker: &mut Worker<'r, 'env, A>) {
        let Some(bounds) = &self.live.bounds else { return };
        let level = bounds.level();
        if level <= self.obeyed || self.schedule.is_over() {
            return;
        }
        worker.see_stop();
        self.obeyed = level;
        self.stop_reason = self.stop_reason.or(bounds.stop().reason());
        let mut ended = Vec::new();
        self.schedule.stop(&mut ended);
        tell(&mut self.heads, worker, &ended);
    }

    /// All that may happen next. Nothing: the run is over.
    ///
    /// Free workers are alike, so the first of them is enough. A job without phases is ended as soon as one is free:
    /// it changes nothing for the others when it is. With a single worker the order is that of a real one.
    fn list_acts(&mut self, acts: &mut Vec<Act>) {
        acts.clear();
        let inside = (0..self.workers.len()).filter(|at| !self.workers[*at].is_free());
        acts.extend(inside.map(Act::GoOn));
        if acts.len() == self.workers.len() {
            return;
        }
        let alone = self.workers.len() == 1;
        let mut jobs = std::mem::take(&mut self.jobs);
        self.schedule.list_ready(&mut jobs);
        if let Some(job) = jobs.iter().copied().find(|job| !alone && self.first_phase(*job).is_none()) {
            acts.clear();
            acts.push(Act::Begin(job));
        } else if !jobs.is_empty() {
            acts.extend(jobs.iter().copied().take(if alone { 1 } else { usize::MAX }).map(Act::Begin));
        } else {
            self.list_retries(acts, &mut jobs, alone);
        }
        self.jobs = jobs;
    }

    fn list_retries(&self, acts: &mut Vec<Act>, jobs: &mut Vec<JobId>, alone: bool) {
        let now = self.live.world.clock.now();
        self.schedule.list_due(now, jobs);
        acts.extend(jobs.iter().copied().take(if alone { 1 } else { usize::MAX }).map(Act::Repeat));
        if jobs.is_empty() && self.schedule.first_due().is_some_and(|due| due > now) {
            acts.push(Act::Wait);
        }
    }

    /// The phase that an act executes; `None` if it executes none.
    fn step(&self, act: Act) -> Option<Step> {
        let begins = |attempt: Try| Some((attempt, self.first_phase(attempt.job)?));
        let (attempt, phase) = match act {
            Act::GoOn(at) => match &self.workers[at] {
                VirtualWorker::Inside(_, open) => (open.attempt, open.due),
                VirtualWorker::Paused(_, step) => return Some(*step),
                VirtualWorker::Free(_) | VirtualWorker::Away => return None,
            },
            Act::Begin(job) => begins(Try::first(job))?,
            Act::Repeat(job) => begins(self.schedule.retry_of(job)?)?,
            // what time passes for: so an order that goes on with it can be followed
            Act::Wait => begins(self.schedule.first_retry()?.1)?,
        };
        Some(Step { job: attempt.job, attempt: attempt.attempt, phase, part: 0 })
    }

    /// The first phase that is called for a job, if any is.
    fn first_phase(&self, job: JobId) -> Option<Phase> {
        match &self.live.plan.spec(job).body {
            Body::Group => None,
            Body::RunOnly(_) if self.live.options.dry_run.is_on() => None,
            Body::RunOnly(_) => Some(Phase::Run),
            Body::Struct(_) | Body::AsyncStruct(_) => Some(Phase::Create),
            Body::Both(_) | Body::CheckOnly(_) => Some(Phase::Check),
            Body::Async(body) if body.kind() != Kind::RunOnly => Some(Phase::Check),
            Body::Async(_) if self.live.options.dry_run.is_on() => None,
            Body::Async(_) => Some(Phase::Run),
        }
    }

    fn perform(&mut self, act: Act) {
        match act {
            Act::GoOn(at) => self.go_on(at),
            Act::Begin(job) => {
                let attempt = self.schedule.begin(job);
                self.begin(attempt);
            }
            Act::Repeat(job) => {
                let attempt = self.schedule.repeat(job);
                self.begin(attempt);
            }
            Act::Wait => {
                let clock = &self.live.world.clock;
                clock.advance(self.schedule.first_due().map_or(0, |due| due.saturating_sub(clock.now())));
            }
        }
    }

    /// The first free worker begins a try: up to the end of its first phase.
    fn begin(&mut self, attempt: Try) {
        let at = self.workers.iter().position(VirtualWorker::is_free).expect("a worker is free");
        let VirtualWorker::Free(mut worker) = self.workers[at].leave() else { unreachable!("it is free") };
        worker.look_at_the_clock();
        let was_called = self.live.plan.spec(attempt.job).is_struct();
        let progress = worker.begin(attempt);
        let is_over = matches!(progress, Progress::Over(..));
        self.settle(at, worker, progress);
        if !was_called && !is_over {
            self.go_on(at);
        }
    }

    /// A worker goes on: up to the end of its phase, or to an interruption point where that may be.
    fn go_on(&mut self, at: usize) {
        match self.workers[at].leave() {
            VirtualWorker::Inside(mut worker, open) if self.live.level() >= StopLevel::Cancel => {
                worker.look_at_the_clock();
                worker.see_stop();
                let (attempt, end) = worker.cut_short(open);
                self.settle(at, worker, Progress::Over(attempt, end));
            }
            VirtualWorker::Inside(mut worker, open) => {
                worker.look_at_the_clock();
                let step =
                    Step { job: open.attempt.job, attempt: open.attempt.attempt, phase: open.due, part: 0 };
                match self.threads.as_mut().filter(|_| may_pause(self.live, step)) {
                    None => {
                        let progress = worker.advance(open, None);
                        self.settle(at, worker, progress);
                    }
                    Some(threads) => {
                        let code = threads.prepare(at, move || {
                            let progress = worker.advance(open, None);
                            (worker, progress)
                        });
                        self.resume(at, code, step);
                    }
                }
            }
            VirtualWorker::Paused(code, step) => self.resume(at, code, step),
            other => self.workers[at] = other,
        }
    }

    fn resume(&mut self, at: usize, mut code: Ahead<'r, 'env, A>, mut step: Step) {
        match code.resume() {
            Some((worker, progress)) => self.settle(at, worker, progress),
            None => {
                step.part += 1;
                self.workers[at] = VirtualWorker::Paused(code, step);
            }
        }
    }

    /// Keeps a worker in its try, or frees it and books what it has done.
    fn settle(&mut self, at: usize, mut worker: Worker<'r, 'env, A>, progress: Progress<'r, 'env, A>) {
        if matches!(progress, Progress::Over(..)) {
            self.obey(&mut worker);
        }
        let mut ended = Vec::new();
        match progress {
            Progress::Open(open) => return self.workers[at] = VirtualWorker::Inside(worker, open),
            Progress::InFlight(_) => unreachable!("a simulation waits for futures where they are called"),
            Progress::Over(attempt, TryEnd::Ended(head)) => {
                self.heads[attempt.job.index()] = head;
                let status = head.status().expect("a job that has ended has a status");
                self.live.behind.note(self.live.graph(), attempt.job, status);
                self.schedule.end(attempt.job, status, &mut ended);
            }
            Progress::Over(attempt, TryEnd::Again { due }) => {
                self.heads[attempt.job.index()] = attempt.head;
                self.schedule.again(attempt.again(due), &mut ended);
            }
        }
        tell(&mut self.heads, &worker, &ended);
        self.workers[at] = VirtualWorker::Free(worker);
    }

    fn done(&self) -> Vec<JobId> {
        self.live.graph().ids().filter(|job| self.heads[job.index()].is_done()).collect()
    }

    fn into_finished(self) -> Finished<'env, A> {
        let (mut logs, mut leftovers) = (Vec::new(), Leftovers::default());
        for worker in self.workers {
            let VirtualWorker::Free(mut worker) = worker else { unreachable!("the run is over") };
            let (log, more) = worker.take_parts();
            logs.push(log);
            leftovers.append(more);
        }
        Finished { heads: self.heads, logs, nodes: Vec::new(), leftovers, stop_reason: self.stop_reason }
    }
}

/// Tells which jobs have ended without a try.
fn tell<A>(heads: &mut [Head], worker: &Worker<'_, '_, A>, ended: &[Ended]) {
    for Ended { job, status, because } in ended {
        heads[job.index()] = heads[job.index()].ended(*status);
        worker.tell_ended(*job, *status, *because);
    }
}

/// Whether a phase may be left at its interruption points.
fn may_pause<A>(live: &Live<'_, A>, step: Step) -> bool {
    live.injector.as_ref().is_some_and(|injector| injector.points().contains(&(step.job, step.phase)))
}
