//! Runs plans.

mod builder;
mod running;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use builder::RunnerBuilder;
pub use running::Running;
use running::Shared;

use crate::cancel::CancelToken;
use crate::clock::Clock;
use crate::elsewhere::{Unit, UnitDone, UnitError, UnitResult};
use crate::event::Observer;
use crate::exec::{Helpers, Live, Watch, execute, execute_unit, is_plain};
use crate::graph::{JobGraph, JobId};
use crate::host;
use crate::key::Carried;
use crate::options::RunOptions;
use crate::plan::Plan;
use crate::run::Run;
use crate::runtime::AsyncRuntime;
#[cfg(feature = "journal")]
use crate::session::revive;
use crate::session::{Beginning, begin};
use crate::timings::Timings;
use crate::words::Cleanup;

/// How plans are run. One runner serves many runs, also at once, and keeps its threads for the next.
///
/// ```
/// use dojobber_core::{Cleanup, Runner};
/// use std::time::Duration;
///
/// let runner = Runner::builder()
///     .threads(4)
///     .default_tries(5)
///     .default_retry_delay(Duration::from_millis(100))
///     .cleanup(Cleanup::OnDrop)
///     .build();
/// assert_eq!(runner.options().threads, 4);
/// assert_eq!(Runner::default().options().default_tries, 3);
/// ```
#[derive(Default)]
pub struct Runner {
    options: RunOptions,
    observers: Vec<Arc<dyn Observer>>,
    token: Option<CancelToken>,
    helpers: Arc<Helpers>,
    runtime: Arc<AsyncRuntime>,
    timings: Option<Arc<Timings>>,
}

impl Runner {
    /// Options, each with a default; then [`.build()`](RunnerBuilder::build).
    pub fn builder() -> RunnerBuilder {
        RunnerBuilder::default()
    }

    /// The options that its runs are started with. `threads` is what it was set to, or as many as the machine runs at
    /// once.
    pub fn options(&self) -> RunOptions {
        let threads = match self.options.threads {
            0 => host::threads(),
            threads => threads.min(usize::from(u16::MAX)),
        };
        RunOptions { threads, ..self.options }
    }

    /// Runs a plan to its end, on this thread and, where there is more to do than one can, on others.
    ///
    /// Whatever a job does, this returns: an error or a panic of a job is an outcome. The exceptions are a job that never
    /// ends, and a program that is built with `panic = "abort"`: there a panic of a job ends the process, and no cleanup
    /// is called.
    ///
    /// A run may be started from anywhere: also from a job of another run, or from a worker of a rayon pool. Such a
    /// run stands on that stack; while its job waits in a `par_iter` there, that pool may begin another task of its
    /// own on it, so hold no lock over a `par_iter` there. What a job leaves behind in rayon (`rayon::spawn`) must end by
    /// itself: it stands in the way of the runs that come after.
    ///
    /// Inside of an async program it holds the thread that it is called on; [`run_async`](Self::run_async) does not.
    ///
    /// # Panics
    ///
    /// With the feature `tokio`: if the runner was given the handle of a runtime with one thread, and is called on that
    /// thread, for a plan with async jobs. Nobody could drive their timers and sockets.
    #[must_use = "ask it whether it succeeded: `.into_result()?`"]
    pub fn run<'env, A: Send + Sync>(&self, plan: &Plan<'env, A>, args: impl Into<Arc<A>>) -> Run<'env, A> {
        let run = || self.execute(self.begin(plan, args.into(), self.token.as_ref()));
        if plan.needs().asyncs.is_empty() { run() } else { self.runtime.hold(run) }
    }

    /// The same for an async program: a thread of its own leads the run, and the future that is returned waits for it.
    ///
    /// The plan must borrow nothing. Dropping the future kills the run, which then ends on its thread, cleanups included.
    ///
    /// # Panics
    ///
    /// If the system gives no thread.
    ///
    /// ```
    /// # use dojobber_core::{Draft, JobSpec, Runner};
    /// # let mut draft = Draft::<()>::default();
    /// # draft.open("sun"); draft.close(JobSpec::check_only(|_| true));
    /// # let plan = draft.compile().unwrap();
    /// # let runner = Runner::default();
    /// async fn shine(runner: &Runner, plan: &dojobber_core::Plan<'static>) -> bool {
    ///     runner.run_async(plan, ()).await.success()
    /// }
    /// # let _ = shine(&runner, &plan);
    /// ```
    pub fn run_async<A: Send + Sync + 'static>(
        &self,
        plan: &Plan<'static, A>,
        args: impl Into<Arc<A>>,
    ) -> Running<A> {
        let (plan, args, shared) = (plan.clone(), args.into(), Shared::new());
        let stop = match &self.token {
            Some(token) => CancelToken::child_of(&[token]),
            None => CancelToken::new(),
        };
        let runner = Runner {
            options: self.options,
            observers: self.observers.clone(),
            token: Some(stop.clone()),
            helpers: Arc::clone(&self.helpers),
            runtime: Arc::clone(&self.runtime),
            timings: self.timings.clone(),
        };
        let user = self.token.as_ref().map(CancelToken::in_use); // signals obey it as long as the run goes on
        let tell = Arc::clone(&shared);
        let lead = move || {
            let run = runner.run(&plan, args);
            drop(user);
            tell.finish(run);
        };
        std::thread::Builder::new()
            .name("dojobber-run".to_owned())
            .stack_size(self.options.stack())
            .spawn(lead)
            .expect("the system gives a thread to lead a run");
        Running::new(shared, stop)
    }

    /// The same, with somebody between the phases and their code.
    #[cfg(feature = "testkit")]
    pub(crate) fn run_with<'env, A: Send + Sync>(
        &self,
        plan: &Plan<'env, A>,
        args: Arc<A>,
        injector: crate::faults::FaultInjector,
    ) -> Run<'env, A> {
        let mut live = self.begin(plan, args, injector.stop().or(self.token.as_ref()));
        live.injector = Some(injector);
        live.placement = None; // a simulation executes everything itself
        self.execute(live)
    }

    /// A token that is raised with the runner's own, and never raises it.
    #[cfg(feature = "testkit")]
    pub(crate) fn child_token(&self) -> CancelToken {
        CancelToken::child_of(&self.token.iter().collect::<Vec<_>>())
    }

    /// Executes one unit of a run that is elsewhere, and returns what is to be told to that run.
    ///
    /// The plan must be the same as there. The observers of this runner are told nothing; `observer` is. A nest is executed
    /// as any plan is, with its cleanups; of a job one single try, or one cleanup.
    ///
    /// # Errors
    ///
    /// [`UnitError`] if the plan has no such jobs.
    pub fn run_unit<'env, A: Send + Sync>(
        &self,
        plan: &Plan<'env, A>,
        args: impl Into<Arc<A>>,
        unit: Unit,
        observer: impl Observer + 'static,
    ) -> Result<UnitResult, UnitError> {
        let known = |job: &JobId| job.index() < plan.len();
        if unit.jobs.is_empty() || !unit.jobs.iter().all(known) || !unit.jobs.is_sorted() {
            return Err(UnitError("the plan has no such jobs: it is not the one that was sent".to_owned()));
        }
        let watch = Watch::new(&[Arc::new(observer) as Arc<dyn Observer>]);
        if unit.is_nest {
            self.run_nest(plan, args.into(), unit, watch)
        } else {
            self.run_try(plan, args.into(), unit, watch)
        }
    }

    fn run_try<'env, A: Send + Sync>(
        &self,
        plan: &Plan<'env, A>,
        args: Arc<A>,
        mut unit: Unit,
        watch: Watch,
    ) -> Result<UnitResult, UnitError> {
        let live = self.begin_unit(plan, args, watch, std::mem::take(&mut unit.inputs));
        Ok(execute_unit(*live, unit))
    }

    /// A nest is a run of its own, of its jobs; all that they depend on outside was done before.
    fn run_nest<'env, A: Send + Sync>(
        &self,
        plan: &Plan<'env, A>,
        args: Arc<A>,
        unit: Unit,
        watch: Watch,
    ) -> Result<UnitResult, UnitError> {
        let Unit { jobs, inputs, node, .. } = unit;
        let whole = plan.graph().reach_jobs(jobs.iter().copied(), JobGraph::after_nodes);
        let part = plan.with_ancestors(&jobs);
        let place = |job: JobId| whole.binary_search(&job).ok().map(JobId::new);
        let inputs = inputs.into_iter().filter_map(|(job, value)| Some((place(job)?, value))).collect();
        let mut live = self.begin_unit(&part, args, watch, inputs);
        live.options.cleanup = Cleanup::AtEnd;
        live.known =
            part.graph().ids().filter(|job| jobs.binary_search(&whole[job.index()]).is_err()).collect();
        let mut run = self.execute(live);
        let inside = jobs.iter().filter_map(|job| Some((*job, place(*job)?)));
        let (jobs, said): (Vec<_>, Vec<_>) =
            inside.map(|(job, place)| (run.take_done(place, job), run.said_by(place, job))).unzip();
        let said = said.into_iter().flatten().collect();
        Ok(UnitResult { done: UnitDone { node, jobs, said, ..UnitDone::default() }, local: Vec::new() })
    }

    fn begin_unit<'env, A: Send + Sync>(
        &self,
        plan: &Plan<'env, A>,
        args: Arc<A>,
        watch: Watch,
        inputs: Vec<(JobId, Carried)>,
    ) -> Box<Live<'env, A>> {
        // what takes long is told where it is waited for
        let options = RunOptions { slow_after: Duration::ZERO, ..self.options() };
        let (clock, token, runtime) = (Clock::start(true), self.token.as_ref(), &self.runtime);
        let with = Beginning { options, watch, token, clock, runtime, expected: None };
        let mut live = begin(plan, args, with);
        Arc::get_mut(&mut live.world).expect("nobody else has it yet").is_unit = true;
        live.placement = None;
        for (job, Carried(value)) in inputs {
            live.world.outputs.set(job, Some(value));
        }
        live
    }

    fn begin<'env, A: Send + Sync>(
        &self,
        plan: &Plan<'env, A>,
        args: Arc<A>,
        token: Option<&CancelToken>,
    ) -> Box<Live<'env, A>> {
        let (options, watch) = (self.options(), Watch::new(&self.observers));
        let expected = self.timings.as_ref().and_then(|timings| timings.expected(plan.graph()));
        // the general way of execution wants stamps that all processors agree on
        let exact = watch.is_active() || expected.is_some() || !is_plain(plan, &options, token);
        let (clock, runtime) = (Clock::start(exact), &self.runtime);
        begin(plan, args, Beginning { options, watch, token, clock, runtime, expected })
    }

    /// What cleanups see that are called after the process of their run is gone, with one more observer.
    #[cfg(feature = "journal")]
    pub(crate) fn revive<'env, A: Send + Sync>(
        &self,
        plan: &Plan<'env, A>,
        args: Arc<A>,
        elapsed: Duration,
        listener: Arc<dyn Observer>,
    ) -> Box<Live<'env, A>> {
        // the limits of the run were those of the run
        let never = Duration::MAX;
        let options = RunOptions { run_timeout: never, max_failures: None, ..self.options() };
        let observers: Vec<_> = self.observers.iter().cloned().chain([listener]).collect();
        let (watch, clock) = (Watch::new(&observers), Clock::resumed(elapsed));
        let (token, runtime) = (self.token.as_ref(), &self.runtime);
        let with = Beginning { options, watch, token, clock, runtime, expected: None };
        revive(plan, args, with)
    }

    fn execute<'env, A: Send + Sync>(&self, live: Box<Live<'env, A>>) -> Run<'env, A> {
        let finished = execute(&live, &self.helpers);
        Run::new(live, finished)
    }
}

impl<'env, A: Send + Sync> Plan<'env, A> {
    /// Runs it with a runner of its own that has all defaults.
    ///
    /// ```
    /// # use dojobber_core::{Draft, JobSpec};
    /// # let mut draft = Draft::<()>::default();
    /// # draft.open("sun"); draft.close(JobSpec::check_only(|_| true));
    /// # let plan = draft.compile().unwrap();
    /// assert!(plan.run(()).success());
    /// ```
    #[must_use = "ask it whether it succeeded: `.into_result()?`"]
    pub fn run(&self, args: impl Into<Arc<A>>) -> Run<'env, A> {
        Runner::default().run(self, args)
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("options", &self.options()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;
    use std::time::Duration;

    use super::*;
    use crate::job::JobSpec;
    use crate::plan::Draft;

    /// Jobs one after another, and then some side by side.
    fn plan(chain: usize, beside: usize) -> Plan<'static> {
        let mut draft = Draft::<()>::default();
        for at in 0..chain + beside {
            draft.open(&format!("job {at}"));
            if let Some(last) = at.min(chain).checked_sub(1) {
                draft.after(&format!("job {last}"));
            }
            draft.close(JobSpec::run_only(|_: &_| ()));
        }
        draft.compile().unwrap()
    }

    /// How many helpers a runner makes for a plan, and whether it makes more of them for the same again.
    #[track_caller]
    fn check(builder: RunnerBuilder, chain: usize, beside: usize, helpers: RangeInclusive<usize>) {
        let (runner, plan) = (builder.build(), plan(chain, beside));
        for _ in 0..2 {
            assert!(runner.run(&plan, ()).success());
            assert!(
                helpers.contains(&runner.helpers.count()),
                "{} are not {helpers:?}",
                runner.helpers.count()
            );
        }
    }

    /// As many jobs as threads meet, so each of them needs a worker; and none of them needs two.
    #[test]
    fn there_are_as_many_helpers_as_jobs_need_at_once() {
        for many in [2, 9, 10, 63, 64, 65, 66, 130, 300] {
            let meet = Arc::new(std::sync::Barrier::new(many));
            let mut draft = Draft::<()>::default();
            for at in 0..many {
                let meet = Arc::clone(&meet);
                draft.open(&format!("job {at}"));
                draft.close(JobSpec::run_only(move |_: &_| _ = meet.wait()));
            }
            let (plan, never) = (draft.compile().unwrap(), CancelToken::new());
            for token in [None, Some(&never)] {
                let runner = Runner::builder().threads(1_000).cancel_token(token).build();
                for _ in 0..3 {
                    assert!(runner.run(&plan, ()).success());
                    assert_eq!(runner.helpers.count(), many - 1);
                }
            }
        }
    }

    #[test]
    fn there_are_no_more_helpers_than_jobs_are_left() {
        let threads = |threads| Runner::builder().threads(threads);
        for many in [8, 64, 65, 1_000, 65_535] {
            check(threads(many), 0, 3, 2..=2);
            check(threads(many), 0, 1, 0..=0);
            check(threads(many), 20, 0, 0..=0);
            check(threads(many), 20, 2, 1..=1);
            check(threads(many), 1, 5, 1..=4);
        }
        check(threads(1_000), 0, 40, 1..=39);
        check(threads(4), 0, 40, 1..=3);
        check(threads(2), 5, 40, 1..=1);
        check(threads(1), 0, 40, 0..=0);
        // and in a run that may be stopped
        check(threads(1_000).run_timeout(Duration::from_secs(3600)), 0, 3, 2..=2);
        check(threads(1_000).cancel_token(&CancelToken::new()), 20, 3, 1..=2);
    }
}
