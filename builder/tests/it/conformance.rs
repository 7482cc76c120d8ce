//! `data/scenarios.jsonl` holds 80 random graphs, and what DoJobber 0.6.3 really did on each. Nothing in that
//! depends on the order of independent jobs, so any number of workers must give the same answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dojobber::{
    BoxError, Context, Graph, Job, JobReport, Key, Phase, Plan, Result, Run, Runner, Status, ensure,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    root: String,
    /// DoJobber's name of a dry run.
    no_act: bool,
    default_tries: u32,
    jobs: Vec<Script>,
    expected: Expected,
}

/// What one job does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    name: String,
    kind: ScriptKind,
    after: Vec<String>,
    tries: Option<u32>,
    /// How many runs it takes until the job is done; none: no number is enough.
    needs_runs: Option<u32>,
    run_errors: bool,
    init_errors: bool,
    cleanup: bool,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum ScriptKind {
    Job,
    RunOnly,
    Group,
    /// A check_only.
    Gate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    status: BTreeMap<String, Ended>,
    changed: BTreeSet<String>,
    calls: BTreeMap<String, Calls>,
    errors: BTreeMap<String, String>,
    cleanups: Vec<String>,
    success: bool,
    partial_success: bool,
}

#[derive(Deserialize, Debug, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Ended {
    Succeeded,
    Failed,
    Blocked,
}

#[derive(Deserialize, Debug, Clone, Copy, Default, PartialEq)]
#[serde(deny_unknown_fields)]
struct Calls {
    check: u32,
    run: u32,
    recheck: u32,
}

/// What the jobs of one run of a scenario have done: of each the number of its runs and its calls.
#[derive(Default)]
struct World {
    runs: BTreeMap<String, AtomicU32>,
    calls: Mutex<BTreeMap<String, Calls>>,
    /// Job and try of every run, in the order in which they began; exact with one worker only.
    started: Mutex<Vec<(String, u32)>>,
    cleaned: Mutex<Vec<(String, u32)>>,
}

/// A job as a script wants it, in the world that it changes.
#[derive(Clone, Copy)]
struct Scripted<'w> {
    script: &'w Script,
    world: &'w World,
}

impl World {
    fn of(scenario: &Scenario) -> Self {
        let runs = scenario.jobs.iter().map(|script| (script.name.clone(), AtomicU32::new(0))).collect();
        World { runs, ..World::default() }
    }
}

impl Scripted<'_> {
    fn call(self, phase: Phase) {
        let mut calls = self.world.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = calls.entry(self.script.name.clone()).or_default();
        match phase {
            Phase::Check => calls.check += 1,
            Phase::Run => calls.run += 1,
            Phase::Recheck => calls.recheck += 1,
            phase => panic!("{phase} is no such call"),
        }
    }

    fn is_done(self) -> bool {
        let runs = self.world.runs[&self.script.name].load(Ordering::SeqCst);
        self.script.needs_runs.is_some_and(|needed| runs >= needed)
    }

    fn check(self, cx: &Context) -> Result<String> {
        let name = &self.script.name;
        self.call(cx.phase());
        ensure(self.is_done(), format!("{name} is not done"))?;
        Ok(format!("{name} done"))
    }

    fn run(self, cx: &Context) -> Result {
        let name = &self.script.name;
        self.world.started.lock().unwrap().push((name.clone(), cx.attempt()));
        self.call(cx.phase());
        self.world.runs[name].fetch_add(1, Ordering::SeqCst);
        ensure(!self.script.run_errors, format!("{name} run raised"))
    }

    fn run_only(self, cx: &Context) -> Result<String> {
        let name = &self.script.name;
        self.run(cx)?;
        ensure(self.is_done(), format!("{name} run failed"))?;
        Ok(format!("{name} ran"))
    }

    fn clean_up(self, cx: &Context) {
        self.world.cleaned.lock().unwrap().push((self.script.name.clone(), cx.attempt()));
    }
}

impl Job for Scripted<'_> {
    type Output = String;
    fn check(&mut self, cx: &Context) -> Result<String> {
        Scripted::check(*self, cx)
    }
    fn run(&mut self, cx: &Context) -> Result {
        Scripted::run(*self, cx)
    }
    fn cleanup(&mut self, cx: &Context) -> Result {
        if self.script.cleanup {
            self.clean_up(cx);
        }
        Ok(())
    }
}

/// Whether jobs are written as closures or as structs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Closures,
    Structs,
}

fn plan<'w>(scenario: &'w Scenario, form: Form, world: &'w World) -> Plan<'w> {
    let mut graph = Graph::new();
    for script in &scenario.jobs {
        let job = Scripted { script, world };
        let mut open = graph.job(&script.name).after(&script.after);
        if let (Some(tries), true) = (script.tries, script.kind != ScriptKind::Group) {
            open = open.tries(tries);
        }
        let cleans_up = script.cleanup && script.kind != ScriptKind::Gate;
        graph = match script.kind {
            ScriptKind::Job if script.init_errors => open.with_new(move |_| {
                Err::<Scripted<'w>, BoxError>(format!("{} cannot be created", script.name).into())
            }),
            ScriptKind::Job if form == Form::Structs => open.with(job),
            ScriptKind::Gate => open.check_only(move |cx| job.check(cx)),
            ScriptKind::Group => open.group(),
            ScriptKind::Job | ScriptKind::RunOnly => {
                if cleans_up {
                    open = open.cleanup(move |cx| job.clean_up(cx));
                }
                match script.kind {
                    ScriptKind::RunOnly => open.run_only(move |cx| job.run_only(cx)),
                    _ => open.check(move |cx| job.check(cx)).run(move |cx| job.run(cx)),
                }
            }
        };
    }
    graph.compile().unwrap().select([&scenario.root]).unwrap()
}

#[track_caller]
fn check(scenario: &Scenario, form: Form, threads: usize) {
    let world = World::of(scenario);
    let plan = plan(scenario, form, &world);
    let runner = Runner::builder()
        .threads(threads)
        .dry_run(scenario.no_act)
        .default_tries(scenario.default_tries)
        .default_retry_delay(Duration::ZERO)
        .build();
    let run = runner.run(&plan, ());
    let case = format!("{} as {form:?} with {threads} workers", scenario.name);
    check_statuses(scenario, &run, &case);
    check_errors(scenario, &run, &case);
    check_calls(scenario, &world, &case);
    check_outputs(scenario, &run, &case);
    check_cleanups(scenario, &run, &world, threads, &case);
}

#[track_caller]
fn check_statuses(scenario: &Scenario, run: &Run<'_>, case: &str) {
    let expected = &scenario.expected;
    let ended = |job: JobReport<'_>| match job.status() {
        Status::Satisfied | Status::Changed => Ended::Succeeded,
        Status::Failed | Status::WouldRun => Ended::Failed,
        Status::Blocked => Ended::Blocked,
        other => panic!("{case}: {other:?}"),
    };
    let statuses: BTreeMap<String, Ended> =
        run.jobs().map(|job| (job.name().to_owned(), ended(job))).collect();
    assert_eq!(statuses, expected.status, "{case}");

    let with = |status| run.jobs().filter(move |job| job.status() == status).map(|job| job.name().to_owned());
    assert_eq!(with(Status::Changed).collect::<BTreeSet<_>>(), expected.changed, "{case}");
    let would_run = scenario
        .jobs
        .iter()
        .filter(|script| scenario.no_act && script.kind != ScriptKind::Gate && !script.init_errors)
        .map(|script| script.name.clone())
        .filter(|name| expected.status.get(name) == Some(&Ended::Failed));
    assert_eq!(with(Status::WouldRun).collect::<BTreeSet<_>>(), would_run.collect(), "{case}");

    assert_eq!(run.success(), expected.success, "{case}");
    assert_eq!(run.partial_success(), expected.partial_success, "{case}");
    assert_eq!(run.failure(), !expected.success, "{case}");
}

#[track_caller]
fn check_errors(scenario: &Scenario, run: &Run<'_>, case: &str) {
    // what DoJobber says of a run_only in a dry run is its own affair
    let is_own_affair = |script: &Script| scenario.no_act && script.kind == ScriptKind::RunOnly;
    for script in scenario.jobs.iter().filter(|script| !is_own_affair(script)) {
        let expected = scenario.expected.errors.get(&script.name).map(String::as_str);
        assert_eq!(run.report().error(&script.name).map(|error| error.message()), expected, "{case}");
        assert_eq!(run.error(&script.name).map(ToString::to_string).as_deref(), expected, "{case}");
    }
}

#[track_caller]
fn check_calls(scenario: &Scenario, world: &World, case: &str) {
    let calls = world.calls.lock().unwrap();
    for script in &scenario.jobs {
        let Some(expected) = scenario.expected.calls.get(&script.name) else { continue };
        let calls = calls.get(&script.name).copied().unwrap_or_default();
        match script.kind {
            ScriptKind::Job => assert_eq!(calls, *expected, "{case}: {}", script.name),
            ScriptKind::RunOnly => assert_eq!(calls.run, expected.run, "{case}: {}", script.name),
            ScriptKind::Gate => assert_eq!(calls.check, expected.check, "{case}: {}", script.name),
            ScriptKind::Group => panic!("{case}: a group is never called"),
        }
    }
}

#[track_caller]
fn check_outputs(scenario: &Scenario, run: &Run<'_>, case: &str) {
    for script in &scenario.jobs {
        let name = &script.name;
        let done = run.status(name).is_some_and(Status::is_done);
        let expected = match script.kind {
            ScriptKind::Job | ScriptKind::Gate if done => Some(format!("{name} done")),
            ScriptKind::RunOnly if done => Some(format!("{name} ran")),
            _ => None,
        };
        assert_eq!(run.output(Key::<String>::named(name)), expected.as_ref(), "{case}");
    }
}

#[track_caller]
fn check_cleanups(scenario: &Scenario, run: &Run<'_>, world: &World, threads: usize, case: &str) {
    let cleaned = world.cleaned.lock().unwrap();
    let mut names: Vec<&str> = cleaned.iter().map(|(job, _)| job.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, scenario.expected.cleanups, "{case}");

    let cleans_up: BTreeSet<&str> =
        scenario.jobs.iter().filter(|script| script.cleanup).map(|script| script.name.as_str()).collect();
    let mut runs: Vec<(u64, String, u32)> = Vec::new();
    for job in run.jobs().filter(|job| cleans_up.contains(job.name())) {
        let records = job.phases().into_iter();
        runs.extend(records.filter_map(|of| Some((of.sequence()?, job.name().to_owned(), of.attempt()))));
    }
    runs.sort_unstable();
    let backwards: Vec<(String, u32)> =
        runs.into_iter().rev().map(|(_, job, attempt)| (job, attempt)).collect();
    assert_eq!(*cleaned, backwards, "{case}");

    if threads == 1 {
        let mut started = world.started.lock().unwrap().clone();
        started.retain(|(job, _)| cleans_up.contains(job.as_str()));
        started.reverse();
        assert_eq!(*cleaned, started, "{case}");
    }
}

#[test]
fn all_scenarios_agree_with_dojobber() {
    let lines = include_str!("data/scenarios.jsonl").lines();
    let scenarios: Vec<Scenario> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(scenarios.len(), 80);
    for scenario in &scenarios {
        for threads in [1, 2, 8] {
            check(scenario, Form::Closures, threads);
            check(scenario, Form::Structs, threads);
        }
    }
}
