//! One try of one job: check, run, recheck.

use std::sync::Arc;
use std::task::{self, Poll, Waker};

use crate::cancel::StopLevel;
use crate::clock::{Stamp, nanos};
use crate::context::{Context, Place};
use crate::error::{BoxError, ErrorText, Result, shown};
use crate::exec::attempt::async_call::AsyncCall;
use crate::exec::attempt::failure::{Notes, is_plain_false, went};
use crate::exec::attempt::flight::Flight;
use crate::exec::attempt::instance::{Held, Instance};
use crate::exec::attempt::ledger::{Ledger, Step};
use crate::exec::attempt::leftovers::{DueCleanup, Leftovers};
use crate::exec::books::Blocked;
use crate::exec::bounds::Bounds;
use crate::exec::live::Live;
use crate::exec::stages::{self, Stage, Went};
use crate::exec::tries::{Try, TryEnd};
use crate::graph::JobId;
use crate::job::{Body, Called, Constructor, JobSpec, Own};
use crate::log::trace;
use crate::plan::Specs;
use crate::report::{Head, Log};
use crate::store::Store;
use crate::unwind;
use crate::verdict::Value;
use crate::words::{Kind, Phase, Status};

/// Executes tries, one after the other. All of them use one context, which is set anew for each.
pub(in crate::exec) struct Worker<'r, 'env, A> {
    pub(super) live: &'r Live<'env, A>,
    specs: Specs<'r, 'env, A>,
    pub(super) dry_run: bool,
    /// Whether somebody listens, to events or to spans.
    is_heard: bool,
    default_tries: u32,
    cx: Context<A>,
    /// What the errors of the try that is being executed have said.
    pub(super) notes: Notes,
    pub(super) ledger: Ledger<'r>,
    pub(super) leftovers: Leftovers<'env, A>,
}

/// A try between two of its phases.
pub(in crate::exec) struct Open<'r, 'env, A> {
    pub(in crate::exec) attempt: Try,
    pub(in crate::exec) due: Phase,
    held: Held<'r, 'env, A>,
    /// Before the first phase: when the try began, from which its limit counts.
    since: Option<u64>,
    /// What the last phase that failed did so with.
    error: Option<BoxError>,
    notes: Notes,
    /// The local store of a try with async phases.
    local: Option<Arc<Store>>,
}

/// What a phase leads to.
enum After {
    /// Another phase of the same try, whatever this one failed with.
    Due(Option<BoxError>),
    Over(TryEnd),
}

/// How far a try has come.
pub(in crate::exec) enum Progress<'r, 'env, A> {
    Open(Open<'r, 'env, A>),
    /// Its phase is a future, which is to be polled.
    InFlight(Box<Flight<'r, 'env, A>>),
    Over(Try, TryEnd),
}

impl<'r, 'env, A> Worker<'r, 'env, A> {
    pub(in crate::exec) fn new(live: &'r Live<'env, A>, id: u16) -> Self {
        let nowhere = Place { job: JobId(0), phase: Phase::Check, attempt: 0, max_tries: 0 };
        Worker {
            live,
            specs: live.plan.specs(),
            dry_run: live.options.dry_run.is_on(),
            is_heard: live.watch.is_active() || live.spans.are_listened_to(),
            default_tries: if live.options.dry_run.is_on() { 1 } else { live.options.default_tries },
            cx: Context::new(Arc::clone(&live.world), nowhere, Store::default()),
            notes: Notes::default(),
            ledger: Ledger::new(live.graph(), &live.watch, &live.world.clock, id),
            leftovers: Leftovers::default(),
        }
    }

    /// Makes place for the records of that many jobs.
    pub(in crate::exec) fn expect(&mut self, jobs: usize) {
        self.ledger.reserve(jobs);
    }

    pub(in crate::exec) fn into_parts(self) -> (Log, Leftovers<'env, A>) {
        (self.ledger.into_log(), self.leftovers)
    }

    /// When the last phase ended.
    pub(in crate::exec) fn stamp(&self) -> Stamp {
        self.ledger.stamp()
    }

    /// After a time of doing nothing, which belongs to no phase.
    pub(in crate::exec) fn look_at_the_clock(&mut self) -> Stamp {
        self.ledger.look_at_the_clock()
    }

    /// The next phase begins no earlier.
    pub(in crate::exec) fn not_before(&mut self, stamp: Stamp) {
        self.ledger.not_before(stamp);
    }

    /// How much of the run is stopped. It is told before anything follows from it.
    pub(in crate::exec) fn see_stop(&mut self) -> StopLevel {
        let Some(bounds) = &self.live.bounds else { return StopLevel::None };
        let ledger = &mut self.ledger;
        bounds.see(|level, reason| {
            ledger.look_at_the_clock();
            ledger.tell_stop(level, reason);
        })
    }

    /// Tells the end of a job that has ended without a try.
    pub(in crate::exec) fn tell_ended(&self, job: JobId, status: Status, because: Option<JobId>) {
        self.live.spans.job_ended(job, status);
        self.ledger.tell_job_ended(job, status, because);
    }

    pub(in crate::exec) fn tell_blocked(&self, blocked: &[Blocked]) {
        self.ledger.tell_blocked(blocked);
    }

    /// Executes one whole try.
    #[inline(always)] // for a first try, a driver then passes nothing but the job
    pub(in crate::exec) fn attempt(&mut self, attempt: &mut Try) -> TryEnd {
        let spec = self.enter(attempt);
        match &spec.body {
            Body::Both(closures) if !self.is_heard => {
                let mut closures = &**closures;
                match self.phase(Step::CHECK, Kind::Job, attempt, spec, &mut closures) {
                    After::Over(end) => end, // the common case, straight ahead
                    After::Due(error) => {
                        forget(error);
                        aside(attempt, |attempt| self.repair(attempt, spec, closures))
                    }
                }
            }
            _ => aside(attempt, |attempt| self.execute_other(attempt, spec)),
        }
    }

    /// The rest of the try of a job whose check has failed.
    #[inline(never)]
    fn repair<I: Instance<'env, A>>(
        &mut self,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        mut instance: I,
    ) -> TryEnd {
        if let After::Due(error) = self.phase(Step::RUN, Kind::Job, attempt, spec, &mut instance) {
            forget(error);
        }
        match self.phase(Step::RECHECK, Kind::Job, attempt, spec, &mut instance) {
            After::Over(end) => end,
            After::Due(_) => unreachable!("a recheck ends its try"),
        }
    }

    #[inline(never)]
    fn execute_other(&mut self, attempt: &mut Try, spec: &'r JobSpec<'env, A>) -> TryEnd {
        match &spec.body {
            _ if self.is_heard => self.execute_any(attempt, spec),
            Body::CheckOnly(closures) => self.execute_only(Step::CHECK, attempt, spec, &**closures),
            Body::RunOnly(closures) if !self.dry_run && spec.describe_run().is_none() => {
                self.execute_only(Step::RUN_ONLY, attempt, spec, &**closures)
            }
            _ => self.execute_any(attempt, spec),
        }
    }

    /// Executes the phase of a job that has no more than one, and no struct.
    #[inline(never)]
    fn execute_only<I: Instance<'env, A>>(
        &mut self,
        step: Step,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        mut instance: I,
    ) -> TryEnd {
        let kind = if step.phase == Phase::Run { Kind::RunOnly } else { Kind::CheckOnly };
        match self.phase(step, kind, attempt, spec, &mut instance) {
            After::Over(end) => end,
            After::Due(_) => unreachable!("the only phase ends its try"),
        }
    }

    #[inline(never)]
    fn execute_any(&mut self, attempt: &mut Try, spec: &'r JobSpec<'env, A>) -> TryEnd {
        let (mut held, mut due) = match self.open(attempt, spec) {
            Ok(open) => open,
            Err(end) => return end,
        };
        loop {
            match self.due_phase(due, attempt, spec, &mut held) {
                After::Due(error) => forget(error),
                After::Over(end) => return end,
            }
            due = following(due);
        }
    }

    /// Begins a try, up to its first phase that is recorded. A constructor is called here.
    pub(in crate::exec) fn begin(&mut self, mut attempt: Try) -> Progress<'r, 'env, A> {
        let spec = self.enter(&attempt);
        let since = self.look_at_the_clock().0;
        if attempt.attempt == 1 {
            self.live.note_begin(attempt.job, since);
        }
        self.limit(spec, since);
        let local = spec.is_async().then(Arc::default);
        match self.open(&mut attempt, spec) {
            Ok((held, due)) => Progress::Open(Open {
                attempt,
                due,
                held,
                since: Some(since),
                error: None,
                notes: self.notes,
                local,
            }),
            Err(end) => Progress::Over(attempt, end),
        }
    }

    /// Executes the phase that is due, and no more; of one that is a future, the call that makes it.
    pub(in crate::exec) fn advance(&mut self, open: Open<'r, 'env, A>) -> Progress<'r, 'env, A> {
        let Open { mut attempt, due, mut held, since, error, notes, local } = open;
        let spec = self.enter(&attempt);
        self.notes = notes;
        if since.is_none() {
            self.limit(spec, self.ledger.stamp().0); // else a constructor's time counts into the first phase
        }
        self.cx.set_shared_local(local);
        if spec.is_async() && !self.live.waits_for_futures() {
            let step = Step::linked(due);
            let start = self.begin_phase(step, &mut attempt);
            let mut call = AsyncCall::begin(self.live, self.cx.place());
            let called = match call.instead() {
                Some(result) => Ok(Some(Called::Returned(result))),
                None => call.enter(|| unwind::catch(|| Ok(held.call_async(due, &self.cx)))),
            };
            let result = match called {
                Ok(Some(Called::Later(future))) => {
                    let local = self.cx.take_shared_local();
                    let limits = self.cx.limits().cloned();
                    let (said, goes_on) = ((error, self.notes), (call, future));
                    let flight = Flight::new(attempt, due, held, start, said, local, limits, goes_on);
                    return Progress::InFlight(Box::new(flight));
                }
                Ok(Some(Called::Returned(result))) => call.end(self.live, result),
                Ok(None) => call.end(self.live, held.call(due, &self.cx)), // its struct is gone
                Err(panic) => call.end(self.live, Err(panic)),
            };
            let result = if held.drops_output_of(due) { result.map(|_| None) } else { result };
            let after = self.finish(step, spec.kind(), &mut attempt, spec, &mut held, start, result);
            return self.progress(attempt, due, held, error, after);
        }
        let after = self.due_phase(due, &mut attempt, spec, &mut held);
        self.progress(attempt, due, held, error, after)
    }

    /// Polls a future once. What is returned is what the phase has come to.
    pub(in crate::exec) fn poll(
        &self,
        flight: &mut Flight<'r, 'env, A>,
        waker: &Waker,
    ) -> Poll<Result<Value>> {
        let Flight { future, call, .. } = flight;
        let mut poll = || future.as_mut().poll(&mut task::Context::from_waker(waker));
        let poll = call.enter(|| unwind::catch(|| Ok(poll())));
        poll.unwrap_or_else(|panic| Poll::Ready(Err(panic)))
    }

    /// Ends an async phase: with what its future has returned, or with why it is dropped.
    pub(in crate::exec) fn land(
        &mut self,
        flight: Flight<'r, 'env, A>,
        result: Result<Value>,
    ) -> Progress<'r, 'env, A> {
        let Flight { mut attempt, phase, mut held, start, error, notes, local, limits, call, future, .. } =
            flight;
        let spec = self.enter(&attempt);
        self.cx.place_mut().phase = phase;
        self.notes = notes;
        self.cx.set_limits(limits);
        self.cx.set_shared_local(local);
        let dropped = unwind::discard(future);
        let result = match (dropped, result) {
            (Err(panic), Ok(value)) => {
                let _ = unwind::discard(value);
                Err(panic)
            }
            (_, result) => result,
        };
        let result = call.end(self.live, result);
        let result = if held.drops_output_of(phase) { result.map(|_| None) } else { result };
        let step = Step::linked(phase);
        let after = self.finish(step, spec.kind(), &mut attempt, spec, &mut held, start, result);
        self.progress(attempt, phase, held, error, after)
    }

    /// How far a try has come with a phase.
    fn progress(
        &mut self,
        attempt: Try,
        phase: Phase,
        held: Held<'r, 'env, A>,
        before: Option<BoxError>,
        after: After,
    ) -> Progress<'r, 'env, A> {
        let local = self.cx.take_shared_local(); // if the try has not ended; else it was dropped, or kept
        match after {
            After::Due(error) => {
                let due = following(phase);
                let error = match error {
                    Some(error) => {
                        forget(before);
                        Some(error)
                    }
                    None => before,
                };
                Progress::Open(Open { attempt, due, held, since: None, error, notes: self.notes, local })
            }
            After::Over(end) => {
                forget(before);
                let _ = unwind::discard(local);
                Progress::Over(attempt, end)
            }
        }
    }

    /// Ends a try whose next phase does not begin, because the run is stopped.
    pub(in crate::exec) fn cut_short(&mut self, open: Open<'r, 'env, A>) -> (Try, TryEnd) {
        let Open { attempt, due, mut held, error, local, .. } = open;
        let spec = self.enter(&attempt);
        self.cx.set_shared_local(local);
        if due == Phase::Recheck && spec.cleans_up() {
            self.keep_for_cleanup(attempt, &mut held);
        } else {
            self.let_go_failed(&mut held);
        }
        (attempt, self.cancelled(attempt, error))
    }

    fn limit(&mut self, spec: &JobSpec<'env, A>, since: u64) {
        if let Some(bounds) = &self.live.bounds {
            self.cx.set_limits(Some(bounds.of_phase(since, spec.timeout())));
        }
    }

    /// What the phases are called on, and the first of them. `Err`: the try is over without one.
    #[inline(always)]
    fn open(
        &mut self,
        attempt: &mut Try,
        spec: &'r JobSpec<'env, A>,
    ) -> Result<(Held<'r, 'env, A>, Phase), TryEnd> {
        let first = stages::first(spec.kind(), self.dry_run);
        if spec.kind() == Kind::RunOnly && spec.describe_run().is_some() {
            self.cx.place_mut().phase = Phase::Run;
            self.describe_run(*attempt, spec);
        }
        let due = match first {
            Stage::Due(phase) => phase,
            Stage::WouldRun => return Err(self.would_run(*attempt, None)),
            Stage::Passed | Stage::Failed => return Err(self.done(*attempt, None)),
        };
        let held = match &spec.body {
            Body::Struct(make) | Body::AsyncStruct(make) => Held::Own(Some(self.make(attempt, spec, make)?)),
            Body::Both(closures) | Body::CheckOnly(closures) | Body::RunOnly(closures) => {
                Held::Shared(&**closures)
            }
            Body::Async(body) => Held::Async(body),
            Body::Group => unreachable!("a group has no phase"),
        };
        Ok((held, due))
    }

    /// Executes a phase that is known only now.
    #[inline(always)]
    fn due_phase(
        &mut self,
        due: Phase,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        held: &mut Held<'r, 'env, A>,
    ) -> After {
        let kind = spec.kind();
        let step = match due {
            Phase::Run if kind == Kind::RunOnly => Step::RUN_ONLY,
            Phase::Run => Step::RUN,
            Phase::Recheck => Step::RECHECK,
            _ => Step::CHECK,
        };
        let start = self.begin_phase(step, attempt);
        let cx = &self.cx;
        let result = self.live.call_or_listen(cx.place(), Some(None), || held.call(step.phase, cx));
        self.finish(step, kind, attempt, spec, held, start, result)
    }

    /// Executes a phase of closures that nobody listens to.
    ///
    /// Where the phase is the last one of the try, what the try owned is dropped as a part of it: a panic there is this
    /// phase's failure. It is put aside instead where a cleanup will want it.
    #[inline(always)]
    fn phase<I: Instance<'env, A>>(
        &mut self,
        step: Step,
        kind: Kind,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        instance: &mut I,
    ) -> After {
        let step = step.unheard();
        let start = self.begin_phase(step, attempt);
        let result = self.live.call(self.cx.place(), Some(None), || instance.call(step.phase, &self.cx));
        self.finish(step, kind, attempt, spec, instance, start, result)
    }

    /// What follows from what a phase has come to.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "the locals of a phase, which stay in registers")]
    fn finish<I: Instance<'env, A>>(
        &mut self,
        step: Step,
        kind: Kind,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        instance: &mut I,
        start: Stamp,
        result: Result<Value>,
    ) -> After {
        let dry_run = self.dry_run;
        let after = |went| stages::after(kind, dry_run, step.phase, went);
        let keeps = step.phase != Phase::Check && after(Went::Passed) == Stage::Passed && spec.cleans_up();
        let error = match result {
            Ok(_) if matches!(after(Went::Passed), Stage::Due(_)) => {
                self.ledger.passed(step, attempt, start);
                return After::Due(None);
            }
            Ok(value) => match if keeps { Ok(()) } else { self.let_go(instance.take_own()) } {
                Ok(()) => {
                    self.ledger.passed(step, attempt, start);
                    if keeps {
                        self.keep_for_cleanup(*attempt, instance);
                    }
                    return After::Over(self.done(*attempt, value));
                }
                Err(panic) => {
                    // a second panic, while the value is dropped, has nothing to add
                    let _ = unwind::discard(value);
                    panic
                }
            },
            Err(error) => error,
        };
        let stage = after(self.hear(step.phase, &error, spec));
        let is_last = !matches!(stage, Stage::Due(_));
        if step.phase == Phase::Check
            && spec.describe_run().is_some()
            && (stage != Stage::Failed || self.live.behind.holds(attempt.job))
        {
            self.describe_run(*attempt, spec);
        }
        if is_last && !keeps {
            self.let_go_failed(instance);
        }
        self.ledger.failed(step, attempt, start);
        if !is_last {
            return After::Due(Some(error));
        }
        if keeps {
            self.keep_for_cleanup(*attempt, instance);
        }
        After::Over(match stage {
            Stage::WouldRun => self.would_run(*attempt, Some(error)),
            _ => self.failed(*attempt, error),
        })
    }

    /// Asks a job what its run does, when one is due for the first time and somebody wants to know. What goes wrong there
    /// is no news: the job's description stands.
    #[cold]
    fn describe_run(&mut self, attempt: Try, spec: &JobSpec<'env, A>) {
        let is_wanted = !attempt.has_run() && (self.dry_run || self.ledger.is_watched());
        let Some(describe) = spec.describe_run().filter(|_| is_wanted) else { return };
        if let Ok(text) = unwind::catch(|| describe(&self.cx)) {
            self.ledger.tell_run_described(&attempt, &text);
            self.leftovers.descriptions.push((attempt.job, text));
        }
    }

    /// Calls one cleanup, with what its try has left. A stop up to the `ignored` level does not cut it short.
    pub(in crate::exec) fn clean_up(
        &mut self,
        due: DueCleanup<'env, A>,
        ignored: StopLevel,
    ) -> (Result, Head) {
        let DueCleanup { job, attempt, local, shared_local, instance, is_owed, .. } = due;
        let mut attempt = Try { attempt, ..Try::first(job) };
        let spec = self.enter(&attempt);
        let make = match &spec.body {
            Body::Struct(make) | Body::AsyncStruct(make) if is_owed => Some(make),
            _ => None,
        };
        self.cx.set_shared_local(Some(shared_local.unwrap_or_else(|| Arc::new(local))));
        if let Some(bounds) = &self.live.bounds {
            let since = self.ledger.now();
            self.cx.set_limits(Some(bounds.of_cleanup(since, spec.timeout(), ignored)));
        }
        let start = self.begin_phase(Step::CLEANUP, &mut attempt);
        let (cx, runtime) = (&self.cx, &self.live.world.runtime);
        let mut held = Held::Own(instance);
        let result = self.live.call_or_listen(cx.place(), Some(()), || {
            if let Some(make) = make {
                let is_async = matches!(spec.body, Body::AsyncStruct(_));
                let made = if is_async { runtime.enter(|| make(cx)) } else { make(cx) };
                held = Held::Own(Some(made?));
            }
            match spec.cleanup() {
                None => held.call(Phase::Cleanup, cx).map(drop),
                Some(cleanup) => cleanup(cx),
            }
        });
        let dropped = self.let_go(held.take_own());
        let result = result.and(dropped);
        match &result {
            Ok(()) => self.ledger.passed(Step::CLEANUP, &mut attempt, start),
            Err(error) => {
                self.hear(Phase::Cleanup, error, spec);
                self.ledger.failed(Step::CLEANUP, &mut attempt, start);
            }
        }
        (result, attempt.head)
    }

    #[inline(always)]
    pub(super) fn enter(&mut self, attempt: &Try) -> &'r JobSpec<'env, A> {
        let Try { job, attempt, .. } = *attempt;
        let spec = self.specs.of(job);
        let max_tries = match spec.tries() {
            Some(tries) if !self.dry_run => tries,
            None if spec.retry_for().is_some() && !self.dry_run => Place::ANY_TRIES,
            _ => self.default_tries,
        };
        *self.cx.place_mut() = Place { job, phase: Phase::Create, attempt, max_tries };
        self.notes = Notes::default();
        spec
    }

    /// The struct of this try. A constructor that fails is a failed try.
    #[inline(never)]
    fn make(
        &mut self,
        attempt: &mut Try,
        spec: &JobSpec<'env, A>,
        make: &Constructor<'env, A>,
    ) -> Result<Own<'env, A>, TryEnd> {
        self.ledger.begin_constructor(attempt);
        let made = self.live.call_or_listen(self.cx.place(), None, || make(&self.cx));
        self.ledger.end_constructor(attempt);
        made.map_err(|error| {
            let start = self.begin_phase(Step::CREATE, attempt);
            self.hear(Phase::Create, &error, spec);
            let _ = self.let_go(None); // what else it does is no news
            self.ledger.failed(Step::CREATE, attempt, start);
            self.failed(*attempt, error)
        })
    }

    /// In a unit that cleans up: the struct of its try, made anew.
    pub(in crate::exec) fn make_again(&mut self, attempt: &Try) -> Result<Option<Own<'env, A>>> {
        match &self.enter(attempt).body {
            Body::Struct(make) => unwind::catch(|| make(&self.cx)).map(Some),
            Body::AsyncStruct(make) => {
                let runtime = &self.live.world.runtime;
                unwind::catch(|| runtime.enter(|| make(&self.cx))).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// In a unit: the struct of a cleanup cannot be made, and so the cleanup has failed.
    pub(in crate::exec) fn cleanup_not_made(
        &mut self,
        mut attempt: Try,
        error: &(dyn std::error::Error + 'static),
    ) -> Head {
        let start = self.begin_phase(Step::CLEANUP, &mut attempt);
        self.ledger.keep_error(Some(ErrorText::heard(error).0));
        self.ledger.failed(Step::CLEANUP, &mut attempt, start);
        attempt.head
    }

    /// How many tries the job that was entered last may use; `None` if they are limited by time alone.
    pub(super) fn allowed_tries(&self) -> Option<u32> {
        self.cx.max_tries()
    }

    /// How long the next try is to wait, if an error has asked for that.
    pub(in crate::exec) fn pause(&self) -> u64 {
        self.notes.pause
    }

    #[inline(always)]
    fn begin_phase(&mut self, step: Step, attempt: &mut Try) -> Stamp {
        self.cx.place_mut().phase = step.phase;
        if step.phase == Phase::Run {
            attempt.sequence = self.live.next_sequence();
        }
        self.ledger.begin(step, attempt)
    }

    /// Listens to what the phase that is about to end has failed with, and says how it went.
    #[inline(always)]
    fn hear(&mut self, phase: Phase, error: &BoxError, spec: &JobSpec<'env, A>) -> Went {
        self.notes.was_cut = false;
        if is_plain_false(&**error, spec) {
            return Went::Failed;
        }
        let text = self.notes.hear(phase, &**error, spec);
        let went = text.as_ref().map_or(Went::Failed, |text| went(text.class()));
        self.ledger.keep_error(text);
        went
    }

    /// Drops what a try owned, if it owned anything. `Err`: something in that has panicked.
    #[inline(always)]
    fn let_go(&mut self, own: Option<Own<'env, A>>) -> Result {
        if own.is_none() && self.cx.has_no_local() { Ok(()) } else { self.drop_owned(own) }
    }

    #[cold]
    fn drop_owned(&mut self, own: Option<Own<'env, A>>) -> Result {
        let (local, shared) = (std::mem::take(self.cx.local_mut()), self.cx.take_shared_local());
        let shared = shared.and_then(Arc::into_inner).map_or(Ok(()), Store::discard);
        let own = match own {
            own @ Some(Own::Async(_)) if !self.live.world.clock.is_virtual() => {
                self.live.world.runtime.enter(|| unwind::discard(own))
            }
            own => unwind::discard(own),
        };
        own.and(local.discard()).and(shared)
    }

    /// Drops what a failed try owned. A panic in that has nothing to add to its error.
    #[inline(always)]
    fn let_go_failed(&mut self, instance: &mut impl Instance<'env, A>) {
        let _ = self.let_go(instance.take_own());
    }

    #[cold]
    fn keep_for_cleanup(&mut self, attempt: Try, instance: &mut impl Instance<'env, A>) {
        let Try { job, attempt, sequence, .. } = attempt;
        let (local, instance) = (std::mem::take(self.cx.local_mut()), instance.take_own());
        let shared_local = self.cx.take_shared_local();
        self.leftovers.cleanups.push(DueCleanup {
            sequence,
            job,
            attempt,
            local,
            shared_local,
            instance,
            is_owed: false,
        });
    }

    #[inline(always)]
    pub(super) fn done(&mut self, attempt: Try, value: Value) -> TryEnd {
        self.live.world.outputs.set(attempt.job, value);
        self.end(attempt, if attempt.has_run() { Status::Changed } else { Status::Satisfied })
    }

    /// The try has failed: another one follows, or the job has.
    #[cold]
    pub(super) fn failed(&mut self, attempt: Try, error: BoxError) -> TryEnd {
        self.live.world.processes.end_try(attempt.job, attempt.attempt);
        let level = self.see_stop();
        if self.notes.was_cut && level >= StopLevel::Cancel {
            return self.cancelled(attempt, Some(error));
        }
        if self.live.behind.holds(attempt.job) {
            return self.would_run(attempt, Some(error));
        }
        match self.next_try(attempt, &error) {
            Some(_) if level > StopLevel::None => self.cancelled(attempt, Some(error)),
            Some(due) => {
                forget(Some(error));
                trace!(job = self.cx.job(), attempt = self.cx.attempt(), due, "try failed");
                self.ledger.tell_retry(&attempt, due, self.notes.pause, self.cx.max_tries());
                TryEnd::Again { due }
            }
            None => {
                self.leftovers.errors.push((attempt.job, error));
                let end = self.end(attempt, Status::Failed);
                self.live.bounds.iter().for_each(Bounds::count_failure);
                end
            }
        }
    }

    /// When the try that follows a failed one is due, if one follows.
    fn next_try(&mut self, failed: Try, error: &BoxError) -> Option<u64> {
        if self.notes.is_last || failed.attempt >= self.cx.place().max_tries {
            return None;
        }
        let spec = self.specs.of(failed.job);
        let delay = match spec.retry_delay() {
            Some(backoff) => backoff.delay(failed.attempt, self.live.random(failed.job, failed.attempt)),
            None => self.live.options.default_retry_delay,
        };
        let mut delay = nanos(delay);
        if let Some(time) = spec.retry_for() {
            delay = delay.max(LEAST_DELAY).max(self.notes.pause);
            let due = self.ledger.moment().saturating_add(delay);
            return (due <= self.live.began(failed.job).saturating_add(nanos(time))
                && self.wants_another(spec, error))
            .then_some(due);
        }
        let due = self.ledger.moment().saturating_add(delay.max(self.notes.pause));
        self.wants_another(spec, error).then_some(due)
    }

    #[inline]
    fn wants_another(&self, spec: &JobSpec<'env, A>, error: &BoxError) -> bool {
        let Some(ask) = spec.retry_if() else { return true };
        unwind::catch(|| Ok(ask(shown(&**error)))).unwrap_or(true)
    }

    /// The run was stopped before the job could end.
    #[cold]
    pub(super) fn cancelled(&mut self, attempt: Try, error: Option<BoxError>) -> TryEnd {
        self.live.world.processes.end_try(attempt.job, attempt.attempt);
        self.leftovers.errors.extend(error.map(|error| (attempt.job, error)));
        self.end(attempt, Status::Cancelled)
    }

    /// Dry run only; a run_only has no check that could have failed.
    #[cold]
    pub(super) fn would_run(&mut self, attempt: Try, error: Option<BoxError>) -> TryEnd {
        self.leftovers.errors.extend(error.map(|error| (attempt.job, error)));
        self.end(attempt, Status::WouldRun)
    }

    #[inline(always)]
    fn end(&mut self, attempt: Try, status: Status) -> TryEnd {
        trace!(job = self.cx.job(), attempt = self.cx.attempt(), %status, "job ended");
        if self.is_heard {
            self.tell_ended(attempt.job, status, None);
        }
        TryEnd::Ended(attempt.head.ended(status))
    }
}

/// Where tries are limited by time and not by number, the delay between them is at least 1 ms.
const LEAST_DELAY: u64 = 1_000_000;

/// Passes a copy by reference, so that `attempt` itself stays in registers.
#[inline(always)]
fn aside(attempt: &mut Try, execute: impl FnOnce(&mut Try) -> TryEnd) -> TryEnd {
    let mut copy = *attempt;
    let end = execute(&mut copy);
    *attempt = copy;
    end
}

/// The phase after one of a job that has both a check and a run.
fn following(phase: Phase) -> Phase {
    if phase == Phase::Check { Phase::Run } else { Phase::Recheck }
}

/// Drops an error whose text was kept. Where even its destructor panics, there is nobody left to tell.
#[inline(always)]
fn forget(error: Option<BoxError>) {
    if let Some(error) = error {
        let _ = unwind::discard(error);
    }
}
