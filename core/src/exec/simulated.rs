//! The driver of the test kit: several workers on one thread, and somebody else's choice of what happens next.
//!
//! It executes one phase at a time. What may happen next is what might with real threads: a worker that is inside a
//! try goes on with it; a free one takes something that is ready, or a retry that is due if nothing is; time passes.

mod choices;

pub(crate) use choices::{Choice, Choices, following_choices};

use crate::exec::attempt::{Held, Stage, Worker};
use crate::exec::books::{Books, Retry};
use crate::exec::turn::{TryEnd, Turn};
use crate::exec::{Finished, Kept, Live};
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
    inside: Option<(Turn, Stage<Held<'r, 'env, A>>)>,
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
        let (turn, stage) = match act {
            Act::GoOn(at) => self.seats[at].inside.as_ref().map(|(turn, stage)| (*turn, Some(stage)))?,
            Act::Begin(at) => (Turn::first(self.ready[at]), None),
            Act::Repeat(at) => (self.retries[at].turn, None),
            Act::Wait => return None,
        };
        let phase = match stage {
            None => self.first_phase(turn.job)?,
            Some(Stage::CheckDue(_)) => Phase::Check,
            Some(Stage::RunDue(_)) => Phase::Run,
            Some(Stage::RecheckDue(_) | Stage::Over(_)) => Phase::Recheck,
        };
        Some(Step { job: turn.job, attempt: turn.attempt, phase })
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
                self.begin(Turn::first(job));
            }
            Act::Repeat(at) => {
                let retry = self.retries.remove(at);
                self.begin(retry.turn);
            }
            Act::Wait => {
                let clock = &self.live.world.clock;
                let first = self.retries.iter().map(|retry| retry.due).min();
                clock.advance(first.map_or(0, |due| due.saturating_sub(clock.now())));
            }
        }
    }

    /// The first free worker begins a try: up to the end of its first phase.
    fn begin(&mut self, turn: Turn) {
        let at = self.seats.iter().position(|seat| seat.inside.is_none()).expect("a worker is free");
        let worker = &mut self.seats[at].worker;
        worker.look_at_the_clock();
        let spec = worker.begin(turn);
        let stage = worker.open(spec);
        let was_called = matches!(spec.body, Body::Struct(_)) || matches!(stage, Stage::Over(_));
        self.seats[at].inside = Some((turn, stage));
        if was_called { self.settle(at) } else { self.go_on(at) }
    }

    fn go_on(&mut self, at: usize) {
        let Seat { worker, inside } = &mut self.seats[at];
        if let Some((turn, stage)) = inside.take() {
            worker.look_at_the_clock();
            let stage = worker.advance(worker.spec(), stage);
            *inside = Some((turn, stage));
        }
        self.settle(at);
    }

    /// Frees a worker whose try is over.
    fn settle(&mut self, at: usize) {
        let Seat { worker, inside } = &mut self.seats[at];
        match inside.take() {
            Some((turn, Stage::Over(TryEnd::Ended(head)))) => self.end(at, turn.job, head),
            Some((_, Stage::Over(TryEnd::Again { due }))) => self.retries.push(worker.retry(due)),
            going_on => *inside = going_on,
        }
    }

    fn end(&mut self, at: usize, job: JobId, head: Head) {
        self.books.set_head(job, head);
        let graph = self.live.graph();
        if head.is_done() {
            let books = &mut self.books;
            self.ready
                .extend(graph.before(job).iter().copied().filter(|dependant| books.release(*dependant)));
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
        let (mut logs, mut kept) = (Vec::new(), Kept::default());
        for seat in self.seats {
            let (log, more) = seat.worker.into_parts();
            logs.push(log);
            kept.append(more);
        }
        Finished { heads: self.books.into_heads(), logs, kept }
    }
}
