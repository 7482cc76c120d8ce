//! The driver of the test kit: virtual workers, and somebody else's choice of what happens next.
//!
//! It executes one phase at a time. What may happen next is what might with real threads: a worker that is inside a
//! try goes on with it; a free one takes something that is ready, or a retry that is due if nothing is; time passes.
//! A phase with interruption points may be left there, if that is asked for: it has a thread of its own then, which
//! moves only while this one waits.

mod choices;
mod coroutine;

pub(crate) use choices::{Choice, Choices, following_choices};

use std::thread;

use crate::exec::attempt::{Leftovers, Open, Progress, Worker};
use crate::exec::books::Books;
use crate::exec::drive::simulated::coroutine::{Coroutine, Threads};
use crate::exec::finished::Finished;
use crate::exec::live::Live;
use crate::exec::tries::{Retry, Try, TryEnd};
use crate::faults::{FaultInjector, Step};
use crate::graph::JobId;
use crate::job::Body;
use crate::report::Head;
use crate::words::{Kind, Phase};

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
    books: Books,
    ready: Vec<JobId>,
    retries: Vec<Retry>,
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
    /// A free worker takes that one of the ready jobs.
    Begin(usize),
    /// A free worker takes that one of the retries.
    Repeat(usize),
    /// Time passes until the next retry is due.
    Wait,
}

impl<'s, 'o, 'r: 's, 'env: 's, A: Send + Sync> Simulator<'s, 'o, 'r, 'env, A> {
    fn new(live: &'r Live<'env, A>, threads: Option<Threads<'s, 'o>>) -> Self {
        let workers = live.options.threads.min(live.plan.len()).max(1);
        let worker = |id| VirtualWorker::Free(Worker::new(live, id as u16));
        let mut books = Books::of(live.graph());
        books.count_all(live.graph());
        let ready = live.graph().ids().filter(|job| books.is_ready(*job)).collect();
        let workers = (0..workers).map(worker).collect();
        Simulator { live, workers, books, ready, retries: Vec::new(), threads }
    }

    fn run(mut self, choices: &mut Choices) -> Simulated<'env, A> {
        let mut acts = Vec::new();
        loop {
            self.list_acts(&mut acts);
            let Some(act) = choices.choose(&acts, |act| self.step(*act)) else { break };
            self.perform(act);
            if self.live.is_killed() {
                return Simulated::Killed(self.done());
            }
        }
        Simulated::Ended(self.into_finished())
    }

    /// All that may happen next. Nothing: the run is over.
    ///
    /// Free workers are alike, so the first of them is enough. A job without phases is ended as soon as one is free:
    /// it changes nothing for the others when it is. With a single worker the order is that of the serial driver.
    fn list_acts(&self, acts: &mut Vec<Act>) {
        acts.clear();
        let inside = (0..self.workers.len()).filter(|at| !self.workers[*at].is_free());
        acts.extend(inside.map(Act::GoOn));
        let is_free = acts.len() < self.workers.len();
        let alone = self.workers.len() == 1;
        if is_free
            && let Some(at) = self.ready.iter().position(|job| self.has_no_phases(*job))
            && !alone
        {
            acts.clear();
            acts.push(Act::Begin(at));
        } else if is_free && !self.ready.is_empty() {
            acts.extend((0..self.ready.len()).take(if alone { 1 } else { usize::MAX }).map(Act::Begin));
        } else if is_free {
            self.list_retries(acts, alone);
        }
    }

    fn list_retries(&self, acts: &mut Vec<Act>, alone: bool) {
        let Some(first) = self.retries.iter().min() else { return };
        let now = self.live.world.clock.now();
        if first.due > now {
            return acts.push(Act::Wait);
        }
        let due = self.retries.iter().enumerate().filter(|(_, retry)| retry.due <= now);
        acts.extend(due.filter(|(_, retry)| !alone || *retry == first).map(|(at, _)| Act::Repeat(at)));
    }

    fn has_no_phases(&self, job: JobId) -> bool {
        match self.live.plan.spec(job).kind() {
            Kind::Group => true,
            Kind::RunOnly => self.live.options.dry_run.is_on(),
            Kind::Job | Kind::CheckOnly => false,
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
            Act::Begin(at) => begins(Try::first(self.ready[at]))?,
            Act::Repeat(at) => begins(self.retries[at].attempt)?,
            // what time passes for: so an order that goes on with it can be followed
            Act::Wait => begins(self.retries.iter().min()?.attempt)?,
        };
        Some(Step { job: attempt.job, attempt: attempt.attempt, phase, part: 0 })
    }

    fn first_phase(&self, job: JobId) -> Option<Phase> {
        match self.live.plan.spec(job).body {
            _ if self.has_no_phases(job) => None,
            Body::RunOnly(_) => Some(Phase::Run),
            Body::Struct(_) => Some(Phase::Create),
            _ => Some(Phase::Check),
        }
    }

    fn perform(&mut self, act: Act) {
        match act {
            Act::GoOn(at) => self.go_on(at),
            Act::Begin(at) => {
                let job = self.ready.remove(at);
                self.begin(Try::first(job));
            }
            Act::Repeat(at) => {
                let retry = self.retries.remove(at);
                self.begin(retry.attempt);
            }
            Act::Wait => {
                let clock = &self.live.world.clock;
                let first = self.retries.iter().map(|retry| retry.due).min();
                clock.advance(first.map_or(0, |due| due.saturating_sub(clock.now())));
            }
        }
    }

    /// The first free worker begins a try: up to the end of its first phase.
    fn begin(&mut self, attempt: Try) {
        let at = self.workers.iter().position(VirtualWorker::is_free).expect("a worker is free");
        let VirtualWorker::Free(mut worker) = self.workers[at].leave() else { unreachable!("it is free") };
        worker.look_at_the_clock();
        let was_called = matches!(self.live.plan.spec(attempt.job).body, Body::Struct(_));
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
            VirtualWorker::Inside(mut worker, open) => {
                worker.look_at_the_clock();
                let step =
                    Step { job: open.attempt.job, attempt: open.attempt.attempt, phase: open.due, part: 0 };
                match self.threads.as_mut().filter(|_| may_pause(self.live, step)) {
                    None => {
                        let progress = worker.advance(open);
                        self.settle(at, worker, progress);
                    }
                    Some(threads) => {
                        let code = threads.prepare(at, move || {
                            let progress = worker.advance(open);
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

    /// Keeps a worker in its try, or frees it.
    fn settle(&mut self, at: usize, worker: Worker<'r, 'env, A>, progress: Progress<'r, 'env, A>) {
        match progress {
            Progress::Open(open) => self.workers[at] = VirtualWorker::Inside(worker, open),
            Progress::Over(attempt, TryEnd::Ended(head)) => {
                self.end(&worker, attempt.job, head);
                self.workers[at] = VirtualWorker::Free(worker);
            }
            Progress::Over(attempt, TryEnd::Again { due }) => {
                self.retries.push(attempt.again(due));
                self.workers[at] = VirtualWorker::Free(worker);
            }
        }
    }

    fn end(&mut self, worker: &Worker<'r, 'env, A>, job: JobId, head: Head) {
        self.books.set_head(job, head);
        let graph = self.live.graph();
        if head.is_done() {
            let (books, ready) = (&mut self.books, &mut self.ready);
            graph.release(job, |node| books.release(node), |job| ready.push(job));
        } else {
            let blocked = self.books.block(graph, job);
            worker.tell_blocked(&blocked);
        }
    }

    fn done(mut self) -> Vec<JobId> {
        let jobs = self.live.graph().ids();
        jobs.filter(|job| self.books.head(*job).is_done()).collect()
    }

    fn into_finished(self) -> Finished<'env, A> {
        let (mut logs, mut leftovers) = (Vec::new(), Leftovers::default());
        for worker in self.workers {
            let VirtualWorker::Free(worker) = worker else { unreachable!("the run is over") };
            let (log, more) = worker.into_parts();
            logs.push(log);
            leftovers.append(more);
        }
        Finished { heads: self.books.into_heads(self.live.graph()), logs, leftovers }
    }
}

/// Whether a phase may be left at its interruption points.
fn may_pause<A>(live: &Live<'_, A>, step: Step) -> bool {
    live.injector.as_ref().is_some_and(|injector| injector.points().contains(&(step.job, step.phase)))
}
