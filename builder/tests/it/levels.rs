//! What each level of a stop means for each kind of phase, and for what has not begun: a table of all of them.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use dojobber::testkit::judge_in_time;
use dojobber::{
    CancelToken, Context, ErrorClass, Event, Graph, Plan, Pool, Result, Runner, Status, StopLevel,
    StopReason, ensure,
};

use crate::support::{Trace, within};

const LEVELS: [StopLevel; 3] = [StopLevel::Drain, StopLevel::Cancel, StopLevel::Kill];
const LONG: Duration = Duration::from_secs(3600);
/// Machines may be busy.
const TOLERANCE: Duration = Duration::from_secs(30);

fn raise(token: &CancelToken, level: StopLevel) {
    match level {
        StopLevel::Drain => token.drain(),
        StopLevel::Cancel => token.cancel(),
        _ => token.kill(),
    }
}

/// What the phase does that is inside when the run is stopped.
#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    /// It blocks, and pays no attention.
    Blocks,
    /// It blocks in `cx.sleep`, where it is asked to end.
    Sleeps,
    /// A process that goes on for ever, or ends soon where nothing asks it to.
    Command,
    /// It asks now and then whether it is to end.
    Asks,
    /// A future that is dropped.
    Future,
    /// A future that has asked to be told.
    Told,
}

const ALL: [How; 6] = [How::Blocks, How::Sleeps, How::Command, How::Asks, How::Future, How::Told];

impl How {
    fn is_async(self) -> bool {
        matches!(self, How::Future | How::Told)
    }

    /// Whether it returns by itself, and not because it is cut short.
    fn ends_by_itself(self, level: StopLevel) -> bool {
        match (level, self) {
            (StopLevel::Drain, _) | (_, How::Blocks) => true,
            (_, How::Told) => true, // in the same poll: it has stopped the run itself
            _ => false,
        }
    }

    fn block(self, cx: &Context, level: StopLevel) -> Result {
        let is_drained = level == StopLevel::Drain;
        match self {
            How::Sleeps => cx.sleep(if is_drained { Duration::ZERO } else { LONG }),
            How::Command => cx.command("sleep").arg(if is_drained { "0" } else { "3600" }).run(),
            How::Asks => cx.check_cancelled(),
            _ => Ok(()),
        }
    }

    async fn wait(self, cx: Context, level: StopLevel) -> Result {
        match self {
            How::Told if level > StopLevel::Drain => cx.cancelled().await,
            _ if level == StopLevel::Drain => cx.sleep_async(Duration::ZERO).await,
            _ => cx.sleep_async(LONG).await,
        }
        Ok(())
    }
}

/// Which phase is inside.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Check,
    Run,
    Recheck,
    RunOnly,
    CheckOnly,
}

const FORMS: [Form; 5] = [Form::Check, Form::Run, Form::Recheck, Form::RunOnly, Form::CheckOnly];

/// The status of the job, and how many runs and cleanups of it there were.
fn expected(form: Form, ends: bool, level: StopLevel) -> (Status, usize, usize) {
    let goes_on = level == StopLevel::Drain;
    match form {
        Form::Check | Form::CheckOnly if ends => (Status::Satisfied, 0, 0),
        Form::Check | Form::CheckOnly => (Status::Cancelled, 0, 0),
        Form::Run if goes_on => (Status::Changed, 1, 1),
        Form::Run => (Status::Cancelled, 1, 1), // it is not rechecked any more
        Form::Recheck | Form::RunOnly if ends => (Status::Changed, 1, 1),
        Form::Recheck | Form::RunOnly => (Status::Cancelled, 1, 1),
    }
}

/// A job that is stopped inside of one of its phases, and what counts its runs and cleanups.
fn plan<'p>(
    form: Form,
    how: How,
    level: StopLevel,
    token: &'p CancelToken,
    counts: &'p [AtomicUsize; 2],
) -> Plan<'p> {
    let [runs, cleanups] = counts;
    let inside = move |cx: &Context| {
        raise(token, level);
        how.block(cx, level)
    };
    let future = move |cx: Context| {
        raise(token, level);
        how.wait(cx, level)
    };
    let is_inside = move |cx: &Context| {
        let is_first = cx.phase() == dojobber::Phase::Check;
        if form == Form::Check { is_first } else { !is_first }
    };
    let check = move |cx: &Context| {
        ensure(is_inside(cx), "not there")?;
        if matches!(form, Form::Check | Form::Recheck) { inside(cx) } else { Ok(()) }
    };
    let check_async = move |cx: Context| async move {
        ensure(is_inside(&cx), "not there")?;
        if matches!(form, Form::Check | Form::Recheck) { future(cx).await } else { Ok(()) }
    };
    let count = move || _ = runs.fetch_add(1, SeqCst);
    let run = move |cx: &Context| {
        count();
        if matches!(form, Form::Run | Form::RunOnly) { inside(cx) } else { Ok(()) }
    };
    let run_async = move |cx: Context| async move {
        count();
        if matches!(form, Form::Run | Form::RunOnly) { future(cx).await } else { Ok(()) }
    };
    let open = Graph::new().job("a").tries(1);
    let graph = match (form, how.is_async()) {
        (Form::CheckOnly, false) => open.check_only(inside),
        (Form::CheckOnly, true) => open.check_only_async(future),
        (form, is_async) => {
            let open = open.cleanup(|_| _ = cleanups.fetch_add(1, SeqCst));
            match (form, is_async) {
                (Form::RunOnly, false) => open.run_only(run),
                (Form::RunOnly, true) => open.run_only_async(run_async),
                (_, false) => open.check(check).run(run),
                (_, true) => open.check_async(check_async).run_async(run_async),
            }
        }
    };
    graph.job("behind").after("a").run_only(|_| ()).compile().unwrap()
}

#[test]
fn what_is_inside_of_a_phase() {
    for level in LEVELS {
        for how in ALL {
            for form in FORMS {
                for threads in [1, 3] {
                    let (token, counts) = (CancelToken::new(), [const { AtomicUsize::new(0) }; 2]);
                    let plan = plan(form, how, level, &token, &counts);
                    let trace = Trace::default();
                    let builder = Runner::builder().threads(threads).cancel_token(&token);
                    let runner = builder.grace_period(LONG).observer(trace.clone()).build();
                    let run = within("a run that is stopped", || runner.run(&plan, ()));
                    let at = format!("{level:?} {how:?} {form:?} {threads}: {}", run.report());
                    let counted = counts.each_ref().map(|count| count.load(SeqCst));
                    let (status, runs, cleanups) = expected(form, how.ends_by_itself(level), level);
                    assert_eq!((run.status("a"), counted), (Some(status), [runs, cleanups]), "{at}");
                    assert_eq!(run.status("behind"), Some(Status::Cancelled), "{at}");
                    assert!(run.stop_reason().is_some(), "{at}");
                    judge_in_time(&plan, &trace.events(), TOLERANCE)
                        .unwrap_or_else(|broken| panic!("{broken}: {at}"));
                }
            }
        }
    }
}

/// A try waits for a dependency, for slots, for its delay, or for a worker.
#[test]
fn what_has_not_begun() {
    for level in LEVELS {
        for is_async in [false, true] {
            let (token, pool) = (CancelToken::new(), Pool::new("one", 1));
            let never = |_: &Context| unreachable!("it never begins");
            let stop = || raise(&token, level);
            let graph =
                Graph::new().job("delayed").retry_delay(LONG).check_only(|_| false).job("slow").uses(&pool);
            let graph = if is_async {
                graph.run_only_async(move |_| {
                    stop();
                    std::future::ready(Ok(()))
                })
            } else {
                graph.run_only(move |_| stop())
            };
            let plan = graph
                .job("slots")
                .uses(&pool)
                .run_only(never)
                .job("worker")
                .run_only(never)
                .job("dependency")
                .after("slow")
                .run_only(never)
                .job("done")
                .after("slow")
                .group()
                .job("undone")
                .after(["done", "worker"])
                .group()
                .compile()
                .unwrap();
            let runner = Runner::builder().threads(1).cancel_token(&token).build();
            let run = within("a run that is stopped", || runner.run(&plan, ()));
            let statuses = run.jobs().map(|job| format!("{} {} {}", job.name(), job.status(), job.tries()));
            let expected = [
                "delayed cancelled 1",
                "slow changed 1",
                "slots cancelled 0",
                "worker cancelled 0",
                "dependency cancelled 0",
                "done satisfied 0",
                "undone cancelled 0",
            ];
            assert_eq!(statuses.collect::<Vec<_>>(), expected, "{level:?} {is_async}");
        }
    }
}

/// A cleanup that is due is called at every level, and what stopped the run does not cut it short; a level that is raised
/// while cleanups are called does, for all that are left.
#[test]
fn what_is_to_be_cleaned_up() {
    for level in LEVELS {
        for second in [None, Some(StopLevel::Kill)] {
            let (token, called) = (CancelToken::new(), AtomicUsize::new(0));
            let cleanup = |cx: &Context| {
                let number = called.fetch_add(1, SeqCst);
                let cut = cx.command("sleep").arg("0").run().is_err() || cx.sleep(Duration::ZERO).is_err();
                let is_late = second > Some(level) && number > 0;
                ensure(cut == is_late, format!("{number} was cut: {cut}"))?;
                second.iter().for_each(|second| raise(&token, *second));
                Ok(())
            };
            let plan = Graph::new()
                .job("a")
                .cleanup(cleanup)
                .run_only(|_| ())
                .job("b")
                .after("a")
                .cleanup(cleanup)
                .run_only(|_| raise(&token, level))
                .compile()
                .unwrap();
            let runner = Runner::builder().threads(1).cancel_token(&token).build();
            let run = within("a run that is stopped", || runner.run(&plan, ()));
            assert_eq!(called.load(SeqCst), 2, "{level:?} {second:?}");
            assert!(run.cleanup_failures().is_empty(), "{level:?} {second:?}: {}", run.report());
        }
    }
}

/// A process that does not hear what asks it to end has the grace period, unless the run is killed.
#[test]
fn what_does_not_hear() {
    for (level, grace) in [(StopLevel::Cancel, Duration::from_millis(50)), (StopLevel::Kill, LONG)] {
        for threads in [1, 3] {
            let (token, trace) = (CancelToken::new(), Trace::default());
            let stop = {
                let token = token.clone();
                move |event: &Event| {
                    if let Event::OutputLine { .. } = event {
                        raise(&token, level); // it is deaf now
                    }
                }
            };
            let deaf = ["-c", "trap '' TERM; echo deaf; sleep 3600"];
            let plan = Graph::new()
                .job("a")
                .tries(1)
                .run_only(|cx| cx.command("sh").args(deaf).stream_output().run())
                .compile()
                .unwrap();
            let builder = Runner::builder().threads(threads).cancel_token(&token).grace_period(grace);
            let runner = builder.observer(trace.clone()).on_event(stop).build();
            let run = within("a process that does not hear", || runner.run(&plan, ()));
            let class = run.report().error("a").unwrap().class();
            assert_eq!(
                (run.status("a"), class),
                (Some(Status::Cancelled), ErrorClass::Cancelled),
                "{level:?}"
            );
            judge_in_time(&plan, &trace.events(), TOLERANCE)
                .unwrap_or_else(|broken| panic!("{level:?}: {broken}"));
        }
    }
}

/// The time of the run is not that of its cleanups: those have the limits of their jobs.
#[test]
fn what_is_cleaned_up_when_the_time_is_over() {
    let called = AtomicUsize::new(0);
    let plan = Graph::new()
        .job("a")
        .cleanup(|cx| {
            called.fetch_add(1, SeqCst);
            cx.command("sleep").arg("0").run()?;
            ensure(cx.deadline().is_none() && cx.check_cancelled().is_ok(), "its time is over")
        })
        .run_only(|cx| cx.sleep(LONG))
        .compile()
        .unwrap();
    let runner = Runner::builder().threads(1).run_timeout(Duration::from_millis(50)).build();
    let run = within("a run that has its limit", || runner.run(&plan, ()));
    // on a busy machine the time may be over before anything has begun
    assert_eq!(called.load(SeqCst), run.job("a").unwrap().tries() as usize);
    assert!(run.cleanup_failures().is_empty(), "{}", run.report());
    assert_eq!(run.stop_reason(), Some(StopReason::TimedOut));
}

/// While a panic goes on, as from a panic hook: that is the process's, and no test may set it.
#[test]
fn a_token_may_be_raised_by_a_panic() {
    struct Raises(CancelToken);
    impl Drop for Raises {
        fn drop(&mut self) {
            if std::thread::panicking() {
                self.0.cancel();
            }
        }
    }
    let token = CancelToken::new();
    let plan = Graph::new()
        .job("a")
        .tries(1)
        .run_only(|_| {
            let _raises = Raises(token.clone());
            panic!("boom")
        })
        .job("b")
        .run_only(|_| ())
        .compile()
        .unwrap();
    let run = Runner::builder().threads(1).cancel_token(&token).build().run(&plan, ());
    assert_eq!((run.status("a"), run.status("b")), (Some(Status::Failed), Some(Status::Cancelled)));
}
