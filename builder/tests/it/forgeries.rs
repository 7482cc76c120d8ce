//! What the judge says of traces in which one thing is forged.

use std::time::Duration;

use dojobber::testkit::Simulation;
use dojobber::{Cleanup, Event, Graph, Phase, Plan, Status, judge};

use crate::support::Trace;

const HOUR: Duration = Duration::from_secs(3600);

/// One job that never gets done, and a run_only behind another that does.
fn plan(tries: u32, delay: Duration) -> Plan<'static> {
    Graph::new()
        .job("never")
        .tries(tries)
        .retry_delay(delay)
        .check_only(|_| false)
        .job("first")
        .cleanup(|_| ())
        .run_only(|_| ())
        .job("second")
        .after("first")
        .cleanup(|_| ())
        .run_only(|_| ())
        .job("done")
        .check(|_| true)
        .run(|_| ())
        .job("all")
        .after(["first", "second"])
        .group()
        .compile()
        .unwrap()
}

/// A trace by the rules, of two workers.
fn trace(plan: &Plan<'_>, dry_run: bool, cleanup: Cleanup) -> Vec<Event> {
    let trace = Trace::default();
    let simulation = Simulation::new(0).workers(2).dry_run(dry_run).cleanup(cleanup);
    drop(simulation.observer(trace.clone()).run(plan, ()));
    assert_eq!(judge(plan, &trace.events()), Ok(()));
    trace.events()
}

fn usual() -> (Plan<'static>, Vec<Event>) {
    let plan = plan(2, HOUR);
    let trace = trace(&plan, false, Cleanup::AtEnd);
    (plan, trace)
}

/// The place of the first event of that job for which `is` holds.
#[track_caller]
fn place(trace: &[Event], job: &str, is: impl Fn(&Event) -> bool) -> usize {
    let fits = |event: &Event| event.job().is_some_and(|other| other.name() == job) && is(event);
    trace.iter().position(fits).expect("there is such an event")
}

fn starts(event: &Event) -> bool {
    matches!(event, Event::PhaseStarted { .. })
}

fn ends(event: &Event) -> bool {
    matches!(event, Event::JobEnded { .. })
}

/// The judge refuses it at that place, and says why.
#[track_caller]
fn check(plan: &Plan<'_>, trace: &[Event], at: usize, why: &str) {
    let violation = judge(plan, trace).expect_err("it was accepted");
    assert_eq!((violation.at(), violation.event()), (at, trace.get(at)), "{violation}");
    assert!(violation.to_string().contains(why), "{violation}");
}

#[test]
fn a_violation_says_where_and_why() {
    let (plan, mut trace) = usual();
    trace.truncate(3);
    check(&plan, &trace, 3, "the trace ends too early: the run never ended");
    trace.remove(0);
    check(&plan, &trace, 0, "event 0 breaks a rule: the run has not started: PhaseStarted");
}

#[test]
fn tries_and_delays_are_those_of_the_job() {
    let (_, trace) = usual();
    let planned = place(&trace, "never", |event| matches!(event, Event::RetryPlanned { .. }));
    check(&plan(1, HOUR), &trace, planned, "the job has no tries left");
    check(&plan(2, HOUR * 2), &trace, planned, "a retry is planned too early");
    check(&plan(3, HOUR), &trace, place(&trace, "never", ends), "the job has tries left");
}

#[test]
fn a_retry_is_not_planned_before_its_try_has_failed() {
    let (plan, mut trace) = usual();
    let planned = place(&trace, "never", |event| matches!(event, Event::RetryPlanned { .. }));
    for forged in &mut trace[planned - 1..=planned] {
        if let Event::PhaseEnded { at, .. } = forged {
            *at = Duration::from_secs(1);
        }
    }
    check(&plan, &trace, planned, "a retry is planned too early");
}

#[test]
fn runs_are_numbered_as_they_follow() {
    let (plan, mut trace) = usual();
    let second = place(&trace, "second", starts);
    if let Event::PhaseStarted { sequence, .. } = &mut trace[second] {
        *sequence = Some(1);
    }
    check(&plan, &trace, second, "a run is numbered before one that it follows");
}

#[test]
fn there_are_as_many_workers_as_was_said() {
    let (plan, trace) = usual();
    for job in ["done", "all"] {
        let mut forged = trace.clone();
        let at = place(&trace, job, |event| job == "all" || starts(event));
        if let Event::PhaseStarted { worker, .. } | Event::JobEnded { worker, .. } = &mut forged[at] {
            *worker = 2;
        }
        check(&plan, &forged, at, "there is no such worker");
    }
}

#[test]
fn one_worker_executes_a_whole_try() {
    let plan =
        Graph::new().job("job").check(|cx| cx.phase() == Phase::Recheck).run(|_| ()).compile().unwrap();
    let mut trace = trace(&plan, false, Cleanup::AtEnd);
    let run = place(&trace, "job", |event| matches!(event, Event::PhaseStarted { phase: Phase::Run, .. }));
    if let Event::PhaseStarted { worker, .. } = &mut trace[run] {
        *worker = 1;
    }
    check(&plan, &trace, run, "one worker executes a whole try");
}

#[test]
fn no_job_begins_before_the_time_at_which_another_ended() {
    let (plan, mut trace) = usual();
    let end = place(&trace, "first", ends);
    if let Event::JobEnded { at, .. } = &mut trace[end] {
        *at = HOUR;
    }
    check(&plan, &trace, place(&trace, "second", starts), "before something that it depends on has ended");
}

#[test]
fn groups_alone_end_without_a_try() {
    let (plan, trace) = usual();
    let without = |trace: &[Event], job: &str| {
        let is_phase =
            |event: &&Event| !matches!(event, Event::PhaseStarted { .. } | Event::PhaseEnded { .. });
        let other = |event: &&Event| event.job().is_none_or(|other| other.name() != job) || is_phase(event);
        trace.iter().filter(other).cloned().collect::<Vec<_>>()
    };
    let forged = without(&trace, "done");
    check(&plan, &forged, place(&forged, "done", ends), "the job ended without a try");

    let mut forged = without(&trace, "first");
    let end = place(&forged, "first", ends);
    if let Event::JobEnded { status, .. } = &mut forged[end] {
        *status = Status::WouldRun;
    }
    check(&plan, &forged, end, "the job ended without a try");
}

#[test]
fn run_onlys_alone_would_run_without_a_check() {
    let plan = Graph::new().job("job").check(|_| false).run(|_| ()).compile().unwrap();
    let mut trace = trace(&plan, true, Cleanup::AtEnd);
    trace.retain(|event| !matches!(event, Event::PhaseStarted { .. } | Event::PhaseEnded { .. }));
    check(&plan, &trace, 1, "the job ended without a try");
}

#[test]
fn cleanups_wait_until_all_jobs_have_ended() {
    let (plan, mut trace) = usual();
    let is_cleanup = |event: &Event| matches!(event, Event::PhaseStarted { phase: Phase::Cleanup, .. });
    let cleanup = place(&trace, "second", is_cleanup);
    let early = place(&trace, "never", |event| matches!(event, Event::RetryPlanned { .. })) + 1;
    let event = trace.remove(cleanup);
    let early = early.max(place(&trace, "second", ends) + 1);
    trace.insert(early, event);
    check(&plan, &trace, early, "this is not the time for cleanups");
}

#[test]
fn cleanups_that_are_put_off_wait_for_the_end_of_the_run() {
    let plan = plan(1, HOUR);
    let mut trace = trace(&plan, false, Cleanup::OnDrop);
    let end = trace.iter().position(|event| matches!(event, Event::RunEnded { .. })).unwrap();
    trace.swap(end, end + 1);
    check(&plan, &trace, end, "this is not the time for cleanups");
}

/// One that is called otherwise, or stands where the plan has none.
#[test]
fn jobs_are_those_of_the_plan() {
    let (plan, trace) = usual();
    let others = Graph::new().each(0..6, |graph, at| graph.job(format!("other {at}")).check_only(|_| true));
    let others = others.compile().unwrap();
    let other_trace = self::trace(&others, false, Cleanup::AtEnd);
    for name in ["other 0", "other 5"] {
        let mut forged = trace.clone();
        forged[1] = other_trace[place(&other_trace, name, starts)].clone();
        check(&plan, &forged, 1, "the plan has no such job");
    }
}
