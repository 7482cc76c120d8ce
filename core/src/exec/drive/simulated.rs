//! The driver of the test kit: several workers on one thread, and somebody else's choice of what happens next.
//!
//! It executes one phase at a time. What may happen next is what might with real threads: a worker that is inside a
//! try goes on with it; a free one takes something that is ready, or a retry that is due if nothing is; time passes.

mod choices;

pub(crate) use choices::{Choice, Choices, following_choices};

use crate::exec::attempt::{Leftovers, Open, Progress, Worker};
use crate::exec::books::Books;
use crate::exec::finished::Finished;
use crate::exec::live::Live;
use crate::exec::tries::{Retry, Try, TryEnd};
use crate::faults::Step;
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
    let mut stage = Theatre::new(live);
    let mut acts = Vec::new();
    loop {
        stage.list_acts(&mut acts);
        let Some(act) = choices.choose(&acts, |act| stage.step(*act)) else { break };
        stage.perform(act);
        if live.is_killed() {
            return Simulated::Killed(stage.done());
        }
    }
    Simulated::Ended(stage.into_finished())
}

struct Theatre<'r, 'env, A> {
    live: &'r Live<'env, A>,
    seats: Vec<Seat<'r, 'env, A>>,
    books: Books,
    ready: Vec<JobId>,
    retries: Vec<Retry>,
}

/// A worker, and the try that it is inside of.
struct Seat<'r, 'env, A> {
    worker: Worker<'r, 'env, A>,
    inside: Option<Open<'r, 'env, A>>,
}

/// Something that may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// The worker of that seat goes on.
    GoOn(usize),
    /// A free worker takes that one of the ready jobs.
    Begin(usize),
    /// A free worker takes that one of the retries.
    Repeat(usize),
    /// Time passes until the next retry is due.
    Wait,
}

impl<'r, 'env, A: Send + Sync> Theatre<'r, 'env, A> {
    fn new(live: &'r Live<'env, A>) -> Self {
        let workers = live.options.threads.min(live.plan.len()).max(1);
        let seat = |id| Seat { worker: Worker::new(live, id as u16), inside: None };
        let mut books = Books::of(live.graph());
        books.count_all(live.graph());
        let ready = live.graph().ids().filter(|job| books.is_ready(*job)).collect();
        Theatre { live, seats: (0..workers).map(seat).collect(), books, ready, retries: Vec::new() }
    }

    /// All that may happen next. Nothing: the run is over.
    ///
    /// Free workers are alike, so the first of them is enough. A job without phases is ended as soon as one is free:
    /// it changes nothing for the others when it is. With a single worker the order is that of the serial driver.
    fn list_acts(&self, acts: &mut Vec<Act>) {
        acts.clear();
        let inside = (0..self.seats.len()).filter(|at| self.seats[*at].inside.is_some());
        acts.extend(inside.map(Act::GoOn));
        let is_free = acts.len() < self.seats.len();
        let alone = self.seats.len() == 1;
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
        let (attempt, phase) = match act {
            Act::GoOn(at) => self.seats[at].inside.as_ref().map(|open| (open.attempt, open.due))?,
            Act::Begin(at) => (Try::first(self.ready[at]), self.first_phase(self.ready[at])?),
            Act::Repeat(at) => {
                let attempt = self.retries[at].attempt;
                (attempt, self.first_phase(attempt.job)?)
            }
            // what time passes for: so an order that goes on with it can be followed
            Act::Wait => {
                let attempt = self.retries.iter().min()?.attempt;
                (attempt, self.first_phase(attempt.job)?)
            }
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
        let at = self.seats.iter().position(|seat| seat.inside.is_none()).expect("a worker is free");
        let worker = &mut self.seats[at].worker;
        worker.look_at_the_clock();
        let was_called = matches!(self.live.plan.spec(attempt.job).body, Body::Struct(_));
        let progress = worker.begin(attempt);
        let is_over = matches!(progress, Progress::Over(..));
        self.settle(at, progress);
        if !was_called && !is_over {
            self.go_on(at);
        }
    }

    fn go_on(&mut self, at: usize) {
        let Seat { worker, inside } = &mut self.seats[at];
        if let Some(open) = inside.take() {
            worker.look_at_the_clock();
            let progress = worker.advance(open);
            self.settle(at, progress);
        }
    }

    /// Keeps a worker in its try, or frees it.
    fn settle(&mut self, at: usize, progress: Progress<'r, 'env, A>) {
        match progress {
            Progress::Open(open) => self.seats[at].inside = Some(open),
            Progress::Over(attempt, TryEnd::Ended(head)) => self.end(at, attempt.job, head),
            Progress::Over(attempt, TryEnd::Again { due }) => self.retries.push(attempt.again(due)),
        }
    }

    fn end(&mut self, at: usize, job: JobId, head: Head) {
        self.books.set_head(job, head);
        let graph = self.live.graph();
        if head.is_done() {
            let (books, ready) = (&mut self.books, &mut self.ready);
            graph.release(job, |node| books.release(node), |job| ready.push(job));
        } else {
            let blocked = self.books.block(graph, job);
            self.seats[at].worker.tell_blocked(&blocked);
        }
    }

    fn done(mut self) -> Vec<JobId> {
        let jobs = self.live.graph().ids();
        jobs.filter(|job| self.books.head(*job).is_done()).collect()
    }

    fn into_finished(self) -> Finished<'env, A> {
        let (mut logs, mut leftovers) = (Vec::new(), Leftovers::default());
        for seat in self.seats {
            let (log, more) = seat.worker.into_parts();
            logs.push(log);
            leftovers.append(more);
        }
        Finished { heads: self.books.into_heads(self.live.graph()), logs, leftovers }
    }
}
