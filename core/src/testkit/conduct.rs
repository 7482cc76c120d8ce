//! Does with a run of a body what an experiment says.

use std::sync::Arc;

use crate::exec::Choices;
use crate::faults::{Circumstances, Faults, OtherProcess};
use crate::graph::JobId;
use crate::plan::Plan;
use crate::run::Run;
use crate::testkit::experiment::{Stop, Then};
use crate::testkit::observation::{JobFacts, RunEnd, RunSeen, Share};
use crate::testkit::process::{Outcome, Setup};
use crate::testkit::session::Session;
use crate::words::{Cleanup, DryRun, Kind, Status};

/// One run that a body asks for.
pub(super) struct Conduct<'c, 'env, A> {
    session: &'c Session,
    setup: Setup,
    /// The plan of the next process.
    plan: &'c dyn Fn() -> Plan<'env, A>,
    args: &'c Arc<A>,
    choices: Choices,
    of_body: usize,
    /// How often the process was killed.
    crashes: u32,
}

impl<'c, 'env, A: Send + Sync> Conduct<'c, 'env, A> {
    /// Runs the plan, and again if the experiment says so. Returns the last run.
    pub(super) fn run(
        session: &'c Session,
        setup: &Setup,
        plan: &'c dyn Fn() -> Plan<'env, A>,
        args: &'c Arc<A>,
    ) -> Run<'env, A> {
        let mut setup = setup.clone();
        if session.experiment.cleans_up {
            setup.options.cleanup = Cleanup::AtEnd;
        }
        let mut progress = session.progress();
        let (choices, of_body) = (std::mem::take(&mut progress.choices), progress.of_body);
        progress.of_body += 1;
        drop(progress); // a job may run plans of its own
        let mut conduct = Conduct { session, setup, plan, args, choices, of_body, crashes: 0 };
        let run = conduct.perform();
        session.progress().choices = conduct.choices;
        run
    }

    fn perform(&mut self) -> Run<'env, A> {
        let before = self.session.recorder.calls();
        let first = self.ended();
        let was_struck = self
            .session
            .experiment
            .strikes
            .iter()
            .any(|strike| strike.at > before && strike.at <= self.session.recorder.calls());
        match (first, self.session.experiment.then) {
            (Some(run), Then::UntilDone) if !was_struck => run,
            (first, Then::UntilDone) => self.until_done(first),
            (Some(run), Then::GoOn) => run,
            (Some(run), Then::Again) => {
                drop(run);
                self.session.recorder.exit();
                self.ended().unwrap_or_else(|| self.nothing())
            }
            (Some(run), Then::DryRun(how)) => {
                self.dry_run(how);
                run
            }
            (None, _) => self.nothing(),
        }
    }

    /// A process that came to its end. One that is killed is started anew, where that is not what the experiment is
    /// about. `None` if it is, and if nothing is to be done any more.
    fn ended(&mut self) -> Option<Run<'env, A>> {
        loop {
            let run = self.process(&self.setup.clone());
            let goes_on = self.session.experiment.then != Then::UntilDone;
            if run.is_some() || self.is_over() || !goes_on {
                return run;
            }
        }
    }

    /// Again and again until all is done and nothing had to be repaired, or until that does not help.
    fn until_done(&mut self, mut last: Option<Run<'env, A>>) -> Run<'env, A> {
        let mut succeeded_before = false;
        loop {
            let done = self.done();
            drop(last.take());
            let Some(run) = self.next_process() else {
                if self.is_over() {
                    return self.nothing();
                }
                continue;
            };
            let is_repair = |name: &str| done.iter().any(|done| done == name);
            let repaired = run.jobs().any(|job| {
                (job.kind(), job.status()) == (Kind::Job, Status::Changed) && is_repair(job.name())
            });
            let is_stuck =
                !run.success() && run.jobs().filter(|job| job.status().is_done()).count() <= done.len();
            if is_stuck || run.success() && (succeeded_before || !repaired) {
                return run;
            }
            succeeded_before = run.success();
            last = Some(run);
        }
    }

    /// The names of the jobs that are done by the end of the last process.
    fn done(&self) -> Vec<String> {
        let progress = self.session.progress();
        progress.runs.last().map_or(Vec::new(), |run| run.done().into_iter().map(str::to_owned).collect())
    }

    /// One more process, after the last one has ended.
    fn next_process(&mut self) -> Option<Run<'env, A>> {
        self.session.recorder.exit();
        if self.is_over() { None } else { self.process(&self.setup.clone()) }
    }

    fn dry_run(&mut self, how: DryRun) {
        self.session.recorder.exit();
        let mut dry = self.setup.clone();
        dry.options.dry_run = how;
        self.process(&dry);
    }

    /// One process. `None` if it was killed.
    fn process(&mut self, setup: &Setup) -> Option<Run<'env, A>> {
        if self.is_over() {
            return None;
        }
        let run = self.live_and_die(setup);
        if run.is_none() {
            self.crashes += 1;
            self.session.recorder.exit();
            self.stop_if_that_was_all(self.session.recorder.calls());
        }
        run
    }

    /// One process, and all that it drops if it is killed.
    fn live_and_die(&mut self, setup: &Setup) -> Option<Run<'env, A>> {
        let _process = OtherProcess::begin();
        let plan = (self.plan)();
        let Session { experiment, recorder, .. } = self.session;
        let before = recorder.calls();
        let circumstances = Circumstances {
            recorder: Arc::clone(recorder),
            crashes: self.crashes,
            strikes: experiment.strikes.clone(),
            points: Arc::clone(&experiment.points),
            answers: setup.answers.clone(),
            stop: None,
        };
        let ended = setup.run(&plan, self.args, &mut self.choices, circumstances);
        let after = recorder.calls();
        if self.session.is_observed {
            let is_struck = |at| at > before && at <= after;
            let seen = RunSeen {
                number: ended.number,
                of_body: self.of_body,
                graph: Arc::clone(plan.graph()),
                jobs: facts(&plan, setup),
                is_calm: setup.faults.is_none()
                    && !experiment.strikes.iter().any(|strike| is_struck(strike.at)),
                is_dry: setup.options.dry_run.is_on(),
                end: match &ended.outcome {
                    Outcome::Ended(run) => RunEnd::Ended(run.report().clone()),
                    Outcome::Killed(done) => RunEnd::Killed(done.clone()),
                },
            };
            self.session.progress().runs.push(seen);
        }
        match ended.outcome {
            Outcome::Ended(run) => Some(*run),
            Outcome::Killed(_) => None,
        }
    }

    /// The last thing that is done may be a dry run.
    fn stop_if_that_was_all(&mut self, calls: usize) {
        if let Some(Stop { after, dry_run }) = self.session.experiment.stop
            && calls == after + 1
        {
            if dry_run.is_on() {
                self.dry_run(dry_run);
            }
            self.session.progress().is_over = true;
        }
    }

    fn is_over(&self) -> bool {
        self.session.progress().is_over
    }

    /// The run of an empty subgraph of the plan.
    fn nothing(&self) -> Run<'env, A> {
        let none: [&str; 0] = [];
        let empty = (self.plan)().select(none).expect("no name is unknown");
        let setup =
            Setup { faults: Faults::none(), observers: Vec::new(), token: None, ..self.setup.clone() };
        match setup.run(&empty, self.args, &mut Choices::default(), Circumstances::default()).outcome {
            Outcome::Ended(run) => *run,
            Outcome::Killed(_) => unreachable!("nothing was to go wrong"),
        }
    }
}

fn facts<A>(plan: &Plan<'_, A>, setup: &Setup) -> Vec<JobFacts> {
    let uses = &plan.needs().uses;
    let sizes = uses.sizes();
    let share =
        |(pool, slots): &(u32, u32)| Share { pool: *pool, slots: *slots, size: sizes[*pool as usize] };
    let facts = |job: JobId| {
        let spec = plan.spec(job);
        JobFacts {
            cleans_up: spec.cleans_up(),
            max_tries: spec.tries().unwrap_or(setup.options.default_tries),
            uses: uses.of(job).iter().map(share).collect(),
        }
    };
    plan.graph().ids().map(facts).collect()
}
